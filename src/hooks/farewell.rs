//! The handoff that is written for an agent that leaves none itself.
//!
//! - It says what is known and nothing else: files that were changed, tasks that are
//!   open, the branch. An agent's own, later handoff needs none.
//!
//! Not here: handoffs as such (`handoffs`), when a session ends (`life`).

use super::{around, sql};
use crate::agents::Live;
use crate::context::Context;
use crate::failure::Outcome;
use crate::handoffs::{self, Draft};
use crate::repo::Head;
use crate::store::Tx;
use crate::time::Time;

/// Files that a handoff names, at most.
const FILES_MAX: i64 = 50;

/// Whose handoff it is.
pub struct Leaver<'a> {
    /// The session.
    pub session_id: &'a str,
    /// As others know it.
    pub agent_id: &'a str,
    /// The kind of client.
    pub agent_type: &'a str,
    /// Where it works.
    pub project: &'a str,
}

impl<'a> Leaver<'a> {
    pub fn of_caller(ctx: &'a Context) -> Self {
        Self {
            session_id: &ctx.caller.session_id,
            agent_id: &ctx.caller.agent_id,
            agent_type: &ctx.caller.agent_type,
            project: ctx.project(),
        }
    }
}

impl<'a> From<&'a Live> for Leaver<'a> {
    fn from(live: &'a Live) -> Self {
        Self {
            session_id: &live.session_id,
            agent_id: &live.agent_id,
            agent_type: &live.agent_type,
            project: &live.project,
        }
    }
}

/// Why it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Occasion {
    /// The agent's conversation is about to be summarised.
    Compaction,
    /// The session ended in order.
    End,
    /// The client died, or was not heard any more.
    Death,
}

/// Writes a handoff from what is known, unless nothing is, or the session's own last
/// handoff tells it already.
///
/// # Errors
/// Faults only.
pub fn leave(
    tx: &Tx<'_>,
    of: &Leaver<'_>,
    occasion: Occasion,
    head: Option<&Head>,
    now: Time,
) -> Outcome<()> {
    let since = handoffs::latest_at(tx, of.session_id)?.unwrap_or(Time::from_ms(0));
    let touched = sql::touched_by(tx, of.session_id, since, FILES_MAX)?;
    let files: Vec<String> =
        touched.into_iter().filter(|(project, _)| project == of.project).map(|(_, p)| p).collect();
    if files.is_empty() {
        return Ok(());
    }
    let claims = around::open_claims(tx, of.session_id, FILES_MAX)?;
    let ended = match occasion {
        Occasion::Compaction => "was about to have its conversation summarised",
        Occasion::End => "ended without a handoff of its own",
        Occasion::Death => "was cut off",
    };
    let counted =
        |count: usize, one: &str| format!("{count} {one}{}", if count == 1 { "" } else { "s" });
    let mut summary =
        format!("{} {ended}; it had changed {}", of.agent_id, counted(files.len(), "file"));
    if !claims.is_empty() {
        summary.push_str(&format!(" and left {} open", counted(claims.len(), "task")));
    }
    summary.push_str(". Written by coord from what it saw.");
    let open = claims
        .iter()
        .map(|one| format!("{} ({}): {}", one.task_id, one.task_type, one.description));
    let draft = Draft {
        summary,
        in_progress: open.collect(),
        relevant_files: files,
        head: head.cloned().unwrap_or_default(),
    };
    handoffs::leave(tx, (of.session_id, of.agent_id, of.agent_type, of.project), draft, now)
}

/// What remains to be done when a session has ended: its handoff, and forgetting it.
///
/// # Errors
/// Faults only.
pub fn farewell(
    tx: &Tx<'_>,
    live: &Live,
    finished: bool,
    head: Option<&Head>,
    now: Time,
) -> Outcome<()> {
    let occasion = if finished { Occasion::End } else { Occasion::Death };
    leave(tx, &Leaver::from(live), occasion, head, now)?;
    sql::forget_session(tx, &live.session_id)
}
