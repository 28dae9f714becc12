//! Waiting: in order of arrival, passed by nobody, and never in a circle.

use insta::assert_snapshot;
use serde_json::json;

use super::{acquire, fence, field, lock, patiently, reap, release, share, table};
use crate::world::{World, fields};

#[test]
fn a_waiter_gets_the_lock_in_the_transaction_that_frees_it() {
    let world = World::new();
    let (ann, bob) = (world.agent("ann"), world.agent("bob"));
    let first = lock(&ann, "a.rs");
    let waiting = bob.waits("acquire_lock", patiently("a.rs"));

    release(&ann, "a.rs");

    assert_eq!(table(&world), ["a.rs: bob"]);
    let answer = waiting.answer();
    assert_eq!(
        fields(&answer),
        json!({
            "success": true, "action": "acquired", "file_path": "a.rs",
            "expires_at": "2026-01-01T14:00:00Z", "fence": fence(&first) + 1,
        })
    );
}

#[test]
fn waiters_are_served_in_order_of_arrival() {
    let world = World::new();
    let ann = world.agent("ann");
    let names = ["bob", "cat", "dan"];
    let agents = names.map(|name| world.agent(name));
    lock(&ann, "a.rs");
    let waiting: Vec<_> =
        agents.iter().map(|agent| agent.waits("acquire_lock", patiently("a.rs"))).collect();
    let rows = field(&ann.asks("check_locks", json!({})), "locks");
    assert_eq!(rows[0]["waiting"], 3);

    release(&ann, "a.rs");
    for ((agent, name), call) in agents.iter().zip(names).zip(waiting) {
        assert_eq!(table(&world), [format!("a.rs: {name}")]);
        assert!(call.answer().success());
        release(agent, "a.rs");
    }
    assert_eq!(world.waiting(), 0);
}

#[test]
fn a_newcomer_does_not_take_what_an_earlier_waiter_waits_for() {
    let world = World::new();
    let (ann, bob, cat) = (world.agent("ann"), world.agent("bob"), world.agent("cat"));
    lock(&ann, "b.rs");
    let both = json!({ "file_paths": ["a.rs", "b.rs"], "wait_seconds": 50 });
    let waiting = bob.waits("acquire_lock", both);

    let refused = lock(&cat, "a.rs");

    assert_snapshot!(field(&refused, "message"), @r#""a.rs is promised to bob, who asked first""#);
    assert_eq!(field(&refused, "locked_by"), "bob");
    assert_eq!(field(&refused, "position"), 2);
    assert!(lock(&cat, "c.rs").success(), "nobody waits for this");
    release(&ann, "b.rs");
    assert!(waiting.answer().success());
}

#[test]
fn readers_do_not_starve_a_writer() {
    let world = World::new();
    let (ann, bob, cat) = (world.agent("ann"), world.agent("bob"), world.agent("cat"));
    share(&ann, "a.rs");
    let writer = bob.waits("acquire_lock", patiently("a.rs"));

    let refused = share(&cat, "a.rs");
    assert_snapshot!(field(&refused, "message"), @r#""a.rs is locked by ann until 2026-01-01T14:00:00Z, and bob asked for it first""#);
    assert_eq!(field(&refused, "promised_to"), "bob");

    let reader = json!({ "file_path": "a.rs", "mode": "shared", "wait_seconds": 50 });
    let reader = cat.waits("acquire_lock", reader);
    release(&ann, "a.rs");
    assert!(writer.answer().success());
    assert_eq!(table(&world), ["a.rs: bob"]);
    release(&bob, "a.rs");
    assert!(reader.answer().success());
}

#[test]
fn who_holds_it_already_may_renew_and_refine_past_the_waiters() {
    let world = World::new();
    let (ann, bob) = (world.agent("ann"), world.agent("bob"));
    lock(&ann, "src/");
    let waiting = bob.waits("acquire_lock", patiently("src/a.rs"));

    assert_eq!(field(&lock(&ann, "src/"), "action"), "refreshed");
    assert_eq!(field(&lock(&ann, "src/a.rs"), "action"), "acquired");

    release(&ann, "src/");
    assert_eq!(world.waiting(), 1, "ann still holds the file");
    release(&ann, "src/a.rs");
    assert!(waiting.answer().success());
}

#[test]
fn a_reader_becomes_the_writer_before_those_who_wait_for_it() {
    let world = World::new();
    let (ann, bob) = (world.agent("ann"), world.agent("bob"));
    share(&ann, "a.rs");
    let waiting = bob.waits("acquire_lock", patiently("a.rs"));

    assert!(lock(&ann, "a.rs").success(), "bob waits for ann in any case");

    release(&ann, "a.rs");
    assert!(waiting.answer().success());
}

#[test]
fn a_reader_does_not_become_the_writer_past_a_reader_that_asked_first() {
    let world = World::new();
    let (ann, bob, cat) = (world.agent("ann"), world.agent("bob"), world.agent("cat"));
    share(&ann, "a.rs");
    lock(&cat, "b.rs");
    let both = json!({ "file_paths": ["a.rs", "b.rs"], "mode": "shared", "wait_seconds": 50 });
    let waiting = bob.waits("acquire_lock", both);

    let refused = lock(&ann, "a.rs");

    assert_eq!(field(&refused, "locked_by"), "bob", "bob waits for cat alone, and was first");
    release(&cat, "b.rs");
    assert!(waiting.answer().success());
}

#[test]
fn those_who_want_other_things_are_served_past_a_waiter() {
    let world = World::new();
    let (ann, bob, cat) = (world.agent("ann"), world.agent("bob"), world.agent("cat"));
    acquire(&ann, json!({ "file_paths": ["a.rs", "b.rs"] }));
    let first = bob.waits("acquire_lock", patiently("a.rs"));
    let second = cat.waits("acquire_lock", patiently("b.rs"));

    release(&ann, "b.rs");

    assert!(second.answer().success());
    assert_eq!(table(&world), ["a.rs: ann", "b.rs: cat"]);
    release(&ann, "a.rs");
    assert!(first.answer().success());
}

#[test]
fn a_released_folder_serves_all_who_wait_for_something_inside() {
    let world = World::new();
    let (ann, bob, cat) = (world.agent("ann"), world.agent("bob"), world.agent("cat"));
    lock(&ann, "src/");
    let one = bob.waits("acquire_lock", patiently("src/a.rs"));
    let two = cat.waits("acquire_lock", patiently("src/**/*.md"));

    release(&ann, "src/");

    assert!(one.answer().success() && two.answer().success());
}

#[test]
fn a_writer_that_only_reads_on_serves_the_readers_who_wait() {
    let world = World::new();
    let (ann, bob) = (world.agent("ann"), world.agent("bob"));
    lock(&ann, "a.rs");
    let reader = json!({ "file_path": "a.rs", "mode": "shared", "wait_seconds": 50 });
    let waiting = bob.waits("acquire_lock", reader);

    share(&ann, "a.rs");

    assert!(waiting.answer().success());
    assert_eq!(table(&world), ["a.rs: ann (shared)", "a.rs: bob (shared)"]);
}

#[test]
fn a_wait_that_would_close_a_circle_is_refused_and_the_circle_named() {
    let world = World::new();
    let (ann, bob, cat) = (world.agent("ann"), world.agent("bob"), world.agent("cat"));
    lock(&ann, "a.rs");
    lock(&bob, "b.rs");
    lock(&cat, "c.rs");
    let one = ann.waits("acquire_lock", patiently("b.rs"));
    let two = bob.waits("acquire_lock", patiently("c.rs"));

    let refused = acquire(&cat, patiently("a.rs"));

    assert_snapshot!(fields(&refused), @r#"{"code":"would_deadlock","cycle":[{"agent_id":"cat","held_by":"ann","waits_for":"a.rs"},{"agent_id":"ann","held_by":"bob","waits_for":"b.rs"},{"agent_id":"bob","held_by":"cat","waits_for":"c.rs"}],"file_path":"a.rs","hint":"release c.rs first, then ask for everything at once","message":"waiting for a.rs would never end: cat waits for ann (a.rs), ann waits for bob (b.rs), bob waits for cat (c.rs)","success":false}"#);
    assert_eq!(world.waiting(), 2, "nothing changed");
    release(&cat, "c.rs");
    assert!(two.answer().success());
    bob.asks("release_lock", json!({}));
    assert!(one.answer().success());
}

#[test]
fn two_readers_who_both_want_to_write_are_a_circle() {
    let world = World::new();
    let (ann, bob) = (world.agent("ann"), world.agent("bob"));
    share(&ann, "a.rs");
    share(&bob, "a.rs");
    let waiting = ann.waits("acquire_lock", patiently("a.rs"));

    assert_eq!(acquire(&bob, patiently("a.rs")).code(), Some("would_deadlock"));

    release(&bob, "a.rs");
    assert!(waiting.answer().success());
    assert_eq!(table(&world), ["a.rs: ann"]);
}

#[test]
fn a_circle_through_the_line_is_a_circle_too() {
    let world = World::new();
    let (ann, bob, cat) = (world.agent("ann"), world.agent("bob"), world.agent("cat"));
    share(&ann, "a.rs");
    lock(&bob, "b.rs");
    // cat stands before bob in the line for a.rs, and waits for ann.
    let writer = cat.waits("acquire_lock", patiently("a.rs"));
    let shared = json!({ "file_path": "a.rs", "mode": "shared", "wait_seconds": 50 });
    let reader = bob.waits("acquire_lock", shared);

    assert_eq!(acquire(&ann, patiently("b.rs")).code(), Some("would_deadlock"));

    release(&ann, "a.rs");
    assert!(writer.answer().success());
    release(&cat, "a.rs");
    assert!(reader.answer().success());
}

#[test]
fn time_that_is_up_serves_the_first_in_line() {
    let world = World::new();
    let (ann, bob) = (world.agent("ann"), world.agent("bob"));
    acquire(&ann, json!({ "file_path": "a.rs", "ttl_minutes": 1 }));
    world.pass_ms(30_000);
    let waiting = bob.waits("acquire_lock", patiently("a.rs"));
    world.pass_ms(30_000);

    assert_eq!(reap(&world), 1);

    assert!(waiting.answer().success());
    assert_eq!(reap(&world), 0, "nothing else has had its time");
}

#[test]
fn whoever_finds_a_lock_out_of_date_first_serves_those_who_wait_for_it() {
    let world = World::new();
    let (ann, bob, cat) = (world.agent("ann"), world.agent("bob"), world.agent("cat"));
    acquire(&ann, json!({ "file_path": "a.rs", "ttl_minutes": 1 }));
    world.pass_ms(30_000);
    let waiting = bob.waits("acquire_lock", patiently("a.rs"));
    world.pass_ms(30_000);

    let refused = lock(&cat, "a.rs");

    assert_eq!(field(&refused, "locked_by"), "bob");
    assert!(waiting.answer().success());
    assert_eq!(table(&world), ["a.rs: bob"], "a refusal does not undo what was passed on");
}

#[test]
fn the_next_deadline_is_that_of_the_first_lock_to_run_out() {
    let world = World::new();
    let ann = world.agent("ann");
    let deadline = || {
        let found = world.service.store().read(coord::locks::next_deadline);
        found.expect("the store can be read").map(|time| time.to_string())
    };
    assert_eq!(deadline(), None);

    acquire(&ann, json!({ "file_path": "a.rs", "ttl_minutes": 30 }));
    acquire(&ann, json!({ "file_path": "b.rs", "ttl_minutes": 20 }));

    assert_eq!(deadline().as_deref(), Some("2026-01-01T12:20:00Z"));
}
