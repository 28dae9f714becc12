//! Why something that is shared between machines is not granted.

use serde_json::{Map, Value, json};

use crate::failure::Refusal;
use crate::time::Time;

/// A "no" of the arbiter, or for want of it.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the messages say it")]
pub enum ArbiterRefusal {
    #[error("{path} is locked by {locked_by} on {}", place(*here))]
    Held {
        path: String,
        held_path: String,
        locked_by: String,
        agent_type: String,
        locked_at: Time,
        expires_at: Time,
        reason: Option<String>,
        here: bool,
    },
    #[error("locks and tasks of this repository are shared between machines, and {why}")]
    Unavailable { why: String },
    #[error("no task is ready here or on another machine")]
    NoTask { ready: i64, blocked: i64, claimed: i64 },
    #[error("{}; the result is kept beside the task", lost(task_id, *cancelled))]
    Lost { task_id: String, cancelled: bool },
}

fn lost(task_id: &str, cancelled: bool) -> String {
    if cancelled {
        format!("task {task_id} was cancelled on another machine")
    } else {
        format!("the claim on {task_id} was lost")
    }
}

const fn place(here: bool) -> &'static str {
    if here { "this machine" } else { "another machine" }
}

impl Refusal for ArbiterRefusal {
    fn code(&self) -> &'static str {
        match self {
            Self::Held { .. } => "locked_by_other",
            Self::Unavailable { .. } => "unavailable",
            Self::NoTask { .. } => "no_tasks_available",
            Self::Lost { .. } => "lease_lost",
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Held { .. } => Some("work on something else, or wait for it with the tool acquire_lock and wait_seconds".into()),
            Self::Unavailable { .. } => Some(
                "what you hold already is yours until its lease ends; try again when the network is back, \
                 or have a person run coord sync status"
                    .into(),
            ),
            Self::NoTask { .. } => None,
            Self::Lost { cancelled: true, .. } => Some("stop working on it; get_work for another".into()),
            Self::Lost { .. } => Some("get_work gives out the task again if it is still open".into()),
        }
    }

    fn facts(&self) -> Map<String, Value> {
        let facts = match self {
            Self::Held {
                path,
                held_path,
                locked_by,
                agent_type,
                locked_at,
                expires_at,
                reason,
                here,
            } => {
                let mut facts = json!({
                    "file_path": path, "locked_by": locked_by, "agent_type": agent_type,
                    "locked_at": locked_at, "expires_at": expires_at, "other_machine": !here,
                });
                if held_path != path {
                    facts["held_path"] = json!(held_path);
                }
                if let Some(reason) = reason {
                    facts["lock_reason"] = json!(reason);
                }
                facts
            }
            Self::Unavailable { .. } => json!({}),
            Self::NoTask { ready, blocked, claimed } => {
                json!({"pending": ready, "blocked": blocked, "claimed": claimed})
            }
            Self::Lost { task_id, .. } => json!({ "task_id": task_id }),
        };
        match facts {
            Value::Object(facts) => facts,
            _ => Map::new(),
        }
    }

    fn is_outcome(&self) -> bool {
        matches!(self, Self::Held { .. } | Self::NoTask { .. })
    }
}
