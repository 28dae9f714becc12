//! Asking for locks.
//!
//! - Whoever waits for its turn asks again and again: across machines there is no line.
//!
//! Not here: keeping locks and giving them back (`upkeep`).

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::sync::OwnedMutexGuard;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::answer::{by_our_clock, list, number, text};
use super::{Arbiter, ArbiterRefusal, DELAY_MS, LEASE_MS, Permit, alone};
use crate::context::Context;
use crate::failure::Outcome;
use crate::locks::Lock;
use crate::locks::shared;
use crate::repo::{Kind, Target};
use crate::ruling::{Asked, Ruling};

/// Who waits for its turn asks again after at most so long.
const AGAIN_MS: i64 = 500;

/// What is asked for, and by whom.
pub(super) struct Wish<'a> {
    pub project: &'a str,
    pub session: &'a str,
    pub agent_id: &'a str,
    pub agent_type: &'a str,
    pub reason: Option<&'a str>,
    pub shared: bool,
    /// The newest fence that was seen here.
    pub seen: i64,
    /// The fence of the lock itself, which will do if no other machine was given it.
    pub keep: Option<i64>,
}

impl Wish<'_> {
    /// The question, under a name of its own.
    pub fn question(&self, targets: &[&Target]) -> Value {
        let mode = if self.shared { "shared" } else { "exclusive" };
        json!({
            "req": Uuid::now_v7().to_string(), "project": self.project, "session": self.session,
            "agent_id": self.agent_id, "agent_type": self.agent_type, "reason": self.reason,
            "ttl_ms": LEASE_MS, "delay_ms": DELAY_MS, "seen": self.keep.unwrap_or(self.seen),
            "keep": self.keep.is_some(), "known": self.seen,
            "locks": targets.iter().map(|target| shown(target, mode)).collect::<Vec<_>>(),
        })
    }
}

impl Arbiter {
    pub(super) async fn rule_on_locks(
        &self,
        ctx: &Context,
        asked: &Asked,
        patience: i64,
        stop: &CancellationToken,
    ) -> Outcome<Permit> {
        let Asked::Locks { targets, shared, reason } = asked else {
            return Err(anyhow::anyhow!("no locks were asked for").into());
        };
        let wanted = Wanted { targets, shared: *shared, reason: reason.as_deref() };
        let until = self.uptime() + patience;
        loop {
            let turn = self.turn(&ctx.caller.session_id).await;
            let refused = match self.decide(ctx, turn, wanted).await? {
                Decided::Granted(permit) => return Ok(permit),
                Decided::Held(refused) => refused,
            };
            let left = until - self.uptime();
            if left <= 0 || stop.is_cancelled() {
                return Err(refused.into());
            }
            let pause = u64::try_from(left.min(AGAIN_MS)).unwrap_or_default();
            tokio::select! {
                () = stop.cancelled() => {}
                () = tokio::time::sleep(Duration::from_millis(pause)) => {}
            }
        }
    }

    /// Asks once, in the session's turn.
    pub(super) async fn decide(
        &self,
        ctx: &Context,
        turn: OwnedMutexGuard<()>,
        wanted: Wanted<'_>,
    ) -> Outcome<Decided> {
        // What was let go here is let go there first, so that getting it again is a new grant.
        self.give_back_in_turn(&ctx.caller.session_id).await?;
        let seen = self.read(|tx| shared::last_fence(tx, ctx.project()))?;
        let caller = &ctx.caller;
        let wish = Wish {
            project: ctx.project(),
            session: &caller.session_id,
            agent_id: &caller.agent_id,
            agent_type: &caller.agent_type,
            reason: wanted.reason,
            shared: wanted.shared,
            seen,
            keep: None,
        };
        let question = wish.question(&wanted.targets.iter().collect::<Vec<_>>());
        let sent = self.uptime();
        let answer = match self.ask_twice("coord_lock_acquire", &question).await {
            Ok(answer) => answer,
            Err(silence) => {
                return Ok(Decided::Granted(Permit::new(alone(ctx, &silence)?, turn)));
            }
        };
        if text(&answer, "status") == "granted" {
            let ruling = self.granted(ctx, &question, &answer, sent);
            return Ok(Decided::Granted(Permit::new(ruling, turn)));
        }
        let first = wanted.targets.first().map(|target| target.shown.clone()).unwrap_or_default();
        Ok(Decided::Held(self.held(ctx, first, &answer)))
    }

    fn granted(&self, ctx: &Context, question: &Value, answer: &Value, sent: i64) -> Ruling {
        let session = &ctx.caller.session_id;
        let req = text(question, "req").to_owned();
        let mut fences = BTreeMap::new();
        let mut state = self.state();
        for lock in list(answer, "locks") {
            let (key, fence) = (text(&lock, "k").to_owned(), number(&lock, "fence"));
            let holding = (ctx.project().to_owned(), session.clone(), key.clone());
            state.ours.insert(holding, req.clone());
            fences.insert(key, fence);
        }
        // What the session held before has its lease from an earlier question.
        state.heard.entry(session.clone()).or_insert(sent);
        Ruling::Granted { fences }
    }

    fn held(&self, ctx: &Context, path: String, answer: &Value) -> ArbiterRefusal {
        let by = list(answer, "by").into_iter().max_by_key(|lock| number(lock, "retry_ms"));
        let by = by.unwrap_or_default();
        ArbiterRefusal::Held {
            path,
            held_path: text(&by, "path").into(),
            locked_by: text(&by, "agent_id").into(),
            agent_type: text(&by, "agent_type").into(),
            locked_at: by_our_clock(answer, number(&by, "acquired_at"), ctx.now),
            expires_at: ctx.now.plus(number(&by, "lease_ms")),
            reason: by["reason"].as_str().map(str::to_owned),
            here: text(&by, "device") == self.court.device(),
        }
    }

    /// Whether the arbiter lets a session have this lock for now, by what was heard last.
    pub(super) fn stands(&self, project: &str, lock: &Lock) -> bool {
        let now = self.uptime();
        let state = self.state();
        let decides = state.projects.get(project).is_some_and(|known| known.decides_offline);
        let holding = (project.to_owned(), lock.session_id.clone(), lock.target.key.clone());
        decides && state.silent.is_some()
            || state.ours.contains_key(&holding) && state.holds_on(&lock.session_id, now)
    }
}

/// What a call wants, in short.
#[derive(Clone, Copy)]
pub(super) struct Wanted<'a> {
    pub targets: &'a [Target],
    pub shared: bool,
    pub reason: Option<&'a str>,
}

/// What came of asking once.
pub(super) enum Decided {
    /// The call may be run.
    Granted(Permit),
    /// Somebody has it.
    Held(ArbiterRefusal),
}

/// A target as the arbiter compares it: everything it may mean lies at `root` or below.
fn shown(target: &Target, mode: &str) -> Value {
    json!({
        "k": target.key, "path": target.shown, "kind": target.kind.as_str(), "mode": mode,
        "root": root(target),
    })
}

/// The path at or below which everything lies that a target may mean; empty for the whole repository.
#[must_use]
pub fn root(target: &Target) -> &str {
    let root = match target.kind {
        Kind::File | Kind::Resource => target.key.as_str(),
        Kind::Folder => target.key.trim_end_matches('/'),
        Kind::Glob => literal_folder(&target.key),
    };
    if root == "." { "" } else { root }
}

/// The folder above the first name that has a wildcard in it.
fn literal_folder(pattern: &str) -> &str {
    let wild = pattern.find(['*', '?', '[', '{', '\\']).unwrap_or(pattern.len());
    pattern[..wild].rfind('/').map_or("", |end| &pattern[..end])
}

#[cfg(test)]
mod tests {
    use super::literal_folder;

    #[test]
    fn a_pattern_lies_below_its_literal_folder() {
        for (pattern, folder) in [
            ("src/**/*.rs", "src"),
            ("src/deep/a*.rs", "src/deep"),
            ("*.md", ""),
            ("**", ""),
            ("a/b[cd]/e", "a"),
            ("a/{b,c}/d", "a"),
        ] {
            assert_eq!(literal_folder(pattern), folder, "{pattern}");
        }
    }
}
