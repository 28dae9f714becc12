//! Standing in line for work.

use serde_json::json;

use super::{can, claim, complete, dies, done, fail, reap, refused, shown, status, submit};
use crate::world::{World, fields};

#[test]
fn a_waiting_agent_gets_the_next_task_as_if_it_had_claimed_it() {
    let world = World::new();
    let (ann, bob) = (world.agent("ann"), world.agent("bob"));
    let waiting = bob.waits("get_work", json!({ "wait_seconds": 110 }));

    let task = submit(&ann, json!({}));

    let reply = done(&waiting.answer());
    assert_eq!(reply["task_id"], json!(task));
    assert_eq!((&reply["attempt"], &reply["fence"]), (&json!(1), &json!(1)));
    complete(&bob, &task);
}

#[test]
fn first_come_first_served() {
    let world = World::new();
    let (ann, bob, eve) = (world.agent("ann"), world.agent("bob"), world.agent("eve"));
    let (first, second) = (
        bob.waits("get_work", json!({ "wait_seconds": 110 })),
        eve.waits("get_work", json!({ "wait_seconds": 110 })),
    );
    let one = submit(&ann, json!({}));
    assert_eq!(done(&first.answer())["task_id"], json!(one));
    assert!(!second.is_answered());
    let two = submit(&ann, json!({}));
    assert_eq!(done(&second.answer())["task_id"], json!(two));
}

#[test]
fn those_who_cannot_take_a_task_do_not_hold_up_those_who_can() {
    let world = World::new();
    let (ann, bob, eve) = (world.agent("ann"), world.agent("bob"), world.agent("eve"));
    can(&world, &eve, "gpu");
    let docs = bob.waits("get_work", json!({ "wait_seconds": 110, "task_types": ["docs"] }));
    let any = eve.waits("get_work", json!({ "wait_seconds": 110 }));

    let task = submit(&ann, json!({ "required_capabilities": ["gpu"] }));

    assert_eq!(done(&any.answer())["task_id"], json!(task));
    assert!(!docs.is_answered());
    let page = submit(&ann, json!({ "task_type": "docs" }));
    assert_eq!(done(&docs.answer())["task_id"], json!(page));
}

#[test]
fn a_newcomer_does_not_push_in_before_one_who_has_become_able() {
    let world = World::new();
    let (ann, bob, eve) = (world.agent("ann"), world.agent("bob"), world.agent("eve"));
    let waiting = bob.waits("get_work", json!({ "wait_seconds": 110 }));
    let task = submit(&ann, json!({ "required_capabilities": ["gpu"] }));
    can(&world, &bob, "gpu");
    can(&world, &eve, "gpu");

    assert_eq!(refused(&eve.asks("get_work", json!({}))), "no_tasks_available");
    assert_eq!(done(&waiting.answer())["task_id"], json!(task));
}

#[test]
fn what_completion_makes_ready_goes_to_those_who_wait() {
    let world = World::new();
    let (ann, bob) = (world.agent("ann"), world.agent("bob"));
    let first = submit(&ann, json!({}));
    let second = submit(&ann, json!({ "depends_on": [first] }));
    claim(&ann);
    let waiting = bob.waits("get_work", json!({ "wait_seconds": 110 }));
    assert_eq!(complete(&ann, &first)["unblocked"], json!([second]));
    assert_eq!(done(&waiting.answer())["task_id"], json!(second));
}

#[test]
fn the_work_of_the_dead_goes_to_those_who_wait_and_not_back_to_the_dead() {
    let world = World::new();
    let (ann, bob) = (world.agent("ann"), world.agent("bob"));
    let task = submit(&ann, json!({}));
    claim(&ann);
    let _dead = ann.waits("get_work", json!({ "wait_seconds": 110 }));
    let waiting = bob.waits("get_work", json!({ "wait_seconds": 110 }));
    dies(&world, &ann);
    assert_eq!(done(&waiting.answer())["task_id"], json!(task));
    assert_eq!(world.waiting(), 0);
    _dead.cancel();
}

#[test]
fn a_pause_that_is_over_and_a_retry_serve_those_who_wait() {
    let world = World::new();
    let (ann, bob) = (world.agent("ann"), world.agent("bob"));
    let task = submit(&ann, json!({}));
    fail(&ann, &claim(&ann), true);
    let waiting = bob.waits("get_work", json!({ "wait_seconds": 110 }));
    world.pass_ms(10_000);
    reap(&world);
    assert_eq!(done(&waiting.answer())["task_id"], json!(task));

    fail(&bob, &task, false);
    let waiting = bob.waits("get_work", json!({ "wait_seconds": 110 }));
    done(&world.person().asks("retry_work", json!({ "task_id": task })));
    assert_eq!(done(&waiting.answer())["attempt"], 1, "it has all its attempts again");
}

#[test]
fn who_waits_in_vain_is_told_what_there_is() {
    let world = World::new();
    let (ann, bob) = (world.agent("ann"), world.agent("bob"));
    submit(&ann, json!({}));
    claim(&ann);
    let answer = bob.waits("get_work", json!({ "wait_seconds": 1 })).answer();
    assert_eq!(refused(&answer), "no_tasks_available");
    assert_eq!(fields(&answer)["claimed"], 1);
    assert_eq!(world.waiting(), 0);
}

#[test]
fn who_stops_waiting_leaves_the_line() {
    let world = World::new();
    let (ann, bob) = (world.agent("ann"), world.agent("bob"));
    let waiting = bob.waits("get_work", json!({ "wait_seconds": 110 }));
    waiting.cancel();
    assert_eq!(refused(&waiting.answer()), "no_tasks_available");
    let task = submit(&ann, json!({}));
    assert_eq!(status(&world, &task), "pending");
}

#[test]
fn what_was_granted_to_one_who_no_longer_listens_is_returned_uncounted() {
    use coord::context::Context;
    use coord::tool::Tool as _;
    let world = World::new();
    let (ann, bob) = (world.agent("ann"), world.agent("bob"));
    let task = submit(&ann, json!({ "max_attempts": 1 }));
    let granted = done(&bob.asks("get_work", json!({})));
    let kept = submit(&ann, json!({ "priority": 1 }));
    claim(&bob);
    let waiting = ann.waits("get_work", json!({ "wait_seconds": 110 }));

    let ctx = Context {
        caller: bob.caller.clone(),
        repo: std::sync::Arc::clone(&bob.repo),
        now: world.clock.now(),
        request_key: None,
        resent: false,
        settings: coord::context::Settings::default(),
        ticket: None,
        ruling: None,
    };
    super::deed(&world, move |tx| coord::work::GetWork::default().take_back(tx, &ctx, &granted));

    let reply = done(&waiting.answer());
    assert_eq!((&reply["task_id"], &reply["attempt"]), (&json!(task), &json!(1)));
    assert_eq!(shown(&world, &kept)["claimed_by"], "bob", "his other claim is untouched");
}

#[test]
fn a_place_whose_time_is_up_is_not_served() {
    let world = World::new();
    let (ann, bob) = (world.agent("ann"), world.agent("bob"));
    let waiting = bob.waits("get_work", json!({ "wait_seconds": 60 }));
    world.pass_minutes(1);
    let task = submit(&ann, json!({}));
    assert_eq!(status(&world, &task), "pending");
    waiting.cancel();
    assert_eq!(refused(&waiting.answer()), "no_tasks_available");
}

#[test]
fn a_waiting_call_that_was_served_and_is_sent_again_gets_the_same_task_and_no_other() {
    let world = World::new();
    let (ann, bob) = (world.agent("ann"), world.agent("bob"));
    let asked = json!({ "wait_seconds": 30 });
    let waiting = bob.waits_as(Some("shim/1"), "get_work", asked.clone());
    submit(&ann, json!({}));
    let first = done(&waiting.answer());
    submit(&ann, json!({}));

    let again = done(&bob.asks_as(Some("shim/1"), "get_work", asked));

    assert_eq!(again, first);
    let held = done(&ann.asks("get_work", json!({})));
    assert_ne!(held["task_id"], first["task_id"], "the second task was still to be had");
}
