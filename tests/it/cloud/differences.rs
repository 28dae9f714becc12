//! A look tells what has changed since the one before, and whoever puts it together notices when something is missing.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{Cloud, Device};

fn acquire(cloud: &Cloud, device: &Device, session: &str, paths: &[&str]) -> Value {
    let locks: Vec<Value> = paths
        .iter()
        .map(|path| json!({"k": path, "path": path, "kind": "file", "mode": "exclusive", "root": path}))
        .collect();
    let ask = json!({
        "req": uuid::Uuid::now_v7().to_string(), "project": "p", "session": session, "agent_id": session,
        "agent_type": "test", "ttl_ms": 90_000, "locks": locks,
    });
    let told = device.call(cloud, "coord_lock_acquire", &ask);
    assert_eq!(told["status"], "granted", "{told}");
    told
}

fn release(cloud: &Cloud, device: &Device, session: &str, paths: &[&str]) {
    let ask = json!({"project": "p", "session": session, "keys": paths});
    assert_eq!(device.call(cloud, "coord_lock_release", &ask)["status"], "ok");
}

/// What a machine puts together from what it is told.
#[derive(Default)]
struct Onlooker {
    epoch: Value,
    held: BTreeMap<String, i128>,
    whole: bool,
    bytes: usize,
}

impl Onlooker {
    /// Looks once; whether what it has is what there is.
    fn look(&mut self, cloud: &Cloud, device: &Device) -> bool {
        let ask = json!({"projects": {"p": self.epoch}, "since": {"p": self.epoch}});
        let answer = device.call(cloud, "coord_arbiter_state", &ask);
        self.bytes = answer.to_string().len();
        let told = &answer["projects"]["p"];
        if told.is_null() {
            return true;
        }
        self.whole = told["since"].is_null();
        if self.whole {
            self.held.clear();
        }
        let name = |k: &Value, d: &Value, s: &Value| format!("{k} {d} {s}");
        for gone in told["gone"].as_array().into_iter().flatten() {
            self.held.remove(&name(&gone[0], &gone[1], &gone[2]));
        }
        for lock in told["locks"].as_array().into_iter().flatten() {
            let h = lock["h"].as_str().and_then(|h| h.parse().ok()).expect("a number");
            self.held.insert(name(&lock["k"], &lock["device"], &lock["session"]), h);
        }
        self.epoch = told["epoch"].clone();
        let sum: i128 = self.held.values().sum();
        told["count"] == self.held.len() && told["sum"] == sum.to_string()
    }
}

#[test]
fn differences_come_to_what_the_whole_list_has() {
    let cloud = Cloud::start();
    let (one, two) = (cloud.device("team"), cloud.device("team"));
    let mut looker = Onlooker::default();
    acquire(&cloud, &one, "s1", &["a", "b", "c"]);
    assert!(looker.look(&cloud, &two) && looker.whole, "the first look has all");
    let mut dice = fastrand::Rng::with_seed(46);
    let paths = ["a", "b", "c", "d", "e", "f"];
    for _ in 0..120 {
        for _ in 0..dice.usize(1..4) {
            let path = paths[dice.usize(..paths.len())];
            let session = ["s1", "s2"][dice.usize(..2)];
            match dice.usize(..4) {
                0 => release(&cloud, &one, session, &[path]),
                1 => {
                    let later = "update coord.shared_locks set lease_until = 1, free_at = 1 where random() < 0.3;
                                 update coord.arbiter_projects set sweep_at = 0";
                    cloud.sql().batch_execute(later).expect("ours");
                }
                _ => {
                    let other = if session == "s1" { "s2" } else { "s1" };
                    release(&cloud, &one, other, &[path]);
                    acquire(&cloud, &one, session, &[path]);
                }
            }
        }
        assert!(looker.look(&cloud, &two), "what is missing?");
        assert!(!looker.whole);
        let held = cloud.ask("count(*) from coord.shared_locks");
        assert_eq!(looker.held.len().to_string(), held);
    }
}

#[test]
fn one_change_among_two_thousand_locks_is_told_in_a_few_bytes() {
    let cloud = Cloud::start();
    let (one, two) = (cloud.device("team"), cloud.device("team"));
    let names: Vec<String> = (0..2_000).map(|n| format!("src/some/folder/file-{n}.rs")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    names.chunks(500).for_each(|some| drop(acquire(&cloud, &one, "s1", some)));
    let mut looker = Onlooker::default();
    assert!(looker.look(&cloud, &two));
    let all = looker.bytes;
    acquire(&cloud, &one, "s2", &["another.rs"]);
    release(&cloud, &one, "s1", &["src/some/folder/file-7.rs"]);
    assert!(looker.look(&cloud, &two) && !looker.whole);

    assert!(looker.bytes < 2_000, "{} bytes, and {all} for all", looker.bytes);
    assert!(all > 500_000, "{all}");
    let ask = json!({"projects": {"p": looker.epoch}, "leases": ["p"]});
    let leases = two.call(&cloud, "coord_arbiter_state", &ask)["leases"]["p"].clone();
    assert_eq!(leases["sessions"].as_array().map(Vec::len), Some(2), "{leases}");
    let sum: i128 = looker.held.values().sum();
    assert_eq!((&leases["count"], &leases["sum"]), (&json!(2_000), &json!(sum.to_string())));
}

#[test]
fn who_was_away_for_long_and_whoever_saw_another_past_is_told_everything() {
    let cloud = Cloud::start();
    let (one, two) = (cloud.device("team"), cloud.device("team"));
    let mut looker = Onlooker::default();
    acquire(&cloud, &one, "s1", &["a", "b"]);
    assert!(looker.look(&cloud, &two));
    let copy = "create table public.copied as select * from coord.shared_locks;
                create table public.numbers as select * from coord.arbiter_projects";
    cloud.sql().batch_execute(copy).expect("ours");
    release(&cloud, &one, "s1", &["a"]);
    acquire(&cloud, &one, "s2", &["c"]);
    assert!(looker.look(&cloud, &two) && !looker.whole);

    // It goes back to the copy, and on past the number that was seen last.
    let back = "delete from coord.shared_locks; delete from coord.shared_lock_ends;
                delete from coord.arbiter_requests; delete from coord.arbiter_projects;
                insert into coord.arbiter_projects select * from public.numbers;
                insert into coord.shared_locks select * from public.copied";
    cloud.sql().batch_execute(back).expect("ours");
    assert!(looker.look(&cloud, &two) && looker.whole, "its number is lower");
    release(&cloud, &one, "s1", &["a"]);
    acquire(&cloud, &one, "s2", &["c"]);
    acquire(&cloud, &one, "s2", &["d"]);
    assert!(looker.look(&cloud, &two) && !looker.whole);
    cloud.sql().batch_execute(back).expect("ours");
    for path in ["x", "y", "z", "v"] {
        acquire(&cloud, &one, "s3", &[path]);
    }
    assert!(!looker.look(&cloud, &two), "what was put together is not what there is");
    looker.epoch = Value::Null;
    assert!(looker.look(&cloud, &two));

    // Ends are on record for ten minutes.
    release(&cloud, &one, "s3", &["x"]);
    let later = "update coord.shared_lock_ends set at = at - 600001; update coord.arbiter_projects set sweep_at = 0";
    cloud.sql().batch_execute(later).expect("ours");
    acquire(&cloud, &one, "s3", &["w"]);
    assert_eq!(cloud.ask("count(*) from coord.shared_lock_ends"), "0");
    assert!(looker.look(&cloud, &two) && looker.whole, "the end of x is forgotten");
}

/// As if Postgres had been put back, and so much time had passed since the copy was made.
fn after_a_copy(cloud: &Cloud, ms: i64) {
    let back = format!(
        "delete from coord.shared_locks; delete from coord.arbiter_requests;
         update coord.arbiter_projects set last_fence = 1, counted_at = coord.now_ms() - {ms}"
    );
    cloud.sql().batch_execute(&back).expect("ours");
}

fn fence(told: &Value) -> i64 {
    told["locks"][0]["fence"].as_i64().expect("a number")
}

#[test]
fn no_fence_comes_twice_after_a_copy_was_put_back() {
    let cloud = Cloud::start();
    let (one, two) = (cloud.device("team"), cloud.device("team"));
    acquire(&cloud, &one, "s1", &["a"]);
    let seen = (0..50).map(|n| fence(&acquire(&cloud, &one, "s1", &[&format!("b{n}")]))).max();
    let seen = seen.expect("some");

    // Time has passed since the copy was made: nobody need know anything.
    after_a_copy(&cloud, 10_001);
    let next = fence(&acquire(&cloud, &two, "s2", &["a"]));
    assert!(next > seen, "{next} after {seen}");
    // None has: one that lives has looked since, whoever asks.
    after_a_copy(&cloud, 0);
    let ask = json!({"projects": {"p": null}, "seen": {"p": next}});
    one.call(&cloud, "coord_arbiter_state", &ask);
    let last = fence(&acquire(&cloud, &two, "s2", &["a"]));
    assert!(last > next, "{last} after {next}");
    // The project is not even in the copy.
    cloud.sql().batch_execute("delete from coord.shared_locks; delete from coord.arbiter_requests; delete from coord.arbiter_projects").expect("ours");
    let ask = json!({"projects": {"p": null}, "seen": {"p": last}});
    one.call(&cloud, "coord_arbiter_state", &ask);
    assert!(fence(&acquire(&cloud, &two, "s2", &["a"])) > last);
    // What nobody can have seen counts for nothing.
    let lie = json!({"projects": {"p": null}, "seen": {"p": 9_000_000_000_000_000_000_i64}});
    one.call(&cloud, "coord_arbiter_state", &lie);
    assert!(fence(&acquire(&cloud, &two, "s2", &["c"])) < 4_000_000_000_000_000);
}

#[test]
fn a_lock_that_is_held_on_keeps_its_fence_and_what_is_known_counts() {
    let cloud = Cloud::start();
    let device = cloud.device("team");
    acquire(&cloud, &device, "s1", &["a"]);
    after_a_copy(&cloud, 60_000);
    let ask = json!({
        "req": uuid::Uuid::now_v7().to_string(), "project": "p", "session": "s1", "agent_id": "s1", "agent_type": "test",
        "ttl_ms": 90_000, "seen": 7, "keep": true, "known": 40,
        "locks": [{"k": "a", "path": "a", "kind": "file", "mode": "exclusive", "root": "a"}],
    });
    assert_eq!(fence(&device.call(&cloud, "coord_lock_acquire", &ask)), 7);
    assert_eq!(cloud.ask("last_fence from coord.arbiter_projects"), "40");
    assert!(fence(&acquire(&cloud, &device, "s1", &["b"])) > 5_000_000, "a minute has passed");
}
