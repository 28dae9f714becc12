//! Those who wait for work, and who is given what has become ready.
//!
//! - First come, first served: a task goes to the first in line who may take it.
//! - A place whose time is up is not served; its caller is about to leave.

use serde_json::Value;

use super::claim::{Claimant, Claimed, claim};
use super::{GetWork, sql};
use crate::answer::Answer;
use crate::failure::Outcome;
use crate::store::{Settled, Tx};
use crate::time::Time;
use crate::tool::Tool as _;
use crate::waits::{self, Kind, Wait};

/// Gives what is ready to those who wait in a project; returns how many were served.
///
/// # Errors
/// Faults only.
pub fn serve(tx: &Tx<'_>, project: &str, now: Time) -> Outcome<usize> {
    let line = waits::line(tx, project, Kind::Work)?;
    if line.is_empty() {
        return Ok(0);
    }
    serve_line(tx, project, line, now)
}

/// As [`serve`], for a line that was read already.
pub fn serve_line(tx: &Tx<'_>, project: &str, line: Vec<Wait>, now: Time) -> Outcome<usize> {
    let mut served = 0;
    for wait in line.into_iter().filter(|wait| wait.deadline_at > now) {
        if !sql::anything_ready(tx, project)? {
            break;
        }
        let Ok(asked) = serde_json::from_value::<GetWork>(wait.args.clone()) else { continue };
        let who = Claimant {
            project,
            session_id: &wait.session_id,
            agent_id: &wait.agent_id,
            task_types: asked.task_types(),
        };
        if let Some(claimed) = claim(tx, who, now)? {
            settle(tx, wait, &claimed)?;
            served += 1;
        }
    }
    Ok(served)
}

/// Ends a wait with the answer that a direct claim would have had.
fn settle(tx: &Tx<'_>, wait: Wait, claimed: &Claimed) -> Outcome<()> {
    waits::leave(tx, wait.ticket)?;
    let reply: Value = serde_json::to_value(claimed).map_err(anyhow::Error::from)?;
    tx.settle(Settled {
        ticket: wait.ticket,
        caller: waits::caller(tx, &wait)?,
        project: wait.project,
        request_key: wait.request_key,
        operation: GetWork::NAME,
        arguments: wait.asked,
        answer: Answer::Done(reply),
    });
    Ok(())
}
