//! The thread that the worker runs in, with a runtime of its own: a mirror that hangs holds up
//! nothing else.

use std::sync::Arc;
use std::time::{Duration, Instant};

use coord_sync::remote::Remote;
use coord_sync::{Journal as _, Transport as _, Wake, Worker, pace};
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

use crate::home::Home;
use crate::mirror::board::{Board, Running};
use crate::mirror::catalogue;
use crate::mirror::journal::StoreJournal;
use crate::mirror::login::Login;
use crate::store::Store;
use crate::time::Clock;

/// How long a worker that was told to end may take: what it writes, it finishes.
const END_WITHIN: Duration = Duration::from_secs(3);

/// What a thread is there for.
pub enum Purpose {
    /// To carry changes over, with this login.
    Work(Box<Login>),
    /// To have this machine enrolled.
    Enrol,
}

/// A thread; it is told to end when this is dropped.
pub struct Thread {
    purpose: Purpose,
    since: Instant,
    stop: CancellationToken,
    /// How it ended; no word if it panicked.
    end: oneshot::Receiver<Result<(), String>>,
}

impl Drop for Thread {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

impl Thread {
    /// Starts a thread that does `work` until it is told to stop.
    pub fn start(
        purpose: Purpose,
        work: impl FnOnce(CancellationToken) -> anyhow::Result<()> + Send + 'static,
    ) -> std::io::Result<Self> {
        let stop = CancellationToken::new();
        let (tell, end) = oneshot::channel();
        let stopped = stop.clone();
        std::thread::Builder::new().name("sync".into()).spawn(move || {
            let end = work(stopped).map_err(|error| format!("{error:#}"));
            // Whoever told it to end may not listen any more.
            drop(tell.send(end));
        })?;
        Ok(Self { purpose, since: Instant::now(), stop, end })
    }

    /// Whether it is there for the same.
    pub fn is_for(&self, purpose: &Purpose) -> bool {
        match (&self.purpose, purpose) {
            (Purpose::Work(own), Purpose::Work(other)) => own.is_for(other),
            (Purpose::Enrol, Purpose::Enrol) => true,
            _ => false,
        }
    }

    /// How long it has run.
    pub fn age(&self) -> Duration {
        self.since.elapsed()
    }

    /// Tells it to end and waits for it.
    pub async fn stop(mut self) {
        self.stop.cancel();
        if tokio::time::timeout(END_WITHIN, &mut self.end).await.is_err() {
            tracing::warn!("the worker of sync did not end in time");
        }
    }
}

/// When a thread ends by itself, how; never while there is none.
pub async fn end_of(thread: Option<&mut Thread>) -> Result<(), String> {
    match thread {
        Some(thread) => (&mut thread.end).await.unwrap_or_else(|_gone| Err("it panicked".into())),
        None => std::future::pending().await,
    }
}

/// What the thread works with.
pub struct Work {
    pub store: Arc<Store>,
    pub home: Home,
    pub login: Login,
    pub left_out: Vec<String>,
    pub board: Arc<Board>,
}

impl Work {
    /// Carries changes over until it is told to stop.
    ///
    /// # Errors
    /// What keeps it from beginning; trouble with the mirror is no error.
    pub fn run(self, stop: CancellationToken) -> anyhow::Result<()> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(self.serve(stop))
    }

    async fn serve(self, stop: CancellationToken) -> anyhow::Result<()> {
        let mut remote = Remote::new(&self.login.address(), env!("CARGO_PKG_VERSION"))?;
        remote.identify(&self.login.token);
        let copied = self.login.was_copied(&self.home)?;
        let seed = uuid::Uuid::new_v4().as_u64_pair().0;
        let journal = StoreJournal::new(self.store, self.home, self.login, self.left_out);
        if copied {
            journal.want_fork("the state directory is a copy of another one")?;
        }
        let mut worker = Worker::new(journal, remote, catalogue::schema(), seed);
        let (begun, since) = (Instant::now(), Clock::System.now());
        self.board.begun(Running { report: worker.report(), since });
        loop {
            if self.board.was_hurried() {
                worker.hurry();
            }
            let now = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
            let wake = tokio::select! {
                () = stop.cancelled() => return Ok(()),
                wake = worker.step(now) => wake,
            };
            let until = match wake {
                Wake::Now => continue,
                Wake::At(then) => Duration::from_millis(then.saturating_sub(now)),
                Wake::WhenTold => Duration::MAX,
            };
            tokio::select! {
                () = stop.cancelled() => return Ok(()),
                () = tokio::time::sleep(until) => {}
                () = self.board.nudged() => tokio::time::sleep(pace::DEBOUNCE).await,
            }
        }
    }
}
