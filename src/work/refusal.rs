//! Why the queue says no.

use serde_json::{Map, Value, json};

use super::Status;
use crate::failure::Refusal;
use crate::time::Time;

/// An expected "no" of the work queue.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the messages say it")]
pub enum WorkRefusal {
    #[error("{field} {sent}; accepted is {accepted}")]
    InvalidArgument { field: &'static str, sent: String, accepted: String },
    #[error("priority was {sent}; accepted is 1 (first) to 10")]
    InvalidPriority { sent: i64 },
    #[error("there is no task {} in this repository", missing.join(", "))]
    DependencyNotFound { missing: Vec<String> },
    #[error("{task_id} (the live task of this dedupe_key) already comes before {depends_on}")]
    DependencyCycle { task_id: String, depends_on: String },
    #[error("{}", .0.sentence())]
    NoTasks(Box<NoTasks>),
    #[error("{}", whose(task_id, *status, holder.as_deref()))]
    NotYours { task_id: String, status: Option<Status>, holder: Option<String> },
    #[error("your claim of {task_id} is gone: {why}; what you report is kept as a late result")]
    LeaseLost { task_id: String, why: String, status: Status },
    #[error("there is no task {task_id} in this repository")]
    NotFound { task_id: String },
    #[error("task {task_id} is {status} already")]
    AlreadyFinished { task_id: String, status: Status },
    #[error("task {task_id} is {status}, so there is nothing to retry")]
    NotRetryable { task_id: String, status: Status },
    #[error("task {task_id} has the dedupe_key of {live}, which is not finished")]
    DuplicateTask { task_id: String, live: String },
    #[error("task {task_id} is shared between machines, and the arbiter was not asked about it")]
    SharedTask { task_id: String },
}

/// What there is instead of a task to hand out. Counts stop at 10,000.
#[derive(Debug, Default)]
pub struct NoTasks {
    /// Waiting, but of another type, for other capabilities, or in back-off.
    pub pending: i64,
    pub blocked: i64,
    pub blocked_by: Vec<Blocker>,
    pub claimed: i64,
    /// When the next back-off is over.
    pub retry_at: Option<Time>,
}

/// An unfinished task that others wait for, and that waits for none itself.
#[derive(Debug, serde::Serialize)]
pub struct Blocker {
    pub task_id: String,
    pub status: Status,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub claimed_by: Option<String>,
}

impl NoTasks {
    fn sentence(&self) -> String {
        let Self { pending, blocked, claimed, .. } = self;
        if pending + blocked + claimed == 0 {
            return "the queue is empty".into();
        }
        format!(
            "no task is ready for you ({pending} pending, {blocked} blocked, {claimed} claimed by somebody)"
        )
    }
}

fn whose(task_id: &str, status: Option<Status>, holder: Option<&str>) -> String {
    match (status, holder) {
        (None, _) => format!("there is no task {task_id} in this repository"),
        (Some(status), Some(holder)) if status.is_held() => {
            format!("task {task_id} is held by {holder}, not by you")
        }
        (Some(status), _) => format!("task {task_id} is {status}, and not claimed by you"),
    }
}

impl Refusal for WorkRefusal {
    fn code(&self) -> &'static str {
        match self {
            Self::InvalidArgument { .. } => "invalid_argument",
            Self::InvalidPriority { .. } => "invalid_priority",
            Self::DependencyNotFound { .. } => "dependency_not_found",
            Self::DependencyCycle { .. } => "dependency_cycle",
            Self::NoTasks(_) => "no_tasks_available",
            Self::NotYours { .. } => "task_not_found_or_not_claimed_by_agent",
            Self::LeaseLost { .. } => "lease_lost",
            Self::NotFound { .. } => "task_not_found",
            Self::AlreadyFinished { .. } => "task_already_finished",
            Self::NotRetryable { .. } => "task_not_retryable",
            Self::DuplicateTask { .. } => "duplicate_task",
            Self::SharedTask { .. } => "shared_task",
        }
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::InvalidArgument { .. } | Self::InvalidPriority { .. } => return None,
            Self::DependencyNotFound { .. } => {
                "submit what it depends on first, and use the task_id you are given".into()
            }
            Self::DependencyCycle { .. } => {
                "leave that dependency out, or use another dedupe_key".into()
            }
            Self::NoTasks(none) if none.pending + none.blocked + none.claimed == 0 => {
                "submit_work adds tasks".into()
            }
            Self::NoTasks(_) => "call get_work with wait_seconds to be handed the next one".into(),
            Self::NotYours { .. } => "get_work claims a task; complete the one it gave you".into(),
            Self::LeaseLost { .. } => {
                "stop working on it, somebody else may have it now; get_work for another".into()
            }
            Self::NotFound { .. } => "list_work shows the tasks there are".into(),
            Self::AlreadyFinished { .. } => "nothing is left to cancel".into(),
            Self::NotRetryable { .. } => "only failed, cancelled and parked tasks can be".into(),
            Self::DuplicateTask { live, .. } => format!("cancel {live} first, or let it finish"),
            Self::SharedTask { .. } => "do it again".into(),
        })
    }

    fn facts(&self) -> Map<String, Value> {
        let facts = match self {
            Self::InvalidArgument { field, .. } => json!({ "field": field }),
            Self::InvalidPriority { .. } => json!({ "field": "priority" }),
            Self::DependencyNotFound { missing } => json!({ "missing": missing }),
            Self::DependencyCycle { task_id, depends_on } => {
                json!({ "task_id": task_id, "depends_on": depends_on })
            }
            Self::NoTasks(none) => return none.facts(),
            Self::NotYours { task_id, status: None, .. }
            | Self::NotFound { task_id }
            | Self::SharedTask { task_id } => {
                json!({ "task_id": task_id })
            }
            Self::NotYours { task_id, status, .. } => {
                json!({ "task_id": task_id, "status": status })
            }
            Self::LeaseLost { task_id, status, .. }
            | Self::AlreadyFinished { task_id, status }
            | Self::NotRetryable { task_id, status } => {
                json!({ "task_id": task_id, "status": status })
            }
            Self::DuplicateTask { task_id, live } => json!({ "task_id": task_id, "live": live }),
        };
        match facts {
            Value::Object(facts) => facts,
            _ => Map::new(),
        }
    }

    fn is_outcome(&self) -> bool {
        matches!(self, Self::NoTasks(_))
    }
}

impl NoTasks {
    fn facts(&self) -> Map<String, Value> {
        let mut facts = Map::from_iter([
            ("pending".to_owned(), json!(self.pending)),
            ("blocked".to_owned(), json!(self.blocked)),
            ("claimed".to_owned(), json!(self.claimed)),
        ]);
        if !self.blocked_by.is_empty() {
            facts.insert("blocked_by".into(), json!(self.blocked_by));
        }
        if let Some(at) = self.retry_at {
            facts.insert("retry_at".into(), json!(at));
        }
        facts
    }
}
