//! Locks: who may change which file, folder, glob or other resource.
//!
//! - Two sessions hold overlapping things at once only if both share them.
//! - A lock is free the moment its time is up, whether or not its row is gone.
//! - A grant's fence is greater than every fence its project gave out before.
//! - Nobody passes an earlier waiter who wants the same thing, except for what
//!   is held already and keeps that waiter waiting anyway.
//! - What becomes free is passed on in the transaction that frees it (`serve`).
//!
//! Not here: what a path means and what overlaps (`repo`), who is alive
//! (`agents`), waiting itself (`service`), blocking an edit (the hooks).

mod acquire;
mod arguments;
mod check;
mod deadlock;
mod edit;
mod force;
mod grant;
mod life;
mod news;
mod queue;
mod refusal;
mod release;
mod rules;
pub mod shared;
mod sql;

use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSql, ToSqlOutput, ValueRef};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use acquire::{AcquireLock, Acquired, Action};
pub use arguments::{
    ArgumentRefusal, PATHS_MAX, REASON_MAX, TTL_MINUTES, TTL_MINUTES_MAX, WAIT_MAX,
};
pub use check::{CheckLocks, LOCKS_MAX, LockRow, Locks};
pub use deadlock::Link;
pub use edit::{Taken, held_here, is_parent, take_for_edit, wanted_for_edit};
pub use force::{ForceReleaseLock, Forced, REASON_MIN};
pub use life::{Released, expire, next_deadline, release_session, renew};
pub use news::{HeldFileChanged, News, TakenAway, TaskLost, news, tell, unread};
pub use queue::{serve, waiting};
pub use refusal::{Blocked, LockRefusal};
pub use release::{Freed, ReleaseLock};
pub use rules::holders;
pub use sql::everywhere;

use crate::context::Context;
use crate::repo::Target;
use crate::store::Tx;
use crate::time::Time;

/// Where and when rules are applied.
#[derive(Clone, Copy)]
struct Scene<'a> {
    tx: &'a Tx<'a>,
    project: &'a str,
    now: Time,
}

impl<'a> Scene<'a> {
    fn of(tx: &'a Tx<'a>, ctx: &'a Context) -> Self {
        Self { tx, project: ctx.project(), now: ctx.now }
    }
}

/// Whether others may hold it too.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
#[expect(missing_docs, reason = "a description of each would cost every model tokens")]
pub enum Mode {
    #[default]
    Exclusive,
    Shared,
}

impl Mode {
    /// Whether two sessions may not hold one thing in these modes.
    #[must_use]
    pub const fn conflicts(self, other: Self) -> bool {
        !matches!((self, other), (Self::Shared, Self::Shared))
    }

    /// Whether it allows all that `other` does.
    #[must_use]
    pub const fn grants(self, other: Self) -> bool {
        matches!((self, other), (Self::Exclusive, _) | (_, Self::Shared))
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Exclusive => "exclusive",
            Self::Shared => "shared",
        }
    }
}

impl ToSql for Mode {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(self.name().into())
    }
}

impl FromSql for Mode {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        match value.as_str()? {
            "exclusive" => Ok(Self::Exclusive),
            "shared" => Ok(Self::Shared),
            _ => Err(FromSqlError::InvalidType),
        }
    }
}

/// A lock as it is kept. Its time may be up: see [`Lock::is_live`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lock {
    /// What is held.
    pub target: Target,
    /// Whether others may hold it too.
    pub mode: Mode,
    /// The holder.
    pub session_id: String,
    /// The holder as others see it.
    pub agent_id: String,
    /// The holder's kind of client.
    pub agent_type: String,
    /// The root of the worktree in which it was taken.
    pub worktree: Option<String>,
    /// Why, for whoever finds it locked.
    pub reason: Option<String>,
    /// Greater than that of every earlier grant in the project.
    pub fence: i64,
    /// How long it lasts after each renewal, in milliseconds.
    pub ttl_ms: i64,
    /// Since when.
    pub acquired_at: Time,
    /// It is free from this moment on.
    pub expires_at: Time,
}

impl Lock {
    /// Whether it still holds.
    #[must_use]
    pub fn is_live(&self, now: Time) -> bool {
        self.expires_at > now
    }
}
