//! Two machines with homes of their own and one Postgres that decides between them.
//!
//! Each machine is a service over its own store with its arbiter's keeper running; what goes between them and Postgres
//! goes through the same calls as over HTTP, and may be cut.

mod again;
mod daemons;
mod edits;
mod hammer;
mod histories;
mod locks;
mod onlooker;
mod people;
mod seen;
mod siege;
mod work;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use coord::arbiter::{Answering, Arbiter, Court, Silence};
use coord::context::Settings;
use coord::service::record_own_in;
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use crate::cloud::{Cloud, Device};
use crate::world::World;

/// One machine.
pub struct Machine {
    pub world: World,
    pub line: Arc<Line>,
    pub arbiter: Arc<Arbiter>,
    stop: CancellationToken,
}

/// What connects a machine to the cloud.
pub struct Line {
    cloud: Arc<Cloud>,
    pub device: Device,
    cut: AtomicBool,
    /// Nothing is refused and nothing answered.
    hangs: AtomicBool,
    /// Every n-th answer is lost after the request was carried out; 0: none.
    lossy: AtomicU32,
    asked: AtomicU32,
    /// How often each function was asked.
    counts: Mutex<BTreeMap<&'static str, usize>>,
}

impl Line {
    /// From now on nothing passes; or everything does again.
    pub fn cut(&self, cut: bool) {
        self.cut.store(cut, Ordering::Release);
    }

    /// From now on nobody answers, and the line stays open; or somebody does again.
    pub fn hang(&self, hangs: bool) {
        self.hangs.store(hangs, Ordering::Release);
    }

    /// How often a function was asked, answered or not.
    pub fn count(&self, function: &str) -> usize {
        self.counts.lock().expect("nobody panicked").get(function).copied().unwrap_or_default()
    }

    /// From now on every n-th answer is lost.
    pub fn lose_every(&self, n: u32) {
        self.lossy.store(n, Ordering::Release);
    }
}

impl Court for Line {
    fn ask<'a>(&'a self, function: &'static str, p: &'a Value) -> Answering<'a> {
        let unreachable = || Silence::Unreachable("the line is cut".into());
        *self.counts.lock().expect("nobody panicked").entry(function).or_default() += 1;
        Box::pin(async move {
            if self.hangs.load(Ordering::Acquire) {
                std::future::pending::<()>().await;
            }
            if self.cut.load(Ordering::Acquire) {
                return Err(unreachable());
            }
            let (cloud, token, p) = (Arc::clone(&self.cloud), self.device.token.clone(), p.clone());
            let asking = move || cloud.call(function, Some(&token), &p);
            let reply = tokio::task::spawn_blocking(asking).await.expect("it does not panic");
            let (number, lossy) =
                (self.asked.fetch_add(1, Ordering::AcqRel), self.lossy.load(Ordering::Acquire));
            if self.cut.load(Ordering::Acquire) || lossy > 0 && number % lossy == 0 {
                return Err(unreachable());
            }
            match reply.status {
                200 => Ok(reply.json()),
                401 | 403 => Err(Silence::ShutOut(reply.body)),
                _ => Err(Silence::Unreachable(reply.body)),
            }
        })
    }

    fn device(&self) -> String {
        self.device.id.clone()
    }
}

impl Machine {
    /// A machine of the workspace whose project is in arbiter mode.
    pub fn start(cloud: &Arc<Cloud>, decides_offline: bool) -> Self {
        let machine = Self::tended(cloud, decides_offline);
        let (stopped, keeper) = (machine.stop.clone(), Arc::clone(&machine.arbiter));
        machine.world.spawn(async move { keeper.keep(&stopped).await });
        machine
    }

    /// The same, whose keeper does nothing unless the test says so.
    pub fn tended(cloud: &Arc<Cloud>, decides_offline: bool) -> Self {
        let mut world = World::new();
        world.settings = Settings { arbitrated: true, decides_offline, ..Settings::default() };
        let line = Arc::new(Line {
            cloud: Arc::clone(cloud),
            device: cloud.device("team"),
            cut: AtomicBool::new(false),
            hangs: AtomicBool::new(false),
            lossy: AtomicU32::new(0),
            asked: AtomicU32::new(1),
            counts: Mutex::default(),
        });
        let arbiter = appoint(&world, &line);
        Self { world, line, arbiter, stop: CancellationToken::new() }
    }

    /// Its process ends, and begins anew with what is on its disk; nobody looks after it by itself then.
    pub fn begin_anew(&mut self) {
        self.stop.cancel();
        self.world.reopen();
        self.arbiter = appoint(&self.world, &self.line);
        let project = self.world.repo.project.clone();
        self.arbiter.remember(&project, self.world.settings.decides_offline);
    }

    /// From now on its agents work in this project.
    pub fn enter_project(&mut self, project: &str) {
        let mut repo = (*self.world.repo).clone();
        repo.project = project.to_owned();
        self.world.repo = Arc::new(repo);
        self.arbiter.remember(project, self.world.settings.decides_offline);
    }

    /// Results in the audit rows of an operation, oldest first.
    pub fn on_record(&self, operation: &str) -> Vec<Value> {
        let rows = self.world.service.store().read(|tx| {
            Ok(tx.all(
                "SELECT result FROM audit_log WHERE operation = ?1 ORDER BY seq",
                [operation],
                |row| row.get::<_, String>(0),
            )?)
        });
        let rows = rows.expect("the log can be read");
        let result = |text: &String| {
            let mut result: Value = serde_json::from_str(text).expect("it is JSON");
            result["done"].take()
        };
        rows.iter().map(result).collect()
    }
}

fn appoint(world: &World, line: &Arc<Line>) -> Arc<Arbiter> {
    let court: Arc<dyn Court> = Arc::<Line>::clone(line);
    let store = Arc::clone(world.service.store());
    let arbiter = Arc::new(Arbiter::new(court, store, world.clock.clone(), record_own_in));
    world.service.appoint(Arc::clone(&arbiter));
    arbiter
}

impl Drop for Machine {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

/// A cloud that lets these machines ask as much as they like.
pub fn cloud() -> Arc<Cloud> {
    at_any_pace(Cloud::start())
}

/// The same for this cloud.
pub fn at_any_pace(cloud: Cloud) -> Arc<Cloud> {
    cloud.run("update coord.installation set calls_per_second = 1e6, calls_at_once = 1e6");
    Arc::new(cloud)
}

/// As if so much time had passed for the leases of locks and tasks in the cloud.
pub fn pass_there(cloud: &Cloud, ms: i64) {
    let earlier = format!(
        "update coord.shared_locks set lease_until = lease_until - {ms}, free_at = free_at - {ms};
         update coord.arbiter_projects set sweep_at = greatest(sweep_at - {ms}, 0);
         update coord.shared_tasks set lease_until = lease_until - {ms}, run_after = greatest(run_after - {ms}, 0)"
    );
    cloud.run(&earlier);
}
