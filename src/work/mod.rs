//! The work queue: tasks that agents hand to each other, and what must come first.
//!
//! - A task has one holder or none; a claim is one statement over what is ready.
//! - Ready means: every dependency completed, not parked, no back-off running.
//!   Each of the three is kept on the task, so a claim computes nothing.
//! - At least once: a claim lasts as long as its lease. What a former holder
//!   reports later is kept, and changes nothing.
//! - Whatever makes a task ready serves those who wait before anybody new.
//! - A task that cannot become ready by itself says why (`parked_reason`).
//!
//! `claimed` becomes `running` when the lease is renewed for the first time: its
//! holder was heard again after half of it had passed.
//!
//! Not here: who is alive (`agents`), when `expire` is called (the daemon's reaper).

mod claim;
mod complete;
mod dependencies;
pub mod elsewhere;
mod get;
mod leases;
mod limits;
mod line;
mod look;
mod people;
mod refusal;
pub mod shared;
mod sql;
mod submit;

use rusqlite::ToSql;
use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSqlOutput, ValueRef};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use claim::{CLAIM, CLAIM_BY_CAPABILITY, CLAIM_BY_TYPE, Claimant, Claimed, claim};
pub use complete::CompleteWork;
pub use get::GetWork;
pub use leases::{
    Held, LEASE_MS, Loss, Returned, back_off, expire, held_by, next_deadline, renew, return_claims,
};
pub use line::serve;
pub use look::{ListWork, PendingWork, ShowWork, WorkGraph};
pub use people::{CancelWork, RetryWork};
pub use refusal::WorkRefusal;
pub use submit::SubmitWork;

/// How far a task has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// Nobody's; ready, or waiting for something.
    Pending,
    /// Somebody's.
    Claimed,
    /// Somebody's, who was heard of since.
    Running,
    /// Done.
    Completed,
    /// Given up.
    Failed,
    /// Called off by a person.
    Cancelled,
}

impl Status {
    /// Its name in the store and in answers.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Claimed => "claimed",
            Self::Running => "running",
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }

    /// Somebody holds it.
    #[must_use]
    pub const fn is_held(self) -> bool {
        matches!(self, Self::Claimed | Self::Running)
    }

    /// Nothing more happens to it unless a person retries it.
    #[must_use]
    pub const fn is_finished(self) -> bool {
        matches!(self, Self::Completed | Self::Failed | Self::Cancelled)
    }
}

impl std::fmt::Display for Status {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

impl ToSql for Status {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(self.name().into())
    }
}

impl FromSql for Status {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        Ok(match value.as_str()? {
            "pending" => Self::Pending,
            "claimed" => Self::Claimed,
            "running" => Self::Running,
            "completed" => Self::Completed,
            "failed" => Self::Failed,
            "cancelled" => Self::Cancelled,
            other => return Err(FromSqlError::Other(format!("unknown status {other}").into())),
        })
    }
}
