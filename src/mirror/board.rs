//! What the sync worker and those who ask about it share, kept beside the store.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use coord_sync::Report;
use tokio::sync::Notify;

use crate::time::Time;

/// A worker that runs.
#[derive(Clone)]
pub struct Running {
    /// How it stands; its times are milliseconds since `since`.
    pub report: Arc<Mutex<Report>>,
    /// When it began.
    pub since: Time,
}

/// Why no worker runs though one should.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Halt {
    /// A short name of the reason.
    pub code: &'static str,
    /// The reason in words.
    pub reason: String,
    /// Since when.
    pub since: Time,
    /// When it is tried again by itself; `None`: not before something changes.
    pub next_try: Option<Time>,
}

/// What the daemon works with.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// The URL that it was started with.
    pub set_url: Option<String>,
    /// Whether it was started with a service key.
    pub has_service_key: bool,
    /// The URL of the login.
    pub url: Option<String>,
    /// Which key opens it and where that lies.
    pub key: Option<&'static str>,
}

/// The place where both look.
#[derive(Default)]
pub struct Board {
    running: Mutex<Option<Running>>,
    halt: Mutex<Option<Halt>>,
    facts: Mutex<Facts>,
    nudge: Notify,
    hurry: AtomicBool,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Board {
    /// A worker began.
    pub fn begun(&self, running: Running) {
        *lock(&self.halt) = None;
        *lock(&self.running) = Some(running);
    }

    /// None runs: for that reason, or because none should.
    pub fn halted(&self, halt: Option<Halt>) {
        *lock(&self.running) = None;
        let mut kept = lock(&self.halt);
        let since = kept.as_ref().zip(halt.as_ref());
        let since = since.filter(|(old, new)| old.code == new.code).map(|(old, _)| old.since);
        *kept = halt.map(|halt| Halt { since: since.unwrap_or(halt.since), ..halt });
    }

    /// What is worked with has changed.
    pub fn note(&self, change: impl FnOnce(&mut Facts)) {
        change(&mut lock(&self.facts));
    }

    /// What is worked with.
    #[must_use]
    pub fn facts(&self) -> Facts {
        lock(&self.facts).clone()
    }

    /// The worker that runs.
    #[must_use]
    pub fn running(&self) -> Option<Running> {
        lock(&self.running).clone()
    }

    /// Why none runs.
    #[must_use]
    pub fn halt(&self) -> Option<Halt> {
        lock(&self.halt).clone()
    }

    /// Something changed: the worker looks.
    pub fn nudge(&self) {
        self.nudge.notify_one();
    }

    /// The worker tries at once, whatever it waits for.
    pub fn hurry(&self) {
        self.hurry.store(true, Ordering::Relaxed);
        self.nudge();
    }

    /// Whether it was told to hurry since it was last asked.
    #[must_use]
    pub fn was_hurried(&self) -> bool {
        self.hurry.swap(false, Ordering::Relaxed)
    }

    /// Until something changes.
    pub async fn nudged(&self) {
        self.nudge.notified().await;
    }
}
