//! Who is connected, and what happens when the last connection of a session closes.
//!
//! - A session lives while a connection of it is open.
//! - After the last one closes there is a grace, so that a shim can come back;
//!   none is needed when the client process itself is gone.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::Daemon;
use crate::seat::Seat;
use crate::wire::Role;

/// How long a shim whose client still runs has to come back.
const GRACE: Duration = Duration::from_secs(5);
/// How often it is looked for meanwhile.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// Open connections by session.
#[derive(Default)]
pub struct Presence {
    connections: Mutex<HashMap<String, usize>>,
    total: Mutex<usize>,
}

impl Presence {
    pub(super) fn come(&self, sessions: &[String]) {
        let mut connections = self.connections.lock().unwrap_or_else(PoisonError::into_inner);
        for session in sessions {
            *connections.entry(session.clone()).or_default() += 1;
        }
    }

    /// Takes one connection away from each; those that now have none are returned.
    pub(super) fn go(&self, sessions: &[String]) -> Vec<String> {
        let mut connections = self.connections.lock().unwrap_or_else(PoisonError::into_inner);
        let mut alone = Vec::new();
        for session in sessions {
            let count = connections.get(session).copied().unwrap_or_default();
            if count <= 1 {
                connections.remove(session);
                alone.push(session.clone());
            } else {
                connections.insert(session.clone(), count - 1);
            }
        }
        alone
    }

    /// Whether a connection of the session is open.
    pub fn is_here(&self, session: &str) -> bool {
        self.connections.lock().unwrap_or_else(PoisonError::into_inner).contains_key(session)
    }

    /// Connections of any kind.
    pub fn count(&self) -> usize {
        *self.total.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn count_by(&self, up: bool) {
        let mut total = self.total.lock().unwrap_or_else(PoisonError::into_inner);
        *total = if up { *total + 1 } else { total.saturating_sub(1) };
    }
}

impl Daemon {
    /// A connection has been given its seat.
    pub(super) fn sit_down(self: &Arc<Self>, seat: &Seat) {
        self.presence.count_by(true);
        if let Some(client) = seat.watched() {
            self.watch(&seat.caller().session_id, client);
        }
        if seat.role() == Role::Mcp {
            self.presence.come(&[seat.caller().session_id.clone()]);
            self.keeper.came(&seat.caller().session_id);
        }
    }

    /// A connection has closed; sessions that it leaves without one may have died.
    pub(super) async fn get_up(self: &Arc<Self>, seat: &Seat) {
        self.presence.count_by(false);
        if seat.role() != Role::Mcp || self.stop.is_cancelled() {
            return;
        }
        let first = seat.caller().session_id.clone();
        let mut gone = self.presence.go(std::slice::from_ref(&first));
        if gone.is_empty() {
            return;
        }
        // Threads and subagents that spoke through this connection go with it.
        gone.extend(seat.sessions().into_iter().filter(|session| *session != first));
        if !self.comes_back(seat, &first).await {
            self.keeper.died(gone).await;
        }
    }

    /// Waits for a shim whose client still runs; true if it has come back, or the
    /// daemon stops and the next one will see.
    async fn comes_back(&self, seat: &Seat, session: &str) -> bool {
        let start = tokio::time::Instant::now();
        while start.elapsed() < GRACE && seat.client().is_some_and(crate::os::Process::is_alive) {
            tokio::select! {
                () = self.stop.cancelled() => return true,
                // A killed process closes its streams a moment before it is gone.
                () = tokio::time::sleep(LOOK_EVERY) => {}
            }
            if self.presence.is_here(session) {
                return true;
            }
        }
        self.presence.is_here(session)
    }
}
