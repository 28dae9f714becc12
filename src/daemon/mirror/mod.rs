//! Sync in the daemon: its thread is there while a mirror is configured, and only then.
//!
//! - The file of the login decides: whoever logs in starts the worker, whoever logs out ends it,
//!   without a restart. Without one, settings that name a project have this machine enrolled.
//! - A worker that ends by itself, even by a panic, is shown as a stall and started again.
//! - Without a mirror nothing runs and nothing wakes: a task waits for the news that
//!   sync was switched on.
//!
//! Not here: what the worker does (the crate `sync`), what rows mean (`mirror`).

mod enrol;
mod thread;

use std::sync::Arc;
use std::time::Duration;

use coord_sync::pace;
use tokio::sync::broadcast::error::RecvError;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use self::enrol::{Enrol, Offer};
use self::thread::{Purpose, Thread, Work};
use super::Daemon;
use crate::config::Config;
use crate::failure::Outcome;
use crate::home::Home;
use crate::mirror::board::{Board, Halt};
use crate::mirror::keys::Keys;
use crate::mirror::login::Login;
use crate::mirror::{capture, tools};
use crate::store::{Store, Topic, Topics, Tx};

/// A worker that ran for so long begins to count its ends anew.
const STEADY: Duration = Duration::from_secs(600);

/// Keeps a worker running while sync is on.
pub fn start(daemon: &Arc<Daemon>, home: &Home, config: &Config, tasks: &TaskTracker) {
    let keeper = Keeper::new(daemon, home, config);
    keeper.board.note(|facts| {
        facts.set_url = config.supabase_url().map(str::to_owned);
        facts.has_service_key = Keys::of(config).service.is_some();
    });
    tasks.spawn(keeper.keep());
}

struct Keeper {
    daemon: Arc<Daemon>,
    home: Home,
    /// Nothing leaves this machine, whoever logs in.
    local: bool,
    left_out: Vec<String>,
    /// What the settings say of a project.
    offer: Option<Offer>,
    board: Arc<Board>,
    thread: Option<Thread>,
    /// How often a worker has ended by itself lately.
    ends: u32,
    /// When one is started again.
    again: Option<Instant>,
}

/// What the keeper was woken by.
enum Woken {
    Stop,
    News(Topics),
    Ended(Result<(), String>),
    Again,
}

/// What is to be done, as the login and the settings say.
enum Next {
    Run(Box<Login>),
    Enrol(Offer),
    Halt(Halt),
    Rest,
}

impl Keeper {
    fn new(daemon: &Arc<Daemon>, home: &Home, config: &Config) -> Self {
        Self {
            daemon: Arc::clone(daemon),
            home: home.clone(),
            local: config.is_local(),
            left_out: config.sync_leave_out(),
            offer: Offer::of(config),
            board: daemon.service.store().kept::<Board>(),
            thread: None,
            ends: 0,
            again: None,
        }
    }

    async fn keep(mut self) {
        let daemon = Arc::clone(&self.daemon);
        let mut news = daemon.service.store().news().follow();
        self.look().await;
        loop {
            let woken = tokio::select! {
                () = daemon.stop.cancelled() => Woken::Stop,
                topics = news.recv() => match topics {
                    Ok(topics) => Woken::News(topics),
                    Err(RecvError::Lagged(_)) => Woken::News(Topics::all()),
                    Err(RecvError::Closed) => Woken::Stop,
                },
                end = thread::end_of(self.thread.as_mut()) => Woken::Ended(end),
                () = at(self.again) => Woken::Again,
            };
            match woken {
                Woken::Stop => break,
                Woken::News(topics) => self.heard(topics).await,
                Woken::Ended(end) => self.end(end).await,
                Woken::Again => self.look().await,
            }
        }
        // The store must not close under it.
        self.clear().await;
    }

    async fn heard(&mut self, topics: Topics) {
        if topics.has(Topic::Sync) {
            self.look().await;
        }
        // What the worker itself writes tells nobody anything, and so wakes nobody.
        if self.thread.is_some() && topics != Topics::default() {
            self.board.nudge();
        }
    }

    /// Starts or ends the worker, as the login and the settings say.
    async fn look(&mut self) {
        self.again = None;
        let login = Login::load(&self.home);
        self.board.note(|facts| {
            let login = login.as_ref().ok().and_then(Option::as_ref);
            facts.url = login.map(|login| login.url.clone());
            facts.key = login.map(Login::key_in_words);
        });
        let next = match login {
            Ok(Some(login)) => self.with(login).await,
            Ok(None) => self.without(),
            Err(error) => Next::Halt(self.halt("login_damaged", &format!("{error:#}"))),
        };
        match next {
            Next::Run(login) => self.run(*login).await,
            Next::Enrol(offer) => self.enrol(offer).await,
            Next::Halt(halt) => self.rest(Some(halt)).await,
            Next::Rest => self.rest(None).await,
        }
    }

    /// What a login calls for.
    async fn with(&self, login: Login) -> Next {
        if self.local {
            if let Err(failure) = self.store().write(tools::rest).await {
                tracing::error!("the change log could not be ended: {failure}");
            }
            return Next::Halt(self.halt("local", "mode is local: nothing leaves this machine"));
        }
        if login.opener().is_none() {
            let reason = "no key is kept here, and the settings have none";
            return Next::Halt(self.halt("key_missing", reason));
        }
        match agree(self.store(), &login).await {
            Ok(()) => Next::Run(Box::new(login)),
            Err(failure) => Next::Halt(self.halt("store", &failure.to_string())),
        }
    }

    /// What is to be done without one.
    fn without(&self) -> Next {
        let look = |tx: &Tx<'_>| Ok((tools::device_in_use(tx)?, tools::was_logged_out(tx)?));
        let (used, out) = self.store().read(look).unwrap_or_default();
        match &self.offer {
            Some(_) if self.local => Next::Rest,
            Some(_) if out => Next::Halt(self.halt("logged_out", "somebody logged out here")),
            Some(offer) if offer.can_invite() => Next::Enrol(offer.clone()),
            Some(_) => {
                let reason = "the publishable key alone does not let a machine in";
                Next::Halt(self.halt("needs_code", reason))
            }
            None if used.is_some() => {
                Next::Halt(self.halt("no_login", "sync is on, but nobody is logged in"))
            }
            None => Next::Rest,
        }
    }

    fn store(&self) -> &Arc<Store> {
        self.daemon.service.store()
    }

    async fn rest(&mut self, halt: Option<Halt>) {
        self.clear().await;
        self.board.halted(halt);
    }

    /// Ends what runs, and waits for it: two would write the same journal.
    async fn clear(&mut self) {
        if let Some(thread) = self.thread.take() {
            thread.stop().await;
        }
    }

    fn halt(&self, code: &'static str, reason: &str) -> Halt {
        tracing::info!(code, reason, "sync does not run");
        let since = self.daemon.service.clock().now();
        Halt { code, reason: reason.to_owned(), since, next_try: None }
    }

    /// Lets a worker run with this login, unless one does.
    async fn run(&mut self, login: Login) {
        let purpose = Purpose::Work(Box::new(login.clone()));
        let work = Work {
            store: Arc::clone(self.store()),
            home: self.home.clone(),
            login,
            left_out: self.left_out.clone(),
            board: Arc::clone(&self.board),
        };
        self.begin(purpose, move |stop| work.run(stop)).await;
    }

    /// Has this machine enrolled, unless that is under way.
    async fn enrol(&mut self, offer: Offer) {
        let enrol = Enrol {
            store: Arc::clone(self.store()),
            home: self.home.clone(),
            offer,
            board: Arc::clone(&self.board),
        };
        self.begin(Purpose::Enrol, move |stop| enrol.run(stop)).await;
    }

    async fn begin(
        &mut self,
        purpose: Purpose,
        work: impl FnOnce(CancellationToken) -> anyhow::Result<()> + Send + 'static,
    ) {
        if self.thread.as_ref().is_some_and(|thread| thread.is_for(&purpose)) {
            return;
        }
        self.clear().await;
        match Thread::start(purpose, work) {
            Ok(thread) => self.thread = Some(thread),
            Err(error) => self.ended(&error.to_string()),
        }
    }

    /// A thread came to its end: it was enrolling, or something is wrong.
    async fn end(&mut self, end: Result<(), String>) {
        let enrolled = self.thread.as_ref().is_some_and(|thread| thread.is_for(&Purpose::Enrol));
        match end {
            Ok(()) if enrolled => {
                self.thread = None;
                self.look().await;
            }
            Ok(()) => self.ended("it came to its end"),
            Err(why) => self.ended(&why),
        }
    }

    /// A worker has ended by itself; another one begins later.
    fn ended(&mut self, why: &str) {
        let steady = self.thread.take().is_some_and(|thread| thread.age() > STEADY);
        self.ends = if steady { 1 } else { self.ends + 1 };
        let wait = pace::pause(self.ends);
        self.again = Some(Instant::now() + wait);
        let mut halt = self.halt("worker_ended", why);
        halt.next_try = Some(halt.since.plus(i64::try_from(wait.as_millis()).unwrap_or(i64::MAX)));
        self.board.halted(Some(halt));
    }
}

/// Has changes logged for the device of this login, with the triggers of this binary.
async fn agree(store: &Store, login: &Login) -> Outcome<()> {
    let device = login.device.clone();
    let agreed = store.write(move |tx| {
        // A device that takes another name does so step by step, and says so until it is done.
        if !tools::is_forking(tx)? && tools::device_in_use(tx)?.as_deref() != Some(&device) {
            tools::switch_on(tx, Some(&device))?;
        }
        // A new version may know a table or a column more than the triggers that are there.
        capture::refresh(tx)
    });
    agreed.await
}

/// At that time, or never.
async fn at(time: Option<Instant>) {
    match time {
        Some(time) => tokio::time::sleep_until(time).await,
        None => std::future::pending().await,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;
    use crate::context::{Caller, Context, Settings};
    use crate::mirror::standing;
    use crate::repo::Repo;
    use crate::service::Service;
    use crate::store::Options;
    use crate::time::Clock;

    fn daemon(home: &Home, config: &Config) -> Arc<Daemon> {
        let store = Arc::new(Store::open(home, Options::default()).unwrap());
        let service = Arc::new(Service::new(store, Clock::System));
        Arc::new(Daemon {
            keeper: crate::keeper::Keeper::new(Arc::clone(&service), config),
            service,
            home: home.clone(),
            presence: crate::daemon::Presence::default(),
            pulse: crate::daemon::Pulse::default(),
            repos: Mutex::default(),
            stop: CancellationToken::new(),
            successor: Mutex::default(),
            succeeds: None,
        })
    }

    /// What `coord sync status` would show.
    fn shown(daemon: &Daemon) -> serde_json::Value {
        let ctx = Context {
            caller: Caller::person(),
            repo: Arc::new(Repo::discover(std::path::Path::new("/"))),
            now: Clock::System.now(),
            request_key: None,
            resent: false,
            settings: Settings::default(),
            ticket: None,
            ruling: None,
        };
        let standing = daemon.service.store().read(|tx| standing::standing(tx, &ctx)).unwrap();
        serde_json::to_value(standing).unwrap()
    }

    async fn until(
        daemon: &Daemon,
        is_so: impl Fn(&serde_json::Value) -> bool,
    ) -> serde_json::Value {
        for _ in 0..2_000 {
            let seen = shown(daemon);
            if is_so(&seen) {
                return seen;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        panic!("it never happened: {}", shown(daemon));
    }

    #[test]
    fn a_worker_that_panics_is_shown_and_another_begins() {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::locate(Some(folder.path().join("home")), None).unwrap();
        home.prepare().unwrap();
        let config = Config::load(&home, None, &[]).unwrap();
        let login = Login::new(&home, "http://127.0.0.1:9", None, "key").unwrap();
        login.save(&home).unwrap();
        let daemon = daemon(&home, &config);
        let mut keeper = Keeper::new(&daemon, &home, &config);
        let purpose = Purpose::Work(Box::new(login));
        keeper.thread = Some(Thread::start(purpose, |_| panic!("as ordered")).unwrap());
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
        let kept = runtime.spawn(keeper.keep());
        runtime.block_on(async {
            let seen = until(&daemon, |seen| seen["stall"]["code"] == "worker_ended").await;
            assert_eq!(seen["stall"]["reason"], "it panicked", "{seen}");
            assert!(seen["stall"]["next_try"].is_string() && seen["running"] == false, "{seen}");
            until(&daemon, |seen| seen["running"] == true).await;
            daemon.stop.cancel();
            kept.await.unwrap();
        });
        daemon.service.store().close();
    }
}
