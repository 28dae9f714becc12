//! Ids of handoffs and memories as people write them: the end of one is enough, if only one of the
//! newest ends so.
//!
//! Not here: ids of tasks, which are looked for by status (`work::id`).

use serde_json::{Value, json};

use super::Trouble;
use super::desk::Desk;
use super::render::fields;
use crate::failure::Refusal;

/// Characters of an id that are shown.
const SHOWN: usize = 8;
/// Fewer are too likely to fit several.
const GIVEN_MIN: usize = 4;
/// Characters of a whole id.
const WHOLE: usize = 36;

/// What has ids, and where they are listed.
pub struct Kind {
    /// The tool that lists them, newest first.
    pub tool: &'static str,
    /// How many of the newest are looked at.
    pub limit: u32,
    /// The field of its reply that has the rows.
    pub list: &'static str,
    /// The field of a row that has the id.
    pub id: &'static str,
}

/// Several end like that.
#[derive(Debug, thiserror::Error)]
#[error("{given:?} is the end of {} {what}", .fitting.len())]
struct Ambiguous {
    given: String,
    what: &'static str,
    fitting: Vec<String>,
}

impl Refusal for Ambiguous {
    fn code(&self) -> &'static str {
        "ambiguous_id"
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

/// The whole id that `given` is the end of. What fits none is left as it is, for the daemon to
/// refuse.
///
/// # Errors
/// When it fits several.
pub fn whole(desk: &mut Desk, kind: &Kind, given: &str) -> Result<String, Trouble> {
    let given = given.trim().trim_start_matches('…').to_lowercase();
    if given.len() >= WHOLE || given.len() < GIVEN_MIN {
        return Ok(given);
    }
    let reply = desk.ask(kind.tool, json!({ "limit": kind.limit }))?;
    let ids = fields::list(&reply, kind.list).iter().map(|row: &Value| fields::text(row, kind.id));
    let mut fitting: Vec<String> = ids.filter(|id| id.ends_with(&given)).collect();
    match fitting.len() {
        0 => Ok(given),
        1 => Ok(fitting.remove(0)),
        _ => Err(Ambiguous { given, what: kind.list, fitting }.into()),
    }
}
