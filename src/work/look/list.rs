//! The queue as a list.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Line, as_of, beyond, lines, sql};
use crate::context::Context;
use crate::failure::Outcome;
use crate::store::Tx;
use crate::time::Time;
use crate::tool::{Access, Audience, Hints, Progress, Tool};
use crate::work::{Status, WorkRefusal, limits};

/// Most tasks of one page.
const LIMIT_MAX: i64 = 500;

/// List tasks: what is not finished, oldest first, or one state. Each row says why it is not ready. What other machines do
/// or submitted, where work is shared, ends the last page.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct ListWork {
    /// Only this state (all that is not finished if left out); finished ones are newest first.
    status: Option<Status>,
    /// How many at most.
    #[serde(default = "fifty")]
    #[schemars(range(min = 1, max = LIMIT_MAX))]
    limit: i64,
    /// Where to go on: `next_cursor` of the page before.
    cursor: Option<String>,
}

const fn fifty() -> i64 {
    50
}

/// A page of tasks.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Listed {
    tasks: Vec<Line>,
    /// There are more; ask again with this as `cursor`.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
    /// As of when other machines' tasks are shown, if that is some time ago.
    #[serde(skip_serializing_if = "Option::is_none")]
    as_of: Option<Time>,
}

impl Tool for ListWork {
    const NAME: &'static str = "list_work";
    const TITLE: &'static str = "List work";
    const ACCESS: Access = Access::Read;
    const AUDIENCE: Audience = Audience::People;
    const HINTS: Hints = Hints { idempotent: true, destructive: false };
    type Reply = Listed;

    fn prepare(&mut self, _: &Context) -> Outcome<()> {
        limits::range("limit", self.limit, 1, LIMIT_MAX)?;
        self.place().map(drop)
    }

    fn run(&self, tx: &Tx<'_>, ctx: &Context) -> Outcome<Progress<Listed>> {
        let (place, limit) = (self.place()?, self.limit + 1);
        let mut rows = match self.status {
            Some(status) if status.is_finished() => {
                sql::finished(tx, ctx.project(), status, place.unwrap_or(i64::MAX), limit)?
            }
            status => sql::open(tx, ctx.project(), status, place.unwrap_or(0), limit)?,
        };
        let page = usize::try_from(self.limit).unwrap_or(usize::MAX);
        let more = rows.len() > page;
        rows.truncate(page);
        let next_cursor = rows.last().filter(|_| more).map(|row| row.seq.to_string());
        let (others, taken) = beyond(tx, ctx)?;
        rows.retain(|row| !taken.contains(&row.task_id));
        let mut tasks = lines(tx, rows, ctx.now)?;
        if !more {
            let wanted = others.into_iter().filter(|task| self.wants(task.status));
            tasks.extend(wanted.map(Line::from));
        }
        Ok(Progress::Ended(Listed { tasks, next_cursor, as_of: as_of(tx, ctx) }))
    }
}

impl ListWork {
    fn wants(&self, status: Status) -> bool {
        self.status.map_or(!status.is_finished(), |wanted| wanted == status)
    }

    /// The place in the order of submission that the cursor names.
    fn place(&self) -> Outcome<Option<i64>> {
        let Some(cursor) = &self.cursor else { return Ok(None) };
        let place = cursor.parse().map_err(|_not_a_number| WorkRefusal::InvalidArgument {
            field: "cursor",
            sent: "was not given out here".into(),
            accepted: "the next_cursor of the page before".into(),
        })?;
        Ok(Some(place))
    }
}
