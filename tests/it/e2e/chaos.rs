//! `kill -9` of daemon, shim or client at random, under the load of eight agents.
//!
//! What must hold at the end: nothing that was acknowledged is lost, nothing is
//! done twice, no lock is held by the dead, the audit chain is whole, and after
//! each kill the daemon serves again soon. `COORD_CHAOS_KILLS` and
//! `COORD_CHAOS_SEED` make a run longer or another.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::rpc::Rpc;
use super::site::{PATIENCE, Site, signal, until};

const AGENTS: usize = 8;

/// A small generator, so that a seed names a run (Marsaglia 2003, xorshift64).
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % bound as u64).expect("smaller than the bound")
    }
}

/// What the agents were told, which is what must be true.
#[derive(Default)]
struct Told {
    submitted: BTreeSet<String>,
    completed: BTreeMap<String, usize>,
    fences: BTreeMap<String, Vec<i64>>,
    answers: usize,
}

struct Storm {
    site: Site,
    told: Mutex<Told>,
    over: AtomicBool,
    lives: AtomicUsize,
}

#[test]
fn chaos_loses_nothing_that_was_acknowledged_and_does_nothing_twice() {
    let number = |name: &str, default: u64| {
        std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
    };
    let (kills, seed) = (number("COORD_CHAOS_KILLS", 50), number("COORD_CHAOS_SEED", 20_261_123));
    println!("seed {seed}, {kills} kills");
    let storm = Arc::new(Storm {
        site: Site::new(),
        told: Mutex::default(),
        over: AtomicBool::new(false),
        lives: AtomicUsize::new(0),
    });
    let agents: Vec<_> = (0..AGENTS)
        .map(|n| {
            let storm = Arc::clone(&storm);
            std::thread::spawn(move || storm.lead_lives(n, seed))
        })
        .collect();
    let mut outages = kill_daemons_and_shims(&storm, kills, seed);
    storm.over.store(true, Ordering::SeqCst);
    for agent in agents {
        agent.join().expect("no agent was told a lie");
    }
    outages.sort_unstable();
    println!(
        "serving again after a daemon's death: p50 {:?}, p90 {:?}, worst {:?} of {}",
        outages.get(outages.len() / 2),
        outages.get(outages.len() * 9 / 10),
        outages.last(),
        outages.len()
    );
    storm.check_the_end();
}

/// Kills the daemon or some agent's shim, and measures how long nobody serves.
fn kill_daemons_and_shims(storm: &Storm, kills: u64, seed: u64) -> Vec<Duration> {
    let mut random = Random(seed | 1);
    let mut outages = Vec::new();
    let mut watcher = Rpc::open(&storm.site, "watcher");
    for _ in 0..kills {
        // Under load: something was done since the last kill, by more than one.
        let before = storm.answers();
        until("the agents get on with it", || storm.answers() >= before + AGENTS);
        std::thread::sleep(Duration::from_millis(random.below(40) as u64));
        if random.below(2) == 0 {
            until("a daemon runs", || storm.site.daemon_pid().is_some());
            let Some(pid) = storm.site.daemon_pid() else { continue };
            let start = Instant::now();
            signal(pid, "KILL");
            assert_eq!(watcher.call("check_locks", json!({}))["success"], true);
            outages.push(start.elapsed());
        } else {
            // Each agent kills its own shim when it is told to, so that it knows.
            storm.lives.fetch_add(1, Ordering::SeqCst);
        }
    }
    outages
}

impl Storm {
    /// Answers that the agents have had.
    fn answers(&self) -> usize {
        self.told.lock().expect("no agent has panicked").answers
    }

    /// One agent after another, each until its shim is killed.
    fn lead_lives(&self, n: usize, seed: u64) {
        let mut random = Random((seed ^ (n as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15)) | 1);
        let mut life = 0;
        while !self.over.load(Ordering::SeqCst) {
            life += 1;
            let mut rpc = Rpc::open(&self.site, &format!("agent-{n}-{life}"));
            while !self.over.load(Ordering::SeqCst) {
                let doomed = self
                    .lives
                    .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1));
                if doomed.is_ok() {
                    Self::act_without_hearing(&mut rpc, &mut random);
                    rpc.child.0.kill().expect("the shim runs");
                    break;
                }
                self.act(&mut rpc, &mut random);
            }
        }
    }

    /// A request whose answer is never read: it may be done or not, but not twice.
    fn act_without_hearing(rpc: &mut Rpc, random: &mut Random) {
        let path = format!("f{}", random.below(6));
        rpc.send(
            "tools/call",
            json!({ "name": "acquire_lock", "arguments": { "file_path": path } }),
        );
    }

    fn act(&self, rpc: &mut Rpc, random: &mut Random) {
        match random.below(4) {
            0 => self.submit(rpc, random),
            1 | 2 => self.work(rpc),
            _ => self.lock(rpc, random),
        }
    }

    fn submit(&self, rpc: &mut Rpc, random: &mut Random) {
        let type_ = format!("t{}", random.below(3));
        let answer = self.hear(
            rpc,
            "submit_work",
            json!({ "task_type": type_, "description": "storm", "max_attempts": 100 }),
        );
        let id = answer["task_id"].as_str().expect("a task").to_owned();
        let new = self.told.lock().expect("no agent has panicked").submitted.insert(id);
        assert!(new, "an id was given twice");
    }

    fn work(&self, rpc: &mut Rpc) {
        let got = self.hear(rpc, "get_work", json!({}));
        let Some(id) = got["task_id"].as_str() else { return };
        let done = self.hear(rpc, "complete_work", json!({ "task_id": id, "success": true }));
        if done["success"] == true {
            *self
                .told
                .lock()
                .expect("no agent has panicked")
                .completed
                .entry(id.to_owned())
                .or_default() += 1;
        }
    }

    fn lock(&self, rpc: &mut Rpc, random: &mut Random) {
        let path = format!("f{}", random.below(6));
        let got = self.hear(
            rpc,
            "acquire_lock",
            json!({ "file_path": path, "wait_seconds": random.below(2) }),
        );
        if got["action"] != "acquired" {
            return;
        }
        let fence = got["fence"].as_i64().expect("a fence");
        self.told
            .lock()
            .expect("no agent has panicked")
            .fences
            .entry(path.clone())
            .or_default()
            .push(fence);
        self.hear(rpc, "release_lock", json!({ "file_path": path }));
    }

    fn hear(&self, rpc: &mut Rpc, tool: &str, arguments: Value) -> Value {
        let answer = rpc.call(tool, arguments);
        assert_ne!(answer["code"], "internal", "{answer}");
        self.told.lock().expect("no agent has panicked").answers += 1;
        answer
    }

    fn check_the_end(&self) {
        let mut judge = Rpc::open(&self.site, "judge");
        let mut held = Value::Null;
        let start = Instant::now();
        while held != json!([]) {
            assert!(start.elapsed() < PATIENCE, "the dead hold {held}");
            std::thread::sleep(Duration::from_millis(20));
            held = judge.call("check_locks", json!({}))["locks"].clone();
        }
        let told = self.told.lock().expect("no agent has panicked");
        println!(
            "{} answers, {} tasks, {} completed",
            told.answers,
            told.submitted.len(),
            told.completed.len()
        );
        assert!(told.completed.values().all(|times| *times == 1), "a task was completed twice");
        let state = self.tasks();
        for id in &told.submitted {
            assert!(state.contains_key(id), "task {id} was acknowledged and is lost");
        }
        for id in told.completed.keys() {
            assert_eq!(state[id], "completed", "task {id} was acknowledged as completed");
        }
        for (path, fences) in &told.fences {
            let distinct: BTreeSet<&i64> = fences.iter().collect();
            assert_eq!(distinct.len(), fences.len(), "a fence of {path} was given twice");
        }
        let verified = self.site.run(&["audit", "verify"]);
        assert!(verified.status.success(), "{}", String::from_utf8_lossy(&verified.stderr));
    }

    /// Every task's state, by the command line.
    fn tasks(&self) -> BTreeMap<String, String> {
        let states = ["pending", "claimed", "running", "completed", "failed", "cancelled"];
        states.iter().flat_map(|status| self.tasks_that_are(status)).collect()
    }

    fn tasks_that_are(&self, status: &str) -> BTreeMap<String, String> {
        let mut all = BTreeMap::new();
        let mut cursor: Option<String> = None;
        loop {
            let mut arguments = json!({ "limit": 100, "status": status });
            if let Some(cursor) = &cursor {
                arguments["cursor"] = cursor.as_str().into();
            }
            let (code, page) = self.site.json(&["call", "list_work", &arguments.to_string()]);
            assert_eq!(code, 0, "{page}");
            for task in page["tasks"].as_array().expect("a list") {
                let text = |field: &str| task[field].as_str().expect("a text").to_owned();
                all.insert(text("task_id"), text("status"));
            }
            match page["next_cursor"].as_str() {
                Some(next) => cursor = Some(next.to_owned()),
                None => return all,
            }
        }
    }
}
