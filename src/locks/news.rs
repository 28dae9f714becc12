//! What a session must learn though it did not ask: a lock that was taken away, a held
//! file that changed.
//!
//! - Kept until a call of that session is answered with it, or the session ends.
//!
//! Not here: putting it into an answer (`service`).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Lock;
use crate::failure::Outcome;
use crate::ingress::KEY_BYTES;
use crate::store::{Tx, meta};
use crate::time::Time;

/// Older news is dropped when a session has more, unread.
const KEPT: usize = 20;
/// Each takes four bytes at most.
const KEY_CHARS: usize = (KEY_BYTES - "news ".len()) / 4;

/// A lock that somebody took away.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TakenAway {
    /// What was held.
    pub lock_taken_away: String,
    /// By whom.
    pub by: String,
    /// Why.
    pub reason: String,
    /// When.
    pub at: Time,
}

/// A file that changed past the lock on it: for the one who held it, and for the one
/// who may have done it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct HeldFileChanged {
    /// Which.
    pub held_file_changed: String,
    /// Who held it.
    pub held_by: String,
    /// Whose doing it may have been, where one stands out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub perhaps_by: Option<String>,
    /// When.
    pub at: Time,
}

/// A claim on a task that an arbiter gave up or gave to another machine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TaskLost {
    /// Which.
    pub task_lost: String,
    /// Why.
    pub reason: String,
    /// When.
    pub at: Time,
}

impl TaskLost {
    /// This task, now.
    #[must_use]
    pub fn at(task_id: &str, at: Time) -> Self {
        let reason = "its lease ended before the arbiter was heard; the task is somebody else's or open again";
        Self { task_lost: task_id.to_owned(), reason: reason.to_owned(), at }
    }

    /// This task was called off on another machine, for a reason.
    #[must_use]
    pub fn cancelled(task_id: &str, reason: &str, at: Time) -> Self {
        let reason = format!("the task was cancelled on another machine ({reason})");
        Self { task_lost: task_id.to_owned(), reason, at }
    }
}

/// One piece of news; its first field says which.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
#[expect(missing_docs, reason = "the types say it")]
pub enum News {
    TakenAway(TakenAway),
    HeldFileChanged(HeldFileChanged),
    TaskLost(TaskLost),
}

impl From<TaskLost> for News {
    fn from(news: TaskLost) -> Self {
        Self::TaskLost(news)
    }
}

impl From<HeldFileChanged> for News {
    fn from(news: HeldFileChanged) -> Self {
        Self::HeldFileChanged(news)
    }
}

/// Leaves news for the one who held `lock`.
pub fn leave(tx: &Tx<'_>, lock: &Lock, by: &str, reason: &str, at: Time) -> Outcome<()> {
    let news = TakenAway {
        lock_taken_away: lock.target.shown.clone(),
        by: by.to_owned(),
        reason: reason.to_owned(),
        at,
    };
    tell(tx, &lock.session_id, News::TakenAway(news))
}

/// Leaves news for a session.
///
/// # Errors
/// Faults only.
pub fn tell(tx: &Tx<'_>, session_id: &str, one: News) -> Outcome<()> {
    let mut news = unread(tx, session_id)?;
    news.push(one);
    let old = news.len().saturating_sub(KEPT);
    let text = serde_json::to_string(news.get(old..).unwrap_or_default());
    meta::set(tx, &key(session_id), &text.map_err(anyhow::Error::from)?)?;
    Ok(())
}

/// A session's unread news, which is read by that.
///
/// # Errors
/// Faults only.
pub fn news(tx: &Tx<'_>, session_id: &str) -> Outcome<Vec<News>> {
    let news = unread(tx, session_id)?;
    if !news.is_empty() {
        meta::remove(tx, &key(session_id))?;
    }
    Ok(news)
}

/// A session's unread news, which stays unread.
///
/// # Errors
/// Faults only.
pub fn unread(tx: &Tx<'_>, session_id: &str) -> Outcome<Vec<News>> {
    let Some(text) = meta::get(tx, &key(session_id))? else { return Ok(Vec::new()) };
    Ok(serde_json::from_str(&text).map_err(anyhow::Error::from)?)
}

/// Cut short where a session's name would make it longer than a key may be.
fn key(session_id: &str) -> String {
    format!("news {}", session_id.chars().take(KEY_CHARS).collect::<String>())
}
