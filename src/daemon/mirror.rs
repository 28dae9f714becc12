//! The sync worker's thread: there while a mirror is configured, and only then.
//!
//! - It has a runtime of its own, so that a mirror that hangs holds up nothing else.
//! - Without a mirror nothing runs and nothing wakes: a task waits for the news that
//!   sync was switched on.
//!
//! Not here: what the worker does (the crate `sync`), what rows mean (`mirror`).

use std::sync::Arc;
use std::time::{Duration, Instant};

use coord_sync::remote::Remote;
use coord_sync::{Journal as _, Transport as _, Wake, Worker, pace};
use tokio::sync::broadcast::error::RecvError;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::Daemon;
use crate::config::Config;
use crate::home::Home;
use crate::mirror::board::{Board, Running};
use crate::mirror::journal::StoreJournal;
use crate::mirror::login::Login;
use crate::mirror::{capture, catalogue, export};
use crate::store::{Store, Topic, Topics};
use crate::time::Clock;

/// Keeps a worker running while sync is on.
pub fn start(daemon: &Arc<Daemon>, home: &Home, config: &Config, tasks: &TaskTracker) {
    if config.is_local() {
        return;
    }
    let left_out = config.sync_leave_out();
    let keeper = Keeper {
        daemon: Arc::clone(daemon),
        home: home.clone(),
        left_out,
        board: daemon.service.store().kept::<Board>(),
        thread: None,
    };
    tasks.spawn(keeper.keep());
}

struct Keeper {
    daemon: Arc<Daemon>,
    home: Home,
    left_out: Vec<String>,
    board: Arc<Board>,
    thread: Option<CancellationToken>,
}

impl Keeper {
    async fn keep(mut self) {
        let mut news = self.daemon.service.store().news().follow();
        self.look();
        loop {
            let topics = tokio::select! {
                () = self.daemon.stop.cancelled() => break,
                topics = news.recv() => match topics {
                    Ok(topics) => topics,
                    Err(RecvError::Lagged(_)) => Topics::all(),
                    Err(RecvError::Closed) => break,
                },
            };
            if topics.has(Topic::Sync) {
                self.look();
            }
            // What the worker itself writes tells nobody anything, and so wakes nobody.
            if self.thread.is_some() && topics != Topics::default() {
                self.board.nudge();
            }
        }
        if let Some(thread) = &self.thread {
            thread.cancel();
        }
    }

    /// Starts or ends the worker, as the database and the login say.
    fn look(&mut self) {
        let store = self.daemon.service.store();
        let on = store.read(export::is_on).unwrap_or(false);
        if let Some(thread) = self.thread.take() {
            thread.cancel();
        }
        if !on {
            return;
        }
        let login = match Login::load(&self.home) {
            Ok(Some(login)) => login,
            Ok(None) => return tracing::warn!("sync is on, but nobody is logged in"),
            Err(error) => return tracing::warn!("sync does not run: {error:#}"),
        };
        // A new version may know a table or a column more than the triggers that are there.
        if let Err(failure) = store.write_blocking(capture::refresh) {
            tracing::warn!("the triggers of sync could not be renewed: {failure}");
        }
        let stop = CancellationToken::new();
        let work = Work {
            store: Arc::clone(store),
            home: self.home.clone(),
            login,
            left_out: self.left_out.clone(),
            board: Arc::clone(&self.board),
            stop: stop.clone(),
        };
        let spawned = std::thread::Builder::new().name("sync".into()).spawn(move || work.run());
        match spawned {
            Ok(_) => self.thread = Some(stop),
            Err(error) => tracing::warn!("sync does not run: {error}"),
        }
    }
}

/// What the thread works with.
struct Work {
    store: Arc<Store>,
    home: Home,
    login: Login,
    left_out: Vec<String>,
    board: Arc<Board>,
    stop: CancellationToken,
}

impl Work {
    fn run(self) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let ended =
            runtime.map_err(anyhow::Error::from).and_then(|runtime| runtime.block_on(self.serve()));
        if let Err(error) = ended {
            tracing::warn!("sync has ended: {error:#}");
        }
    }

    async fn serve(self) -> anyhow::Result<()> {
        let mut remote = Remote::new(&self.login.address(), env!("CARGO_PKG_VERSION"))?;
        remote.identify(&self.login.token);
        let copied = self.login.was_copied(&self.home)?;
        let seed = uuid::Uuid::new_v4().as_u64_pair().0;
        let journal = StoreJournal::new(self.store, self.home, self.login, self.left_out);
        journal.adopt_key()?;
        if copied {
            journal.want_fork("the state directory is a copy of another one")?;
        }
        let mut worker = Worker::new(journal, remote, catalogue::schema(), seed);
        let (begun, since) = (Instant::now(), Clock::System.now());
        self.board.set(Some(Running { report: worker.report(), since }));
        loop {
            if self.board.was_hurried() {
                worker.hurry();
            }
            let now = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
            let wake = tokio::select! {
                () = self.stop.cancelled() => break,
                wake = worker.step(now) => wake,
            };
            let until = match wake {
                Wake::Now => continue,
                Wake::At(then) => Duration::from_millis(then.saturating_sub(now)),
                Wake::WhenTold => Duration::MAX,
            };
            tokio::select! {
                () = self.stop.cancelled() => break,
                () = tokio::time::sleep(until) => {}
                () = self.board.nudged() => tokio::time::sleep(pace::DEBOUNCE).await,
            }
        }
        self.board.set(None);
        Ok(())
    }
}
