//! Why an agent's deed is stopped, in words that a client shows to its model: the fact,
//! then what else can be done.

use serde_json::{Map, Value, json};

use crate::failure::Refusal;
use crate::guard::Caught;
use crate::locks::{Blocked, Lock};
use crate::time::Time;

/// Files that one message names.
const NAMED_MAX: usize = 5;

/// A deed that is stopped.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the messages say it")]
pub enum HookRefusal {
    #[error("{}", held(.0))]
    Held(Box<Blocked>),
    #[error("{what} {}, where others are at work: {}", reach(*whole), listed(held))]
    TreeInUse { what: String, whole: bool, held: Vec<Holding> },
    #[error("`{}` is blocked by the guardrail {}: it {}", .0.matched_text, .0.rule, .0.explanation)]
    Blocked(Box<Caught>),
    #[error("{}", commit(foreign, lost))]
    Commit { foreign: Vec<Holding>, lost: Vec<Lost> },
    #[error("{field} has {sent} {unit}; at most {most} are accepted")]
    TooMuch { field: &'static str, sent: usize, most: usize, unit: &'static str },
    #[error("the lock on {path} was lost a moment ago, so it was not changed")]
    JustLost { path: String },
    #[error("there is no session of an agent here that could end")]
    NoSession,
}

/// A file, and who holds it.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
#[expect(missing_docs, reason = "the columns of file_locks")]
pub struct Holding {
    pub file_path: String,
    pub locked_by: String,
    pub agent_type: String,
    pub locked_at: Time,
    pub expires_at: Time,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

impl From<&Lock> for Holding {
    fn from(lock: &Lock) -> Self {
        Self {
            file_path: lock.target.shown.clone(),
            locked_by: lock.agent_id.clone(),
            agent_type: lock.agent_type.clone(),
            locked_at: lock.acquired_at,
            expires_at: lock.expires_at,
            reason: lock.reason.clone(),
        }
    }
}

/// A lock that was lost after its file was changed, and who has changed the file since.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Lost {
    pub file_path: String,
    pub fence: i64,
    pub changed_by: String,
    pub changed_at: Time,
    pub their_fence: i64,
}

fn held(blocked: &Blocked) -> String {
    let Blocked { path, locked_by, agent_type, held, promised_to, .. } = blocked;
    let mut said = match held {
        Some(held) => {
            let mut said = format!(
                "{path} is held by {locked_by} ({agent_type}) since {}, until {} unless renewed",
                held.locked_at, held.expires_at
            );
            if held.path != *path {
                said.push_str(&format!(", as part of {}", held.path));
            }
            if let Some(reason) = &held.reason {
                said.push_str(&format!(" ({reason})"));
            }
            said
        }
        None => format!("{path} is promised to {locked_by} ({agent_type}), who asked first"),
    };
    if let (Some(_), Some(next)) = (held, promised_to) {
        said.push_str(&format!("; {next} waits for it"));
    }
    said.push_str(", so it was not changed");
    said
}

const fn reach(whole: bool) -> &'static str {
    if whole { "touches everything in a folder or the whole working tree" } else { "touches files" }
}

fn listed(held: &[Holding]) -> String {
    let one = |one: &Holding| {
        let Holding { file_path, locked_by, locked_at, expires_at, .. } = one;
        format!(
            "{locked_by} holds {file_path} since {locked_at}, until {expires_at} unless renewed"
        )
    };
    let mut said: Vec<String> = held.iter().take(NAMED_MAX).map(one).collect();
    if held.len() > NAMED_MAX {
        said.push(format!("and {} more", held.len() - NAMED_MAX));
    }
    said.join("; ")
}

fn commit(foreign: &[Holding], lost: &[Lost]) -> String {
    let mut said = Vec::new();
    if !foreign.is_empty() {
        said.push(format!("files of others are in this commit: {}", listed(foreign)));
    }
    for one in lost.iter().take(NAMED_MAX) {
        said.push(format!(
            "the lock on {} (fence {}) was lost, and {} has changed the file since, at {} (fence {})",
            one.file_path, one.fence, one.changed_by, one.changed_at, one.their_fence
        ));
    }
    said.join(". ")
}

impl Refusal for HookRefusal {
    fn code(&self) -> &'static str {
        match self {
            Self::Held(_) => "locked_by_other",
            Self::TreeInUse { .. } => "tree_in_use",
            Self::Blocked(_) => "guardrail_blocked",
            Self::Commit { .. } => "files_of_others",
            Self::TooMuch { .. } => "invalid_argument",
            Self::JustLost { .. } => "lock_lost",
            Self::NoSession => "session_not_found",
        }
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Held(blocked) => format!(
                "what else can be done: work on another file; wait for it with the tool acquire_lock and wait_seconds; or leave {} word with submit_work",
                blocked.locked_by
            ),
            Self::TreeInUse { .. } => {
                "what else can be done: name the files that it is about; wait until the others are done; or work in a worktree of your own (git worktree add)".into()
            }
            Self::Blocked(caught) => match &caught.safer {
                Some(safer) => format!("what can be done instead: {safer}"),
                None => "what can be done instead: ask the person to do it".into(),
            },
            Self::Commit { foreign, .. } if !foreign.is_empty() => {
                "take them out with git restore --staged FILE, or wait until they are free".into()
            }
            Self::Commit { .. } => "look at what was changed there before it is committed".into(),
            Self::TooMuch { .. } => "split it".into(),
            Self::JustLost { .. } => "try again: it is asked for anew".into(),
            Self::NoSession => return None,
        })
    }

    fn facts(&self) -> Map<String, Value> {
        let facts = match self {
            Self::Held(blocked) => return blocked.facts(),
            Self::TreeInUse { held, .. } => json!({ "held": held }),
            Self::Blocked(caught) => json!({
                "pattern_name": caught.rule,
                "matched_text": caught.matched_text,
                "safer": caught.safer,
            }),
            Self::Commit { foreign, lost } => json!({ "held": foreign, "lost": lost }),
            Self::TooMuch { field, sent, most, .. } => {
                json!({ "field": field, "sent": sent, "max": most })
            }
            Self::JustLost { path } => json!({ "file_path": path }),
            Self::NoSession => json!({}),
        };
        match facts {
            Value::Object(fields) => fields,
            _ => Map::new(),
        }
    }

    fn is_outcome(&self) -> bool {
        matches!(self, Self::Held(_) | Self::TreeInUse { .. } | Self::Commit { .. })
    }
}
