//! Breaches: a file changes while an agent holds it, and it was not that agent.
//!
//! - Who wrote cannot be seen, only when; so a change is held against nobody unless the
//!   holder is known not to have written (`rule`). It would rather miss than cry wolf.
//! - A breach is a row, an audit row, and news for both sides. Changes that follow each
//!   other are one breach.
//! - Nothing is undone: what was written stays.
//!
//! Not here: seeing that a file changed (`daemon`), stopping it beforehand (the hooks).

mod hands;
mod list;
mod rule;
mod sql;
mod watching;

use serde::Serialize;
use serde_json::Value;
use uuid::Uuid;

pub use hands::{Doing, Hands, SETTLE};
pub use list::{Breaches, ListBreaches};
pub use rule::{Suspicion, judge};
pub use sql::What;
pub use watching::{Sight, Watching};

use crate::answer::Answer;
use crate::context::Context;
use crate::failure::Outcome;
use crate::locks::{self, HeldFileChanged};
use crate::repo::Target;
use crate::store::{Topic, Tx};
use crate::time::{DAY, MINUTE, Time};

/// Changes of one file that follow each other within this time are one breach.
pub const FOLLOWS: i64 = 10 * MINUTE;
/// Breaches are kept for so long.
pub const KEPT: i64 = 30 * DAY;

/// A file that was seen to have changed.
#[derive(Clone, Debug)]
pub struct Change {
    /// Where its locks are.
    pub project: String,
    /// The root of the worktree it lies in.
    pub worktree: String,
    /// Which file.
    pub target: Target,
    /// When, by the file system's own clock.
    pub at: Time,
    /// It is there no more.
    pub gone: bool,
}

/// A breach, as its row and its audit row tell it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[expect(missing_docs, reason = "the columns of breaches")]
pub struct Breach {
    #[serde(skip)]
    pub breach_id: String,
    #[serde(skip)]
    pub project: String,
    pub path: String,
    pub worktree: String,
    pub what: What,
    pub holder: String,
    pub holder_session: String,
    pub fence: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub suspect: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub suspect_session: Option<String>,
    pub first_at: Time,
    pub last_at: Time,
    pub times: i64,
}

/// Notes that a call was refused a file because somebody else holds it.
pub fn note(tx: &Tx<'_>, ctx: &Context, answer: &Answer) {
    if let Answer::Refused(refused) = answer
        && refused.code == "locked_by_other"
        && let Some(path) = refused.facts.get("file_path").and_then(Value::as_str)
    {
        tx.kept::<Hands>().refuse(&ctx.caller.session_id, path, ctx.now);
    }
}

/// Keeps what came of a change: a new breach, which is returned and told to both
/// sides, or one more of a breach that is known.
///
/// # Errors
/// Faults only.
pub fn record(tx: &Tx<'_>, change: &Change, found: &Suspicion) -> Outcome<Option<Breach>> {
    let suspect = found.suspect.as_ref();
    let breach = Breach {
        breach_id: Uuid::now_v7().to_string(),
        project: change.project.clone(),
        path: change.target.shown.clone(),
        worktree: change.worktree.clone(),
        what: if change.gone { What::Removed } else { What::Written },
        holder: found.holder.agent_id.clone(),
        holder_session: found.holder.session_id.clone(),
        fence: found.holder.fence,
        suspect: suspect.map(|suspect| suspect.agent_id.clone()),
        suspect_session: suspect.map(|suspect| suspect.session_id.clone()),
        first_at: change.at,
        last_at: change.at,
        times: 1,
    };
    tx.changed(Topic::Locks);
    if sql::once_more(tx, &breach, change.at.plus(-FOLLOWS))? > 0 {
        return Ok(None);
    }
    sql::forget(tx, &change.project, change.at.plus(-KEPT))?;
    sql::insert(tx, &breach)?;
    let news = HeldFileChanged {
        held_file_changed: breach.path.clone(),
        held_by: breach.holder.clone(),
        perhaps_by: breach.suspect.clone(),
        at: change.at,
    };
    for session in [Some(&breach.holder_session), breach.suspect_session.as_ref()].iter().flatten()
    {
        locks::tell(tx, session, news.clone().into())?;
    }
    Ok(Some(breach))
}
