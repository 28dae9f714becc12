//! Machines with stores of their own, and one mirror in a real PostgreSQL.

use coord::home::Home;
use coord::mirror::catalogue;
use coord::mirror::journal::StoreJournal;
use coord::mirror::login::Login;
use coord::store::Store;
use coord_sync::remote::Remote;
use coord_sync::{Journal as _, Report, State, Transport as _, Wake, Worker, pace, trouble, wire};
use serde_json::json;

use crate::cloud::Cloud;
use crate::cloud::gateway::{Fault, Gateway, PUBLISHABLE};
use crate::world::World;

pub struct Mirror {
    pub gateway: Gateway,
    pub cloud: Cloud,
}

impl Mirror {
    pub fn start() -> Self {
        let cloud = Cloud::start();
        let gateway = Gateway::start(cloud.rest());
        Self { gateway, cloud }
    }
}

pub struct Machine {
    pub world: World,
    /// Tables that stay on it.
    pub left_out: Vec<String>,
    worker: Worker<StoreJournal, Remote>,
    now: u64,
}

impl Machine {
    /// A machine that joins a workspace, with whatever it has already.
    pub fn join(mirror: &Mirror, workspace: &str, world: World) -> Self {
        Self::join_without(mirror, workspace, world, &[])
    }

    /// The same, with tables that stay on it.
    pub fn join_without(mirror: &Mirror, workspace: &str, world: World, tables: &[&str]) -> Self {
        let home = home(&world);
        let login = Login::new(&home, &mirror.gateway.url, None, PUBLISHABLE).unwrap();
        let code = mirror.cloud.ask(&format!("coord.invite('{workspace}')"));
        let request = wire::enrol(catalogue::schema(), &login.identity(), Some(&code));
        let mut remote = Remote::new(&login.address(), "0").unwrap();
        let reply = world.block_on(remote.call("coord_enrol", &request)).unwrap();
        assert_eq!(trouble::read(&reply).unwrap()["status"], "ok");
        login.save(&home).unwrap();
        let on = json!({ "action": "on", "device": login.device });
        assert!(world.person().asks("sync_switch", on).success());
        let left_out: Vec<String> = tables.iter().map(ToString::to_string).collect();
        let worker = worker(&world, &left_out);
        Self { world, left_out, worker, now: 0 }
    }

    /// A machine whose login is there.
    pub fn of(world: World) -> Self {
        let worker = worker(&world, &[]);
        let home = home(&world);
        let login = Login::load(&home).unwrap().expect("somebody logged in");
        if login.was_copied(&home).unwrap() {
            worker.journal().want_fork("copied").unwrap();
        }
        Self { world, left_out: vec![], worker, now: 0 }
    }

    /// Its store as the worker sees it.
    pub const fn journal(&self) -> &StoreJournal {
        self.worker.journal()
    }

    pub fn state(&self) -> State {
        self.journal().state().unwrap()
    }

    pub fn report(&self) -> Report {
        self.worker.report().lock().unwrap().clone()
    }

    pub fn store(&self) -> &Store {
        self.world.service.store()
    }

    /// The process ends and begins anew.
    pub fn restart(&mut self) {
        self.worker = worker(&self.world, &self.left_out);
    }

    pub fn device(&self) -> String {
        self.worker.journal().state().unwrap().device
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
    pub fn differing(&self) -> Vec<String> {
        self.worker.report().lock().unwrap().differing.clone()
    }

    /// Whether the mirror has everything of this machine, and it everything of the mirror.
    fn is_level(&self, head: i64) -> bool {
        let state = self.worker.journal().state().unwrap();
        let nothing = state.fork.is_none() && state.resnapshot.is_none() && !state.exporting;
        nothing && state.acked == state.newest && state.cursor.position == head
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

fn worker(world: &World, left_out: &[String]) -> Worker<StoreJournal, Remote> {
    let home = home(world);
    let login = Login::load(&home).unwrap().expect("somebody logged in");
    let mut remote = Remote::new(&login.address(), "0").unwrap();
    remote.identify(&login.token);
    let store = std::sync::Arc::clone(world.service.store());
    let journal = StoreJournal::new(store, home, login, left_out.to_vec());
    Worker::new(journal, remote, catalogue::schema(), 1)
}

pub fn home(world: &World) -> Home {
    Home::locate(Some(world.folder.path().join("home")), None).unwrap()
}

/// Lets everybody work until nothing is to be done.
pub fn settle(mirror: &Mirror, workspace: &str, machines: &mut [Machine]) {
    mirror.gateway.always(Fault::None);
    for round in 0..2_000 {
        for machine in &mut *machines {
            machine.step();
        }
        let head = mirror
            .cloud
            .ask(&format!("head from coord.workspaces where name = '{workspace}'"))
            .parse()
            .unwrap_or(0);
        if round > 10 && machines.iter().all(|machine| machine.is_level(head)) {
            return;
        }
    }
    let troubles: Vec<String> = machines.iter().map(Machine::trouble).collect();
    panic!("it never came to rest: {troubles:#?}");
}

/// What the mirror has of a device's table.
pub fn counted(mirror: &Mirror, table: &str, device: &str) -> i64 {
    let query = format!("count(*) from coord.{table} where device_id = '{device}'");
    mirror.cloud.ask(&query).parse().unwrap()
}
