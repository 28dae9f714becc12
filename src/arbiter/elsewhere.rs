//! What other machines hold, as rows here.

use serde_json::Value;

use super::answer::{by_our_clock, list, number, text};
use super::{Arbiter, DELAY_MS, LEASE_MS};
use crate::failure::Outcome;
use crate::locks::{Lock, Mode, shared};
use crate::repo::{Kind, Target};
use crate::ruling::ELSEWHERE;
use crate::time::Time;

impl Arbiter {
    /// Takes over what the arbiter says of a project's locks.
    pub(super) async fn take_over(
        &self,
        answer: &Value,
        project: &str,
        told: &Value,
    ) -> Outcome<()> {
        let now = self.clock.now();
        let (ours, theirs): (Vec<Value>, Vec<Value>) = list(told, "locks")
            .into_iter()
            .partition(|lock| text(lock, "device") == self.court.device());
        self.learn_ours(project, &ours);
        let theirs: Vec<Lock> = theirs
            .iter()
            .map(|lock| {
                let since = by_our_clock(answer, number(lock, "acquired_at"), now);
                elsewhere(lock, since, now)
            })
            .collect();
        let (project, last) = (project.to_owned(), number(told, "last_fence"));
        self.store
            .write(move |tx| {
                shared::keep_fence(tx, &project, last, now)?;
                shared::show(tx, &project, &theirs, now)
            })
            .await
    }

    /// What the arbiter holds for this machine and this daemon may not know of.
    fn learn_ours(&self, project: &str, ours: &[Value]) {
        let mut state = self.state();
        for lock in ours {
            let holding =
                (project.to_owned(), text(lock, "session").to_owned(), text(lock, "k").to_owned());
            state.ours.entry(holding).or_insert_with(|| text(lock, "req").to_owned());
        }
    }
}

/// A lock of another machine as a row here.
fn elsewhere(lock: &Value, since: Time, now: Time) -> Lock {
    let kind = Kind::parse(text(lock, "kind")).unwrap_or(Kind::Folder);
    let mut target = Target::from_stored(kind, text(lock, "k"));
    target.shown = text(lock, "path").to_owned();
    // Until it can be granted again, which is when the delay after the lease is over.
    let left = number(lock, "retry_ms").max(1);
    Lock {
        target,
        mode: if text(lock, "mode") == "shared" { Mode::Shared } else { Mode::Exclusive },
        session_id: format!("{ELSEWHERE}{}:{}", text(lock, "device"), text(lock, "session")),
        agent_id: text(lock, "agent_id").to_owned(),
        agent_type: text(lock, "agent_type").to_owned(),
        worktree: None,
        reason: lock["reason"].as_str().map(str::to_owned),
        fence: number(lock, "fence").max(1),
        ttl_ms: LEASE_MS + DELAY_MS,
        acquired_at: since,
        expires_at: now.plus(left),
    }
}
