//! What a command would hit here and now: other agents' locks and worktrees, and
//! work that is not committed.
//!
//! - Git is asked before the transaction, for half a second at most, and only about
//!   commands that plainly reset this very worktree.
//! - What cannot be told changes nothing: the verdict stays as grave as it was.
//!
//! Not here: what a command touches (`guardrails`), what overlaps (`repo`).

use std::path::Path;
use std::time::Duration;

use crate::agents;
use crate::context::Context;
use crate::failure::Outcome;
use crate::guardrails::{Effect, ForeignHold, PathRef, Reach, Verb, Verdict};
use crate::locks;
use crate::repo::{Git, Kind, Target};
use crate::store::Tx;

/// How long git may take to say whether the tree is clean.
const GIT_WITHIN: Duration = Duration::from_millis(500);

/// What was seen outside the transaction.
#[derive(Debug, Default)]
pub struct Scene {
    /// Top folder of the worktree.
    pub root: String,
    /// The branch checked out.
    pub branch: Option<String>,
    /// Whether nothing is uncommitted, if that was asked and answered.
    pub clean: Option<bool>,
    /// What would be touched: as the engine names it, and as locks do.
    touched: Vec<(String, Target)>,
    /// Whether a folder is deleted with all that is in it, and be it a worktree.
    deletes_trees: bool,
}

/// Something that another agent holds.
#[derive(Debug, PartialEq, Eq)]
pub struct Held {
    path: String,
    agent: String,
}

impl Held {
    /// As the engine wants it.
    pub fn foreign(&self) -> ForeignHold<'_> {
        ForeignHold { path: &self.path, agent: &self.agent }
    }
}

impl Scene {
    /// Looks around before anything is judged.
    pub fn of(ctx: &Context) -> Self {
        let root = ctx.repo.root.to_string_lossy().into_owned();
        Self { root, branch: ctx.repo.head().branch, ..Self::default() }
    }

    /// Looks at what a text would touch. May start git.
    pub fn look(&mut self, ctx: &Context, text: Option<&str>, verdict: &Verdict) {
        let discards = verdict
            .violations
            .iter()
            .any(|one| matches!(&*one.rule, "git_reset_hard" | "git_discard_tree"));
        if discards && self.clean.is_none() && text.is_some_and(is_plain) {
            self.clean = ctx.repo.is_clean(&Git::new("git", GIT_WITHIN));
        }
        for effect in &verdict.effects {
            self.deletes_trees |= matches!(effect.verb, Verb::DeleteTree | Verb::Move);
            let Some(path) = named(effect) else { continue };
            let Ok(target) = ctx.repo.resolve(&path) else { continue };
            if target.kind != Kind::Resource && !self.touched.iter().any(|(_, one)| *one == target)
            {
                self.touched.push((path, target));
            }
        }
    }

    /// What others hold of it, and the worktrees in which they are.
    ///
    /// # Errors
    /// Faults only.
    pub fn held(&self, tx: &Tx<'_>, ctx: &Context) -> Outcome<Vec<Held>> {
        let (project, me) = (ctx.project(), &ctx.caller.session_id);
        let mut held = Vec::new();
        let mut push = |one: Held| {
            if !held.contains(&one) {
                held.push(one);
            }
        };
        for (path, target) in &self.touched {
            for lock in locks::holders(tx, project, target, ctx.now)? {
                if lock.session_id != *me && !locks::is_parent(&lock.session_id, me) {
                    push(self.lock(path, lock));
                }
            }
        }
        for (agent, worktree) in agents::worktrees(tx, project)? {
            if agent != ctx.caller.agent_id && self.may_hit(&worktree) {
                push(Held { path: worktree, agent });
            }
        }
        Ok(held)
    }

    /// Whether another worktree is there to be hit. One around this one is not; what
    /// git does in this one leaves one within it alone.
    fn may_hit(&self, worktree: &str) -> bool {
        let (here, there) = (Path::new(&self.root), Path::new(worktree));
        !here.starts_with(there) && (self.deletes_trees || !there.starts_with(here))
    }

    /// A lock as a path: a set of files is wherever it was found to overlap, and what
    /// is held in another worktree is not the file of that name in this one.
    fn lock(&self, path: &str, lock: locks::Lock) -> Held {
        let shown = if lock.target.kind == Kind::Glob { path } else { &lock.target.shown };
        let path = match lock.worktree.filter(|root| *root != self.root) {
            Some(root) => format!("{root}/{shown}"),
            None => shown.to_owned(),
        };
        Held { path, agent: lock.agent_id }
    }
}

/// The path of an effect as a lock's path; a folder's ends in `/`.
fn named(effect: &Effect) -> Option<String> {
    match (&effect.path, effect.verb) {
        (PathRef::Unknown, Verb::DeleteTree) => Some("./".into()),
        (_, verb) if verb.reach() == Reach::Worktree => Some("./".into()),
        (PathRef::Unknown, _) => None,
        (PathRef::Literal(path), verb) if verb != Verb::Move && verb.reach() == Reach::Below => {
            Some(format!("{}/", path.trim_end_matches('/')))
        }
        (PathRef::Literal(path) | PathRef::Pattern(path), _) => Some(path.clone()),
    }
}

/// Whether a text is nothing but git commands in this worktree, none of which changes
/// a file before another one resets it.
fn is_plain(text: &str) -> bool {
    let spelled = |c: char| c.is_ascii_alphanumeric() || " ._/=~^@{}-&".contains(c);
    text.chars().all(spelled) && text.split("&&").all(|part| is_plain_command(part.trim()))
}

fn is_plain_command(command: &str) -> bool {
    const HARMLESS: [&str; 9] =
        ["fetch", "status", "log", "diff", "show", "reset", "restore", "checkout", "switch"];
    let mut words = command.split_ascii_whitespace();
    words.next() == Some("git")
        && words.next().is_some_and(|sub| HARMLESS.contains(&sub))
        && !command.contains('&')
        && words.all(|word| word != ".." && !word.contains("../") && !word.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::is_plain;

    #[test]
    fn only_resets_of_this_very_tree_are_plain() {
        let plain = [
            "git reset --hard",
            "git fetch origin && git reset --hard origin/main",
            "git restore .",
            "git checkout -- .",
        ];
        let other = [
            "cd ../other && git reset --hard",
            "git -C ../other reset --hard",
            "GIT_DIR=x git reset --hard",
            "git stash pop && git reset --hard",
            "echo x > a; git reset --hard",
            "git reset --hard & rm a",
            "git reset --hard $(cat ref)",
            "git restore ../other",
        ];
        assert!(plain.iter().all(|text| is_plain(text)));
        assert!(!other.iter().any(|text| is_plain(text)));
    }
}
