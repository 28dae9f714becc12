//! Random histories of locks, edits and tasks on two or three machines: bad lines, clocks that are off by an hour,
//! machines that sleep, leases that end, daemons that begin anew, a Postgres that goes back to an older state.
//!
//! The machines' keepers run when the history says so, so that a history is the same whenever it is told.

mod people;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::{Value, json};

use super::locks::value;
use super::{Machine, cloud, pass_there};
use crate::cloud::Cloud;

/// Histories; `COORD_SEEDS` takes precedence.
const SEEDS: u64 = 100;
/// Histories on the same machines, each in a project of its own.
const TOGETHER: u64 = 25;
const STEPS: usize = 50;
const PATHS: [&str; 4] = ["src/a.rs", "src/b.rs", "src/", "src/*.rs"];
const HOUR: i64 = 3_600_000;

#[expect(clippy::disallowed_methods, reason = "a switch of the tests, not a setting")]
fn seeds() -> u64 {
    std::env::var("COORD_SEEDS").ok().and_then(|text| text.parse().ok()).unwrap_or(SEEDS)
}

#[test]
fn every_history_has_one_holder_and_loses_nothing() {
    let cloud = cloud();
    let mut losses = 0;
    for first in (0..seeds()).step_by(usize::try_from(TOGETHER).expect("few")) {
        let mut machines: Vec<Machine> =
            (0..3).map(|number| Machine::tended(&cloud, number == 2)).collect();
        for seed in first..(first + TOGETHER).min(seeds()) {
            let mut history = History::begin(&cloud, &mut machines, seed);
            (0..STEPS).for_each(|_| history.step());
            history.end();
        }
        losses +=
            machines.iter().map(|machine| machine.on_record("lock_lost").len()).sum::<usize>();
        losses +=
            machines.iter().map(|machine| machine.on_record("lease_lost").len()).sum::<usize>();
    }
    assert!(losses > 0, "something is lost now and then, and on record");
}

struct History<'a> {
    cloud: &'a Arc<Cloud>,
    machines: &'a mut [Machine],
    seed: u64,
    dice: fastrand::Rng,
    /// Machines of this history; the third decides for itself while it is offline.
    count: usize,
    /// For each path the newest fence that an edit was made under, and by whom.
    edits: BTreeMap<String, (i64, String)>,
    submitted: BTreeSet<String>,
    /// Tasks and what they depend on.
    after: BTreeMap<String, String>,
    /// Tasks that a person called off.
    cancelled: BTreeSet<String>,
    /// Under which fence the arbiter took a task's end.
    ended: BTreeMap<String, i64>,
    remembered: bool,
    went_back: bool,
}

/// What Postgres knows of a project, copied away or put back.
fn moved(seed: u64, back: bool) -> String {
    let tables = ["arbiter_projects", "shared_locks", "shared_tasks", "shared_dependencies"];
    let of = |table: &str| match table {
        "shared_dependencies" => format!(
            "task_id in (select task_id from coord.shared_tasks where project = 'history/{seed}')"
        ),
        _ => format!("project = 'history/{seed}'"),
    };
    let copies = tables.map(|table| {
        let place = format!("public.saved_{table}");
        format!("drop table if exists {place}; create table {place} as select * from coord.{table} where {};", of(table))
    });
    let returns = tables.map(|table| {
        format!(
            "insert into coord.{table} overriding system value select * from public.saved_{table};"
        )
    });
    let gone = format!(
        "delete from coord.arbiter_requests; delete from coord.shared_tasks where {0};
         delete from coord.shared_locks where {0}; delete from coord.arbiter_projects where {0};",
        of("shared_tasks")
    );
    if back { gone + &returns.concat() } else { copies.concat() }
}

impl<'a> History<'a> {
    fn begin(cloud: &'a Arc<Cloud>, machines: &'a mut [Machine], seed: u64) -> Self {
        let mut dice = fastrand::Rng::with_seed(seed);
        let count = dice.usize(2..=3);
        for machine in machines.iter_mut() {
            machine.enter_project(&format!("history/{seed}"));
        }
        Self {
            cloud,
            machines,
            seed,
            dice,
            count,
            edits: BTreeMap::new(),
            submitted: BTreeSet::new(),
            after: BTreeMap::new(),
            cancelled: BTreeSet::new(),
            ended: BTreeMap::new(),
            remembered: false,
            went_back: false,
        }
    }

    fn step(&mut self) {
        let at = self.dice.usize(0..self.count);
        let who = format!("{}-{at}", ["ann", "bob"][self.dice.usize(0..2)]);
        match self.dice.usize(0..27) {
            0..4 => self.lock(at, &who),
            4..7 => self.edit(at, &who),
            7..9 => drop(self.ask(at, &who, "release_lock", json!({}))),
            9..11 => self.submit(at, &who),
            11..14 => self.work(at, &who),
            14..18 => self.tend(at),
            18 => self.machines[at].line.cut(true),
            19 => self.machines[at].line.cut(false),
            20 => {
                let every = [0, 2, 5][self.dice.usize(0..3)];
                self.machines[at].line.lose_every(every);
            }
            21 => {
                let ms = [1_000, 20_000, 50_000, 120_000][self.dice.usize(0..4)];
                self.pass(ms);
            }
            22 => {
                let step = [HOUR, -HOUR][self.dice.usize(0..2)];
                self.machines[at].world.pass_ms(step);
            }
            23 => self.machines[at].begin_anew(),
            24 => self.cancel(at),
            25 => self.retry(at),
            _ => self.go_back_or_remember(),
        }
    }

    fn ask(&self, at: usize, who: &str, tool: &str, arguments: Value) -> Value {
        value(&self.machines[at].world.agent(who).asks(tool, arguments))
    }

    /// What a person at that machine sees of the queue.
    fn list(&self, at: usize, which: Value) -> Value {
        let told = value(&self.machines[at].world.person().asks("list_work", which));
        assert_eq!(told["success"], true, "{told}");
        told
    }

    fn tend(&self, at: usize) {
        let machine = &self.machines[at];
        machine.world.block_on(machine.arbiter.tend());
    }

    /// Time passes everywhere: for the leases in the cloud, and for the machines, whether they sleep or not.
    fn pass(&self, ms: i64) {
        pass_there(self.cloud, ms);
        for machine in self.machines.iter() {
            machine.arbiter.sleep(ms);
            machine.world.pass_ms(ms);
        }
    }

    /// Who else holds what would be in the way, by the arbiter's own rows and rules.
    fn in_the_way(&self, at: usize, who: &str, path: &str) -> bool {
        let machine = &self.machines[at];
        let target = machine.world.repo.resolve(path).expect("a path");
        let (kind, root) = (target.kind.as_str(), coord::arbiter::root(&target));
        let found = self.cloud.ask(&format!(
            "count(*) from coord.shared_locks l where project = 'history/{}' and free_at > coord.now_ms()
                and not (device_id = '{}' and session_id = 'session-of-{who}')
                and coord.may_meet('{kind}', '{root}', l.kind, l.root)",
            self.seed, machine.line.device.id
        ));
        found != "0"
    }

    fn lock(&mut self, at: usize, who: &str) {
        let path = PATHS[self.dice.usize(0..PATHS.len())];
        let taken = self.in_the_way(at, who, path);
        let told = self.ask(at, who, "acquire_lock", json!({ "file_path": path }));
        if told["success"] == true && told["provisional"] != true {
            assert!(
                !taken,
                "seed {}: {who} was granted {path} before it was free: {told}",
                self.seed
            );
        }
    }

    /// An edit that starts is under the newest fence of its path.
    fn edit(&mut self, at: usize, who: &str) {
        let path = PATHS[self.dice.usize(0..2)];
        let told = self.ask(at, who, "edit_file", json!({ "file_paths": [path] }));
        // A machine that decides for itself, and a Postgres that went back, give no such promise.
        if told["success"] != true || at == 2 || self.went_back {
            return;
        }
        let shown = self.ask(at, who, "check_locks", json!({ "file_paths": [path] }));
        let mine = shown["locks"].as_array().into_iter().flatten();
        let mut mine = mine.filter(|lock| lock["locked_by"] == who && lock["file_path"] == path);
        let fence = mine.next().and_then(|lock| lock["fence"].as_i64());
        let fence =
            fence.unwrap_or_else(|| panic!("seed {}: {who} edits {path}: {shown}", self.seed));
        let before = self.edits.insert(path.into(), (fence, who.into()));
        if let Some((last, by)) = before {
            assert!(
                last < fence || last == fence && by == who,
                "seed {}: {by} edited {path} under {last}, then {who} under {fence}",
                self.seed
            );
        }
    }

    fn submit(&mut self, at: usize, who: &str) {
        let mut task = json!({"task_type": "t", "description": "a task", "max_attempts": 100});
        let before = self.submitted.iter().next_back().cloned();
        // It must be known here: a dependency of another machine's is refused.
        if let Some(before) = before.filter(|_| self.dice.bool()) {
            task["depends_on"] = json!([before]);
        }
        let told = self.ask(at, who, "submit_work", task.clone());
        let Some(id) = told["task_id"].as_str() else {
            return assert_eq!(told["code"], "dependency_not_found", "{told}");
        };
        if let Some(before) = task["depends_on"][0].as_str() {
            self.after.insert(id.into(), before.into());
        }
        self.submitted.insert(id.into());
    }

    fn work(&mut self, at: usize, who: &str) {
        let told = self.ask(at, who, "get_work", json!({}));
        let Some(task) = told["task_id"].as_str() else {
            let code = told["code"].as_str().unwrap_or_default();
            return assert!(["no_tasks_available", "unavailable"].contains(&code), "{told}");
        };
        let called_off = self.cancelled.contains(task) && !self.went_back;
        assert!(!called_off, "seed {}: {task} was cancelled and given to {who}", self.seed);
        if let Some(before) = self.after.get(task) {
            let state = self
                .cloud
                .ask(&format!("status from coord.shared_tasks where task_id = '{before}'"));
            // What was done before a Postgres went back may be unknown to it.
            let done = state == "completed" || self.went_back && state == "null";
            assert!(done, "seed {}: {task} comes after {before}, which is {state}", self.seed);
        }
        if self.dice.usize(0..4) == 0 {
            return; // it thinks about it
        }
        if self.dice.usize(0..6) == 0 {
            self.pass(100_000);
        }
        let good = self.dice.usize(0..5) > 0;
        let end = json!({"task_id": task, "success": good, "retry": !good});
        self.ask(at, who, "complete_work", end);
        self.note_end(task);
    }

    /// A task ends under one fence, whatever is said of it later.
    fn note_end(&mut self, task: &str) {
        let fence = format!(
            "fence from coord.shared_tasks where task_id = '{task}' and status = 'completed'"
        );
        if let Ok(fence) = self.cloud.ask(&fence).parse::<i64>() {
            let first = *self.ended.entry(task.into()).or_insert(fence);
            assert!(first == fence || self.went_back, "seed {}: {task} ended twice", self.seed);
        }
    }

    /// Postgres is as it was at an earlier moment of this project; before there was one, this is that moment.
    fn go_back_or_remember(&mut self) {
        let back = std::mem::replace(&mut self.remembered, true);
        self.went_back |= back;
        self.cloud.run(&moved(self.seed, back));
    }

    /// Everything is well again: what is open is done, and nothing is held on.
    fn end(mut self) {
        for machine in self.machines.iter() {
            machine.line.cut(false);
            machine.line.lose_every(0);
        }
        for _ in 0..40 {
            self.pass(120_000);
            (0..self.machines.len()).for_each(|at| self.tend(at));
            if self.open() == 0 {
                break;
            }
            for (at, task) in self.given_up() {
                self.retry_task(at, &task);
            }
            for at in 0..self.machines.len() {
                for name in ["ann", "bob"] {
                    self.finish(at, &format!("{name}-{at}"));
                }
            }
        }
        let rows = || {
            self.cloud.ask(&format!(
            "jsonb_agg(t) from coord.shared_tasks t where project = 'history/{}' and status <> 'completed'", self.seed))
        };
        assert_eq!(self.open(), 0, "seed {}: every task comes to its end: {}", self.seed, rows());
        for _ in 0..2 {
            self.pass(31_000); // who is idle looks every half minute
            (0..self.machines.len()).for_each(|at| self.tend(at));
        }
        (0..self.machines.len()).for_each(|at| self.compare(at));
        for at in 0..self.machines.len() {
            for name in ["ann", "bob"] {
                self.ask(at, &format!("{name}-{at}"), "release_lock", json!({}));
            }
            self.tend(at);
            self.tend(at);
        }
        let held =
            format!("count(*) from coord.shared_locks where project = 'history/{}'", self.seed);
        assert_eq!(self.cloud.ask(&held), "0", "seed {}: all is given back", self.seed);
    }

    fn finish(&mut self, at: usize, who: &str) {
        // What it holds from before is done as well.
        let shown = self.list(at, json!({"limit": 500}));
        let mine = shown["tasks"].as_array().cloned().unwrap_or_default();
        let mut held: Vec<Value> = mine
            .into_iter()
            .filter(|task| task["claimed_by"] == who && task["status"] != "pending")
            .map(|task| task["task_id"].clone())
            .collect();
        held.extend(self.ask(at, who, "get_work", json!({})).get("task_id").cloned());
        for task in held {
            self.ask(at, who, "complete_work", json!({"task_id": task, "success": true}));
        }
    }

    /// Tasks that are not done. What went back with Postgres may be known to be done on a machine alone.
    fn open(&self) -> usize {
        let done = self.cloud.ask(&format!(
            "string_agg(task_id::text, ' ') from coord.shared_tasks
              where project = 'history/{}' and status = 'completed'",
            self.seed
        ));
        let mut done: BTreeSet<String> = done.split(' ').map(str::to_owned).collect();
        for at in (0..self.machines.len()).filter(|_| self.went_back) {
            let here = self.list(at, json!({"status": "completed", "limit": 500}));
            let ids = here["tasks"].as_array().into_iter().flatten();
            done.extend(ids.filter_map(|task| task["task_id"].as_str().map(str::to_owned)));
        }
        self.submitted.difference(&done).count()
    }
}
