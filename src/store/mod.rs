//! The one SQLite file: the only way to read or change anything.
//!
//! - One writer thread owns the only writable connection; readers see committed
//!   snapshots and never wait for it.
//! - An answer is given after COMMIT has returned. With [`Durability::Full`] it
//!   is on the disk then.
//! - Only this module opens SQLite.
//!
//! Not here: rules and rows (the domains), who may do what (`service`).

pub mod backup;
mod ballast;
mod capture;
mod checkpoint;
pub mod clock;
pub mod inspect;
pub mod meta;
pub mod migrate;
mod news;
pub mod open;
pub mod origin;
mod readers;
mod shelf;
mod tx;
mod writer;

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{SyncSender, TrySendError};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::{Context as _, anyhow};
use tokio::sync::oneshot;

pub use news::News;
pub use open::OpenRefusal;
pub use tx::{Settled, Topic, Topics, Tx};

pub use crate::config::Durability;
use crate::failure::{Failure, Outcome};
use crate::home::Home;
use crate::time::Clock;
use writer::{Job, NotCommitted, Undo, Writer, undo};

/// Requests that may wait for the writer; beyond it, callers wait their turn to queue.
const QUEUE: usize = 1_024;

/// How to open a store.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// What an answer survives.
    pub durability: Durability,
    /// Where the time comes from.
    pub clock: Clock,
}

/// The open store.
pub struct Store {
    queue: Mutex<Option<SyncSender<Box<dyn Job>>>>,
    writer: Mutex<Option<JoinHandle<()>>>,
    readers: readers::Pool,
    news: Arc<News>,
    shelf: Arc<shelf::Shelf>,
    ballast_gone: Arc<AtomicBool>,
    mark: PathBuf,
    backups: PathBuf,
    unclean: bool,
}

impl Store {
    /// Opens the database of `home`, bringing it up to date.
    ///
    /// # Errors
    /// A refusal that says what to do (see [`OpenRefusal`]), or a fault.
    pub fn open(home: &Home, options: Options) -> Outcome<Self> {
        home.prepare()?;
        let path = home.database();
        let mut conn = open::writable(&path, options.durability)?;
        let shelf = Arc::new(shelf::Shelf::default());
        // Before any step of the schema: it may touch rows whose changes are logged.
        shelf.of::<capture::Capture>().register(&conn)?;
        migrate::bring_up(&mut conn, Some(home))?;
        let unclean = home.running_mark().exists();
        std::fs::write(home.running_mark(), "").context("failed to mark the database as in use")?;

        let ballast_gone = Arc::new(AtomicBool::new(false));
        let ballast = ballast::Ballast::at(home.ballast(), Arc::clone(&ballast_gone));
        let news = Arc::new(News::default());
        let (sender, queue) = std::sync::mpsc::sync_channel(QUEUE);
        let mark = clock::Mark::new(options.clock);
        let kept = Arc::clone(&shelf);
        let checkpoints = checkpoint::Checkpoints::of(&mut conn)?;
        let news_of = Arc::clone(&news);
        let writer = Writer { conn, queue, news: news_of, shelf: kept, ballast, mark, checkpoints };
        let writer = std::thread::Builder::new()
            .name("writer".into())
            .spawn(move || writer.serve())
            .context("failed to start the writer")?;
        Ok(Self {
            queue: Mutex::new(Some(sender)),
            writer: Mutex::new(Some(writer)),
            readers: readers::pool(&path)?,
            news,
            shelf,
            ballast_gone,
            mark: home.running_mark(),
            backups: home.backups(),
            unclean,
        })
    }

    /// Runs `deed` in the next group; returns when it is committed.
    /// `deed` may be run twice, so it must not consume what it captured.
    ///
    /// # Errors
    /// What `deed` ends with; its changes are undone then.
    pub async fn write<T: Send + 'static>(
        &self,
        deed: impl FnMut(&Tx<'_>) -> Outcome<T> + Send + 'static,
    ) -> Outcome<T> {
        let (reply, answer) = oneshot::channel();
        let mut job: Box<dyn Job> = Box::new(Deed { deed, outcome: None, reply: Some(reply) });
        while let Some(back) = self.enqueue(job)? {
            job = back;
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        answer.await.map_err(|_gone| stopped())?
    }

    /// [`Store::write`] for callers without a runtime.
    ///
    /// # Errors
    /// As [`Store::write`].
    pub fn write_blocking<T: Send + 'static>(
        &self,
        deed: impl FnMut(&Tx<'_>) -> Outcome<T> + Send + 'static,
    ) -> Outcome<T> {
        let (reply, answer) = oneshot::channel();
        let mut job: Box<dyn Job> = Box::new(Deed { deed, outcome: None, reply: Some(reply) });
        while let Some(back) = self.enqueue(job)? {
            job = back;
            std::thread::sleep(Duration::from_millis(1));
        }
        answer.blocking_recv().map_err(|_gone| stopped())?
    }

    /// Runs `deed` with some later group, within half a second; nobody is told.
    /// For the audit of reads, which must not cost the reader a flush.
    pub fn write_later(&self, deed: impl FnMut(&Tx<'_>) -> Outcome<()> + Send + 'static) {
        let job: Box<dyn Job> = Box::new(Deed { deed, outcome: None, reply: None });
        match self.enqueue(job) {
            Ok(None) => {}
            Ok(Some(_)) => tracing::warn!("the audit of a read was dropped: the writer is swamped"),
            Err(error) => tracing::warn!("the audit of a read was dropped: {error}"),
        }
    }

    /// Runs `look` on a read-only snapshot.
    ///
    /// # Errors
    /// What `look` ends with, or a fault when no connection is to be had.
    pub fn read<T>(&self, look: impl FnOnce(&Tx<'_>) -> Outcome<T>) -> Outcome<T> {
        let conn = self.readers.get().context("failed to get a read connection")?;
        let tx = Tx::snapshot(&conn, &self.shelf);
        tx.run("BEGIN", [])?;
        let outcome = look(&tx);
        tx.run("ROLLBACK", [])?;
        for deed in tx.into_later() {
            self.write_later(deed);
        }
        outcome
    }

    /// What a module keeps in memory beside this database.
    #[must_use]
    pub fn kept<T: Default + Send + Sync + 'static>(&self) -> Arc<T> {
        self.shelf.of()
    }

    /// Copies the database into the new file `to` while it is in use.
    ///
    /// # Errors
    /// As [`backup::copy`].
    pub fn back_up(&self, to: &std::path::Path, progress: impl FnMut(i32, i32)) -> Outcome<()> {
        let conn = self.readers.get().context("failed to get a read connection")?;
        backup::copy(&conn, to, progress)
    }

    /// Where copies of the database and sealed parts of the log go.
    #[must_use]
    pub fn backups(&self) -> &std::path::Path {
        &self.backups
    }

    /// Who follows what changes, and who waits for an answer.
    #[must_use]
    pub fn news(&self) -> &News {
        &self.news
    }

    /// The disk is full: only what frees or finishes things is done.
    #[must_use]
    pub fn is_short_of_room(&self) -> bool {
        self.ballast_gone.load(Ordering::Relaxed)
    }

    /// The last daemon did not end cleanly; the file deserves a check.
    #[must_use]
    pub const fn was_unclean(&self) -> bool {
        self.unclean
    }

    /// Finishes what is queued, checkpoints, and closes.
    pub fn close(&self) {
        drop(self.queue.lock().unwrap_or_else(PoisonError::into_inner).take());
        let writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner).take();
        if writer.is_some_and(|thread| thread.join().is_ok()) {
            drop(std::fs::remove_file(&self.mark));
        }
    }

    /// Queues a job; gives it back when the queue is full.
    fn enqueue(&self, job: Box<dyn Job>) -> Outcome<Option<Box<dyn Job>>> {
        let queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
        match queue.as_ref().ok_or_else(stopped)?.try_send(job) {
            Ok(()) => Ok(None),
            Err(TrySendError::Full(job)) => Ok(Some(job)),
            Err(TrySendError::Disconnected(_)) => Err(stopped()),
        }
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        self.close();
    }
}

fn stopped() -> Failure {
    Failure::Fault(anyhow!("the store is closed"))
}

/// A closure as a [`Job`].
struct Deed<F, T> {
    deed: F,
    outcome: Option<Outcome<T>>,
    reply: Option<oneshot::Sender<Outcome<T>>>,
}

impl<F, T> Job for Deed<F, T>
where
    F: FnMut(&Tx<'_>) -> Outcome<T> + Send,
    T: Send,
{
    fn lazy(&self) -> bool {
        self.reply.is_none()
    }

    fn run(&mut self, tx: &Tx<'_>) -> Result<(), Undo> {
        self.outcome = None;
        let outcome = (self.deed)(tx);
        let verdict = undo(&outcome);
        self.outcome = Some(outcome);
        verdict
    }

    fn finish(self: Box<Self>, committed: Result<(), NotCommitted>) {
        let outcome = match committed {
            Ok(()) => self.outcome.unwrap_or_else(|| {
                Err(Failure::Fault(anyhow!("the request panicked; nothing of it was kept")))
            }),
            Err(trouble) => Err(failure(trouble)),
        };
        match self.reply {
            // A caller that has gone away needs no answer.
            Some(reply) => drop(reply.send(outcome)),
            None => {
                if let Err(error) = outcome {
                    tracing::warn!("a deed that nobody waited for failed: {error}");
                }
            }
        }
    }
}

/// The group's trouble as this request's own.
fn failure(trouble: NotCommitted) -> Failure {
    Failure::Fault(match trouble.code {
        Some(code) => rusqlite::Error::SqliteFailure(code, Some(trouble.why)).into(),
        None => anyhow!(trouble.why),
    })
}
