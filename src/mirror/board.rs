//! What the sync worker and those who ask about it share, kept beside the store.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

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

/// The place where both look.
#[derive(Default)]
pub struct Board {
    running: Mutex<Option<Running>>,
    nudge: Notify,
    hurry: AtomicBool,
}

impl Board {
    /// A worker began, or the one that ran has ended.
    pub fn set(&self, running: Option<Running>) {
        *self.running.lock().unwrap_or_else(PoisonError::into_inner) = running;
    }

    /// The worker that runs.
    #[must_use]
    pub fn running(&self) -> Option<Running> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner).clone()
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
