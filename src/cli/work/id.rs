//! Ids as people write them: the end of one is enough, if only one task ends so.
//!
//! The start of an id is its time, which neighbours share; its end tells them apart.

use serde_json::json;

use super::super::Trouble;
use super::super::desk::Desk;
use super::super::render::fields;
use crate::failure::Refusal;

/// Characters of an id that are shown.
const SHOWN: usize = 8;
/// Fewer are too likely to fit several tasks.
const GIVEN_MIN: usize = 4;
/// Characters of a whole id.
const WHOLE: usize = 36;
/// Statuses of what is finished, which is looked for last.
const FINISHED: [&str; 3] = ["completed", "failed", "cancelled"];
/// Tasks of each list that are looked at.
const LOOKED_AT: u32 = 500;

/// Several tasks end like that.
#[derive(Debug, thiserror::Error)]
#[error("{given:?} is the end of {} tasks", .fitting.len())]
struct Ambiguous {
    given: String,
    fitting: Vec<String>,
}

impl Refusal for Ambiguous {
    fn code(&self) -> &'static str {
        "ambiguous_task_id"
    }

    fn hint(&self) -> Option<String> {
        Some(format!("write more of it: {}", self.fitting.join(", ")))
    }
}

/// An id as tables show it.
#[must_use]
pub fn short(id: &str) -> String {
    let tail: Vec<char> = id.chars().rev().take(SHOWN).collect();
    format!("…{}", tail.into_iter().rev().collect::<String>())
}

/// The whole id of the task that `given` is the end of. What fits no task is
/// left as it is, for the daemon to refuse.
///
/// # Errors
/// When it fits several.
pub fn whole(desk: &mut Desk, given: &str) -> Result<String, Trouble> {
    let given = given.trim().trim_start_matches('…').to_lowercase();
    if given.len() >= WHOLE || given.len() < GIVEN_MIN {
        return Ok(given);
    }
    let lists = FINISHED.iter().map(|status| json!({ "status": status, "limit": LOOKED_AT }));
    for asked in [json!({ "limit": LOOKED_AT })].into_iter().chain(lists) {
        let reply = desk.ask("list_work", asked)?;
        let mut fitting: Vec<String> = fields::list(&reply, "tasks")
            .iter()
            .map(|task| fields::text(task, "task_id"))
            .filter(|id| id.ends_with(&given))
            .collect();
        match (fitting.len(), fitting.pop()) {
            (1, Some(id)) => return Ok(id),
            (0, _) => {}
            (_, last) => {
                fitting.extend(last);
                return Err(Ambiguous { given, fitting }.into());
            }
        }
    }
    Ok(given)
}
