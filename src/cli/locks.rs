//! `coord locks`: who holds what, and taking a lock away from whoever holds it.

use serde_json::{Map, Value};

use super::Trouble;
use super::desk::Desk;
use super::render::style::{BAD, DIM, WARN};
use super::render::table::{Cell, Fit, Table};
use super::render::{count, fields};
use crate::time::{MINUTE, Time, relative};

/// A lock with less than this left is worth a second look.
const SOON: i64 = 5 * MINUTE;

/// Show who holds which file, or release a lock that somebody forgot.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  coord locks                             every lock in this repository
  coord locks list src/ --agent claude-1  what claude-1 holds there
  coord locks release --force src/main.rs --reason 'its session is gone'")]
pub struct Locks {
    #[command(subcommand)]
    deed: Option<Deed>,
}

#[derive(Debug, clap::Subcommand)]
enum Deed {
    List(List),
    Release(Release),
}

/// List the locks of this repository (what `coord locks` alone does).
#[derive(Debug, Default, clap::Args)]
#[command(after_help = "Example:
  coord locks list src/ docs/")]
struct List {
    /// Only what overlaps these paths
    paths: Vec<String>,
    /// Only what this agent holds
    #[arg(long, value_name = "AGENT_ID")]
    agent: Option<String>,
}

/// Take locks away from whoever holds them.
///
/// The holder is not asked: what it has not saved may be overwritten by the next
/// holder. The reason goes into the audit log.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  coord locks release --force src/main.rs --reason 'its session is gone'
  coord locks release --force --agent claude-1 --reason 'stuck in a loop'")]
struct Release {
    /// What to release; a folder stands for every lock inside it
    #[arg(required_unless_present = "agent")]
    paths: Vec<String>,
    /// Only what this agent holds; without paths, all of it
    #[arg(long, value_name = "AGENT_ID")]
    agent: Option<String>,
    /// You know that the holder is not asked
    #[arg(long, required = true)]
    force: bool,
    /// Why, for the audit log
    #[arg(long, value_name = "TEXT")]
    reason: String,
}

impl Locks {
    /// Does what the arguments say.
    ///
    /// # Errors
    /// What the daemon refuses.
    pub fn run(self, desk: &mut Desk) -> Result<(), Trouble> {
        match self.deed.unwrap_or_else(|| Deed::List(List::default())) {
            Deed::List(List { paths, agent }) => {
                let reply = desk.ask_whole("check_locks", arguments(paths, agent), "locks")?;
                desk.show(&reply, || show(&reply, desk.now))
            }
            Deed::Release(Release { paths, agent, reason, .. }) => {
                let mut asked = arguments(paths, agent);
                asked.insert("reason".into(), reason.into());
                let reply = desk.ask("force_release_lock", asked.into())?;
                desk.show(&reply, || released(&reply))
            }
        }
    }
}

/// The paths and the agent, where they were given.
fn arguments(paths: Vec<String>, agent: Option<String>) -> Map<String, Value> {
    let mut arguments = Map::new();
    if !paths.is_empty() {
        arguments.insert("file_paths".into(), paths.into());
    }
    if let Some(agent) = agent {
        arguments.insert("agent_id".into(), agent.into());
    }
    arguments
}

/// The reply of `check_locks` as a table.
#[must_use]
pub fn show(reply: &Value, now: Time) -> String {
    let locks = fields::list(reply, "locks");
    if locks.is_empty() {
        return "No locks.\n".to_owned() + &seen(reply.get("as_of"), now);
    }
    let mut table = Table::new(&[
        ("path", Fit::Middle),
        ("held by", Fit::Middle),
        ("mode", Fit::Whole),
        ("expires", Fit::Whole),
        ("waiting", Fit::Whole),
        ("where", Fit::Middle),
        ("reason", Fit::End),
    ]);
    for lock in locks {
        let waiting = fields::amount(lock, "waiting");
        let mode = fields::text(lock, "mode");
        table.row([
            Cell::from(fields::text(lock, "file_path")),
            fields::text(lock, "locked_by").into(),
            if mode == "exclusive" { "".into() } else { Cell::styled(&mode, DIM) },
            expiry(lock, now),
            if waiting == 0 { "".into() } else { Cell::styled(&waiting.to_string(), WARN) },
            Cell::styled(&fields::text(lock, "worktree"), DIM),
            Cell::styled(&fields::text(lock, "reason"), DIM),
        ]);
    }
    table.render() + &seen(reply.get("as_of"), now)
}

/// How old what is shown of other machines is, if it is old.
#[must_use]
pub fn seen(as_of: Option<&Value>, now: Time) -> String {
    match as_of.and_then(|at| serde_json::from_value::<Time>(at.clone()).ok()) {
        None => String::new(),
        Some(at) if at.ms() == 0 => {
            "What other machines hold is not known: coord sync status says why.\n".into()
        }
        Some(at) => {
            let when = relative(at, now);
            format!("What other machines hold is as of {when}: coord sync status says why.\n")
        }
    }
}

fn expiry(lock: &Value, now: Time) -> Cell {
    let text = fields::when(lock, "expires_at", now);
    match fields::time(lock, "expires_at").map(|at| at.since(now)) {
        Some(left) if left <= 0 => Cell::styled(&text, BAD),
        Some(left) if left < SOON => Cell::styled(&text, WARN),
        _ => text.into(),
    }
}

/// The reply of `force_release_lock` in words.
#[must_use]
pub fn released(reply: &Value) -> String {
    let locks = fields::list(reply, "locks");
    let mut text = format!("Released {}.\n", count(locks.len(), "lock"));
    for lock in locks {
        let (path, holder) = (fields::text(lock, "file_path"), fields::text(lock, "locked_by"));
        text += &format!("  {path} (was held by {holder})\n");
    }
    text
}
