//! Two daemons with homes of their own, sixteen agents over `coord mcp`, one Postgres behind two gateways; bad lines, a
//! partition, a daemon that is killed, a Postgres that is killed.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::at_any_pace;
use super::daemons::machine;
use super::hammer::expect_one_of;
use super::onlooker::Onlooker;
use crate::cloud::Cloud;
use crate::cloud::gateway::{Fault, Gateway};
use crate::e2e::rpc::Rpc;
use crate::e2e::site::{Site, signal, until};
use crate::schema::pg::{Postgres, SURVIVING};

/// Tasks in the queue; `COORD_ARBITER_TASKS` takes precedence.
const TASKS: usize = 1_000;
const AGENTS: usize = 16;
const PATHS: usize = 16;

#[expect(clippy::disallowed_methods, reason = "a switch of the tests, not a setting")]
fn tasks() -> usize {
    let wanted = std::env::var("COORD_ARBITER_TASKS").ok().and_then(|text| text.parse().ok());
    wanted.unwrap_or(TASKS).div_ceil(AGENTS) * AGENTS
}

struct Siege {
    cloud: Arc<Cloud>,
    gateways: [Gateway; 2],
    sites: [Site; 2],
    onlooker: Onlooker,
    tasks: usize,
    over: AtomicBool,
}

#[test]
fn two_daemons_under_siege_grant_nothing_twice_and_lose_nothing() {
    let cloud = at_any_pace(Cloud::on(Postgres::start_with(SURVIVING)));
    let gateways = [Gateway::start(cloud.rest()), Gateway::start(cloud.rest())];
    let sites = [machine(&cloud, &gateways[0]), machine(&cloud, &gateways[1])];
    let siege = Siege {
        cloud,
        gateways,
        sites,
        onlooker: Onlooker::default(),
        tasks: tasks(),
        over: AtomicBool::new(false),
    };
    let start = Instant::now();
    thread::scope(|scope| {
        for number in 0..AGENTS {
            let siege = &siege;
            scope.spawn(move || Agent::come(siege, number).live());
        }
        let siege = &siege;
        scope.spawn(move || siege.lay());
    });
    let took = start.elapsed();
    siege.count();
    println!(
        "{} tasks and {} locks in {took:.1?}; requests: {:?} and {:?}",
        siege.tasks,
        siege.onlooker.grants(),
        siege.gateways[0].counts(),
        siege.gateways[1].counts(),
    );
}

impl Siege {
    /// What goes wrong, and when.
    fn lay(&self) {
        // Whatever ends this ends the agents too.
        let _over = Over(&self.over);
        self.until_done(self.tasks / 4);
        self.gateways[0].always(Fault::DropRequest);
        thread::sleep(Duration::from_secs(3));
        self.gateways[0].always(Fault::None);
        self.until_done(self.tasks / 2);
        signal(self.sites[1].daemon_pid().expect("it runs"), "KILL");
        self.until_done(self.tasks * 3 / 4);
        self.cloud.server().crash();
        self.until_done(self.tasks);
    }

    /// Until so many tasks are done; meanwhile answers are lost and lines are bad.
    fn until_done(&self, count: usize) {
        let mut dice = fastrand::Rng::with_seed(u64::try_from(count).expect("a count"));
        let (mut seen, mut since) = (0, Instant::now());
        while self.onlooker.done() < count && !self.over.load(Ordering::Acquire) {
            let fault = match dice.usize(0..9) {
                0 | 1 => Fault::DropReply,
                2 => Fault::DropRequest,
                3 => Fault::Truncate,
                4 => Fault::Twice,
                5 => Fault::Hold,
                6 => Fault::Again,
                7 => Fault::Overtaken,
                _ => Fault::Status(503),
            };
            self.gateways[dice.usize(0..2)].next([fault]);
            thread::sleep(Duration::from_millis(dice.u64(20..120)));
            if self.onlooker.done() > seen {
                (seen, since) = (self.onlooker.done(), Instant::now());
            }
            assert!(
                since.elapsed() < Duration::from_secs(150),
                "nothing is done any more after {seen} tasks\n{}\n{}",
                self.sites[0].log(),
                self.sites[1].log()
            );
        }
    }

    /// Everything was done once and is given back.
    fn count(&self) {
        self.gateways.iter().for_each(Gateway::lose_what_is_late);
        let (cloud, all) = (&self.cloud, self.tasks.to_string());
        assert_eq!(self.onlooker.done(), self.tasks);
        until("all is told", || {
            cloud.ask("count(*) from coord.shared_tasks where status = 'completed'") == all
        });
        assert_eq!(cloud.ask("count(*) from coord.shared_tasks"), all);
        until("all is given back", || cloud.ask("count(*) from coord.shared_locks") == "0");
        assert!(self.onlooker.grants() > self.tasks / 4, "locks were granted too");
        for site in &self.sites {
            let verified = site.run(&["audit", "verify"]);
            assert!(verified.status.success(), "{verified:?}");
        }
    }
}

/// However its thread ends, it is over for all: an agent that fails would else be waited for.
struct Over<'a>(&'a AtomicBool);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Release);
    }
}

struct Agent<'a> {
    siege: &'a Siege,
    number: usize,
    name: String,
    rpc: Rpc,
}

impl<'a> Agent<'a> {
    fn come(siege: &'a Siege, number: usize) -> Self {
        let name = format!("agent-{number}");
        let rpc = Rpc::open(&siege.sites[number % 2], &name);
        Self { siege, number, name, rpc }
    }

    fn live(mut self) {
        let _over = Over(&self.siege.over);
        for turn in 0.. {
            if self.siege.over.load(Ordering::Acquire) {
                return;
            }
            if turn < self.siege.tasks / AGENTS {
                self.submit(turn);
            }
            self.use_a_lock(turn);
            self.do_a_task();
        }
    }

    fn submit(&mut self, turn: usize) {
        let description = format!("{}/{turn}", self.number);
        // A claim whose answer never came counts as an attempt.
        let task = json!({"task_type": "t", "description": description, "max_attempts": 10});
        let told = self.rpc.call("submit_work", task);
        assert_eq!(told["success"], true, "{told}");
    }

    fn use_a_lock(&mut self, turn: usize) {
        let path = format!("src/f{}.rs", (self.number * 7 + turn * 3) % PATHS);
        let told = self.rpc.call("acquire_lock", json!({ "file_path": path }));
        if told["success"] != true {
            return expect_one_of(&told, &["locked_by_other", "unavailable"]);
        }
        let fence = told["fence"].as_i64().expect("a number");
        self.siege.onlooker.enter(&path, &self.name, fence);
        thread::yield_now();
        self.siege.onlooker.leave(&path);
        let freed = self.rpc.call("release_lock", json!({ "file_path": path }));
        assert_eq!(freed["success"], true, "{freed}");
    }

    fn do_a_task(&mut self) {
        let told: Value = self.rpc.call("get_work", json!({}));
        let Some(task) = told["task_id"].as_str() else {
            return expect_one_of(&told, &["no_tasks_available", "unavailable"]);
        };
        self.siege.onlooker.begin(task, &self.name);
        let ended = self.rpc.call("complete_work", json!({"task_id": task, "success": true}));
        assert_eq!(ended["success"], true, "{ended}");
        self.siege.onlooker.end(task);
    }
}
