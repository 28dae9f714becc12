//! One history: what devices do, what befalls them, and what must be true in the end.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use coord_sync::{Wake, Worker, pace};
use serde_json::{Value, json};

use super::device::{Device, Store};
use super::faults::Network;
use super::model::{self, Key, Server, ZEROS, digest};

struct Machine {
    device: Device,
    worker: Worker<Device, Network>,
    now: u64,
    wake: u64,
}

pub struct Story {
    seed: u64,
    dice: fastrand::Rng,
    server: Rc<RefCell<Server>>,
    machines: Vec<Machine>,
    tx: i64,
    stalls: u64,
    snapshots: u64,
    /// The mirror was restored from an older copy.
    put_back: bool,
}

/// What happened in all histories together.
#[derive(Debug, Default)]
pub struct Told {
    pub pushed: u64,
    pub pulled: u64,
    pub forks: u64,
    pub refused: usize,
    pub stalls: u64,
    pub snapshots: u64,
    pub devices: usize,
}

impl Told {
    pub fn add(&mut self, story: &Story) {
        for machine in &story.machines {
            let report = machine.worker.report();
            let report = report.lock().unwrap();
            self.pushed += report.pushed;
            self.pulled += report.pulled;
            self.forks += report.forks;
            self.refused += machine.device.0.borrow().aside.len();
        }
        self.stalls += story.stalls;
        self.snapshots += story.snapshots;
        self.devices += story.server.borrow().devices.len();
    }
}

impl Story {
    pub fn new(seed: u64) -> Self {
        let mut dice = fastrand::Rng::with_seed(seed);
        let server: Rc<RefCell<Server>> = Rc::default();
        let count = dice.usize(2..=4);
        let mut story = Self {
            seed,
            dice,
            server,
            machines: vec![],
            tx: 0,
            stalls: 0,
            snapshots: 0,
            put_back: false,
        };
        for at in 0..count {
            let id = format!("device-{at}");
            let token = format!("token of {id}");
            let row = model::Device {
                token_digest: digest(&token),
                last: 0,
                hash: ZEROS.into(),
                rejects: vec![],
            };
            story.server.borrow_mut().devices.insert(id.clone(), row);
            let clock = 1_000 * i64::try_from(at).unwrap();
            story.join(Store {
                device: id,
                token,
                names: seed * 8 + at as u64,
                clock,
                ..Store::default()
            });
        }
        story
    }

    fn join(&mut self, store: Store) {
        let device = Device(Rc::new(RefCell::new(store)));
        let worker = self.worker(&device);
        self.machines.push(Machine { device, worker, now: 0, wake: 0 });
    }

    fn worker(&mut self, device: &Device) -> Worker<Device, Network> {
        let token = device.0.borrow().token.clone();
        let seed = self.dice.u64(..);
        let network = Network::new(Rc::clone(&self.server), &token, seed, 30);
        Worker::new(device.clone(), network, 22, seed)
    }

    /// The process of a machine ends and starts again.
    fn restart(&mut self, at: usize) {
        let device = self.machines[at].device.clone();
        let worker = self.worker(&device);
        self.machines[at].worker = worker;
        self.machines[at].wake = 0;
    }

    /// Work and misfortune.
    pub fn play(&mut self) {
        let mut copies: Vec<(usize, Store)> = vec![];
        let mut mirror: Option<Server> = None;
        for _ in 0..120 {
            let at = self.dice.usize(0..self.machines.len());
            match self.dice.u32(0..100) {
                0..40 => self.work(at),
                40..88 => self.step(at),
                88..91 => self.restart(at),
                91..93 => {
                    let calls = self.dice.u32(0..3);
                    let done = self.dice.bool();
                    self.machines[at].device.0.borrow_mut().fails_in = Some((calls, done));
                }
                93..95 => copies.push((at, self.machines[at].device.0.borrow().clone())),
                95 => {
                    if let Some((at, store)) = copies.pop() {
                        *self.machines[at].device.0.borrow_mut() = store;
                        self.restart(at);
                    }
                }
                96 => self.copy(at),
                97 => mirror = Some(self.server.borrow().clone()),
                98 => self.put_back(mirror.take()),
                _ => self.clean(),
            }
        }
    }

    /// The state directory is copied to another machine; in half the cases the copy is noticed.
    fn copy(&mut self, at: usize) {
        if self.machines.len() < 6 {
            let mut store = self.machines[at].device.0.borrow().clone();
            store.names = self.dice.u64(..);
            if self.dice.bool() {
                store.candidate = None;
                store.fork = Some("copied".into());
            }
            self.join(store);
        }
    }

    /// The mirror is restored from an older copy, if all devices of today were known then.
    fn put_back(&mut self, mirror: Option<Server>) {
        if let Some(old) =
            mirror.filter(|old| old.devices.len() == self.server.borrow().devices.len())
        {
            let mut effects = old.clone();
            effects.effects.clear();
            *self.server.borrow_mut() = effects;
            self.put_back = true;
        }
    }

    /// Old rows of the mirror's log are cleaned away.
    fn clean(&mut self) {
        let mut server = self.server.borrow_mut();
        let half = server.log.len() / 2;
        server.log.drain(..half);
        server.floor += i64::try_from(half).unwrap();
    }

    fn work(&mut self, at: usize) {
        self.tx += 1;
        let tx = self.tx;
        let mut store = self.machines[at].device.0.borrow_mut();
        // Clocks are off by an hour, in milliseconds of 16 bits more.
        store.clock += self.dice.i64(0..50);
        for _ in 0..self.dice.u32(1..6) {
            let body = json!({ "v": self.dice.u32(..), "w": "ä\u{1F980}\"\\" });
            let name = |table: &str, dice: &mut fastrand::Rng, many: u32| -> Key {
                (table.into(), json!([format!("k{}", dice.u32(0..many))]).to_string())
            };
            match self.dice.u32(0..10) {
                0..4 => store.note(tx, body),
                4..6 => {
                    let key = name("locks", &mut self.dice, 4);
                    let body = self.dice.bool().then_some(body);
                    if body.is_some() || store.rows.contains_key(&key) {
                        store.change(tx, key, body);
                    }
                }
                6..9 => store.change(tx, name("notes", &mut self.dice, 8), Some(body)),
                _ => store.change(tx, name("rules", &mut self.dice, 3), Some(body)),
            }
        }
    }

    fn step(&mut self, at: usize) {
        let machine = &mut self.machines[at];
        let killed = machine.device.0.borrow().fails_in.is_some_and(|(_, done)| done);
        machine.now = machine.now.max(machine.wake) + 1;
        let before = machine.device.0.borrow().resnapshot.is_some();
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let wake = runtime.block_on(machine.worker.step(machine.now));
        machine.wake = match wake {
            Wake::Now => machine.now,
            Wake::At(time) => time,
            Wake::WhenTold => machine.now + 1_000,
        };
        self.snapshots += u64::from(before && machine.device.0.borrow().resnapshot.is_none());
        self.stalls += u64::from(machine.worker.report().lock().unwrap().stall.is_some());
        self.check_prefix(at);
        if killed && self.machines[at].device.0.borrow().fails_in.is_none() {
            self.restart(at);
        }
    }

    /// What the mirror has of a device's own rows is what the device had at the acknowledged change.
    fn check_prefix(&self, at: usize) {
        let store = self.machines[at].device.0.borrow();
        let server = self.server.borrow();
        let Some(known) = server.devices.get(&store.device) else { return };
        let at = usize::try_from(known.last).unwrap();
        let same = at == 0 || store.log.get(at - 1).is_some_and(|row| row.hash == known.hash);
        if !same || store.fork.is_some() || !store.skipped.is_empty() {
            return;
        }
        let mut wanted: BTreeMap<Key, Value> = BTreeMap::new();
        for row in store.log.iter().take(at).filter(|row| row.table == "locks") {
            let key = (row.table.clone(), row.key.clone());
            match &row.body {
                Some(body) => drop(wanted.insert(key, body.clone())),
                None => drop(wanted.remove(&key)),
            }
        }
        assert_eq!(owned(&server, &store.device), wanted, "seed {}: a prefix", self.seed);
    }

    /// Faults stop; everybody goes on until nothing is to be done.
    pub fn calm_down(&mut self) {
        for at in 0..self.machines.len() {
            self.machines[at].worker.transport().faults = 0;
            self.machines[at].device.0.borrow_mut().fails_in = None;
        }
        for day in 0..20 {
            let rest = (0..4_000).find(|round| {
                for at in 0..self.machines.len() {
                    self.step(at);
                }
                *round > 40 && self.is_quiet()
            });
            match rest {
                // A copy that nobody worked with shows at the next look, a mirror that was put
                // back to where nobody noticed when digests are compared.
                Some(_) if day < 3 => {
                    let pause = [pace::VERIFY, pace::COMPARE, pace::VERIFY][day];
                    for machine in &mut self.machines {
                        machine.now += pause;
                    }
                }
                Some(_) => return,
                None => break,
            }
        }
        let reports: Vec<_> = self.machines.iter().map(|machine| machine.worker.report()).collect();
        panic!("seed {}: it never came to rest: {reports:#?}", self.seed);
    }

    fn is_quiet(&self) -> bool {
        let head = self.server.borrow().head();
        self.machines.iter().all(|machine| {
            let store = machine.device.0.borrow();
            let idle = store.fork.is_none() && store.resnapshot.is_none() && store.export.is_none();
            idle && store.acked == store.newest() && store.cursor.position == head
        })
    }

    /// What must be true when all is told.
    pub fn check(&self) {
        let seed = self.seed;
        let server = self.server.borrow();
        assert_eq!(server.doubles, Vec::<String>::new(), "seed {seed}: done twice");
        let shared: BTreeMap<Key, Value> =
            server.shared.iter().map(|(key, row)| (key.clone(), row.body.clone())).collect();
        for machine in &self.machines {
            let store = machine.device.0.borrow();
            let id = &store.device;
            let mut here = store.rows.clone();
            here.retain(|key, _| key.0 != "locks");
            assert_eq!(here, shared, "seed {seed}: {id} has the shared rows of all");
            let own: BTreeMap<Key, Value> = store
                .rows
                .iter()
                .filter(|(key, _)| key.0 == "locks")
                .map(|(key, body)| (key.clone(), body.clone()))
                .collect();
            assert_eq!(owned(&server, id), own, "seed {seed}: the mirror has {id}'s own rows");
            let peers: BTreeMap<(String, Key), Value> = server
                .owned
                .iter()
                .filter(|((device, _), _)| device != id)
                .map(|(key, row)| (key.clone(), row.body.clone()))
                .collect();
            // A mirror that was put back and has reached the same position with the same row at
            // it looks unchanged; copies of others' own rows are not compared by digest.
            assert!(
                self.put_back || store.peers == peers,
                "seed {seed}: {id} sees the rows of the others: {:?} {peers:?}",
                store.peers
            );
            let audit: BTreeMap<String, Value> = server
                .appended
                .iter()
                .filter(|((device, _), _)| device == id)
                .map(|((_, key), row)| (key.1.clone(), row.body.clone()))
                .collect();
            let wanted: BTreeMap<String, Value> = store
                .audit
                .iter()
                .enumerate()
                .map(|(at, body)| (format!("[{}]", at + 1), body.clone()))
                .collect();
            assert_eq!(audit, wanted, "seed {seed}: the mirror has {id}'s audit, whole");
        }
    }
}

fn owned(server: &Server, device: &str) -> BTreeMap<Key, Value> {
    let own = server.owned.iter().filter(|((owner, _), _)| owner == device);
    own.map(|((_, key), row)| (key.clone(), row.body.clone())).collect()
}
