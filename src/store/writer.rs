//! The one writer: a thread that owns the only writable connection.
//!
//! - Requests wait in a bounded queue; up to [`GROUP`] of them share one COMMIT,
//!   so that one flush of the disk serves all (group commit).
//! - Each request has a savepoint of its own: a fault or a panic in one leaves
//!   the others whole.
//! - Nobody is answered before COMMIT has returned, and nobody waits for a checkpoint of its own.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::mpsc::Receiver;
use std::sync::mpsc::RecvTimeoutError::{Disconnected, Timeout};
use std::time::Duration;

use rusqlite::Connection;

use super::ballast::Ballast;
use super::capture::Capture;
use super::checkpoint::{self, Checkpoints};
use super::clock::Mark;
use super::news::News;
use super::shelf::Shelf;
use super::tx::Tx;
use crate::failure::{Failure, Outcome};

/// Requests that share one commit at most.
pub const GROUP: usize = 64;
/// How long a deed that nobody waits for (the audit of a read) may wait for company.
const LINGER: Duration = Duration::from_millis(500);

/// A request of the queue. It may run twice: once more after room was made on a full disk.
pub trait Job: Send {
    /// Whether nobody waits for it.
    fn lazy(&self) -> bool {
        false
    }

    /// Does the deed and keeps the outcome; an error means: undo it.
    fn run(&mut self, tx: &Tx<'_>) -> Result<(), Undo>;

    /// The group was committed (or not): answer.
    fn finish(self: Box<Self>, committed: Result<(), NotCommitted>);
}

/// Why a group was not committed; every member gets a copy.
#[derive(Clone, Debug)]
pub struct NotCommitted {
    /// What SQLite said, if it was SQLite.
    pub code: Option<rusqlite::ffi::Error>,
    /// The whole chain in words.
    pub why: String,
}

impl From<anyhow::Error> for NotCommitted {
    fn from(error: anyhow::Error) -> Self {
        let code = error.chain().find_map(|cause| match cause.downcast_ref() {
            Some(rusqlite::Error::SqliteFailure(code, _)) => Some(*code),
            _ => None,
        });
        Self { code, why: format!("{error:#}") }
    }
}

/// Why a request's savepoint is rolled back.
pub enum Undo {
    /// It said no or had trouble of its own; the group goes on.
    Alone,
    /// The disk is full: the group must be tried again with more room.
    DiskFull,
}

/// What [`Job::run`] makes of an outcome.
pub fn undo<T>(outcome: &Outcome<T>) -> Result<(), Undo> {
    match outcome {
        Ok(_) => Ok(()),
        Err(Failure::Fault(error)) if is_full(error) => Err(Undo::DiskFull),
        Err(_) => Err(Undo::Alone),
    }
}

fn is_full(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| {
        cause
            .downcast_ref::<rusqlite::Error>()
            .is_some_and(|error| error.sqlite_error_code() == Some(rusqlite::ErrorCode::DiskFull))
    })
}

/// The thread's state.
pub struct Writer {
    pub conn: Connection,
    pub queue: Receiver<Box<dyn Job>>,
    pub news: Arc<News>,
    pub shelf: Arc<Shelf>,
    pub ballast: Ballast,
    pub mark: Mark,
    pub checkpoints: Checkpoints,
}

impl Writer {
    /// Serves until every sender is gone, then checkpoints.
    pub fn serve(mut self) {
        let mut lazy: Vec<Box<dyn Job>> = Vec::new();
        loop {
            let next = match (self.checkpoints.is_due(), lazy.is_empty()) {
                (true, _) => self.queue.recv_timeout(checkpoint::PAUSE),
                (false, false) => self.queue.recv_timeout(LINGER),
                (false, true) => self.queue.recv().map_err(|_all_gone| Disconnected),
            };
            match next {
                Ok(job) if job.lazy() && lazy.len() < GROUP => lazy.push(job),
                Ok(job) => {
                    lazy.push(job);
                    lazy.extend(self.queue.try_iter().take(GROUP - 1));
                    self.group(std::mem::take(&mut lazy));
                }
                Err(Timeout) if self.checkpoints.is_due() => {
                    self.checkpoints.carry_over(&self.conn);
                }
                Err(Timeout) => self.group(std::mem::take(&mut lazy)),
                Err(Disconnected) => break,
            }
        }
        self.group(lazy);
        self.ballast.restore_if_room();
        if let Err(error) = self.conn.pragma_update(None, "wal_checkpoint", "TRUNCATE") {
            tracing::warn!("failed to checkpoint at the end: {error}");
        }
    }

    /// Commits a group, once more if room could be made on a full disk.
    fn group(&mut self, mut jobs: Vec<Box<dyn Job>>) {
        if jobs.is_empty() {
            return;
        }
        let mut committed = self.commit(&mut jobs);
        if matches!(committed, Err(ref error) if is_full(error)) && self.ballast.release() {
            tracing::error!("the disk is full; the ballast file was given up to finish");
            committed = self.commit(&mut jobs);
        }
        let verdict = committed.map_err(|error| {
            tracing::error!("a group of {} was not committed: {error:#}", jobs.len());
            NotCommitted::from(error)
        });
        for job in jobs {
            job.finish(verdict.clone());
        }
        if self.checkpoints.is_overdue() {
            self.checkpoints.carry_over(&self.conn);
        }
        if self.ballast.is_to_be_tried() {
            self.checkpoints.give_back(&self.conn);
            self.ballast.restore_if_room();
        }
    }

    fn commit(&mut self, jobs: &mut [Box<dyn Job>]) -> anyhow::Result<()> {
        let outcome = self.transaction(jobs);
        if outcome.is_err() && !self.conn.is_autocommit() {
            self.conn.execute_batch("ROLLBACK")?;
        }
        let (topics, settled) = outcome?;
        self.news.tell(topics, settled);
        Ok(())
    }

    fn transaction(
        &mut self,
        jobs: &mut [Box<dyn Job>],
    ) -> anyhow::Result<(super::tx::Topics, Vec<super::tx::Settled>)> {
        let tx = Tx::on(&self.conn, &self.shelf);
        let capture = tx.kept::<Capture>();
        tx.run("BEGIN IMMEDIATE", [])?;
        for job in jobs {
            capture.begin(self.mark.now());
            one(&tx, job.as_mut())?;
        }
        self.mark.keep(&tx)?;
        tx.run("COMMIT", [])?;
        Ok(tx.into_news())
    }
}

/// Runs one request in its savepoint; an error here ends the whole group.
fn one(tx: &Tx<'_>, job: &mut dyn Job) -> anyhow::Result<()> {
    tx.run("SAVEPOINT request", [])?;
    let undone = match catch_unwind(AssertUnwindSafe(|| job.run(tx))) {
        Ok(Ok(())) => false,
        Ok(Err(Undo::Alone)) => true,
        Ok(Err(Undo::DiskFull)) => {
            return Err(rusqlite::Error::SqliteFailure(
                rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_FULL),
                None,
            )
            .into());
        }
        Err(_panic) => true,
    };
    if undone {
        tx.run("ROLLBACK TO request", [])?;
    }
    tx.run("RELEASE request", [])?;
    Ok(())
}
