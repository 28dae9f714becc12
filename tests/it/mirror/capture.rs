//! The oracle: what the log says is what changed, after every single call.

use std::collections::BTreeSet;

use coord::mirror::{capture, catalogue, export};
use coord::store::Store;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::picture::{self, Logged, Picture};
use crate::world::{World, fields};

fn switch_on(store: &Store) {
    store.write_blocking(export::switch_on).expect("sync can be switched on");
    while store.write_blocking(export::step).expect("rows can be exported") {}
}

/// A world whose every call is held against the log.
pub struct Watched<'w> {
    world: &'w World,
    picture: Picture,
    seq: i64,
    hlc: i64,
    before: String,
    seen: BTreeSet<String>,
    /// Whether there is a log to hold calls against.
    on: bool,
}

impl<'w> Watched<'w> {
    pub fn from_now(world: &'w World) -> Self {
        let store = world.service.store();
        let log = picture::log(store, 0);
        let last = log.last();
        Self {
            world,
            picture: picture::take(store),
            seq: last.map_or(0, |row| row.seq),
            hlc: log.iter().map(|row| row.hlc).max().unwrap_or(0),
            before: last.map_or_else(|| capture::GENESIS.into(), |row| row.hash.clone()),
            seen: BTreeSet::new(),
            on: store.read(export::is_on).expect("the state can be read"),
        }
    }

    fn calls(&mut self, who: &str, tool: &str, arguments: Value) -> Value {
        let answer = match who {
            "person" => self.world.person().asks(tool, arguments),
            name => self.world.agent(name).asks(tool, arguments),
        };
        // What a read leaves behind is written with the next change.
        self.world.service.store().write_blocking(|_| Ok(())).expect("the store writes");
        if self.on {
            self.compare(&format!("{who} {tool}: {}", answer.flat()));
        }
        fields(&answer)
    }

    fn compare(&mut self, what: &str) {
        let store = self.world.service.store();
        let log = picture::log(store, self.seq);
        let now = picture::take(store);
        self.check_chain(&log);
        let mut told = picture::replay(&log, std::mem::take(&mut self.picture), &now);
        let mut real = now.clone();
        told.values_mut().for_each(coarsen);
        real.values_mut().for_each(coarsen);
        // Sealed audit rows leave the device and stay in the mirror.
        told.retain(|key, _| key.0 != "audit_log" || real.contains_key(key));
        for (key, row) in &real {
            assert_eq!(told.get(key), Some(row), "{what}: {key:?} was forgotten");
        }
        assert_eq!(told.len(), real.len(), "{what}: a deletion was forgotten");
        self.picture = now;
        self.seen.extend(log.iter().map(|row| format!("{} {}", row.key.0, row.op)));
    }

    fn check_chain(&mut self, log: &[Logged]) {
        for row in log {
            assert_eq!(row.seq, self.seq + 1, "the log is dense");
            assert!(row.hlc > self.hlc, "time only rises in the log");
            let hash = chain(&self.before, row);
            assert_eq!(row.hash, hash, "the chain holds at {row:?}");
            (self.seq, self.hlc, self.before) = (row.seq, row.hlc, hash);
        }
    }
}

/// The chain's hash, worked out apart from the program's.
fn chain(before: &str, row: &Logged) -> String {
    let mut hash = Sha256::new();
    let text = |hash: &mut Sha256, text: &str| {
        hash.update(text.len().to_be_bytes());
        hash.update(text);
    };
    text(&mut hash, before);
    for number in [row.seq, row.tx, row.hlc] {
        hash.update([0xFE]);
        hash.update(number.to_be_bytes());
    }
    for part in [&row.key.0, &row.key.1, &row.op] {
        text(&mut hash, part);
    }
    match &row.body {
        Some(body) => text(&mut hash, body),
        None => hash.update([0xFF]),
    }
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// What is told coarsely is compared coarsely.
fn coarsen(row: &mut Value) {
    for table in catalogue::tables() {
        for column in capture::soft(&table.name) {
            if let Some(time) = row.get(*column).and_then(Value::as_i64) {
                row[*column] = json!(time / capture::COARSE);
            }
        }
    }
}

/// Something of everything that changes rows.
pub fn tour(watched: &mut Watched<'_>) {
    let calls: &[(&str, &str, Value)] = &[
        (
            "ann",
            "register_session",
            json!({ "capabilities": ["rust", "sql"], "current_task": "x" }),
        ),
        ("bob", "register_session", json!({})),
        ("ann", "register_session", json!({ "capabilities": ["go"] })),
        ("ann", "heartbeat", json!({ "current_task": "y" })),
        (
            "ann",
            "acquire_lock",
            json!({ "file_paths": ["a.rs", "b.rs"], "reason": "ä\u{1F980}\n\"\\" }),
        ),
        ("bob", "acquire_lock", json!({ "file_path": "a.rs" })),
        ("ann", "acquire_lock", json!({ "file_path": "a.rs", "ttl_minutes": 300 })),
        ("ann", "release_lock", json!({ "file_path": "a.rs" })),
        ("person", "force_release_lock", json!({ "file_path": "b.rs", "reason": "needed" })),
        (
            "ann",
            "remember",
            json!({ "event_type": "error", "summary": "it broke", "details": { "n": [1, 2.5, null, true], "s": "\u{7f}\u{2028}" }, "lessons": ["look"], "tags": ["t"] }),
        ),
        ("ann", "write_handoff", json!({ "summary": "half done", "next_steps": ["the rest"] })),
    ];
    for (who, tool, arguments) in calls {
        watched.calls(who, tool, arguments.clone());
    }
    tour_of_policies(watched);
    work(watched);
    learning(watched);
}

/// What persons decide, and what comes of it.
fn tour_of_policies(watched: &mut Watched<'_>) {
    let calls: &[(&str, &str, Value)] = &[
        ("ann", "check_guardrails", json!({ "operation_text": "git push --force origin main" })),
        (
            "person",
            "add_guardrail",
            json!({ "pattern_name": "no_foo", "min_trust": 5, "pattern": "foo", "category": "git", "severity": "block", "explanation": "never" }),
        ),
        ("person", "disable_guardrail", json!({ "pattern_name": "no_foo" })),
        (
            "person",
            "set_profile",
            json!({ "name": "mine", "trust_level": 3, "blocked_operations": ["forget_memory"] }),
        ),
        ("person", "assign_profile", json!({ "agent_id": "ann", "profile": "mine" })),
        (
            "person",
            "add_policy",
            json!({ "policy_id": "p1", "policy_text": "forbid (principal, action, resource) when { false };" }),
        ),
        ("person", "disable_policy", json!({ "policy_id": "p1" })),
        ("person", "disable_policy", json!({ "policy_id": "p1", "remove": true })),
        ("person", "change_group", json!({ "group": "guests", "agent_type": "test" })),
        ("person", "block_domain", json!({ "domain": "evil.example", "reason": "bad" })),
        ("person", "allow_domain", json!({ "domain": "good.example" })),
        ("person", "allow_domain", json!({ "domain": "good.example", "remove": true })),
        (
            "ann",
            "check_policy",
            json!({ "operation": "network_access", "resource": "evil.example" }),
        ),
        ("ann", "recall", json!({ "query": "broke" })),
    ];
    for (who, tool, arguments) in calls {
        watched.calls(who, tool, arguments.clone());
    }
}

/// What is learned, pinned, forgotten and asked for.
fn learning(watched: &mut Watched<'_>) {
    let memory =
        watched.calls("ann", "remember", json!({ "event_type": "discovery", "summary": "a cave" }));
    for tool in ["pin_memory", "forget_memory"] {
        watched.calls("person", tool, json!({ "memory_id": memory["memory_id"] }));
    }
    watched.calls(
        "person",
        "set_profile",
        json!({ "name": "unknown", "ask_operations": ["acquire_lock"] }),
    );
    let asked = watched.calls("bob", "acquire_lock", json!({ "file_path": "c.rs" }));
    watched.calls("person", "approve", json!({ "approval_id": asked["approval_id"] }));
    watched.calls("bob", "acquire_lock", json!({ "file_path": "c.rs" }));
}

/// Tasks in all their states.
fn work(watched: &mut Watched<'_>) {
    let submit = |watched: &mut Watched<'_>, on: &[&Value]| {
        let task = json!({ "task_type": "t", "description": "d", "depends_on": on, "input_data": { "a": 1 } });
        watched.calls("ann", "submit_work", task)["task_id"].clone()
    };
    let first = submit(watched, &[]);
    submit(watched, &[&first]);
    for (success, retry) in [(false, true), (true, false)] {
        let got = watched.calls("bob", "get_work", json!({}));
        assert_eq!(got["task_id"], first, "{got}");
        let end =
            json!({ "task_id": first, "success": success, "retry": retry, "result": { "ok": 1 } });
        watched.calls("bob", "complete_work", end);
        watched.world.pass_minutes(30);
    }
    let third = submit(watched, &[]);
    watched.calls("person", "cancel_work", json!({ "task_id": third }));
    watched.calls("person", "retry_work", json!({ "task_id": third }));
}

#[test]
fn the_log_says_what_changed_whatever_is_called() {
    let world = World::new();
    switch_on(world.service.store());
    let mut watched = Watched::from_now(&world);
    tour(&mut watched);
    let touched: BTreeSet<&str> =
        watched.seen.iter().filter_map(|seen| seen.split(' ').next()).collect();
    // Seals come with age and breaches from the watcher of files; both have tests of their own.
    let untouched: Vec<_> = catalogue::tables()
        .iter()
        .map(|table| table.name.as_str())
        .filter(|name| !touched.contains(name) && !["audit_seals", "breaches"].contains(name))
        .collect();
    assert!(untouched.is_empty(), "the tour leaves out {untouched:?}: {:?}", watched.seen);
    for change in ["file_locks d", "work_queue u", "network_domains d", "cedar_policies d"] {
        assert!(watched.seen.contains(change), "the tour leaves out {change}");
    }
}

#[test]
fn what_was_there_before_is_exported_and_the_audit_in_order() {
    let world = World::new();
    tour(&mut Watched::from_now(&world));
    assert!(picture::log(world.service.store(), 0).is_empty(), "off, nothing is logged");

    let store = world.service.store();
    store.write_blocking(export::switch_on).expect("sync can be switched on");
    // Work goes on between the steps of the export.
    while store.write_blocking(export::step).expect("rows can be exported") {
        world.agent("ann").asks("acquire_lock", json!({ "file_path": "meanwhile.rs" }));
        world.agent("ann").asks("release_lock", json!({}));
    }
    let log = picture::log(store, 0);
    let now = picture::take(store);
    let mut told = picture::replay(&log, Picture::new(), &now);
    let mut real = now.clone();
    told.values_mut().for_each(coarsen);
    real.values_mut().for_each(coarsen);
    assert_eq!(told, real);
    let audit: Vec<i64> = log
        .iter()
        .filter(|row| row.key.0 == "audit_log")
        .map(|row| serde_json::from_str::<Vec<i64>>(&row.key.1).unwrap()[0])
        .collect();
    let wanted: Vec<i64> = (1..=i64::try_from(audit.len()).unwrap()).collect();
    assert_eq!(audit, wanted, "each audit row once, in order");
}

#[test]
fn signs_of_life_do_not_flood_the_log() {
    let world = World::new();
    switch_on(world.service.store());
    let ann = world.agent("ann");
    ann.asks("acquire_lock", json!({ "file_path": "a.rs" }));
    let before = picture::log(world.service.store(), 0).len();
    for _ in 0..100 {
        world.pass_ms(3_000);
        ann.asks("heartbeat", json!({}));
    }
    let log = picture::log(world.service.store(), i64::try_from(before).unwrap());
    let soft = log.iter().filter(|row| row.key.0 != "audit_log").count();
    // Five minutes: the session and the lock once or twice each.
    assert!(soft <= 4, "{soft} rows: {log:#?}");
}

#[test]
fn what_comes_from_the_mirror_is_not_sent_back() {
    let world = World::new();
    switch_on(world.service.store());
    let store = world.service.store();
    let before = picture::log(store, 0).len();
    let add = |tx: &coord::store::Tx<'_>, name: &str| {
        let sql = "INSERT INTO projects (project, root_hint, last_fence, created_at) VALUES (?1, NULL, 0, 1)";
        tx.run(sql, [name]).map(drop).map_err(Into::into)
    };
    store.write_blocking(move |tx| tx.uncaptured(|tx| add(tx, "theirs"))).unwrap();
    assert_eq!(picture::log(store, 0).len(), before);
    store.write_blocking(move |tx| add(tx, "ours")).unwrap();
    assert_eq!(picture::log(store, 0).len(), before + 1);
}

#[test]
fn switched_off_nothing_is_left_of_it() {
    let world = World::new();
    let store = world.service.store();
    switch_on(store);
    store.write_blocking(export::switch_off).expect("sync can be switched off");
    let last = picture::log(store, 0).len();
    world.agent("ann").asks("acquire_lock", json!({ "file_path": "a.rs" }));
    assert_eq!(picture::log(store, 0).len(), last);
    let triggers = store.read(|tx| {
        let sql = "SELECT count(*) FROM sqlite_schema WHERE name GLOB 'capture_*'";
        Ok(tx.one(sql, [], |row| row.get::<_, i64>(0))?)
    });
    assert_eq!(triggers.unwrap(), Some(0));
}

#[test]
fn a_change_that_was_undone_leaves_no_trace() {
    let world = World::new();
    let store = world.service.store();
    switch_on(store);
    let mut watched = Watched::from_now(&world);
    let failed = store.write_blocking(|tx| {
        tx.run("INSERT INTO projects VALUES ('p', NULL, 0, 1)", [])?;
        Err::<(), _>(anyhow::anyhow!("no").into())
    });
    assert!(failed.is_err());
    watched.compare("an undone change");
    watched.calls("ann", "acquire_lock", json!({ "file_path": "a.rs" }));
}
