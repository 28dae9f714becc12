//! Notices that the home was deleted or moved away: nobody can find such a daemon any more, and
//! another one may start in its place.
//!
//! Woken only when a file leaves the home, which happens rarely; where the system cannot tell,
//! nothing is watched.

use std::sync::Arc;

use super::Daemon;
use super::lockfile::DaemonLock;
use super::pulse::readable;
use crate::os;

/// Stops the daemon once its lock file is not there any more.
pub async fn watch(daemon: Arc<Daemon>, lock: Arc<DaemonLock>) {
    let told = match os::departures_from(daemon.home.dir()) {
        Ok(told) => told.and_then(readable),
        Err(error) => return tracing::debug!("the state directory is not watched: {error}"),
    };
    let Some(told) = told else { return };
    while lock.is_at(&daemon.home.lock_file()) {
        let mut ready = tokio::select! {
            () = daemon.stop.cancelled() => return,
            ready = told.readable() => match ready {
                Ok(ready) => ready,
                Err(error) => return tracing::warn!("the state directory is not watched: {error}"),
            },
        };
        empty(told.get_ref());
        ready.clear_ready();
    }
    tracing::error!(home = %daemon.home.dir().display(), "the state directory is gone");
    daemon.stop();
}

/// Takes what has come, so that the next one wakes again.
fn empty(told: &std::os::fd::OwnedFd) {
    let mut events = [0; 4_096];
    while rustix::io::read(told, &mut events).is_ok_and(|read| read > 0) {}
}
