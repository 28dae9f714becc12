//! Facts in a few words, for a model that pays for each of them.

use crate::locks::Lock;

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
