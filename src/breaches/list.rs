//! The tool that shows what was changed past its lock, and how well that is watched.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::sql::{self, What};
use super::watching::{Sight, Watching};
use crate::context::Context;
use crate::failure::Outcome;
use crate::store::Tx;
use crate::time::{DAY, Time};
use crate::tool::{Access, Audience, Hints, Progress, Tool};

/// Breaches that are shown.
const SHOWN: usize = 50;

/// What was changed in the last day while somebody else held it, newest first.
#[derive(Debug, Default, Deserialize, JsonSchema)]
pub struct ListBreaches {}

/// Breaches, and what the watcher sees.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Breaches {
    breaches: Vec<Row>,
    watching: Sight,
}

/// A breach as it is shown.
#[derive(Debug, Serialize, JsonSchema)]
struct Row {
    file_path: String,
    what: What,
    held_by: String,
    /// Whose doing it may have been; left out where nobody stands out.
    #[serde(skip_serializing_if = "Option::is_none")]
    perhaps_by: Option<String>,
    first_at: Time,
    last_at: Time,
    times: i64,
}

impl Tool for ListBreaches {
    const NAME: &'static str = "list_breaches";
    const TITLE: &'static str = "Breaches";
    const ACCESS: Access = Access::Read;
    const AUDIENCE: Audience = Audience::Unlisted;
    const HINTS: Hints = Hints { idempotent: true, destructive: false };
    type Reply = Breaches;

    fn run(&self, tx: &Tx<'_>, ctx: &Context) -> Outcome<Progress<Breaches>> {
        let found = sql::latest(tx, ctx.project(), ctx.now.plus(-DAY), SHOWN)?;
        let breaches = found.into_iter().map(|breach| Row {
            file_path: breach.path,
            what: breach.what,
            held_by: breach.holder,
            perhaps_by: breach.suspect,
            first_at: breach.first_at,
            last_at: breach.last_at,
            times: breach.times,
        });
        let watching = tx.kept::<Watching>().sight();
        Ok(Progress::Ended(Breaches { breaches: breaches.collect(), watching }))
    }
}
