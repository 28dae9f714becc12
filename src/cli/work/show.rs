//! Tasks as tables and pages.

use serde_json::Value;

use super::super::ending::short;
use super::super::render::style::{DIM, HEAD, NOTE, WARN, of_status, paint};
use super::super::render::table::{Cell, Fit, Table};
use super::super::render::{clean, count, fields};
use crate::time::{Time, relative};

/// The parts of `pending_work`: field, heading, and how a count of it reads.
const PARTS: [(&str, &str, &str); 4] = [
    ("claimed", "Being worked on", "being worked on"),
    ("ready", "Ready", "ready"),
    ("pausing", "To be tried again after a pause", "pausing"),
    ("blocked", "Waiting for others, or parked", "blocked or parked"),
];

/// The reply of `list_work` as a table.
#[must_use]
pub fn tasks(reply: &Value, now: Time) -> String {
    let tasks = fields::list(reply, "tasks");
    if tasks.is_empty() {
        return "No tasks.\n".to_owned() + &seen(reply, now);
    }
    let mut text = table(tasks, now);
    if reply.get("next_cursor").is_some_and(Value::is_string) {
        text += "There are more: --limit N shows as many as you like, --json has the cursor.\n";
    }
    text + &seen(reply, now)
}

/// How old what is shown of other machines is, if it is old.
fn seen(reply: &Value, now: Time) -> String {
    match fields::time(reply, "as_of") {
        None => String::new(),
        Some(at) if at.ms() == 0 => {
            "What other machines do is not known: coord sync status says why.\n".into()
        }
        Some(at) => {
            let when = relative(at, now);
            format!("What other machines do is as of {when}: coord sync status says why.\n")
        }
    }
}

/// Tasks, one to a line.
#[must_use]
pub fn table(tasks: &[Value], now: Time) -> String {
    let mut table = Table::new(&[
        ("task", Fit::Whole),
        ("status", Fit::Whole),
        ("type", Fit::End),
        ("what", Fit::End),
        ("", Fit::End),
    ]);
    for task in tasks {
        let state = state(task);
        table.row([
            Cell::styled(&short(&fields::text(task, "task_id")), DIM),
            Cell::styled(&state, of_status(&state)),
            fields::text(task, "task_type").into(),
            fields::text(task, "summary").into(),
            note(task, now).into(),
        ]);
    }
    table.render()
}

/// A task's status; that of a pending one says whether it is ready.
fn state(task: &Value) -> String {
    let status = fields::text(task, "status");
    if status != "pending" {
        return status;
    }
    let why = fields::text(task, "why");
    let pauses = task.get("retry_at").is_some();
    match (why.is_empty(), pauses, waits_its_turn(&why)) {
        (true, _, _) => "ready",
        (false, true, _) => "pausing",
        (false, false, true) => "blocked",
        (false, false, false) => "parked",
    }
    .into()
}

/// Whether what keeps it back will end by itself: "waits for 2 tasks", and not
/// "waits for 019b…, which was cancelled".
fn waits_its_turn(why: &str) -> bool {
    let counted = why.strip_prefix("waits for ").and_then(|rest| rest.split_once(' '));
    counted.is_some_and(|(n, noun)| n.parse::<u32>().is_ok() && noun.starts_with("task"))
}

/// Who does it, or why nobody does.
fn note(task: &Value, now: Time) -> String {
    let overdue = task.get("overdue").and_then(Value::as_bool).unwrap_or(false);
    let machine = fields::text(task, "machine");
    let on = if machine.is_empty() { String::new() } else { format!(" on {machine}") };
    let holder = fields::text(task, "claimed_by") + &on;
    let from = fields::text(task, "submitted_on");
    let retry = fields::when(task, "retry_at", now);
    let mut parts = Vec::new();
    if overdue {
        parts.push(format!("due {}", fields::when(task, "deadline", now)));
    }
    if !from.is_empty() && on.is_empty() {
        parts.push(format!("from {from}"));
    }
    match state(task).as_str() {
        "claimed" | "running" => parts.push(holder),
        "pausing" => parts.push(format!("again {retry}")),
        "completed" => parts.push(holder),
        _ => parts.push(shortened(&fields::text(task, "why"))),
    }
    parts.retain(|part| !part.is_empty());
    parts.join("; ")
}

/// A reason with the ids in it as tables show them.
fn shortened(why: &str) -> String {
    let is_id = |word: &str| word.len() == 36 && word.split('-').count() == 5;
    let one = |word: &str| if is_id(word) { short(word) } else { word.to_owned() };
    why.split(' ').map(one).collect::<Vec<_>>().join(" ")
}

/// The reply of `pending_work`: what is ready, what is not and why.
#[must_use]
pub fn pending(reply: &Value, now: Time) -> String {
    let mut text = String::new();
    for (field, heading, _) in PARTS {
        let (tasks, all) = (part(reply, field), counted(reply, field));
        if tasks.is_empty() {
            continue;
        }
        text += &format!("{}\n{}", paint(HEAD, &format!("{heading} ({all})")), table(&tasks, now));
        if all > tasks.len() {
            let more = format!("… and {} more: coord work list", all - tasks.len());
            text += &format!("{}\n", paint(DIM, &more));
        }
        text.push('\n');
    }
    let mut text =
        if text.is_empty() { "No open tasks.\n".into() } else { text.trim_end().to_owned() + "\n" };
    let untold = amount(reply, "elsewhere").saturating_sub(fields::list(reply, "elsewhere").len());
    if untold > 0 {
        let more = format!("… and {untold} more on other machines: coord work list");
        text += &format!("{}\n", paint(DIM, &more));
    }
    text + &seen(reply, now)
}

/// The tasks of one part: this machine's, then those of others.
fn part(reply: &Value, field: &str) -> Vec<Value> {
    let away = fields::list(reply, "elsewhere").iter().filter(|task| part_of(task) == field);
    fields::list(reply, field).iter().chain(away).cloned().collect()
}

fn part_of(task: &Value) -> &'static str {
    match state(task).as_str() {
        "claimed" | "running" => "claimed",
        "ready" => "ready",
        "pausing" => "pausing",
        _ => "blocked",
    }
}

fn amount(reply: &Value, field: &str) -> usize {
    let counts = reply.get("counts").unwrap_or(&Value::Null);
    usize::try_from(fields::number(counts, field)).unwrap_or_default()
}

/// How many tasks a part has, those included that are not listed.
fn counted(reply: &Value, field: &str) -> usize {
    let listed = fields::list(reply, field).len();
    amount(reply, field).max(listed) + part(reply, field).len() - listed
}

/// How many tasks of `pending_work` wait for a person.
#[must_use]
pub fn parked(reply: &Value) -> usize {
    part(reply, "blocked").iter().filter(|task| state(task) == "parked").count()
}

/// The reply of `pending_work` in a few lines: the counts, and what is claimed or next.
#[must_use]
pub fn summary(reply: &Value, now: Time, rows: usize) -> String {
    let counts: Vec<String> = PARTS
        .iter()
        .map(|(field, _, words)| (counted(reply, field), words))
        .filter(|(n, _)| *n > 0)
        .map(|(n, words)| format!("{n} {words}"))
        .collect();
    if counts.is_empty() {
        return format!("{}\n", paint(DIM, "none"));
    }
    let shown: Vec<Value> =
        PARTS.iter().flat_map(|(field, _, _)| part(reply, field)).take(rows).collect();
    format!("{}\n{}", counts.join(", "), table(&shown, now))
}

/// The reply of `show_work` as a page.
#[must_use]
pub fn one(task: &Value, now: Time) -> String {
    let state = state(task);
    let mut text = format!(
        "{}\n{}\n\n",
        paint(HEAD, &fields::text(task, "summary")),
        paint(of_status(&state), [state.clone(), note(task, now)].join(" ").trim_end()),
    );
    for (name, label) in [
        ("task_id", "task"),
        ("task_type", "type"),
        ("priority", "priority"),
        ("submitted_by", "submitted by"),
        ("claimed_by", "claimed by"),
        ("fence", "fence"),
        ("dedupe_key", "dedupe key"),
        ("error_message", "last error"),
    ] {
        text += &labelled(label, &fields::text(task, name));
    }
    text += &labelled("needs", &fields::joined(task, "required_capabilities"));
    let most = fields::text(task, "max_attempts");
    text += &labelled("attempt", &format!("{} of {most}", fields::number(task, "attempt")));
    for name in
        ["submitted_at", "claimed_at", "lease_expires_at", "retry_at", "deadline", "finished_at"]
    {
        let when = fields::when(task, name, now);
        if !when.is_empty() {
            let words = name.trim_end_matches("_at").replace('_', " ");
            text += &labelled(&words, &format!("{when} ({})", fields::text(task, name)));
        }
    }
    text + &description(task) + &data(task) + &neighbours(task) + &attempts(task, now)
}

fn labelled(label: &str, value: &str) -> String {
    if value.is_empty() {
        return String::new();
    }
    format!("{} {value}\n", paint(DIM, &format!("{label:<14}")))
}

/// The whole description, where its first line is not all of it.
fn description(task: &Value) -> String {
    let whole = task.get("description").and_then(Value::as_str).unwrap_or_default();
    if whole.trim() == fields::text(task, "summary") {
        return String::new();
    }
    let lines: String = whole.lines().map(|line| format!("  {}\n", clean(line))).collect();
    format!("\n{}\n{lines}", paint(NOTE, "description"))
}

fn data(task: &Value) -> String {
    let mut text = String::new();
    for name in ["input_data", "result", "late_result"] {
        if let Some(value) = task.get(name).filter(|value| !value.is_null()) {
            let lines: String =
                format!("{value:#}").lines().map(|line| format!("  {}\n", clean(line))).collect();
            let style = if name == "late_result" { WARN } else { NOTE };
            text += &format!("\n{}\n{lines}", paint(style, &name.replace('_', " ")));
        }
    }
    text
}

fn neighbours(task: &Value) -> String {
    let mut text = String::new();
    for (name, heading) in [("depends_on", "after"), ("dependents", "before")] {
        let tasks = fields::list(task, name);
        if tasks.is_empty() {
            continue;
        }
        let mut table =
            Table::new(&[(heading, Fit::Whole), ("status", Fit::Whole), ("what", Fit::End)]);
        for one in tasks {
            let status = fields::text(one, "status");
            table.row([
                short(&fields::text(one, "task_id")).into(),
                Cell::styled(&status, of_status(&status)),
                fields::text(one, "summary").into(),
            ]);
        }
        text += &format!("\n{}", table.render());
    }
    text
}

fn attempts(task: &Value, now: Time) -> String {
    let attempts = fields::list(task, "attempts");
    if attempts.is_empty() {
        return String::new();
    }
    let mut table = Table::new(&[
        ("attempt by", Fit::Middle),
        ("ended", Fit::Whole),
        ("how", Fit::Whole),
        ("", Fit::End),
    ]);
    for one in attempts {
        table.row([
            fields::text(one, "agent_id").into(),
            fields::when(one, "ended_at", now).into(),
            fields::text(one, "ending").replace('_', " ").into(),
            fields::text(one, "error_message").into(),
        ]);
    }
    format!("\n{} ended\n{}", count(attempts.len(), "attempt"), table.render())
}
