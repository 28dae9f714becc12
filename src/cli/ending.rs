//! Ids of handoffs and memories as people write them: the end of one is enough, if only one of the
//! newest ends so.
//!
//! The start of an id is its time, which neighbours share; its end tells them apart.
//!
//! Not here: where ids of tasks are looked for (`work::id`).

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
    code: &'static str,
    fitting: Vec<String>,
}

impl Refusal for Ambiguous {
    fn code(&self) -> &'static str {
        self.code
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

/// What was given, in the form that ids are compared in.
///
/// # Errors
/// The same, if it is an id already, or too short for the end of one: the daemon refuses it then.
pub fn end_of(given: &str) -> Result<String, String> {
    let given = given.trim().trim_start_matches('…').to_lowercase();
    if (GIVEN_MIN..WHOLE).contains(&given.len()) { Ok(given) } else { Err(given) }
}

/// The one of these that ends so; `None` if none does.
///
/// # Errors
/// When several do: `code`, naming them.
pub fn only(
    given: &str,
    ids: impl Iterator<Item = String>,
    what: &'static str,
    code: &'static str,
) -> Result<Option<String>, Trouble> {
    let mut fitting: Vec<String> = ids.filter(|id| id.ends_with(given)).collect();
    if fitting.len() > 1 {
        return Err(Ambiguous { given: given.to_owned(), what, code, fitting }.into());
    }
    Ok(fitting.pop())
}

/// The whole id that `given` is the end of. What fits none is left as it is, for the daemon to
/// refuse.
///
/// # Errors
/// When it fits several.
pub fn whole(desk: &mut Desk, kind: &Kind, given: &str) -> Result<String, Trouble> {
    let given = match end_of(given) {
        Ok(end) => end,
        Err(as_it_is) => return Ok(as_it_is),
    };
    let reply = desk.ask(kind.tool, json!({ "limit": kind.limit }))?;
    let ids = fields::list(&reply, kind.list).iter().map(|row: &Value| fields::text(row, kind.id));
    let found = only(&given, ids, kind.list, "ambiguous_id")?;
    Ok(found.unwrap_or(given))
}
