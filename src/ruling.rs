//! What a call asks of the arbiter between machines, and what it was told.
//!
//! - In a project whose mode is `arbiter`, shared locks and tasks are decided elsewhere, before the call's
//!   transaction and outside of any: the transaction then does what was decided.
//! - A ruling comes with the call's `Context`; without one the call is decided here, as ever.
//!
//! Not here: how the arbiter is asked (`arbiter`).

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::repo::Target;

/// Session ids that begin so are of other machines: their locks are shown here, and end by word of the arbiter.
pub const ELSEWHERE: &str = "elsewhere:";

/// What is to be decided.
#[derive(Clone, Debug)]
pub enum Asked {
    /// All of these, or none.
    Locks {
        /// What.
        targets: Vec<Target>,
        /// Others may hold it too.
        shared: bool,
        /// Why.
        reason: Option<String>,
    },
    /// Those of these files that the caller does not hold already, for an edit that waits for the answer.
    Edit {
        /// What is about to be written.
        targets: Vec<Target>,
        /// Why, for whoever finds them locked.
        reason: String,
    },
    /// The next task that fits.
    Task {
        /// Only of these types, unless empty.
        types: Vec<String>,
    },
    /// How a task ended.
    End {
        /// Which.
        task_id: String,
        /// Well.
        success: bool,
        /// It may be tried again.
        retry: bool,
        /// What came of it.
        result: Option<Map<String, Value>>,
        /// What went wrong.
        error_message: Option<String>,
    },
    /// A person calls a task off.
    Cancel {
        /// Which.
        task_id: String,
        /// Why.
        reason: String,
    },
    /// A person has a task tried again.
    Retry {
        /// Which.
        task_id: String,
    },
}

impl Asked {
    /// What was granted and not used is given back; these cannot be.
    #[must_use]
    pub const fn is_for_good(&self) -> bool {
        matches!(self, Self::End { .. } | Self::Cancel { .. } | Self::Retry { .. })
    }
}

/// What was decided.
#[derive(Clone, Debug)]
pub enum Ruling {
    /// These locks are granted; what else the call needs, its caller has already.
    Granted {
        /// For each path's key a number, greater than that of every earlier grant of it on any machine.
        fences: BTreeMap<String, i64>,
    },
    /// Nobody could be asked, and the project lets this machine decide until somebody can.
    Provisional,
    /// This task is the caller's.
    Task(Box<SharedTask>),
    /// The end counts, or will when the arbiter can be told.
    Ended,
    /// The task is nobody else's business: the call is decided here.
    Here,
    /// The task is called off on every machine.
    Cancelled {
        /// Who worked on it.
        was_claimed_by: Option<String>,
        /// How many tasks were parked because of it.
        parked: usize,
    },
    /// These tasks are tried again, on whichever machine.
    Revived {
        /// In order of arrival.
        retried: Vec<String>,
        /// The one that was named waits for something.
        blocked: bool,
    },
}

/// A task as the arbiter gives it out.
#[derive(Clone, Debug, Deserialize)]
#[expect(missing_docs, reason = "the columns of a task")]
pub struct SharedTask {
    pub task_id: String,
    pub task_type: String,
    pub description: String,
    pub input_data: Option<Value>,
    pub priority: i64,
    pub capabilities: Vec<String>,
    pub deadline: Option<i64>,
    pub submitted_by: String,
    pub submitted_at: i64,
    pub attempt: i64,
    pub max_attempts: i64,
    pub fence: i64,
    /// How long it is the caller's, from when it was asked for.
    pub lease_ms: i64,
    /// What it waited for.
    #[serde(default)]
    pub depends_on: Vec<String>,
}
