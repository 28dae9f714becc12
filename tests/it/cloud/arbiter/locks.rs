//! What one machine holds, no other one gets; what one lets go, another gets soon.

use std::time::{Duration, Instant};

use coord::answer::Answer;
use serde_json::{Value, json};

use super::{Machine, cloud, pass_there};
use crate::world::Actor;

fn lock(actor: &Actor<'_>, path: &str) -> Value {
    value(&actor.asks("acquire_lock", json!({ "file_path": path })))
}

pub fn value(answer: &Answer) -> Value {
    answer.flat()
}

#[test]
fn a_lock_of_one_machine_is_held_on_the_other() {
    let cloud = cloud();
    let (one, two) = (Machine::start(&cloud, false), Machine::start(&cloud, false));
    let (ann, bob) = (one.world.agent("ann"), two.world.agent("bob"));

    let granted = lock(&ann, "src/a.rs");
    assert_eq!(
        (&granted["success"], &granted["action"]),
        (&json!(true), &json!("acquired")),
        "{granted}"
    );
    let denied = lock(&bob, "src/a.rs");
    assert_eq!(
        (&denied["code"], &denied["locked_by"]),
        (&json!("locked_by_other"), &json!("ann")),
        "{denied}"
    );
    assert_eq!(denied["other_machine"], true);
    // A folder over it, a glob that may mean it: held as well. Something else is free.
    assert_eq!(lock(&bob, "src/")["code"], "locked_by_other");
    assert_eq!(lock(&bob, "src/**/*.rs")["code"], "locked_by_other");
    assert_eq!(lock(&bob, "docs/a.md")["success"], true);
    // Two agents of one machine are kept apart as ever, and asking again renews under the same fence.
    assert_eq!(lock(&one.world.agent("cid"), "src/a.rs")["code"], "locked_by_other");
    assert_eq!(lock(&ann, "src/a.rs")["fence"], granted["fence"]);

    assert_eq!(value(&ann.asks("release_lock", json!({})))["success"], true);
    let next =
        value(&bob.asks("acquire_lock", json!({"file_path": "src/a.rs", "wait_seconds": 20})));
    assert_eq!(next["success"], true, "{next}");
    assert!(next["fence"].as_i64() > granted["fence"].as_i64(), "{granted} then {next}");
}

#[test]
fn what_another_machine_holds_is_seen_within_two_seconds() {
    let cloud = cloud();
    let (one, two) = (Machine::start(&cloud, false), Machine::start(&cloud, false));
    let (ann, bob) = (one.world.agent("ann"), two.world.agent("bob"));
    lock(&bob, "warm.rs");
    let seen = |path: &str| {
        let shown = value(&bob.asks("check_locks", json!({})));
        let locks = shown["locks"].as_array().expect("a list").clone();
        locks.iter().any(|lock| lock["file_path"] == path && lock["locked_by"] == "ann")
    };

    let start = Instant::now();
    lock(&ann, "a.rs");
    two.world.until("the lock is seen", |_| seen("a.rs"));
    ann.asks("release_lock", json!({}));
    two.world.until("its end is seen", |_| !seen("a.rs"));

    assert!(
        start.elapsed() < Duration::from_secs(8),
        "twice within two seconds, on a busy machine: {:?}",
        start.elapsed()
    );
}

#[test]
fn without_a_line_nothing_new_is_granted_and_what_is_held_stays_for_its_lease() {
    let cloud = cloud();
    let one = Machine::start(&cloud, false);
    let ann = one.world.agent("ann");
    lock(&ann, "a.rs");

    one.line.cut(true);
    let denied = lock(&ann, "b.rs");
    assert_eq!(
        (&denied["success"], &denied["code"]),
        (&json!(false), &json!("unavailable")),
        "{denied}"
    );
    let held = value(&ann.asks("check_locks", json!({})));
    assert_eq!(held["locks"].as_array().map(Vec::len), Some(1));
    one.line.cut(false);
    assert_eq!(lock(&ann, "b.rs")["success"], true);
}

#[test]
fn a_machine_that_may_decide_alone_does_and_the_first_to_be_heard_keeps_it() {
    let cloud = cloud();
    let (one, two) = (Machine::start(&cloud, true), Machine::start(&cloud, false));
    let (ann, bob) = (one.world.agent("ann"), two.world.agent("bob"));
    lock(&ann, "warm.rs");

    one.line.cut(true);
    for path in ["a.rs", "b.rs"] {
        let granted = lock(&ann, path);
        assert_eq!(
            (&granted["success"], &granted["provisional"]),
            (&json!(true), &json!(true)),
            "{granted}"
        );
    }
    assert_eq!(lock(&bob, "a.rs")["success"], true, "nobody there knows of it");
    one.line.cut(false);

    // What was granted alone is asked for when somebody answers; what another has by then is lost, and told.
    one.world.until("what was granted alone is known there", |_| {
        cloud.ask("string_agg(path || ' ' || agent_id, ', ' order by path) from coord.shared_locks")
            == "a.rs bob, b.rs ann, warm.rs ann"
    });
    one.world.until("the loss is seen here", |_| {
        let told = value(&ann.asks("check_locks", json!({"file_paths": ["a.rs"]})));
        told["locks"][0]["locked_by"] == "bob"
    });
}

#[test]
fn a_machine_that_is_gone_holds_nothing_for_long() {
    let cloud = cloud();
    let (one, two) = (Machine::start(&cloud, false), Machine::start(&cloud, false));
    lock(&one.world.agent("ann"), "a.rs");
    one.line.cut(true);

    let bob = two.world.agent("bob");
    assert_eq!(lock(&bob, "a.rs")["code"], "locked_by_other");
    pass_there(&cloud, 95_000);
    assert_eq!(lock(&bob, "a.rs")["code"], "locked_by_other", "it may still be writing");
    pass_there(&cloud, 15_000);
    assert_eq!(lock(&bob, "a.rs")["success"], true);
    // When it is back it learns that it lost it.
    one.line.cut(false);
    let ann = one.world.agent("ann");
    assert_eq!(lock(&ann, "a.rs")["locked_by"], "bob");
}
