//! A mirror in a real PostgreSQL that flushes to disk, behind the tests' gateway, and machines with stores of their own.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use coord::cloud::migrate;
use coord::context::{Caller, Context, Settings};
use coord::home::Home;
use coord::mirror::journal::StoreJournal;
use coord::mirror::key::Key;
use coord::mirror::login::Login;
use coord::mirror::{catalogue, export};
use coord::repo::Repo;
use coord::service::Service;
use coord::store::{Durability, Options, Store};
use coord::time::Clock;
use coord_sync::remote::Remote;
use coord_sync::{Journal as _, Reply, State, Transport, Wake, Worker, trouble, wire};
use postgres::NoTls;
use serde_json::Value;
use tokio::runtime::Runtime;
use tokio_util::sync::CancellationToken;

use super::gateway::{Gateway, PUBLISHABLE};
use super::pg::Postgres;
use super::rest::Rest;

pub struct Mirror {
    pub gateway: Gateway,
    server: Postgres,
}

impl Mirror {
    pub fn start() -> Self {
        let server = Postgres::start_with("-c listen_addresses='' -c timezone=UTC");
        let mut client = server.database("measured");
        migrate::migrate(&mut client).expect("the migrations can be applied");
        let unlimited = "update coord.installation set calls_per_second = 1e6, calls_at_once = 1e6";
        client.batch_execute(unlimited).expect("it is ours");
        let reach = server.reach("measured");
        let rest = Rest::new(Box::new(move || reach.connect(NoTls)), 8, Duration::from_secs(10));
        Self { gateway: Gateway::start(rest), server }
    }

    /// One value of a query, as a number.
    pub fn ask(&self, query: &str) -> i64 {
        let mut client = self.server.connect("measured");
        client.query_one(&format!("select ({query})::bigint"), &[]).expect("a query").get(0)
    }

    /// Lets a new device in, whose login is kept in this home.
    pub fn enrol(&self, home: &Home) -> Login {
        let login = Login::new(home, &self.gateway.url, None, PUBLISHABLE).expect("a login");
        let mut client = self.server.connect("measured");
        let code = client.query_one("select coord.invite('team')", &[]).expect("a code");
        let request =
            wire::enrol(catalogue::schema(), &login.identity(), Some(&code.get::<_, String>(0)));
        let mut remote = Remote::new(&login.address(), "0").expect("an address");
        let reply = runtime().block_on(remote.call("coord_enrol", &request)).expect("it answers");
        assert_eq!(trouble::read(&reply).expect("it is taken")["status"], "ok");
        login.save(home).expect("home is there");
        login
    }
}

fn runtime() -> Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime")
}

/// Requests that know how long they took.
pub struct Timed {
    remote: Remote,
    pub took: Duration,
    pub calls: usize,
}

impl Transport for Timed {
    async fn call(&mut self, function: &'static str, request: &Value) -> Result<Reply, String> {
        let start = Instant::now();
        let reply = self.remote.call(function, request).await;
        self.took += start.elapsed();
        self.calls += 1;
        reply
    }

    fn identify(&mut self, token: &str) {
        self.remote.identify(token);
    }
}

pub struct Machine {
    pub worker: Worker<StoreJournal, Timed>,
    service: Arc<Service>,
    repo: Arc<Repo>,
    runtime: Runtime,
    clock: Clock,
    _folder: tempfile::TempDir,
}

impl Machine {
    /// A machine that is enrolled and logs its changes.
    pub fn join(mirror: &Mirror) -> Self {
        Self::join_with(mirror, None)
    }

    /// The same, with a key that its free text is encrypted with.
    pub fn join_with(mirror: &Mirror, key: Option<&Key>) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let home = home(&folder.path().join("home"));
        let clock = Clock::System;
        let options = Options { durability: Durability::Full, clock: clock.clone() };
        let store = Arc::new(Store::open(&home, options).expect("a new database opens"));
        store.write_blocking(export::switch_on).expect("it can be switched on");
        if let Some(key) = key {
            key.save(&home).expect("home is there");
        }
        let login = mirror.enrol(&home);
        let mut remote = Remote::new(&login.address(), "0").expect("an address");
        remote.identify(&login.token);
        let timed = Timed { remote, took: Duration::ZERO, calls: 0 };
        let journal = StoreJournal::new(Arc::clone(&store), home, login, vec![]);
        let worker = Worker::new(journal, timed, catalogue::schema(), 1);
        let repo = Repo {
            project: "github.com/an-owner/a-repository".into(),
            root: folder.path().to_owned(),
            git_dir: None,
            common_dir: None,
            case_insensitive: false,
            warnings: Vec::new(),
        };
        let service = Arc::new(Service::new(Arc::clone(&store), clock.clone()));
        let runtime = runtime();
        Self { worker, service, repo: Arc::new(repo), runtime, clock, _folder: folder }
    }

    pub fn state(&self) -> State {
        self.worker.journal().state().expect("it can be read")
    }

    /// A tool, called by an agent.
    pub fn call(&self, agent: &str, tool: &str, arguments: Value) -> Value {
        let ctx = Context {
            caller: Caller {
                agent_id: agent.into(),
                agent_type: "bench".into(),
                session_id: format!("session-of-{agent}"),
                rule: "bench".into(),
                person: false,
            },
            repo: Arc::clone(&self.repo),
            now: self.clock.now(),
            request_key: None,
            resent: false,
            settings: Settings::default(),
            ticket: None,
            ruling: None,
        };
        let stop = CancellationToken::new();
        let answer = self.runtime.block_on(self.service.call(ctx, tool, arguments, &stop));
        assert!(answer.success(), "{tool}: {:?}", answer.flat());
        answer.flat()
    }

    /// Steps until `done`; how long that took.
    pub fn until(&mut self, done: impl Fn(&State) -> bool) -> Duration {
        let (start, mut now) = (Instant::now(), 0);
        while !done(&self.state()) {
            match self.runtime.block_on(self.worker.step(now)) {
                Wake::At(then) => now = then,
                Wake::Now | Wake::WhenTold => {}
            }
            let stall = self.worker.report().lock().expect("nobody panicked").stall.clone();
            assert!(stall.is_none(), "{stall:?}");
        }
        start.elapsed()
    }
}

pub fn home(path: &Path) -> Home {
    Home::locate(Some(path.to_owned()), None).expect("the path is absolute")
}
