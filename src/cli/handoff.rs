//! `coord handoff`: what agents left for whoever goes on.

use serde_json::{Map, Value, json};

use super::Trouble;
use super::desk::Desk;
use super::ending::{self, Kind, short};
use super::render::style::{DIM, HEAD, paint};
use super::render::table::{Cell, Fit, Table};
use super::render::{clean, fields};
use crate::time::Time;

const HANDOFFS: Kind =
    Kind { tool: "list_handoffs", limit: 100, list: "handoffs", id: "handoff_id" };

/// Show what agents left for whoever goes on, or leave something yourself.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  coord handoff               the newest, in full
  coord handoff list          all of this repository, newest first
  coord handoff write 'Parser done, scanner half' --next 'Fix the scanner'")]
pub struct Handoff {
    #[command(subcommand)]
    deed: Option<Deed>,
}

#[derive(Debug, clap::Subcommand)]
enum Deed {
    List(List),
    Show(Show),
    Write(Write),
}

/// List handoffs, newest first.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  coord handoff list
  coord handoff list --agent claude-1 --limit 5")]
struct List {
    /// Only those of this agent
    #[arg(long, value_name = "NAME")]
    agent: Option<String>,
    /// At most this many
    #[arg(long, value_name = "N", default_value_t = 20)]
    limit: u32,
    /// Go on where the page before ended
    #[arg(long)]
    cursor: Option<String>,
}

/// Show one handoff in full.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  coord handoff show            the newest
  coord handoff show 2e3f4a5b   the one whose id ends so")]
struct Show {
    /// Which; the end of its id is enough (the newest if left out)
    #[arg(value_name = "HANDOFF_ID")]
    handoff: Option<String>,
}

/// Leave a handoff for the next agent. Branch, commit and open locks are added.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:
  coord handoff write 'Parser done, scanner half' \\
      --done 'parser' --doing 'scanner' --next 'fix the scanner' --file src/scan.rs")]
struct Write {
    /// What the next agent must know to go on
    summary: String,
    /// Something that is done; may be repeated
    #[arg(long = "done", value_name = "TEXT")]
    completed_work: Vec<String>,
    /// Something that was begun; may be repeated
    #[arg(long = "doing", value_name = "TEXT")]
    in_progress: Vec<String>,
    /// A decision that was made; may be repeated
    #[arg(long = "decided", value_name = "TEXT")]
    decisions: Vec<String>,
    /// What comes next; may be repeated
    #[arg(long = "next", value_name = "TEXT")]
    next_steps: Vec<String>,
    /// A file to look at; may be repeated
    #[arg(long = "file", value_name = "PATH")]
    relevant_files: Vec<String>,
}

impl Handoff {
    /// Does what the arguments say.
    ///
    /// # Errors
    /// What the daemon refuses.
    pub fn run(self, desk: &mut Desk) -> Result<(), Trouble> {
        match self.deed {
            None => newest(desk),
            Some(Deed::List(List { agent, limit, cursor })) => {
                let mut asked = Map::from_iter([("limit".to_owned(), json!(limit))]);
                for (name, value) in [("agent_id", agent), ("cursor", cursor)] {
                    if let Some(value) = value {
                        asked.insert(name.into(), value.into());
                    }
                }
                let reply = desk.ask("list_handoffs", asked.into())?;
                desk.show(&reply, || list(&reply, desk.now))
            }
            Some(Deed::Show(Show { handoff: None })) => newest(desk),
            Some(Deed::Show(Show { handoff: Some(given) })) => {
                let id = ending::whole(desk, &HANDOFFS, &given)?;
                let reply = desk.ask("show_handoff", json!({ "handoff_id": id }))?;
                desk.show(&reply, || one(&reply, desk.now))
            }
            Some(Deed::Write(write)) => {
                let reply = desk.ask("write_handoff", write.arguments())?;
                let id = fields::text(&reply, "handoff_id");
                desk.done(&reply, &format!("Wrote {id}."))
            }
        }
    }
}

impl Write {
    fn arguments(self) -> Value {
        json!({
            "summary": self.summary,
            "completed_work": self.completed_work,
            "in_progress": self.in_progress,
            "decisions": self.decisions,
            "next_steps": self.next_steps,
            "relevant_files": self.relevant_files,
        })
    }
}

fn newest(desk: &mut Desk) -> Result<(), Trouble> {
    let listed = desk.ask("list_handoffs", json!({ "limit": 1 }))?;
    let Some(id) =
        fields::list(&listed, "handoffs").first().map(|row| fields::text(row, "handoff_id"))
    else {
        return desk.show(&listed, || list(&listed, desk.now));
    };
    let reply = desk.ask("show_handoff", json!({ "handoff_id": id }))?;
    desk.show(&reply, || one(&reply, desk.now))
}

/// The reply of `list_handoffs` as a table.
#[must_use]
pub fn list(reply: &Value, now: Time) -> String {
    let handoffs = fields::list(reply, "handoffs");
    if handoffs.is_empty() {
        return "No handoffs.\n".into();
    }
    let mut table = Table::new(&[
        ("handoff", Fit::Whole),
        ("agent", Fit::Middle),
        ("written", Fit::Whole),
        ("branch", Fit::Middle),
        ("summary", Fit::End),
    ]);
    for row in handoffs {
        table.row([
            Cell::styled(&short(&fields::text(row, "handoff_id")), DIM),
            fields::text(row, "agent_id").into(),
            fields::when(row, "created_at", now).into(),
            fields::text(row, "branch").into(),
            fields::text(row, "summary").into(),
        ]);
    }
    let mut text = table.render();
    if reply.get("next_cursor").is_some_and(Value::is_string) {
        text += "There are more: --limit N shows as many as you like, --json has the cursor.\n";
    }
    text
}

/// The reply of `show_handoff` as a page.
#[must_use]
pub fn one(handoff: &Value, now: Time) -> String {
    let mut text = String::new();
    for line in handoff.get("summary").and_then(Value::as_str).unwrap_or_default().lines() {
        text += &format!("{}\n", paint(HEAD, &clean(line)));
    }
    let written = format!(
        "{} by {}",
        fields::when(handoff, "created_at", now),
        fields::text(handoff, "agent_id")
    );
    text.push('\n');
    for (label, value) in [
        ("handoff", fields::text(handoff, "handoff_id")),
        ("written", written),
        ("branch", fields::text(handoff, "branch")),
        ("commit", fields::text(handoff, "commit")),
    ] {
        if !value.is_empty() {
            text += &format!("{} {value}\n", paint(DIM, &format!("{label:<10}")));
        }
    }
    for (field, heading) in [
        ("completed_work", "Done"),
        ("in_progress", "In progress"),
        ("decisions", "Decided"),
        ("next_steps", "Next"),
        ("relevant_files", "Files"),
        ("open_locks", "Locks held then"),
    ] {
        text += &section(heading, fields::list(handoff, field).iter().map(plain));
    }
    let tasks = fields::list(handoff, "open_tasks").iter().map(|task| {
        format!("{} {}", short(&fields::text(task, "task_id")), fields::text(task, "description"))
    });
    text + &section("Tasks claimed then", tasks)
}

fn plain(item: &Value) -> String {
    clean(item.as_str().unwrap_or_default())
}

fn section(heading: &str, lines: impl Iterator<Item = String>) -> String {
    let lines: String = lines.map(|line| format!("- {line}\n")).collect();
    if lines.is_empty() { lines } else { format!("\n{}\n{lines}", paint(HEAD, heading)) }
}
