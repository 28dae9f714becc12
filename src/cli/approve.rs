//! `coord approve` and `coord deny`: what an agent asked for and a person decides.

use serde_json::{Value, json};

use super::Trouble;
use super::desk::Desk;
use super::ending::short;
use super::render::style::{BAD, DIM, GOOD, PLAIN, WARN, paint};
use super::render::table::{Cell, Fit, Table};
use super::render::{clean, fields};
use crate::time::Time;

/// Approve a call that waits for a person; without an id, list what waits.
///
/// The agent may then make that very call, with the same arguments, once within
/// 15 minutes. Agents cannot approve: it needs a person at a terminal.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  coord approve                 what waits, and what exactly it would do
  coord approve 2e3f4a5b        the one whose id ends so
  coord approve --history       also what was decided")]
pub struct Approve {
    /// Which; the end of its id is enough
    #[arg(value_name = "ID")]
    id: Option<String>,
    /// A word to the agent
    #[arg(long, value_name = "TEXT", requires = "id")]
    note: Option<String>,
    /// List also what was decided, used or is too old
    #[arg(long, conflicts_with = "id")]
    history: bool,
}

/// Deny a call that waits for a person, and say why; without an id, list what waits.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  coord deny
  coord deny 2e3f4a5b --note 'not before the release'")]
pub struct Deny {
    /// Which; the end of its id is enough
    #[arg(value_name = "ID")]
    id: Option<String>,
    /// Why, for the agent
    #[arg(long, value_name = "TEXT", requires = "id")]
    note: Option<String>,
}

impl Approve {
    /// Does what the arguments say.
    ///
    /// # Errors
    /// What the daemon refuses.
    pub fn run(self, desk: &mut Desk) -> Result<(), Trouble> {
        match self.id {
            Some(id) => decide(desk, "approve", &id, self.note.as_deref()),
            None => waiting(desk, self.history),
        }
    }
}

impl Deny {
    /// Does what the arguments say.
    ///
    /// # Errors
    /// What the daemon refuses.
    pub fn run(self, desk: &mut Desk) -> Result<(), Trouble> {
        match self.id {
            Some(id) => decide(desk, "deny", &id, self.note.as_deref()),
            None => waiting(desk, false),
        }
    }
}

fn decide(desk: &mut Desk, tool: &str, id: &str, note: Option<&str>) -> Result<(), Trouble> {
    let id = id.trim().trim_start_matches('…').to_lowercase();
    let reply = desk.ask(tool, json!({ "approval_id": id, "note": note }))?;
    desk.done(&reply, &decided(&reply, desk.now))
}

fn waiting(desk: &mut Desk, history: bool) -> Result<(), Trouble> {
    let reply = desk.ask("list_approvals", json!({ "all": history }))?;
    desk.show(&reply, || list(&reply, desk.now))
}

/// The reply of `approve` and `deny` in a sentence.
#[must_use]
pub fn decided(reply: &Value, now: Time) -> String {
    let (agent, operation) = (fields::text(reply, "agent_id"), fields::text(reply, "operation"));
    match fields::text(reply, "action").as_str() {
        "approved" => {
            let until = fields::when(reply, "expires_at", now);
            format!(
                "Approved: {agent} may call {operation} once, with these arguments; it ends {until}."
            )
        }
        _ => format!("Denied: {agent} is told so when it calls {operation} again."),
    }
}

/// The reply of `list_approvals`: a row for each question, and what it would do below.
#[must_use]
pub fn list(reply: &Value, now: Time) -> String {
    let rows = fields::list(reply, "approvals");
    if rows.is_empty() {
        return "Nothing waits for a decision.\n".into();
    }
    let mut text = String::new();
    for row in rows {
        let mut table = Table::new(&[
            ("approval", Fit::Whole),
            ("agent", Fit::Middle),
            ("operation", Fit::Whole),
            ("asked", Fit::Whole),
            ("ends", Fit::Whole),
            ("state", Fit::Whole),
        ]);
        table.row([
            Cell::from(short(&fields::text(row, "approval_id"))),
            fields::text(row, "agent_id").into(),
            fields::text(row, "operation").into(),
            fields::when(row, "asked_at", now).into(),
            fields::when(row, "expires_at", now).into(),
            state(row, now),
        ]);
        if !text.is_empty() {
            text.push('\n');
        }
        text += &table.render();
        for (label, field) in [("with", "arguments"), ("why", "reason"), ("note", "note")] {
            let said = clean(row.get(field).and_then(Value::as_str).unwrap_or_default());
            if !said.is_empty() {
                text += &format!("  {} {said}\n", paint(DIM, &format!("{label:<4}")));
            }
        }
    }
    text
}

fn state(row: &Value, now: Time) -> Cell {
    let over = fields::time(row, "expires_at").is_some_and(|at| at.since(now) <= 0);
    match fields::text(row, "status").as_str() {
        "pending" | "approved" if over => Cell::styled("too old", DIM),
        "pending" => Cell::styled("waits", WARN),
        "approved" => Cell::styled("approved", GOOD),
        "denied" => Cell::styled("denied", BAD),
        other => Cell::styled(other, PLAIN),
    }
}
