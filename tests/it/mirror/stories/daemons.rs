//! Real daemons that are killed with `kill -9` in the middle of it, and a server that is.

use std::collections::BTreeSet;
use std::time::Duration;

use coord::home::Home;
use coord::mirror::login::Login;
use rusqlite::{Connection, OpenFlags};
use serde_json::{Value, json};

use super::super::fleet::{Machine, Mirror};
use crate::cloud::Cloud;
use crate::cloud::gateway::Fault;
use crate::e2e::site::{Site, signal, until};
use crate::schema::pg::{Postgres, SURVIVING};
use crate::world::World;

/// Kills in one story.
const KILLS: usize = 6;

struct Lives {
    mirror: Mirror,
    sites: Vec<Site>,
    dice: fastrand::Rng,
    memories: BTreeSet<String>,
    tasks: BTreeSet<String>,
}

impl Lives {
    fn begin(seed: u64) -> Self {
        let mirror = Mirror::of(Cloud::on(Postgres::start_with(SURVIVING)));
        let sites = (0..2).map(|_| machine(&mirror)).collect();
        let dice = fastrand::Rng::with_seed(seed);
        Self { mirror, sites, dice, memories: BTreeSet::new(), tasks: BTreeSet::new() }
    }

    /// Work over a bad network, and a death.
    fn live(&mut self, life: usize) {
        let faults = [Fault::None, Fault::DropReply, Fault::Truncate, Fault::Twice];
        let fault = faults[self.dice.usize(0..faults.len())];
        self.mirror.gateway.always(fault);
        for at in 0..self.sites.len() {
            for _ in 0..3 {
                self.work(at);
            }
        }
        std::thread::sleep(Duration::from_millis(self.dice.u64(0..400)));
        self.mirror.gateway.always(Fault::None);
        if life == KILLS / 2 {
            self.mirror.cloud.server().crash();
        }
        let at = self.dice.usize(0..self.sites.len());
        if let Some(pid) = self.sites[at].daemon_pid() {
            signal(pid, "KILL");
        }
    }

    fn work(&mut self, at: usize) {
        let words = format!("words {}", self.dice.u64(..));
        if self.dice.bool() {
            let memory = json!({ "event_type": "discovery", "summary": words });
            let done = call(&self.sites[at], "remember", &memory);
            self.memories.insert(done["memory_id"].as_str().expect("a memory").to_owned());
        } else {
            let task = json!({ "task_type": "t", "description": words });
            let done = call(&self.sites[at], "submit_work", &task);
            self.tasks.insert(done["task_id"].as_str().expect("a task").to_owned());
        }
    }

    /// Everything that was acknowledged is in the mirror, and every memory on each machine.
    fn end(&self) {
        for site in &self.sites {
            // Whoever begins anew does not wait for what went wrong before.
            if let Some(pid) = site.daemon_pid() {
                signal(pid, "KILL");
            }
            call(site, "check_locks", &json!({}));
        }
        let ids = |table: &str, key: &str| -> BTreeSet<String> {
            let all = format!("coalesce(jsonb_agg({key}::text), '[]') from coord.{table}");
            serde_json::from_str(&self.mirror.ask(&all)).expect("a list")
        };
        until("the mirror has every task", || {
            ids("work_queue", "task_id").is_superset(&self.tasks)
        });
        until("the mirror has every memory", || {
            ids("episodic_memories", "memory_id") == self.memories
        });
        for site in &self.sites {
            until("every machine has every memory", || memories(site) == self.memories);
            let verified = site.run(&["audit", "verify"]);
            assert!(verified.status.success(), "{}", String::from_utf8_lossy(&verified.stderr));
        }
        assert_eq!(self.mirror.ask("count(*) from coord.devices where broken_at is not null"), "0");
        let holes =
            "(select sum(head - floor) from coord.workspaces) - count(*) from coord.cloud_log";
        assert_eq!(self.mirror.ask(holes), "0", "positions are dense");
    }
}

/// A machine on which somebody logged in.
fn machine(mirror: &Mirror) -> Site {
    let site = Site::new();
    let home = Home::locate(Some(site.home()), None).expect("the path is absolute");
    home.prepare().expect("it can be made");
    Machine::join(mirror, "w", World::new()).world.save().lay_out(home.dir());
    // The login was made for this directory.
    let mut login = Login::load(&home).expect("it is whole").expect("somebody logged in");
    login.take_identity(&home).expect("it can be kept");
    site
}

/// What lies in a machine's database, whoever serves it.
#[expect(clippy::disallowed_methods, reason = "a look at what lies there, past the program")]
fn memories(site: &Site) -> BTreeSet<String> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY;
    let database =
        Connection::open_with_flags(site.home().join("coord.db"), flags).expect("it is there");
    let mut all = database.prepare("SELECT memory_id FROM episodic_memories").expect("a table");
    let ids = all.query_map([], |row| row.get(0)).expect("rows");
    ids.map(|id| id.expect("a text")).collect()
}

/// What an agent is told. Whoever is not answered because a daemon dies asks again.
fn call(site: &Site, tool: &str, arguments: &Value) -> Value {
    let mut answer = Value::Null;
    until("somebody answers", || {
        let output = site
            .coord()
            .args(["call", tool, &arguments.to_string()])
            .env("AGENT_ID", "ann")
            .env("SESSION_ID", "ann")
            .output()
            .expect("the binary runs");
        answer = serde_json::from_slice(&output.stdout).unwrap_or_default();
        answer["success"] == true
    });
    answer
}

#[test]
fn killed_daemons_and_a_killed_server_lose_nothing_that_was_acknowledged() {
    for seed in 0..2 {
        let mut lives = Lives::begin(seed);
        for life in 0..KILLS {
            lives.live(life);
        }
        lives.end();
    }
}
