//! Memories as tables and pages.

use serde_json::Value;

use super::super::ending::short;
use super::super::render::style::{DIM, HEAD, paint};
use super::super::render::table::{Cell, Fit, Table};
use super::super::render::{clean, fields};
use crate::time::Time;

/// The reply of `recall` or `list_memories` as a table.
#[must_use]
pub fn table(reply: &Value, now: Time) -> String {
    let memories = fields::list(reply, "memories");
    if memories.is_empty() {
        return "No memories.\n".into();
    }
    let mut table = Table::new(&[
        ("memory", Fit::Whole),
        ("", Fit::Whole),
        ("learned", Fit::Whole),
        ("by", Fit::Middle),
        ("type", Fit::Whole),
        ("what", Fit::End),
    ]);
    for memory in memories {
        let worth = memory.get("relevance").and_then(Value::as_f64);
        table.row([
            Cell::styled(&short(&fields::text(memory, "memory_id")), DIM),
            Cell::styled(&worth.map_or_else(String::new, |worth| format!("{worth:.2}")), DIM),
            fields::when(memory, "created_at", now).into(),
            fields::text(memory, "agent_id").into(),
            fields::text(memory, "event_type").into(),
            fields::text(memory, "summary").into(),
        ]);
    }
    let mut text = table.render();
    if reply.get("next_cursor").is_some_and(Value::is_string) {
        text += "There are more: coord memory search WORDS finds them.\n";
    }
    text
}

/// The reply of `show_memory` as a page.
#[must_use]
pub fn one(memory: &Value, now: Time) -> String {
    let mut text = String::new();
    for line in memory.get("summary").and_then(Value::as_str).unwrap_or_default().lines() {
        text += &format!("{}\n", paint(HEAD, &clean(line)));
    }
    text.push('\n');
    let learned = format!(
        "{} by {} ({})",
        fields::when(memory, "created_at", now),
        fields::text(memory, "agent_id"),
        fields::text(memory, "agent_type")
    );
    let pinned = memory.get("pinned").and_then(Value::as_bool).unwrap_or(false);
    for (label, value) in [
        ("memory", fields::text(memory, "memory_id")),
        ("type", fields::text(memory, "event_type")),
        ("outcome", fields::text(memory, "outcome")),
        ("tags", fields::joined(memory, "tags")),
        ("learned", learned),
        ("branch", fields::text(memory, "branch")),
        ("commit", fields::text(memory, "commit")),
        ("pinned", if pinned { "yes".into() } else { String::new() }),
    ] {
        if !value.is_empty() {
            text += &format!("{} {value}\n", paint(DIM, &format!("{label:<10}")));
        }
    }
    for lesson in fields::list(memory, "lessons") {
        text += &format!("\n- {}\n", clean(lesson.as_str().unwrap_or_default()));
    }
    if let Some(details) = memory.get("details") {
        let pretty = serde_json::to_string_pretty(details).unwrap_or_default();
        let lines: String = pretty.lines().map(|line| format!("{}\n", clean(line))).collect();
        text += &format!("\n{}\n{lines}", paint(HEAD, "Details"));
    }
    text
}
