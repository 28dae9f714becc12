//! Policies and their decisions as tables, sentences and pages.

use serde_json::Value;

use super::fields;
use crate::cli::render::clean;
use crate::cli::render::style::{BAD, DIM, GOOD, HEAD, WARN, paint};
use crate::cli::render::table::{Cell, Fit, Table};

/// The reply of `list_policies` as a table, and the texts below if they are wanted.
#[must_use]
pub fn list(reply: &Value, with_text: bool) -> String {
    let mut table = Table::new(&[
        ("policy", Fit::Middle),
        ("from", Fit::Whole),
        ("state", Fit::Whole),
        ("what", Fit::End),
    ]);
    let rows = fields::list(reply, "policies");
    for row in rows {
        let from = match (fields::text(row, "source").as_str(), row["everywhere"] == true) {
            ("built_in", _) => "built in",
            ("added", true) => "everywhere",
            ("added", false) => "added here",
            _ => "project",
        };
        let state = if row["enabled"] == true { "" } else { "off" };
        table.row([
            Cell::from(fields::text(row, "policy_id")),
            Cell::styled(from, DIM),
            Cell::styled(state, WARN),
            fields::text(row, "description").into(),
        ]);
    }
    let mut text =
        format!("The {} engine is in force.\n\n{}", fields::text(reply, "engine"), table.render());
    for trouble in fields::list(reply, "trouble").iter().filter_map(Value::as_str) {
        text += &format!("{} {}\n", paint(BAD, "broken:"), clean(trouble));
    }
    if with_text {
        for row in rows {
            text += &format!("\n{}\n", paint(HEAD, &fields::text(row, "policy_id")));
            text += &lines(row, "text");
        }
    }
    text
}

/// A text with its lines kept, and nothing in it that acts on a terminal.
fn lines(row: &Value, field: &str) -> String {
    let text = row.get(field).and_then(Value::as_str).unwrap_or_default();
    text.trim_end().lines().map(|line| format!("  {}\n", clean(line))).collect()
}

fn word(decision: &str) -> String {
    match decision {
        "allow" => paint(GOOD, "allowed"),
        "ask" => paint(WARN, "a person is asked"),
        _ => paint(BAD, "refused"),
    }
}

/// The reply of `check_policy` in a sentence.
#[must_use]
pub fn verdict(reply: &Value) -> String {
    let decision = match (reply["allowed"] == true, reply["ask"] == true) {
        (true, _) => "allow",
        (_, true) => "ask",
        _ => "deny",
    };
    let mut text = format!("{}: {}\n", word(decision), fields::text(reply, "reason"));
    for said in fields::list(reply, "diagnostics").iter().filter_map(Value::as_str) {
        text += &format!("  {}\n", paint(DIM, &clean(said)));
    }
    text
}

/// The reply of `explain_policy` as a page.
#[must_use]
pub fn explained(reply: &Value) -> String {
    let decision = fields::text(reply, "decision");
    let mut text = format!("{}: {}\n\n", word(&decision), fields::text(reply, "reason"));
    let source = match fields::text(reply, "profile_source").as_str() {
        "assignment" => "assigned",
        _ => "by default",
    };
    let profile = format!(
        "{}, {source}, trust {}",
        fields::text(reply, "profile"),
        fields::number(reply, "trust_level")
    );
    for (label, value) in [
        ("engine", fields::text(reply, "engine")),
        ("decided by", decided_by(reply)),
        ("profile", profile),
        ("host", fields::text(reply, "host")),
        ("groups", fields::joined(reply, "groups")),
        ("built in", fields::text(reply, "built_in")),
    ] {
        if !value.is_empty() {
            text += &format!("{} {value}\n", paint(DIM, &format!("{label:<10}")));
        }
    }
    for said in fields::list(reply, "diagnostics").iter().filter_map(Value::as_str) {
        text += &format!("{} {}\n", paint(DIM, "note      "), clean(said));
    }
    if let Some(tried) = reply.get("with_policy") {
        let decision = word(&fields::text(tried, "decision"));
        text += &format!("\n{}\n", paint(HEAD, "With the new policy, in Cedar"));
        text += &format!("{decision}: {}\n", fields::text(tried, "reason"));
        text += &format!("{} {}\n", paint(DIM, "decided by"), decided_by(tried));
    }
    text
}

fn decided_by(reply: &Value) -> String {
    let policies = fields::joined(reply, "policies");
    if policies.is_empty() { "nothing permits it".into() } else { policies }
}

/// The reply of `validate_cedar_policy` in lines, as compilers write them.
#[must_use]
pub fn validated(reply: &Value, name: &str) -> String {
    let errors = fields::list(reply, "errors");
    if errors.is_empty() {
        return format!("{} {}\n", clean(name), paint(GOOD, "is right"));
    }
    let mut text = String::new();
    for error in errors {
        let (line, column) = (fields::number(error, "line"), fields::number(error, "column"));
        let message = paint(BAD, &fields::text(error, "message"));
        text += &format!("{}:{line}:{column}: {message}\n", clean(name));
        let help = fields::text(error, "help");
        if !help.is_empty() {
            text += &format!("  {}\n", paint(DIM, &help));
        }
    }
    text
}
