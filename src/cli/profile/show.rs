//! Profiles as tables and pages.

use serde_json::Value;

use crate::cli::render::style::{BAD, DIM, HEAD, WARN, paint};
use crate::cli::render::table::{Cell, Fit, Table};
use crate::cli::render::{clean, count, fields};

/// Limits by field, and how they are said.
const LIMITS: [(&str, &str); 3] = [
    ("calls_per_hour", "calls an hour"),
    ("files_per_day", "files a day"),
    ("seconds_per_day", "seconds of work a day"),
];

/// The reply of `list_profiles` as two tables.
#[must_use]
pub fn list(reply: &Value) -> String {
    let mut table = Table::new(&[
        ("profile", Fit::Whole),
        ("trust", Fit::Whole),
        ("for type", Fit::Middle),
        ("own", Fit::Whole),
        ("what", Fit::End),
    ]);
    for row in fields::list(reply, "profiles") {
        table.row([
            Cell::from(fields::text(row, "name")),
            trust(row),
            fields::text(row, "agent_type").into(),
            Cell::styled(if row["own"] == true { "changed" } else { "" }, WARN),
            Cell::styled(&summary(row), DIM),
        ]);
    }
    table.render() + &assigned(reply)
}

fn trust(row: &Value) -> Cell {
    let text = fields::text(row, "trust_level");
    if text == "0" { Cell::styled(&text, BAD) } else { text.into() }
}

/// Its description, or what it does not allow.
fn summary(row: &Value) -> String {
    let told = fields::text(row, "description");
    if !told.is_empty() {
        return told;
    }
    let named = [
        ("allowed_operations", "only"),
        ("blocked_operations", "never"),
        ("ask_operations", "asks for"),
    ];
    let parts = named.iter().filter_map(|(field, word)| {
        let names = fields::joined(row, field);
        (!names.is_empty()).then(|| format!("{word} {names}"))
    });
    parts.collect::<Vec<_>>().join("; ")
}

fn assigned(reply: &Value) -> String {
    let rows = fields::list(reply, "assignments");
    if rows.is_empty() {
        return String::new();
    }
    let mut text = format!("\n{}\n", paint(HEAD, "Assigned"));
    for row in rows {
        text += &format!("  {}\n", sentence(row));
    }
    text
}

/// "codex-1 has `codex_cloud_worker`".
fn sentence(row: &Value) -> String {
    let (subject, profile) = (fields::text(row, "subject"), fields::text(row, "profile"));
    let who = match fields::text(row, "subject_kind").as_str() {
        "type" => format!("every agent of type {subject}"),
        _ => subject,
    };
    let place = if row["everywhere"] == true { ", in every repository" } else { "" };
    format!("{who} has {profile}{place}")
}

/// The reply of `show_profile` as a page.
#[must_use]
pub fn one(reply: &Value) -> String {
    let Some(profile) = fields::list(reply, "profiles").first() else { return String::new() };
    let mut text = format!("{}\n", paint(HEAD, &fields::text(profile, "name")));
    let description = fields::text(profile, "description");
    if !description.is_empty() {
        text += &format!("{description}\n");
    }
    text.push('\n');
    let trust = fields::number(profile, "trust_level");
    let lists = ["allowed_operations", "blocked_operations", "ask_operations"]
        .map(|field| fields::joined(profile, field));
    let [allowed, blocked, ask] = lists;
    for (label, value) in [
        ("trust", format!("{trust}: {}", meaning(trust))),
        ("type", fields::text(profile, "agent_type")),
        ("only", allowed),
        ("never", blocked),
        ("asks for", ask),
        ("limits", limits(profile)),
    ] {
        if !value.is_empty() {
            text += &format!("{} {value}\n", paint(DIM, &format!("{label:<9}")));
        }
    }
    text + &assigned(reply)
}

/// What a trust is good for.
const fn meaning(trust: u64) -> &'static str {
    match trust {
        0 => "suspended, every call is refused",
        1 => "reads",
        2 => "reads and writes",
        3 => "also administers what is others'",
        _ => "also edits policy, where a person does it",
    }
}

fn limits(profile: &Value) -> String {
    let limits = &profile["limits"];
    let said = LIMITS.iter().filter_map(|(field, words)| {
        limits.get(field).and_then(Value::as_i64).map(|limit| format!("{limit} {words}"))
    });
    let said = said.collect::<Vec<_>>().join(", ");
    if said.is_empty() { "none".into() } else { said }
}

/// The reply of `assign_profile` in a sentence.
#[must_use]
pub fn assignment(reply: &Value) -> String {
    let subject = fields::text(reply, "subject");
    match fields::text(reply, "action").as_str() {
        "removed" => format!("Nothing is assigned to {subject} any more."),
        _ => clean(&format!("Now {}.", sentence(reply))),
    }
}

/// The reply of `set_profile` in words.
#[must_use]
pub fn changed(reply: &Value, name: &str) -> String {
    match (fields::text(reply, "action").as_str(), reply.get("profile")) {
        ("removed", _) | (_, None) => format!("Removed profile {name}.\n"),
        (action, Some(profile)) => {
            let word = if action == "reset" { "is as it was built" } else { "is set" };
            let never = count(fields::list(profile, "blocked_operations").len(), "operation");
            format!(
                "Profile {name} {word}: trust {}, {never} blocked, limits: {}.\n",
                fields::number(profile, "trust_level"),
                limits(profile)
            )
        }
    }
}
