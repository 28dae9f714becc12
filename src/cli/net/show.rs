//! Rules about hosts as tables and sentences.

use serde_json::Value;

use super::fields;
use crate::cli::render::count;
use crate::cli::render::style::{BAD, DIM, GOOD, PLAIN, paint};
use crate::cli::render::table::{Cell, Fit, Table};
use crate::time::Time;

fn effect(row: &Value) -> Cell {
    match fields::text(row, "effect").as_str() {
        "block" => Cell::styled("block", BAD),
        other => Cell::styled(other, GOOD),
    }
}

/// The reply of `list_domains` as a table.
#[must_use]
pub fn list(reply: &Value) -> String {
    let mut table = Table::new(&[
        ("domain", Fit::Middle),
        ("rule", Fit::Whole),
        ("priority", Fit::Whole),
        ("profile", Fit::Middle),
        ("from", Fit::Whole),
        ("why", Fit::End),
    ]);
    let rows = fields::list(reply, "domains");
    for row in rows {
        let from = match (row["built_in"] == true, row["everywhere"] == true) {
            (true, _) => "built in",
            (_, true) => "everywhere",
            _ => "",
        };
        table.row([
            Cell::from(fields::text(row, "domain")),
            effect(row),
            fields::text(row, "priority").into(),
            fields::text(row, "profile").into(),
            Cell::styled(from, DIM),
            Cell::styled(&fields::text(row, "reason"), DIM),
        ]);
    }
    if rows.is_empty() { "No rules.\n".into() } else { table.render() }
}

/// The reply of `domain_log` as a table.
#[must_use]
pub fn log(reply: &Value, now: Time) -> String {
    let rows = fields::list(reply, "entries");
    if rows.is_empty() {
        return "Nobody asked for a host.\n".into();
    }
    let mut table = Table::new(&[
        ("when", Fit::Whole),
        ("agent", Fit::Middle),
        ("host", Fit::Middle),
        ("answer", Fit::Whole),
        ("rule", Fit::Middle),
    ]);
    for row in rows {
        let style = if row["allowed"] == true { PLAIN } else { BAD };
        table.row([
            Cell::from(fields::when(row, "at", now)),
            fields::text(row, "agent_id").into(),
            fields::text(row, "host").into(),
            Cell::styled(&fields::text(row, "reason"), style),
            Cell::styled(&fields::text(row, "rule"), DIM),
        ]);
    }
    table.render()
}

/// The reply of `check_domain` in a sentence.
#[must_use]
pub fn checked(reply: &Value) -> String {
    let (host, rule) = (fields::text(reply, "host"), fields::text(reply, "rule"));
    let may = reply["allowed"] == true;
    let word = if may { paint(GOOD, "allowed") } else { paint(BAD, "refused") };
    let why = match fields::text(reply, "reason").as_str() {
        "allowed" | "blocked" => format!("by the rule {rule}"),
        "address" => "a bare address, which no list of hosts names".into(),
        _ if may => "it is on no list, and what is on none is allowed".into(),
        _ => "it is on no list".into(),
    };
    format!("{word} {host}: {why}\n")
}

/// The reply of `allow_domain` and `block_domain` in a sentence.
#[must_use]
pub fn ruled(reply: &Value) -> String {
    let (domain, profile) = (fields::text(reply, "domain"), fields::text(reply, "profile"));
    let whom = if profile.is_empty() { String::new() } else { format!(" for {profile}") };
    let place = if reply["everywhere"] == true { " in every repository" } else { " here" };
    match fields::text(reply, "action").as_str() {
        "removed" => format!("The rule for {domain}{whom} is gone{place}."),
        action => {
            let priority = fields::number(reply, "priority");
            format!("{domain} is {action}{whom}{place}, priority {priority}.")
        }
    }
}

/// The reply of `import_domains` in lines.
#[must_use]
pub fn imported(reply: &Value, dry_run: bool) -> String {
    let (rows, files) = (fields::list(reply, "domains"), fields::list(reply, "files"));
    let read = count(files.len(), "file");
    if rows.is_empty() {
        return format!("Read {read}; no host is named there.\n");
    }
    let word = if dry_run { "Would allow" } else { "Allowed" };
    let mut text = format!("{word} in every repository, from {read}:\n");
    for row in rows {
        let stays = if row["blocked"] == true {
            paint(BAD, "  (blocked, and stays so)")
        } else {
            String::new()
        };
        let file = paint(DIM, &fields::text(row, "file"));
        text += &format!("  {}  {file}{stays}\n", fields::text(row, "domain"));
    }
    text
}
