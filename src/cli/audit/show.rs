//! Audit entries as a table.

use serde_json::Value;

use super::super::render::fields;
use super::super::render::style::{BAD, DIM, GOOD};
use super::super::render::table::{Cell, Fit, Table};
use crate::time::Time;

/// The reply of `query_audit`, oldest first, as a log is read.
#[must_use]
pub fn entries(reply: &Value, now: Time) -> String {
    let entries = fields::list(reply, "entries");
    if entries.is_empty() {
        return "No entries.\n".into();
    }
    let mut table = Table::new(&[
        ("#", Fit::Whole),
        ("when", Fit::Whole),
        ("who", Fit::Middle),
        ("what", Fit::Middle),
        ("came to", Fit::Whole),
        ("with", Fit::End),
    ]);
    for entry in entries.iter().rev() {
        let done = entry.get("success").and_then(Value::as_bool).unwrap_or(false);
        let code = fields::text(entry, "code");
        let result = match (done, code.is_empty()) {
            (true, _) => Cell::styled("done", GOOD),
            (false, true) => Cell::styled("failed", BAD),
            (false, false) => Cell::styled(&code, BAD),
        };
        table.row([
            Cell::styled(&fields::text(entry, "seq"), DIM),
            fields::when(entry, "at", now).into(),
            fields::text(entry, "agent_id").into(),
            fields::text(entry, "operation").into(),
            result,
            Cell::styled(&arguments(entry), DIM),
        ]);
    }
    let mut text = table.render();
    if let Some(cursor) = reply.get("next_cursor").and_then(Value::as_str) {
        text +=
            &format!("There are older ones: --cursor {}\n", super::super::render::clean(cursor));
    }
    text
}

/// Arguments as `name=value`, which is shorter than JSON and reads as well.
fn arguments(entry: &Value) -> String {
    let Some(Value::Object(all)) = entry.get("arguments") else {
        return fields::text(entry, "arguments");
    };
    let one = |(name, value): (&String, &Value)| match value {
        Value::String(text) => format!("{name}={text}"),
        other => format!("{name}={other}"),
    };
    all.iter().map(one).collect::<Vec<_>>().join(" ")
}
