//! Hooks: what a client tells of its agent's deeds, and what it is answered.
//!
//! - Every client's events become one [`Event`], and one [`Verdict`] becomes every
//!   client's answer; both are pure.
//! - The tools here are what `coord hook` calls: they take and renew locks, judge
//!   commands, and tell an agent what it should know, without the agent asking.
//! - They go the one road of all calls, and leave audit rows like all.
//!
//! Not here: the process that a client starts (`cli`), rules on locks and commands
//! (`locks`, `guard`), the end of a session (`life`).

mod around;
mod brief;
mod command;
mod commit;
pub mod deed;
pub mod dialect;
mod edit;
mod event;
mod farewell;
pub mod misses;
pub mod patch;
mod refusal;
mod session;
mod sql;
mod told;

pub use command::{COMMAND_MAX, RunCommand};
pub use commit::{CheckCommit, MayCommit, STAGED_MAX};
pub use edit::{Cleared, EditFile, FILES_MAX};
pub use event::{Client, Event, Kind, Verdict};
pub use farewell::farewell;
pub use refusal::{Holding, HookRefusal, Lost};
pub use session::{CheckpointSession, SessionNews, StartSession};

use crate::context::Caller;
use crate::failure::Outcome;
use crate::os::Process;
use crate::store::Tx;
use crate::time::{DAY, MINUTE, Time};
use crate::tool::Tool as _;

/// How long it is remembered whose a tool call was, in milliseconds.
pub const TOOL_USE_KEPT: i64 = 10 * MINUTE;
/// How long it is remembered who changed a file, in milliseconds.
pub const TOUCHED_KEPT: i64 = 7 * DAY;
/// The tools that hooks call before, between and after an agent's deeds.
pub const TOOLS: [&str; 6] = [
    EditFile::NAME,
    RunCommand::NAME,
    StartSession::NAME,
    SessionNews::NAME,
    CheckpointSession::NAME,
    "end_session",
];
/// The guardrail for what other agents hold; locks say more about it.
const FOREIGN: &str = "foreign_hold";

/// Whose call this is, if a hook told that it is a subagent's.
///
/// # Errors
/// Faults only.
pub fn caller_of(tx: &Tx<'_>, tool_use_id: &str, now: Time) -> Outcome<Option<Caller>> {
    sql::caller_of(tx, tool_use_id, now.plus(-TOOL_USE_KEPT))
}

/// The sessions that hooks were heard of and that a daemon watched, with their clients.
///
/// # Errors
/// Faults only.
pub fn watched(tx: &Tx<'_>) -> Outcome<Vec<(String, Process)>> {
    sql::watched(tx)
}

/// Forgets what is too old to matter: whose calls were made, who changed which file.
///
/// # Errors
/// Faults only.
pub fn forget(tx: &Tx<'_>, now: Time) -> Outcome<()> {
    sql::forget_tool_uses(tx, now.plus(-TOOL_USE_KEPT))?;
    sql::forget_touched(tx, now.plus(-TOUCHED_KEPT))?;
    Ok(())
}

/// A command as it would be run from the repository's root.
#[must_use]
pub fn started_in(command: &str, folder: Option<&str>) -> String {
    match folder.filter(|folder| !matches!(*folder, "" | ".")) {
        Some(folder) => format!("cd {}\n{command}", deed::quoted(folder)),
        None => command.to_owned(),
    }
}
