//! Leaving: a wait that is given up, a session that ends, a lock taken by force.

use insta::assert_snapshot;
use serde_json::json;

use super::{acquire, field, lock, patiently, reap, release, share, table};
use crate::world::{Actor, World, fields};

#[test]
fn a_wait_that_is_in_vain_ends_with_the_refusal_that_was_due() {
    let world = World::new();
    let (ann, bob) = (world.agent("ann"), world.agent("bob"));
    lock(&ann, "a.rs");

    let answer = acquire(&bob, json!({ "file_path": "a.rs", "wait_seconds": 1 }));

    assert_eq!(answer.code(), Some("locked_by_other"));
    assert_eq!(field(&answer, "locked_by"), "ann");
    assert_eq!(field(&answer, "position"), 1);
    assert_eq!(world.waiting(), 0);
}

#[test]
fn a_waiter_that_leaves_lets_those_behind_it_through() {
    let world = World::new();
    let (ann, bob, cat) = (world.agent("ann"), world.agent("bob"), world.agent("cat"));
    share(&ann, "a.rs");
    let writer = bob.waits("acquire_lock", patiently("a.rs"));
    let shared = json!({ "file_path": "a.rs", "mode": "shared", "wait_seconds": 50 });
    let reader = cat.waits("acquire_lock", shared);

    writer.cancel();

    assert_eq!(writer.answer().code(), Some("locked_by_other"));
    assert!(reader.answer().success(), "only the writer was in its way");
    assert_eq!(table(&world), ["a.rs: ann (shared)", "a.rs: cat (shared)"]);
}

#[test]
fn a_place_whose_time_is_up_is_in_nobodys_way() {
    let world = World::new();
    let (ann, bob, cat) = (world.agent("ann"), world.agent("bob"), world.agent("cat"));
    share(&ann, "a.rs");
    let writer = bob.waits("acquire_lock", patiently("a.rs"));
    assert_eq!(share(&cat, "a.rs").code(), Some("locked_by_other"));

    world.pass_ms(50_000);

    assert!(share(&cat, "a.rs").success());
    writer.cancel();
    assert_eq!(writer.answer().code(), Some("locked_by_other"));
}

#[test]
fn those_behind_a_place_that_nobody_came_back_for_are_served() {
    let world = World::new();
    let (ann, bob, cat) = (world.agent("ann"), world.agent("bob"), world.agent("cat"));
    share(&ann, "a.rs");
    let orphan = bob.waits("acquire_lock", patiently("a.rs"));
    world.pass_ms(20_000);
    let shared = json!({ "file_path": "a.rs", "mode": "shared", "wait_seconds": 50 });
    let reader = cat.waits("acquire_lock", shared);
    world.pass_ms(30_000);

    assert_eq!(reap(&world), 0, "no lock has had its time");

    assert!(reader.answer().success());
    orphan.cancel();
    assert_eq!(orphan.answer().code(), Some("locked_by_other"));
}

/// What the reaper does with a dead session.
fn bury(actor: &Actor<'_>) -> Vec<coord::locks::Released> {
    let (session, now) = (actor.caller.session_id.clone(), actor.world.clock.now());
    let buried = actor.world.service.store().write_blocking(move |tx| {
        coord::waits::leave_all(tx, &session)?;
        coord::locks::release_session(tx, &session, now)
    });
    buried.expect("the store can be written")
}

#[test]
fn a_dead_sessions_locks_pass_to_those_who_wait() {
    let world = World::new();
    let (ann, bob, cat) = (world.agent("ann"), world.agent("bob"), world.agent("cat"));
    acquire(&ann, json!({ "file_paths": ["a.rs", "b.rs"] }));
    let one = bob.waits("acquire_lock", patiently("a.rs"));
    let two = cat.waits("acquire_lock", patiently("b.rs"));

    let released = bury(&ann);

    assert_eq!(released.len(), 2);
    assert_eq!(released[0].agent_id, "ann");
    assert!(one.answer().success() && two.answer().success());
    assert_eq!(table(&world), ["a.rs: bob", "b.rs: cat"]);
}

#[test]
fn a_dead_session_is_not_served() {
    let world = World::new();
    let (ann, bob, cat) = (world.agent("ann"), world.agent("bob"), world.agent("cat"));
    lock(&ann, "a.rs");
    lock(&bob, "own.rs");
    let dead = bob.waits("acquire_lock", patiently("a.rs"));
    let alive = cat.waits("acquire_lock", patiently("a.rs"));
    let (session, now) = (bob.caller.session_id.clone(), world.clock.now());
    let end = move |tx: &coord::store::Tx<'_>| {
        let ended = tx.run(
            "UPDATE agent_sessions SET ended_at = ?1, end_reason = 'died' WHERE session_id = ?2",
            rusqlite::params![now, session],
        )?;
        assert_eq!(ended, 1, "bob was heard, so there is a row");
        Ok(())
    };
    world.service.store().write_blocking(end).expect("the store can be written");

    release(&ann, "a.rs");

    assert!(alive.answer().success());
    dead.cancel();
    drop(dead.answer());
    assert_eq!(table(&world), ["a.rs: cat", "own.rs: bob"]);
}

#[test]
fn a_person_takes_a_lock_away_with_a_reason() {
    let world = World::new();
    let (ann, bob, person) = (world.agent("ann"), world.agent("bob"), world.person());
    acquire(&ann, json!({ "file_paths": ["src/a.rs", "src/b.rs", "c.rs"] }));
    let waiting = bob.waits("acquire_lock", patiently("src/a.rs"));

    let answer =
        person.asks("force_release_lock", json!({ "file_path": "src/", "reason": "ann is stuck" }));

    assert_snapshot!(fields(&answer), @r#"{"action":"released","locks":[{"fence":1,"file_path":"src/a.rs","locked_by":"ann"},{"fence":1,"file_path":"src/b.rs","locked_by":"ann"}],"success":true}"#);
    assert!(waiting.answer().success());
    assert_eq!(table(&world), ["c.rs: ann", "src/a.rs: bob"]);
}

#[test]
fn who_lost_a_lock_by_force_learns_it_once_with_the_next_answer() {
    let world = World::new();
    let (ann, person) = (world.agent("ann"), world.person());
    lock(&ann, "a.rs");
    person.asks("force_release_lock", json!({ "file_path": "a.rs", "reason": "ann is stuck" }));

    assert_eq!(
        field(&release(&ann, "a.rs"), "news"),
        json!(null),
        "an error shows a model no fields"
    );
    let first = lock(&ann, "b.rs");
    let second = lock(&ann, "b.rs");

    assert_eq!(
        field(&first, "news"),
        json!([{
            "lock_taken_away": "a.rs", "by": "person", "reason": "ann is stuck",
            "at": "2026-01-01T12:00:00Z",
        }])
    );
    assert_eq!(field(&second, "news"), json!(null));
}

#[test]
fn a_person_takes_all_of_an_agent_away() {
    let world = World::new();
    let (ann, bob, person) = (world.agent("ann"), world.agent("bob"), world.person());
    acquire(&ann, json!({ "file_paths": ["a.rs", "b.rs"] }));
    lock(&bob, "c.rs");

    let of_ann = json!({ "agent_id": "ann", "reason": "gone for good" });
    assert!(person.asks("force_release_lock", of_ann.clone()).success());

    assert_eq!(table(&world), ["c.rs: bob"]);
    assert_eq!(person.asks("force_release_lock", of_ann).code(), Some("lock_not_found"));
}

#[test]
fn an_agent_takes_nothing_away_by_force() {
    let world = World::new();
    let (ann, bob) = (world.agent("ann"), world.agent("bob"));
    lock(&ann, "a.rs");

    let answer =
        bob.asks("force_release_lock", json!({ "file_path": "a.rs", "reason": "I want it" }));

    assert_eq!(answer.code(), Some("person_required"));
    assert_eq!(table(&world), ["a.rs: ann"]);
}

#[test]
fn force_without_a_reason_or_an_aim_changes_nothing() {
    let world = World::new();
    let (ann, person) = (world.agent("ann"), world.person());
    lock(&ann, "src/");
    let cases = [
        (json!({ "file_path": "src/" }), "invalid_argument"),
        (json!({ "file_path": "src/", "reason": "  x  " }), "invalid_argument"),
        (json!({ "reason": "just because" }), "invalid_argument"),
        (json!({ "file_path": "src/a.rs", "reason": "just because" }), "lock_not_found"),
        (json!({ "file_path": "docs/", "reason": "just because" }), "lock_not_found"),
        (
            json!({ "file_path": "src/", "agent_id": "bob", "reason": "wrong one" }),
            "lock_not_found",
        ),
    ];
    for (arguments, code) in cases {
        let answer = person.asks("force_release_lock", arguments.clone());
        assert_eq!(answer.code(), Some(code), "{arguments}");
    }
    let inside = json!({ "file_path": "src/a.rs", "reason": "just because" });
    let answer = person.asks("force_release_lock", inside);
    assert_eq!(field(&answer, "hint"), "ann holds src/; name that");
    assert_eq!(table(&world), ["src/: ann"]);
}
