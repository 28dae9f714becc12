//! A world for tests: a real store in a folder of its own, a clock that the test
//! winds, and actors that call tools by name and JSON.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use coord::answer::Answer;
use coord::context::{Caller, Context, Settings};
use coord::home::Home;
use coord::repo::Repo;
use coord::service::Service;
use coord::store::{Durability, Options, Store};
use coord::time::{Clock, MINUTE};
use serde_json::Value;
use tokio::runtime::Runtime;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// 2026-01-01T12:00:00Z: where every world's clock stands at first.
pub const NOON: i64 = 1_767_268_800_000;

/// How long a test waits for something that must happen.
const PATIENCE: Duration = Duration::from_secs(20);

const DATABASE: &str = "coord.db";
const LOGIN: &str = "sync.json";
const KEY: &str = "sync.key";

/// A copy of a state directory.
pub struct Saved(tempfile::TempDir);

impl Saved {
    /// Puts what is in it into a state directory.
    pub fn lay_out(&self, home: &Path) {
        for name in [DATABASE, LOGIN, KEY] {
            drop(std::fs::copy(self.0.path().join(name), home.join(name)));
        }
    }
}

pub struct World {
    pub service: Arc<Service>,
    pub clock: Clock,
    pub repo: Arc<Repo>,
    /// What is set for the repository.
    pub settings: Settings,
    runtime: Runtime,
    /// Dropped last: it is the ground the others stand on.
    pub folder: tempfile::TempDir,
}

impl World {
    pub fn new() -> Self {
        Self::in_folder(tempfile::tempdir().expect("a temporary folder can be made"))
    }

    /// A world whose state directory begins as that of `saved`; cheaper than one that is made.
    pub fn of(saved: &Saved) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let home = folder.path().join("home");
        std::fs::create_dir(&home).expect("the folder is empty");
        saved.lay_out(&home);
        Self::in_folder(folder)
    }

    fn in_folder(folder: tempfile::TempDir) -> Self {
        let root = folder.path().join("repo");
        std::fs::create_dir(&root).expect("the folder is empty");
        let root = root.canonicalize().expect("the folder was just made");
        let clock = Clock::manual(NOON);
        let service = serve(&folder.path().join("home"), &clock);
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .expect("a runtime can be made");
        let settings = Settings::default();
        Self { service, clock, repo: Arc::new(repo_at(root)), settings, runtime, folder }
    }

    /// A world whose state directory is a copy of another's, as of now.
    pub fn copy_of(original: &Self) -> Self {
        Self::of(&original.save())
    }

    /// A copy of the state directory, as of now.
    pub fn save(&self) -> Saved {
        let saved = Saved(tempfile::tempdir().expect("a temporary folder can be made"));
        let database = saved.0.path().join(DATABASE);
        self.service.store().back_up(&database, |_, _| {}).expect("it can be copied");
        for name in [LOGIN, KEY] {
            // Only who logged in has the one, and only who encrypts the other.
            drop(std::fs::copy(self.home().join(name), saved.0.path().join(name)));
        }
        saved
    }

    /// The process ends, its state directory becomes that of `saved`, and it begins anew.
    pub fn put_back(&mut self, saved: &Saved) {
        self.service.store().close();
        for name in [DATABASE, "coord.db-wal", "coord.db-shm", LOGIN, KEY] {
            drop(std::fs::remove_file(self.home().join(name)));
        }
        saved.lay_out(&self.home());
        self.reopen();
    }

    /// The process ends and begins anew over what is on the disk.
    pub fn reopen(&mut self) {
        self.service.store().close();
        self.service = serve(&self.home(), &self.clock);
    }

    fn home(&self) -> PathBuf {
        self.folder.path().join("home")
    }

    pub fn agent(&self, name: &str) -> Actor<'_> {
        let caller = Caller {
            agent_id: name.into(),
            agent_type: "test".into(),
            session_id: format!("session-of-{name}"),
            rule: "test".into(),
            person: false,
        };
        Actor { world: self, caller, repo: Arc::clone(&self.repo) }
    }

    pub fn person(&self) -> Actor<'_> {
        Actor { world: self, caller: Caller::person(), repo: Arc::clone(&self.repo) }
    }

    pub fn pass_minutes(&self, minutes: i64) {
        self.clock.wind(minutes * MINUTE);
    }

    pub fn pass_ms(&self, ms: i64) {
        self.clock.wind(ms);
    }

    /// Runs something of the daemon's to its end.
    pub fn block_on<T>(&self, deed: impl Future<Output = T>) -> T {
        self.runtime.block_on(deed)
    }

    /// Starts something that goes on beside the test.
    pub fn spawn(&self, deed: impl Future<Output = ()> + Send + 'static) {
        drop(self.runtime.spawn(deed));
    }

    /// Waits until `condition` holds.
    pub fn until(&self, what: &str, mut condition: impl FnMut(&Self) -> bool) {
        let start = Instant::now();
        while !condition(self) {
            assert!(start.elapsed() < PATIENCE, "it never happened that {what}");
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    /// How many calls stand in a queue.
    pub fn waiting(&self) -> usize {
        let count = self
            .service
            .store()
            .read(|tx| Ok(tx.one("SELECT count(*) FROM waits", [], |row| row.get::<_, i64>(0))?));
        usize::try_from(count.expect("waits can be read").unwrap_or_default()).expect("a count")
    }
}

/// What serves the calls over a state directory.
fn serve(home: &Path, clock: &Clock) -> Arc<Service> {
    let home = Home::locate(Some(home.to_owned()), None).expect("the path is absolute");
    let options = Options { durability: Durability::Fast, clock: clock.clone() };
    let store = Arc::new(Store::open(&home, options).expect("the database opens"));
    Arc::new(Service::new(store, clock.clone()))
}

/// A folder that git knows nothing of, under a name of its own.
fn repo_at(root: PathBuf) -> Repo {
    Repo {
        project: "test/project".into(),
        root,
        git_dir: None,
        common_dir: None,
        case_insensitive: false,
        warnings: Vec::new(),
    }
}

/// Somebody who calls tools.
#[derive(Clone)]
pub struct Actor<'w> {
    pub world: &'w World,
    pub caller: Caller,
    pub repo: Arc<Repo>,
}

impl Actor<'_> {
    fn context(&self, request_key: Option<&str>) -> Context {
        Context {
            caller: self.caller.clone(),
            repo: Arc::clone(&self.repo),
            now: self.world.clock.now(),
            request_key: request_key.map(Into::into),
            resent: request_key.is_some(),
            settings: self.world.settings,
            ticket: None,
            ruling: None,
        }
    }

    /// Calls a tool and waits for its answer.
    pub fn asks(&self, tool: &str, arguments: Value) -> Answer {
        self.asks_as(None, tool, arguments)
    }

    /// Calls a tool under a name that makes a repeat known.
    pub fn asks_as(&self, key: Option<&str>, tool: &str, arguments: Value) -> Answer {
        let service = Arc::clone(&self.world.service);
        let (ctx, tool) = (self.context(key), tool.to_owned());
        let call =
            async move { service.call(ctx, &tool, arguments, &CancellationToken::new()).await };
        self.world
            .runtime
            .block_on(self.world.runtime.spawn(call))
            .expect("the call does not panic")
    }

    /// Calls a tool that must wait, and returns once it stands in the queue.
    pub fn waits(&self, tool: &str, arguments: Value) -> Waiting<'_> {
        self.waits_as(None, tool, arguments)
    }

    /// Calls a tool that must wait, under a name that makes a repeat known.
    pub fn waits_as(&self, key: Option<&str>, tool: &str, arguments: Value) -> Waiting<'_> {
        let before = self.world.waiting();
        let stop = CancellationToken::new();
        let (service, ctx, token) =
            (Arc::clone(&self.world.service), self.context(key), stop.clone());
        let name = tool.to_owned();
        let task = self
            .world
            .runtime
            .spawn(async move { service.call(ctx, &name, arguments, &token).await });
        self.world.until("the call stands in the queue", |world| {
            world.waiting() > before || task.is_finished()
        });
        Waiting { world: self.world, task, stop }
    }
}

/// A call in a queue.
pub struct Waiting<'w> {
    world: &'w World,
    task: JoinHandle<Answer>,
    stop: CancellationToken,
}

impl Waiting<'_> {
    pub fn is_answered(&self) -> bool {
        self.task.is_finished()
    }

    /// The client loses interest.
    pub fn cancel(&self) {
        self.stop.cancel();
    }

    /// Waits for the answer.
    pub fn answer(self) -> Answer {
        self.world.until("the waiting call is answered", |_| self.task.is_finished());
        self.world.runtime.block_on(self.task).expect("the call does not panic")
    }
}

/// The fields of an answer by name, whatever it is.
pub fn fields(answer: &Answer) -> Value {
    let mut fields = answer.flat();
    fields.sort_all_objects();
    fields
}
