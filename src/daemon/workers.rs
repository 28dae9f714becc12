//! What the daemon does without being asked, each woken by news or by a timer.
//!
//! - A worker takes no input: it reads from the database what is to be done.
//! - Without work to do, nothing wakes.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::broadcast::error::RecvError;
use tokio_util::task::TaskTracker;

use super::Daemon;
use crate::config::Config;
use crate::failure::Outcome;
use crate::store::{Topic, Topics};

/// A burst of changes moves the next deadline once.
const GATHER: Duration = Duration::from_millis(20);
/// Longest sleep before a deadline: the runtime's timers stand still while the
/// machine is suspended, deadlines do not.
const LONGEST_SLEEP: Duration = Duration::from_secs(60);

/// Starts all workers.
///
/// # Errors
/// A fault when signals cannot be watched.
pub fn start(daemon: &Arc<Daemon>, config: &Config, tasks: &TaskTracker) -> Outcome<()> {
    stop_by_signal(daemon, tasks)?;
    tasks.spawn(reap(Arc::clone(daemon)));
    tasks.spawn(keep_shared(Arc::clone(daemon)));
    tasks.spawn(super::watch::run(Arc::clone(daemon)));
    if daemon.service.store().was_unclean() {
        tasks.spawn(check(Arc::clone(daemon)));
    }
    if let Some(after) = config.idle_stop_minutes() {
        let after = Duration::from_secs(u64::from(after) * 60);
        tasks.spawn(stop_when_idle(Arc::clone(daemon), after));
    }
    Ok(())
}

fn stop_by_signal(daemon: &Arc<Daemon>, tasks: &TaskTracker) -> Outcome<()> {
    for kind in [SignalKind::terminate(), SignalKind::interrupt()] {
        let mut told = signal(kind).context("failed to watch for signals")?;
        let daemon = Arc::clone(daemon);
        tasks.spawn(async move {
            tokio::select! {
                _ = told.recv() => daemon.stop(),
                () = daemon.stop.cancelled() => {}
            }
        });
    }
    Ok(())
}

/// Ends what has had its time, and sleeps until the next such moment.
async fn reap(daemon: Arc<Daemon>) {
    let mut news = daemon.service.store().news().follow();
    loop {
        let next = daemon.keeper.reap().await;
        let now = daemon.service.clock().now();
        let sleep = next.map(|at| {
            let left = Duration::from_millis(at.since(now).max(1).unsigned_abs());
            left.min(LONGEST_SLEEP)
        });
        tokio::select! {
            () = daemon.stop.cancelled() => return,
            () = at_last(sleep) => {}
            open = moved(&mut news) => if !open { return },
        }
    }
}

/// Keeps what is shared between machines alike on both sides; sleeps for good where nothing is.
async fn keep_shared(daemon: Arc<Daemon>) {
    if let Some(arbiter) = daemon.service.arbiter() {
        arbiter.keep(&daemon.stop).await;
    }
}

/// After that time, or never.
pub async fn at_last(sleep: Option<Duration>) {
    match sleep {
        Some(sleep) => tokio::time::sleep(sleep).await,
        None => std::future::pending().await,
    }
}

/// Waits for a change that can move the next deadline; false when the store is closed.
async fn moved(news: &mut tokio::sync::broadcast::Receiver<Topics>) -> bool {
    loop {
        let topics = match news.recv().await {
            Ok(topics) => topics,
            Err(RecvError::Lagged(_)) => Topics::all(),
            Err(RecvError::Closed) => return false,
        };
        if topics.has(Topic::Locks) || topics.has(Topic::Work) || topics.has(Topic::Agents) {
            tokio::time::sleep(GATHER).await;
            *news = news.resubscribe();
            return true;
        }
    }
}

/// After an unclean end the file is read through, beside the serving.
async fn check(daemon: Arc<Daemon>) {
    let looked = tokio::task::spawn_blocking(move || {
        daemon.service.store().read(|tx| {
            Ok(tx.one("PRAGMA quick_check", [], |row| row.get::<_, String>(0))?.unwrap_or_default())
        })
    });
    match looked.await {
        Ok(Ok(verdict)) if verdict == "ok" => {
            tracing::info!("the last daemon ended uncleanly; the database is whole");
        }
        Ok(Ok(verdict)) => {
            tracing::error!("the database is damaged: {verdict}; `coord doctor` says what to do");
        }
        Ok(Err(failure)) => tracing::error!("the database could not be checked: {failure}"),
        Err(error) => tracing::error!("the database could not be checked: {error}"),
    }
}

/// Stops after `after` without any connection.
async fn stop_when_idle(daemon: Arc<Daemon>, after: Duration) {
    let mut idle_since = None;
    loop {
        tokio::select! {
            () = daemon.stop.cancelled() => return,
            () = tokio::time::sleep(after / 4) => {}
        }
        if daemon.presence.count() > 0 {
            idle_since = None;
            continue;
        }
        let since = *idle_since.get_or_insert_with(tokio::time::Instant::now);
        if since.elapsed() >= after {
            tracing::info!("nobody was here for a long time");
            return daemon.stop();
        }
    }
}
