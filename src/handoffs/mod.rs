//! Handoffs: what an agent leaves for whoever goes on with its work.
//!
//! - A handoff is written once and never changed.
//! - It knows where its writer stood (branch, commit) and what was still open
//!   for its session (locks, tasks) at that moment.
//! - It is seen in its own project only.
//!
//! Not here: what agents learn for good (`memory`), tasks for others (`work`).

mod list;
mod read;
mod refusal;
mod sql;
mod write;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use list::{ListHandoffs, ShowHandoff};
pub use read::ReadHandoff;
pub use refusal::HandoffRefusal;
pub use write::{Draft, ENTRIES_MAX, ENTRY_MAX, SUMMARY_MAX, WriteHandoff, latest_at, leave};

use crate::time::Time;

/// A handoff as it is kept and shown.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[expect(missing_docs, reason = "a description of each would cost every model tokens")]
pub struct Handoff {
    pub handoff_id: String,
    pub agent_id: String,
    pub agent_type: String,
    pub created_at: Time,
    /// The other machine that it comes from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from_device: Option<String>,
    pub summary: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub completed_work: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub in_progress: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub decisions: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub next_steps: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub relevant_files: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub branch: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
    /// What the writer held then.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub open_locks: Vec<String>,
    /// What it had claimed and not finished then.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub open_tasks: Vec<OpenTask>,
}

/// A task that was not finished when its holder wrote.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[expect(missing_docs, reason = "the names say it")]
pub struct OpenTask {
    pub task_id: String,
    pub task_type: String,
    pub description: String,
}
