//! What is told after a COMMIT: changed topics to whoever listens, answers to
//! whoever waits.
//!
//! News has no content beyond "read again": a listener that missed some reads
//! the database and knows everything.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::{broadcast, oneshot};
use uuid::Uuid;

use super::tx::{Settled, Topics};
use crate::answer::Answer;

/// Messages a slow listener may lag behind before it is told "everything changed".
const BACKLOG: usize = 256;

/// The exchange between the writer and the daemon's connections.
pub struct News {
    topics: broadcast::Sender<Topics>,
    waiting: Mutex<HashMap<Uuid, oneshot::Sender<Answer>>>,
}

impl Default for News {
    fn default() -> Self {
        Self { topics: broadcast::channel(BACKLOG).0, waiting: Mutex::default() }
    }
}

impl News {
    /// Follows the topics that change from now on.
    #[must_use]
    pub fn follow(&self) -> broadcast::Receiver<Topics> {
        self.topics.subscribe()
    }

    /// Takes a place for an answer; to be done before the ticket's row is written.
    pub fn expect(&self, ticket: Uuid) -> oneshot::Receiver<Answer> {
        let (sender, receiver) = oneshot::channel();
        self.waiting().insert(ticket, sender);
        receiver
    }

    /// Gives the place up.
    pub fn forget(&self, ticket: Uuid) {
        self.waiting().remove(&ticket);
    }

    pub(super) fn tell(&self, topics: Topics, settled: Vec<Settled>) {
        if !settled.is_empty() {
            let mut waiting = self.waiting();
            for one in settled {
                if let Some(sender) = waiting.remove(&one.ticket) {
                    // A receiver that is gone finds its answer in the audit log.
                    drop(sender.send(one.answer));
                }
            }
        }
        // Nobody listening is no trouble.
        drop(self.topics.send(topics));
    }

    fn waiting(&self) -> MutexGuard<'_, HashMap<Uuid, oneshot::Sender<Answer>>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
