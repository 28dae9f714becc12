//! Finds the cycle that a new wait would close.
//!
//! - A session waits for whoever holds, or asked earlier for, something in its
//!   claim's way. A cycle of such waits would end only by a deadline, so the
//!   wait that would close it is refused.
//!
//! Not here: who is in whose way (`rules`).

use std::collections::{HashSet, VecDeque};

use serde::Serialize;

use super::Scene;
use super::queue::Waiter;
use super::rules::{Block, Claim, Survey};
use crate::failure::Outcome;

/// One wait of a cycle.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Link {
    /// Who waits.
    pub agent_id: String,
    /// For which path.
    pub waits_for: String,
    /// That this agent holds, or waits for before it.
    pub held_by: String,
}

/// The shortest cycle that `claim`, waiting behind `line`, would close.
pub fn cycle(scene: Scene<'_>, claim: &Claim, line: &[Waiter]) -> Outcome<Option<Vec<Link>>> {
    let start = step(scene, claim, line)?;
    let mut open: VecDeque<(String, Vec<Link>)> =
        start.into_iter().map(|(session, link)| (session, vec![link])).collect();
    let mut seen = HashSet::new();
    while let Some((session, links)) = open.pop_front() {
        if session == claim.caller.session_id {
            return Ok(Some(links));
        }
        if !seen.insert(session.clone()) {
            continue;
        }
        for (at, waiter) in line.iter().enumerate() {
            if waiter.claim.caller.session_id != session {
                continue;
            }
            let ahead = line.get(..at).unwrap_or_default();
            for (next, link) in step(scene, &waiter.claim, ahead)? {
                open.push_back((next, links.iter().cloned().chain([link]).collect()));
            }
        }
    }
    Ok(None)
}

/// Each session in a claim's way, and the wait that leads there.
fn step(scene: Scene<'_>, claim: &Claim, ahead: &[Waiter]) -> Outcome<Vec<(String, Link)>> {
    let survey = Survey::of(scene, claim)?;
    let blocks = survey.blocks(claim, ahead, scene.now);
    let to = |block: &Block<'_>| {
        let link = Link {
            agent_id: claim.caller.agent_id.clone(),
            waits_for: block.target.shown.clone(),
            held_by: block.by.agent_id().to_owned(),
        };
        (block.by.session_id().to_owned(), link)
    };
    Ok(blocks.iter().map(to).collect())
}
