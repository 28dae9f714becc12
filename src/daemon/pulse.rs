//! Watches the processes of clients that only their hooks speak for.
//!
//! - Such a session lives as long as its client's process: a hook comes and goes, so no
//!   connection can tell. The end is told by the system, without polling, where it does so.
//! - A process is watched once, for all sessions that it stands for.
//! - To everybody else a watched session is a connected one.
//!
//! Not here: what a death frees (`keeper`), connections (`presence`).

use std::collections::HashSet;
use std::os::fd::OwnedFd;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

use super::Daemon;
use crate::os::{self, Process};

/// How often a process is looked for where the system does not tell of its end.
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// The sessions whose client is watched.
#[derive(Default)]
pub struct Pulse {
    watched: Mutex<HashSet<String>>,
}

impl Pulse {
    /// Whether it is new.
    fn add(&self, session: &str) -> bool {
        self.watched.lock().unwrap_or_else(PoisonError::into_inner).insert(session.to_owned())
    }

    fn remove(&self, session: &str) {
        self.watched.lock().unwrap_or_else(PoisonError::into_inner).remove(session);
    }
}

impl Daemon {
    /// Watches a session's client from now on, if nobody does yet.
    pub(super) fn watch(self: &Arc<Self>, session: &str, client: &Process) {
        if !self.pulse.add(session) {
            return;
        }
        self.presence.come(&[session.to_owned()]);
        self.keeper.came(session);
        let (daemon, session, client) = (Arc::clone(self), session.to_owned(), client.clone());
        // It holds nothing that a stop would have to wait for.
        tokio::spawn(async move {
            tokio::select! {
                () = daemon.stop.cancelled() => return,
                () = end_of(&client) => {}
            }
            daemon.pulse.remove(&session);
            // A server of the same client may still be closing its connection.
            drop(daemon.presence.go(std::slice::from_ref(&session)));
            daemon.keeper.died(vec![session]).await;
        });
    }

    /// Takes up the watch over the clients that the daemon before this one watched.
    pub(super) fn watch_again(self: &Arc<Self>) {
        let known = self.service.store().read(crate::hooks::watched);
        for (session, client) in known.unwrap_or_default() {
            if client.is_alive() {
                self.watch(&session, &client);
            }
        }
    }
}

/// A descriptor that the runtime waits for.
#[expect(deprecated, reason = "its successor is unsafe; an `OwnedFd` keeps what that asks for")]
pub(super) fn readable(descriptor: OwnedFd) -> Option<AsyncFd<OwnedFd>> {
    AsyncFd::with_interest(descriptor, Interest::READABLE).ok()
}

/// Returns when the process has ended.
async fn end_of(process: &Process) {
    let told = match os::end_of(process) {
        Ok(Some(descriptor)) => readable(descriptor),
        Ok(None) => None,
        Err(_gone) => return,
    };
    match told {
        Some(descriptor) => drop(descriptor.readable().await),
        None => {
            while process.is_alive() {
                tokio::time::sleep(LOOK_EVERY).await;
            }
        }
    }
}
