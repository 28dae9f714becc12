//! What other machines hold, as rows here.

use serde_json::Value;

use super::answer::{by_our_clock, list, number, text};
use super::{Arbiter, DELAY_MS, LEASE_MS, told};
use crate::failure::Outcome;
use crate::locks::{Lock, Mode, shared};
use crate::repo::{Kind, Target};
use crate::ruling::ELSEWHERE;
use crate::time::Time;

impl Arbiter {
    /// Takes over what the arbiter says of the projects' locks.
    pub(super) async fn note_locks(&self, answer: &Value, now: i64) -> Outcome<()> {
        for (project, told) in answer["projects"].as_object().into_iter().flatten() {
            self.take_over(answer, project, told).await?;
            let mut state = self.state();
            let Some(known) = state.projects.get_mut(project) else { continue };
            let complete = known.told.take(told);
            known.epoch = complete.then(|| number(told, "epoch"));
            if told::is_whole(told) {
                known.leases = Some(now);
            }
            drop(state);
            if !complete {
                tracing::debug!(
                    project,
                    "what was told of locks does not add up; all is asked for"
                );
                self.look_again();
            }
        }
        Ok(())
    }

    /// Takes over what the arbiter says of a project's locks: all of them, or what has changed.
    async fn take_over(&self, answer: &Value, project: &str, told: &Value) -> Outcome<()> {
        let (now, device) = (self.clock.now(), self.court.device());
        let (ours, theirs): (Vec<Value>, Vec<Value>) =
            list(told, "locks").into_iter().partition(|lock| text(lock, "device") == device);
        self.learn_ours(project, &ours);
        let theirs: Vec<Lock> = theirs
            .iter()
            .map(|lock| {
                let since = by_our_clock(answer, number(lock, "acquired_at"), now);
                elsewhere(lock, since, now)
            })
            .collect();
        let gone: Vec<(String, String)> = told::gone(told)
            .filter(|(_, of, _)| *of != device)
            .map(|(key, of, session)| (key, session_elsewhere(&of, &session)))
            .collect();
        let (project, last, whole) =
            (project.to_owned(), number(told, "last_fence"), told::is_whole(told));
        self.store
            .write(move |tx| {
                shared::keep_fence(tx, &project, last, now)?;
                if whole {
                    shared::show(tx, &project, &theirs, now)
                } else {
                    shared::show_changes(tx, &project, &theirs, &gone)
                }
            })
            .await
    }

    /// Takes over until when others hold what they hold; asks for everything where that is not what is shown here.
    pub(super) async fn note_leases(
        &self,
        answer: &Value,
        due: &[String],
        now: i64,
    ) -> Outcome<()> {
        for project in due {
            let at = self.clock.now();
            let told = &answer["leases"][project];
            let leases: Vec<(String, Time)> = list(told, "sessions")
                .iter()
                .filter(|lease| text(lease, "device") != self.court.device())
                .map(|lease| {
                    let session = session_elsewhere(text(lease, "device"), text(lease, "session"));
                    (session, at.plus(number(lease, "retry_ms")))
                })
                .collect();
            let of = project.clone();
            let shown = self.store.write(move |tx| shared::draw_out(tx, &of, &leases, at)).await?;
            let device = self.court.device();
            let mut state = self.state();
            let Some(known) = state.projects.get_mut(project) else { continue };
            known.leases = Some(now);
            // An arbiter of an earlier version does not tell them.
            let all = !told.is_null() && known.told.adds_up(told);
            if !all || known.told.beyond(&device) != shown {
                known.epoch = None;
            }
        }
        Ok(())
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

/// What a session of another machine is called here.
fn session_elsewhere(device: &str, session: &str) -> String {
    format!("{ELSEWHERE}{device}:{session}")
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
        session_id: session_elsewhere(text(lock, "device"), text(lock, "session")),
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
