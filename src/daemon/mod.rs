//! The daemon: one process that holds all state and serves every agent of the user.
//!
//! - One per home (`lockfile`); its socket is for its user alone (`socket`).
//! - It knows who is alive by who is connected: when the last connection of a
//!   session closes and nobody comes back in time, the session has died.
//! - A stop breaks no promise: what was begun is finished, what waits keeps its
//!   place in the database, and shims ask again elsewhere.
//!
//! Not here: MCP (`mcp`), rules (`service` and the domains).

mod gate;
mod gone;
pub mod lockfile;
pub mod log;
mod mirror;
mod presence;
mod pulse;
mod session;
mod socket;
mod watch;
mod workers;

use std::collections::HashMap;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use rustix::fs::FlockOperation;
use tokio::net::UnixListener;
use tokio::sync::OnceCell;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::arbiter::{Arbiter, HttpCourt};
use crate::config::{Config, Flag, NetworkPolicy, WorktreeLocks};
use crate::context::Settings;
use crate::failure::Outcome;
use crate::home::Home;
use crate::keeper::Keeper;
use crate::mirror::kept;
use crate::repo::{Repo, Stamp};
use crate::service::{Service, record_own_in};
use crate::store::{Options, Store};
use crate::time::Clock;
use crate::wire::{Hello, PROTOCOL};
use presence::Presence;
use pulse::Pulse;

/// How long a repository's identity is believed before git is asked again.
const REPO_FOR: Duration = Duration::from_secs(60);
/// How long calls that were begun may take to finish when the daemon stops.
const DRAIN_WITHIN: Duration = Duration::from_secs(5);
/// Connections at once; beyond them a client is kept waiting.
const CONNECTIONS: usize = 1_024;
/// The binary that this process makes way for is told so by this variable.
pub const SUCCEEDS: &str = "COORD_SUCCEEDS";

/// A repository, and how the file that may name it was when it was found.
struct Found {
    repo: Arc<Repo>,
    named: Stamp,
}

/// A repository, or its being looked for.
type Known = Arc<OnceCell<Found>>;

/// The running daemon.
pub struct Daemon {
    pub(crate) service: Arc<Service>,
    home: Home,
    keeper: Keeper,
    presence: Presence,
    pulse: Pulse,
    repos: Mutex<HashMap<PathBuf, (Known, Instant)>>,
    stop: CancellationToken,
    successor: Mutex<Option<Successor>>,
    /// Version of the process for which an older daemon just made way.
    succeeds: Option<String>,
}

/// Runs the daemon until it is told to stop; returns the newer binary that it was
/// told to make way for, if that was why.
///
/// # Errors
/// A refusal when another one runs or the database cannot be opened.
pub fn run(home: &Home, config: &Config, succeeds: Option<String>) -> Outcome<Option<Successor>> {
    home.prepare()?;
    let lock = Arc::new(lockfile::take(&home.lock_file())?);
    let options = Options { durability: config.durability(), clock: Clock::System };
    let store = Arc::new(Store::open(home, options)?);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .max_blocking_threads(16)
        .thread_name("coord")
        .enable_all()
        .build()
        .context("failed to start the runtime")?;
    let service = Arc::new(Service::new(Arc::clone(&store), Clock::System));
    service.configure(config);
    let court = Arc::new(HttpCourt::new(home.clone()));
    let ledger = record_own_in;
    service.appoint(Arc::new(Arbiter::new(court, Arc::clone(&store), Clock::System, ledger)));
    let keeper = Keeper::new(Arc::clone(&service), config);
    let daemon = Arc::new(Daemon {
        service,
        home: home.clone(),
        keeper,
        presence: Presence::default(),
        pulse: Pulse::default(),
        repos: Mutex::default(),
        stop: CancellationToken::new(),
        successor: Mutex::default(),
        succeeds,
    });
    runtime.spawn(gone::watch(Arc::clone(&daemon), Arc::clone(&lock)));
    let served = runtime.block_on(daemon.serve(home, config));
    runtime.shutdown_timeout(Duration::from_millis(200));
    store.close();
    drop(lock);
    served?;
    Ok(daemon.successor.lock().unwrap_or_else(PoisonError::into_inner).take())
}

/// The binary that takes this process over.
pub struct Successor {
    exe: PathBuf,
    /// Held across the take-over, so that nobody starts another daemon meanwhile; it
    /// goes with the process.
    _starting: Option<std::fs::File>,
}

impl Successor {
    fn prepare(exe: &Path, home: &Home) -> Self {
        let starting = std::fs::File::options().create(true).append(true).open(home.start_lock());
        let starting = starting.ok().filter(|file| {
            let taken = rustix::fs::flock(file, FlockOperation::NonBlockingLockExclusive);
            taken.is_ok() && rustix::io::fcntl_setfd(file, rustix::io::FdFlags::empty()).is_ok()
        });
        Self { exe: exe.to_owned(), _starting: starting }
    }
}

/// Becomes the newer binary; returns only if that fails.
#[must_use]
pub fn hand_over(successor: &Successor) -> anyhow::Error {
    let exe = &successor.exe;
    let error =
        std::process::Command::new(exe).args(["daemon", "foreground"]).env(SUCCEEDS, "1").exec();
    anyhow::Error::from(error).context("failed to start the newer version")
}

impl Daemon {
    async fn serve(self: &Arc<Self>, home: &Home, config: &Config) -> Outcome<()> {
        self.keeper.start_of_daemon().await?;
        self.watch_again();
        let listener = socket::bind(&home.socket())?;
        tracing::info!(pid = std::process::id(), version = env!("CARGO_PKG_VERSION"), "serving");
        let tasks = TaskTracker::new();
        workers::start(self, config, &tasks)?;
        mirror::start(self, home, config, &tasks);
        self.accept(&listener, &tasks).await;
        drop(std::fs::remove_file(home.socket()));
        drop(listener);
        tasks.close();
        if tokio::time::timeout(DRAIN_WITHIN, tasks.wait()).await.is_err() {
            tracing::warn!("some connections did not end in time");
        }
        tracing::info!("stopped");
        Ok(())
    }

    async fn accept(self: &Arc<Self>, listener: &UnixListener, tasks: &TaskTracker) {
        let places = Arc::new(tokio::sync::Semaphore::new(CONNECTIONS));
        loop {
            let place = Arc::clone(&places).acquire_owned().await;
            let accepted = tokio::select! {
                biased;
                () = self.stop.cancelled() => return,
                accepted = listener.accept() => accepted,
            };
            let stream = match accepted {
                Ok((stream, _)) => stream,
                Err(error) => {
                    // Out of file descriptors, most likely: give others time to end.
                    tracing::warn!("a connection could not be accepted: {error}");
                    tokio::time::sleep(Duration::from_millis(50)).await;
                    continue;
                }
            };
            let (daemon, stop) = (Arc::clone(self), self.stop.child_token());
            tasks.spawn(async move {
                let _place = place;
                if let Err(error) = session::serve(daemon, stream, stop).await {
                    tracing::debug!("a connection broke: {error:#}");
                }
            });
        }
    }

    /// Ends serving; what was begun is finished.
    pub(crate) fn stop(&self) {
        self.stop.cancel();
    }

    /// Whether the process that says hello is newer than we are. One that we
    /// were started to serve is not: it would go round in a circle.
    fn is_older_than(&self, hello: &Hello) -> bool {
        self.succeeds.is_none()
            && hello.protocol >= PROTOCOL
            && version(&hello.version) > version(env!("CARGO_PKG_VERSION"))
    }

    /// Stops, to be followed by the newer process's own binary.
    fn make_way_for(&self, hello: &Hello) {
        let mut successor = self.successor.lock().unwrap_or_else(PoisonError::into_inner);
        if successor.is_none() {
            // Before the socket goes: whoever finds none must not start another daemon.
            *successor = Some(Successor::prepare(&hello.exe, &self.home));
            tracing::info!(exe = %hello.exe.display(), "making way for a newer version");
            self.stop();
        }
    }

    /// What is set for a repository: by its own file, by the user's, and by the
    /// environment of whoever says hello.
    fn settings_at(&self, root: &Path, hello: &Hello) -> Settings {
        let told = hello.env.get("LOCK_TTL_MINUTES");
        let flags: Vec<Flag> = told
            .map(|text| Flag { key: "lock_ttl_minutes".into(), text: text.clone() })
            .into_iter()
            .collect();
        match Config::load(&self.home, Some(root), &flags) {
            Ok(config) => settings_of(&config),
            Err(refusal) => {
                tracing::warn!("the settings for {} are not used: {refusal}", root.display());
                // What cannot be read might say that nothing may leave.
                Settings { local: true, ..Settings::default() }
            }
        }
    }

    /// Notes whether a repository's rows may leave this machine, before any is made.
    async fn note_mode(&self, repo: &Repo, local: bool) {
        let root = repo.root.display().to_string();
        let store = self.service.store();
        if !store.kept::<kept::Heard>().note(&repo.project, &root, local) {
            return;
        }
        if let Some(arbiter) = self.service.arbiter().filter(|_| local) {
            arbiter.forget(&repo.project);
        }
        let project = repo.project.clone();
        let noted = store.write(move |tx| {
            let places = kept::places(tx)?;
            let own = places.iter().filter(|place| place.project == project);
            for place in own.filter(|place| place.keeps && !local) {
                // Another place of it may be there and say otherwise.
                if place.root == root || !Path::new(&place.root).exists() {
                    kept::remember(tx, &project, &place.root, false)?;
                }
            }
            if local { kept::remember(tx, &project, &root, true) } else { Ok(()) }
        });
        if let Err(failure) = noted.await {
            tracing::error!(project = repo.project, "its mode could not be noted: {failure}");
        }
    }

    /// The repository at `cwd`, asked of git at most once a minute, and once for all
    /// who come at the same time: after a restart every shim comes back at once. A file that
    /// names it counts from when it is there.
    async fn repo_at(&self, cwd: &Path) -> Arc<Repo> {
        let mut known = self.known(cwd, None);
        if known.get().is_some_and(|found| found.named != found.repo.name_stamp()) {
            known = self.known(cwd, Some(&known));
        }
        let place = cwd.to_owned();
        let discover = async move {
            let found = tokio::task::spawn_blocking(move || Repo::discover(&place)).await;
            let repo = Arc::new(found.unwrap_or_else(|_panicked| Repo::discover(Path::new("/"))));
            Found { named: repo.name_stamp(), repo }
        };
        Arc::clone(&known.get_or_init(|| discover).await.repo)
    }

    /// What is known of a place, unless it is `outdated`.
    fn known(&self, cwd: &Path, outdated: Option<&Known>) -> Known {
        let mut repos = self.repos.lock().unwrap_or_else(PoisonError::into_inner);
        let holds = |known: &Known| outdated.is_none_or(|outdated| !Arc::ptr_eq(known, outdated));
        repos.retain(|_, (known, since)| since.elapsed() < REPO_FOR && holds(known));
        let fresh = || (Known::default(), Instant::now());
        Arc::clone(&repos.entry(cwd.to_owned()).or_insert_with(fresh).0)
    }
}

/// A version as numbers; what is no number counts as 0.
fn version(text: &str) -> Vec<u64> {
    text.split(['.', '-', '+']).take(3).map(|part| part.parse().unwrap_or(0)).collect()
}

/// What a project says of calls in it; it may only tighten what the user has set.
fn settings_of(config: &Config) -> Settings {
    let trust = u8::try_from(config.profiles_default_trust()).ok();
    let closed = config.network_default_policy() == NetworkPolicy::Deny;
    Settings {
        lock_ttl_minutes: config.lock_ttl_minutes().into(),
        worktree_locks_block: config.worktree_locks() == WorktreeLocks::Block,
        person_commits_block: config.person_commits_block(),
        trust_ceiling: trust.filter(|_| config.is_of_project("profiles_default_trust")),
        closed_to_unlisted: closed && config.is_of_project("network_default_policy"),
        local: config.is_local(),
        arbitrated: config.is_arbitrated(),
        decides_offline: config.decides_offline(),
    }
}
