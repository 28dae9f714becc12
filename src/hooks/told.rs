//! Facts in a few words, for a model that pays for each of them.

use crate::locks::{Lock, News};
use crate::repo::Target;

/// Locks that one note names.
const NAMED_MAX: usize = 3;

/// A text on one line, cut where it is too long.
#[must_use]
pub fn short(text: &str, chars: usize) -> String {
    let line = text.trim().lines().next().unwrap_or_default();
    let clean = line.chars().map(|c| if c.is_control() { ' ' } else { c });
    let mut kept: String = clean.take(chars).collect();
    if kept.chars().count() < text.trim().chars().count() {
        kept.push('…');
    }
    kept
}

/// What is held in other worktrees, as intent; `None` if nothing is.
#[must_use]
pub fn elsewhere(locks: &[Lock]) -> Option<String> {
    let one = |lock: &Lock| {
        let worktree = lock.worktree.as_deref().unwrap_or("another worktree");
        let (agent, path) = (&lock.agent_id, &lock.target.shown);
        format!("{agent} is changing {path} in the worktree {worktree} since {}", lock.acquired_at)
    };
    let said: Vec<String> = locks.iter().take(NAMED_MAX).map(one).collect();
    (!said.is_empty()).then(|| format!("{}; the branches will have to be merged.", said.join("; ")))
}

/// Which of these files the agent held before and had lost since; it may have changed meanwhile. The news stays
/// unread: not every client shows what is said before an edit.
#[must_use]
pub fn lost(unread: &[News], targets: &[Target]) -> Option<String> {
    let of = |path: &String| targets.iter().any(|target| target.shown == *path);
    let one = |news: &News| match news {
        News::TakenAway(gone) if of(&gone.lock_taken_away) => Some(format!(
            "Your lock on {} was taken away by {} at {}: {}; the file may have changed since.",
            gone.lock_taken_away,
            gone.by,
            gone.at,
            short(&gone.reason, 160)
        )),
        _ => None,
    };
    let said: Vec<String> = unread.iter().filter_map(one).take(NAMED_MAX).collect();
    (!said.is_empty()).then(|| said.join(" "))
}
