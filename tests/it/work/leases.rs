//! How claims end without their holder's word.

use coord::work::{self, LEASE_MS, Status};
use serde_json::json;

use super::{claim, complete, deed, dies, done, reap, refused, shown, status, submit};
use crate::world::{World, fields};

#[test]
fn a_claim_ends_the_moment_its_lease_does() {
    let world = World::new();
    let (ann, bob) = (world.agent("ann"), world.agent("bob"));
    let task = submit(&bob, json!({}));
    claim(&ann);

    world.pass_ms(LEASE_MS - 1);
    assert_eq!(refused(&bob.asks("get_work", json!({}))), "no_tasks_available");
    world.pass_ms(1);
    let taken = done(&bob.asks("get_work", json!({})));
    assert_eq!((&taken["task_id"], &taken["attempt"]), (&json!(task), &json!(2)));
    assert_eq!(taken["last_error"], "ann was not heard until its lease ran out");
}

#[test]
fn activity_renews_a_lease_that_is_half_over_and_makes_the_task_running() {
    let world = World::new();
    let ann = world.agent("ann");
    let task = submit(&ann, json!({}));
    claim(&ann);
    let renew = |world: &World| {
        let (now, session) = (world.clock.now(), "session-of-ann".to_owned());
        deed(world, move |tx| work::renew(tx, &session, now))
    };

    world.pass_ms(LEASE_MS / 2);
    assert_eq!(renew(&world), 0, "just half of it is left");
    assert_eq!(status(&world, &task), "claimed");
    world.pass_ms(1);
    assert_eq!(renew(&world), 1);
    assert_eq!(status(&world, &task), "running");
    world.pass_ms(LEASE_MS - 1);
    assert_eq!(reap(&world), [], "it was drawn out to its full length");
    complete(&ann, &task);
}

#[test]
fn any_call_of_its_holder_renews_a_lease() {
    let world = World::new();
    let ann = world.agent("ann");
    let task = submit(&ann, json!({}));
    claim(&ann);
    for _ in 0..10 {
        world.pass_ms(LEASE_MS - 1);
        ann.asks("submit_work", json!({ "task_type": "t", "description": "d" }));
    }
    complete(&ann, &task);
}

#[test]
fn a_lease_that_ran_out_is_not_brought_back() {
    let world = World::new();
    let ann = world.agent("ann");
    let task = submit(&ann, json!({}));
    claim(&ann);
    world.pass_ms(LEASE_MS);
    let now = world.clock.now();
    assert_eq!(deed(&world, move |tx| work::renew(tx, "session-of-ann", now)), 0);
    assert_eq!(reap(&world).len(), 1);
    assert_eq!(status(&world, &task), "pending");
}

#[test]
fn a_late_report_is_refused_and_kept() {
    let world = World::new();
    let (ann, bob) = (world.agent("ann"), world.agent("bob"));
    let task = submit(&ann, json!({}));
    claim(&ann);
    world.pass_ms(LEASE_MS);
    assert_eq!(claim(&bob), task);

    let answer = ann.asks(
        "complete_work",
        json!({ "task_id": task, "success": true, "result": { "answer": 42 } }),
    );

    assert_eq!(refused(&answer), "lease_lost");
    assert_eq!(fields(&answer)["status"], "claimed");
    let row = shown(&world, &task);
    assert_eq!(row["claimed_by"], "bob");
    assert_eq!(row["late_result"]["result"], json!({ "answer": 42 }));
    assert_eq!(
        (&row["late_result"]["agent_id"], &row["late_result"]["fence"]),
        (&json!("ann"), &json!(1))
    );
    complete(&bob, &task);
    assert_eq!(shown(&world, &task)["late_result"]["agent_id"], "ann");
}

#[test]
fn a_report_after_the_lease_is_late_even_if_nobody_has_looked() {
    let world = World::new();
    let ann = world.agent("ann");
    let task = submit(&ann, json!({}));
    claim(&ann);
    world.pass_ms(LEASE_MS);
    let answer = ann.asks("complete_work", json!({ "task_id": task, "success": true }));
    assert_eq!(refused(&answer), "lease_lost");
    assert_eq!(status(&world, &task), "pending", "what the report found out stays found out");
}

#[test]
fn the_work_of_the_dead_is_ready_at_once() {
    let world = World::new();
    let (ann, bob) = (world.agent("ann"), world.agent("bob"));
    let (one, two) = (submit(&bob, json!({})), submit(&bob, json!({})));
    claim(&ann);
    claim(&ann);

    let returned = dies(&world, &ann);

    let ids: Vec<_> = returned.iter().map(|one| one.task_id.clone()).collect();
    assert_eq!(ids, [one.clone(), two]);
    assert!(returned.iter().all(|one| one.status == Status::Pending && one.agent_id == "ann"));
    let taken = done(&bob.asks("get_work", json!({})));
    assert_eq!((&taken["task_id"], &taken["attempt"]), (&json!(one), &json!(2)));
    assert_eq!(taken["last_error"], "ann died while working on it");
    assert_eq!(dies(&world, &ann), [], "it has nothing left to lose");
}

#[test]
fn a_task_that_loses_all_its_holders_fails_and_parks_what_depends_on_it() {
    let world = World::new();
    let ann = world.agent("ann");
    let task = submit(&ann, json!({ "max_attempts": 2 }));
    let after = submit(&ann, json!({ "depends_on": [task] }));
    claim(&ann);
    dies(&world, &ann);
    claim(&ann);
    assert_eq!(dies(&world, &ann)[0].status, Status::Failed);

    let row = shown(&world, &task);
    assert_eq!(row["why"], "given up after attempt 2: ann died while working on it");
    assert_eq!(row["attempts"].as_array().map(Vec::len), Some(2));
    assert!(shown(&world, &after)["why"].as_str().is_some_and(|why| why.contains("which failed")));
    let late = ann.asks("complete_work", json!({ "task_id": task, "success": true }));
    assert_eq!(refused(&late), "lease_lost");
}

#[test]
fn the_next_deadline_is_the_first_lease_or_pause_to_end() {
    let world = World::new();
    let ann = world.agent("ann");
    let next = |world: &World| deed(world, work::next_deadline);
    assert_eq!(next(&world), None);

    let (one, _) = (submit(&ann, json!({})), submit(&ann, json!({})));
    claim(&ann);
    claim(&ann);
    assert_eq!(next(&world), Some(world.clock.now().plus(LEASE_MS)));
    super::fail(&ann, &one, true);
    assert_eq!(next(&world), Some(world.clock.now().plus(10_000)));
    world.pass_ms(10_000);
    assert_eq!(reap(&world), []);
    assert_eq!(next(&world), Some(world.clock.now().plus(LEASE_MS - 10_000)));
    assert_eq!(claim(&ann), one);
}

#[test]
fn what_a_session_holds_can_be_told() {
    let world = World::new();
    let ann = world.agent("ann");
    let task = submit(&ann, json!({}));
    claim(&ann);
    let held = deed(&world, |tx| work::held_by(tx, "session-of-ann"));
    assert_eq!(held.into_iter().map(|one| one.task_id).collect::<Vec<_>>(), [task]);
}
