//! Machines with stores of their own, and one mirror in a real PostgreSQL.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use coord::audit::seal;
use coord::home::Home;
use coord::mirror::catalogue;
use coord::mirror::journal::StoreJournal;
use coord::mirror::login::Login;
use coord::store::Store;
use coord_sync::remote::{Address, REST_PREFIX, Remote};
use coord_sync::{Journal as _, Report, State, Transport as _, Wake, Worker, pace, trouble, wire};
use serde_json::json;

use super::crashing::{Crashing, End};
use crate::cloud::Cloud;
use crate::cloud::gateway::{Fault, Gateway, PUBLISHABLE};
use crate::world::{Saved, World};

pub struct Mirror {
    pub gateway: Gateway,
    pub cloud: Cloud,
    /// For all machines: to prepare connections takes longer than most of what is done with them.
    remote: Remote,
    address: Address,
}

impl Mirror {
    pub fn start() -> Self {
        Self::of(Cloud::start())
    }

    pub fn of(cloud: Cloud) -> Self {
        let gateway = Gateway::start(cloud.rest());
        let (url, rest_prefix) = (gateway.url.clone(), REST_PREFIX.into());
        let address = Address { url, rest_prefix, key: PUBLISHABLE.into() };
        let remote = Remote::new(&address, "0").unwrap();
        Self { gateway, cloud, address, remote }
    }

    /// Keeps a copy of the database.
    pub fn copy(&self) {
        self.administer("create database kept template cloud");
    }

    /// The database becomes what it was when it was copied.
    pub fn put_back(&self) {
        self.administer(
            "alter database cloud rename to lost; alter database kept rename to cloud;
             drop database lost",
        );
    }

    /// While nobody is connected to the database.
    fn administer(&self, statements: &str) {
        let mut administrator = self.cloud.server().connect("postgres");
        let alone =
            "select pg_terminate_backend(pid, 5000) from pg_stat_activity where datname = 'cloud'";
        administrator.query(alone, &[]).expect("connections can be ended");
        for statement in statements.split(';') {
            administrator.batch_execute(statement).expect("nobody is connected");
        }
    }

    /// One value that a query gives, as text.
    pub fn ask(&self, query: &str) -> String {
        self.cloud.ask(query)
    }
}

pub struct Machine {
    pub world: World,
    /// Tables that stay on it.
    pub left_out: Vec<String>,
    worker: Worker<Crashing, Remote>,
    remote: Remote,
    now: u64,
}

impl Machine {
    /// A machine that joins a workspace, with whatever it has already.
    pub fn join(mirror: &Mirror, workspace: &str, world: World) -> Self {
        Self::join_without(mirror, workspace, world, &[])
    }

    /// The same, with tables that stay on it.
    pub fn join_without(mirror: &Mirror, workspace: &str, world: World, tables: &[&str]) -> Self {
        let remote = mirror.remote.clone();
        enrol(mirror, workspace, &world, &remote);
        Self::with(world, tables.iter().map(ToString::to_string).collect(), remote)
    }

    /// From now on it waits this long for an answer.
    pub fn wait_no_longer_than(&mut self, mirror: &Mirror, patience: Duration) {
        self.remote = Remote::with_patience(&mirror.address, "0", patience).unwrap();
        self.restart();
    }

    /// A machine whose login is there.
    pub fn of(mirror: &Mirror, world: World) -> Self {
        Self::with(world, vec![], mirror.remote.clone())
    }

    fn with(world: World, left_out: Vec<String>, remote: Remote) -> Self {
        let worker = worker(&world, &left_out, &remote);
        Self { world, left_out, worker, remote, now: 0 }
    }

    pub fn report(&self) -> Report {
        self.worker.report().lock().unwrap().clone()
    }

    /// A person logs in anew: the mirror does not know this machine any more.
    pub fn enrol(&mut self, mirror: &Mirror, workspace: &str) {
        enrol(mirror, workspace, &self.world, &self.remote);
        self.restart();
    }

    /// The daemon is killed, and another begins over what is on the disk.
    pub fn kill(&mut self) {
        self.world.reopen();
        self.restart();
    }

    /// The daemon is killed `after` the begin of a step, in the middle of what it does then.
    pub fn kill_in_step(&mut self, after: Duration) {
        let step = self.worker.step(self.now);
        let step = async { tokio::time::timeout(after, step).await };
        drop(self.world.block_on(step));
        self.kill();
    }

    /// Works until its process ends there, and begins anew; whether it came to that.
    pub fn work_until(&mut self, end: End, steps: usize) -> bool {
        self.journal().end_at(end);
        for _ in 0..steps {
            if self.journal().is_to_end() {
                self.step();
            }
        }
        let ended = !self.journal().is_to_end();
        self.kill();
        ended
    }

    /// The state directory becomes what it was.
    pub fn put_back(&mut self, saved: &Saved) {
        self.world.put_back(saved);
        self.restart();
    }

    /// Time passes for the worker, in milliseconds.
    pub const fn pass(&mut self, ms: u64) {
        self.now += ms;
    }

    pub fn journal(&self) -> &Crashing {
        self.worker.journal()
    }

    pub fn state(&self) -> State {
        self.journal().state().unwrap()
    }

    /// What it shows the mirror that it is this device.
    pub fn token(&self) -> String {
        Login::load(&home(&self.world)).unwrap().expect("somebody logged in").token
    }

    pub fn store(&self) -> &Store {
        self.world.service.store()
    }

    /// The process ends and begins anew.
    pub fn restart(&mut self) {
        self.worker = worker(&self.world, &self.left_out, &self.remote);
        self.now = 0;
    }

    pub fn device(&self) -> String {
        self.state().device
    }

    /// So long that both sides are compared again.
    pub const fn pass_a_day(&mut self) {
        self.now += pace::COMPARE;
    }

    /// One step of the worker; whether it has nothing to do.
    pub fn step(&mut self) -> bool {
        let wake = self.world.block_on(self.worker.step(self.now));
        match wake {
            Wake::Now => false,
            // Waits cost nothing here.
            Wake::At(then) => {
                self.now = then;
                true
            }
            Wake::WhenTold => true,
        }
    }

    /// Has it compare with the mirror.
    pub fn compare(&mut self) {
        self.worker.compare_soon();
    }

    /// What differed when it last compared.
    pub fn found_differing(&self) -> Vec<String> {
        self.worker.report().lock().unwrap().differing.clone()
    }

    /// Whether the mirror has everything of this machine, and it everything of the mirror.
    fn is_level(&self, head: i64) -> bool {
        let state = self.state();
        let nothing = state.fork.is_none() && state.resnapshot.is_none() && !state.exporting;
        nothing && state.acked == state.newest && state.cursor.position == head
    }

    /// Has the mirror forget this machine.
    pub fn purge(&mut self) {
        let request = json!({ "proto": wire::PROTO, "schema": catalogue::schema() });
        let asked = self.worker.transport().call("coord_purge", &request);
        let reply = trouble::read(&self.world.block_on(asked).unwrap()).unwrap();
        assert_eq!((&reply["status"], &reply["more"]), (&json!("ok"), &json!(false)), "{reply}");
    }

    /// Tables and buckets in which this machine and the mirror differ.
    pub fn differing(&mut self) -> Vec<String> {
        let ours = self.worker.journal().digests().unwrap();
        let nothing = json!({});
        let asked = self.worker.transport().call("coord_digest", &nothing);
        let reply = trouble::read(&self.world.block_on(asked).unwrap()).unwrap();
        let theirs: wire::Digests = serde_json::from_value(reply["tables"].clone()).unwrap();
        let none = BTreeMap::new();
        let compared = ours.iter().flat_map(|(table, buckets)| {
            let others = theirs.get(table).unwrap_or(&none);
            let names: BTreeSet<&String> = buckets.keys().chain(others.keys()).collect();
            let differ = names.into_iter().filter(|name| others.get(*name) != buckets.get(*name));
            differ.map(|name| format!("{table}/{name}")).collect::<Vec<_>>()
        });
        compared.collect()
    }

    /// How it stands, in words, for whoever wonders why it does not go on.
    pub fn trouble(&self) -> String {
        format!("{:?} {:?}", self.worker.report(), self.worker.journal().state())
    }

    /// The tables with a row of the same kind on every machine.
    pub fn shared(&self) -> super::picture::Picture {
        let mut picture = super::picture::take(self.store());
        picture.retain(|key, _| {
            let class = catalogue::table(&key.0).unwrap().class;
            matches!(class, catalogue::Class::Union | catalogue::Class::Policy)
        });
        picture
    }
}

fn enrol(mirror: &Mirror, workspace: &str, world: &World, remote: &Remote) {
    let home = home(world);
    let login = Login::new(&home, &mirror.gateway.url, None, PUBLISHABLE).unwrap();
    let code = mirror.ask(&format!("coord.invite('{workspace}')"));
    let request = wire::enrol(catalogue::schema(), &login.identity(), Some(&code));
    let mut remote = remote.clone();
    let mut ask = || {
        let reply = world.block_on(remote.call("coord_enrol", &request)).ok()?;
        trouble::read(&reply).ok()
    };
    // A server that was killed has cut its connections.
    let answer = (0..20).find_map(|_| ask()).expect("the mirror answers");
    assert_eq!(answer["status"], "ok");
    login.save(&home).unwrap();
    let on = json!({ "action": "on", "device": login.device });
    let switched = world.person().asks("sync_switch", on);
    assert!(switched.success(), "{}", switched.flat());
}

/// As the daemon makes it when it starts.
fn worker(world: &World, left_out: &[String], remote: &Remote) -> Worker<Crashing, Remote> {
    let home = home(world);
    let login = Login::load(&home).unwrap().expect("somebody logged in");
    let mut remote = remote.clone();
    remote.identify(&login.token);
    let store = std::sync::Arc::clone(world.service.store());
    let copied = login.was_copied(&home).unwrap();
    let journal = StoreJournal::new(store, home, login, left_out.to_vec());
    if copied {
        journal.want_fork("copied").unwrap();
    }
    Worker::new(Crashing::of(journal), remote, catalogue::schema(), 1)
}

/// All audit rows of a world leave its database, as those do that are old enough.
pub fn seal(world: &World) {
    let (store, now) = (world.service.store(), world.clock.now());
    // What a look leaves behind is written first.
    store.write_blocking(|_| Ok(())).unwrap();
    let ripe = store.read(|tx| seal::ripe(tx, now.plus(1))).unwrap();
    let Some((start, rows)) = ripe else { return };
    let file = seal::write_segment(store.backups(), &start, &rows).unwrap();
    let segment = seal::verify_segment(&file).unwrap();
    let name = file.display().to_string();
    store.write_blocking(move |tx| seal::seal(tx, &name, &segment, now)).unwrap();
}

pub fn home(world: &World) -> Home {
    Home::locate(Some(world.folder.path().join("home")), None).unwrap()
}

/// Lets everybody work until nothing is to be done.
pub fn settle(mirror: &Mirror, workspace: &str, machines: &mut [Machine]) {
    mirror.gateway.always(Fault::None);
    let mut rested = BTreeSet::new();
    for _ in 0..2_000 {
        for (at, machine) in machines.iter_mut().enumerate() {
            if machine.step() {
                rested.insert(at);
            }
        }
        if rested.len() == machines.len() && is_level(mirror, workspace, machines) {
            return;
        }
    }
    let troubles: Vec<String> = machines.iter().map(Machine::trouble).collect();
    panic!("it never came to rest: {troubles:#?}");
}

fn is_level(mirror: &Mirror, workspace: &str, machines: &[Machine]) -> bool {
    let head = mirror.ask(&format!("head from coord.workspaces where name = '{workspace}'"));
    let head = head.parse().unwrap_or(0);
    machines.iter().all(|machine| machine.is_level(head))
}

/// What the mirror has of a device's table.
pub fn counted(mirror: &Mirror, table: &str, device: &str) -> i64 {
    let query = format!("count(*) from coord.{table} where device_id = '{device}'");
    mirror.ask(&query).parse().unwrap()
}
