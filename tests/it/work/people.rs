//! What people may do to anybody's task.

use serde_json::json;

use super::{claim, complete, done, fail, refused, shown, status, submit};
use crate::world::{World, fields};

#[test]
fn agents_do_not_cancel_or_retry() {
    let world = World::new();
    let ann = world.agent("ann");
    let task = submit(&ann, json!({}));
    for (tool, arguments) in [
        ("cancel_work", json!({ "task_id": task, "reason": "no" })),
        ("retry_work", json!({ "task_id": task })),
        ("list_work", json!({})),
        ("show_work", json!({ "task_id": task })),
        ("work_graph", json!({})),
    ] {
        assert_eq!(refused(&ann.asks(tool, arguments)), "person_required", "{tool}");
    }
}

#[test]
fn a_cancelled_task_is_gone_for_its_holder_and_parks_what_depends_on_it() {
    let world = World::new();
    let ann = world.agent("ann");
    let task = submit(&ann, json!({ "task_type": "build" }));
    let after = submit(&ann, json!({ "depends_on": [task] }));
    claim(&ann);

    let reply =
        done(&world.person().asks("cancel_work", json!({ "task_id": task, "reason": "obsolete" })));

    assert_eq!(
        reply,
        json!({ "task_id": task, "status": "cancelled", "was_claimed_by": "ann", "parked": 1 })
    );
    let late = ann.asks("complete_work", json!({ "task_id": task, "success": true }));
    assert_eq!(refused(&late), "lease_lost");
    assert!(late.sentence().contains("the task was cancelled (obsolete)"), "{}", late.sentence());
    assert_eq!(
        shown(&world, &after)["why"],
        json!(format!("waits for {task} (build), which was cancelled"))
    );
    let again = world.person().asks("cancel_work", json!({ "task_id": task, "reason": "again" }));
    assert_eq!(refused(&again), "task_already_finished");
}

#[test]
fn a_retried_task_starts_anew_and_frees_what_only_it_held_up() {
    let world = World::new();
    let ann = world.agent("ann");
    let (one, two) = (submit(&ann, json!({ "max_attempts": 1 })), submit(&ann, json!({})));
    let only_one = submit(&ann, json!({ "depends_on": [one] }));
    let both = submit(&ann, json!({ "depends_on": [one, two] }));
    claim(&ann);
    claim(&ann);
    fail(&ann, &one, false);
    fail(&ann, &two, false);

    let reply = done(&world.person().asks("retry_work", json!({ "task_id": one })));

    assert_eq!(reply, json!({ "task_id": one, "status": "pending", "retried": [one] }));
    assert_eq!(shown(&world, &only_one)["why"], "waits for 1 task");
    assert!(shown(&world, &both)["why"].as_str().is_some_and(|why| why.contains(&two)));
    assert_eq!(claim(&ann), one);
    assert_eq!(complete(&ann, &one)["unblocked"], json!([only_one]));
}

#[test]
fn retrying_a_parked_task_retries_what_it_waits_for() {
    let world = World::new();
    let ann = world.agent("ann");
    let first = submit(&ann, json!({}));
    let second = submit(&ann, json!({ "depends_on": [first] }));
    let third = submit(&ann, json!({ "depends_on": [second] }));
    fail(&ann, &claim(&ann), false);
    done(&world.person().asks("cancel_work", json!({ "task_id": second, "reason": "why not" })));

    let reply = done(&world.person().asks("retry_work", json!({ "task_id": third })));

    assert_eq!(reply, json!({ "task_id": third, "status": "blocked", "retried": [first, second] }));
    for expected in [first, second, third] {
        assert_eq!(claim(&ann), expected);
        complete(&ann, &expected);
    }
}

#[test]
fn retrying_ends_a_pause() {
    let world = World::new();
    let ann = world.agent("ann");
    let task = submit(&ann, json!({}));
    fail(&ann, &claim(&ann), true);
    done(&world.person().asks("retry_work", json!({ "task_id": task })));
    assert_eq!(done(&ann.asks("get_work", json!({})))["attempt"], 2);
}

#[test]
fn what_is_not_given_up_is_not_retried() {
    let world = World::new();
    let ann = world.agent("ann");
    let task = submit(&ann, json!({}));
    let retry = || world.person().asks("retry_work", json!({ "task_id": task }));
    assert_eq!(refused(&retry()), "task_not_retryable", "it is ready");
    claim(&ann);
    assert_eq!(refused(&retry()), "task_not_retryable", "it is claimed");
    complete(&ann, &task);
    assert_eq!(refused(&retry()), "task_not_retryable", "it is completed");
    let unknown = world.person().asks("retry_work", json!({ "task_id": "x" }));
    assert_eq!(refused(&unknown), "task_not_found");
}

#[test]
fn a_dedupe_key_that_was_taken_over_keeps_its_first_task_down() {
    let world = World::new();
    let ann = world.agent("ann");
    let old = submit(&ann, json!({ "dedupe_key": "k" }));
    fail(&ann, &claim(&ann), false);
    let live = submit(&ann, json!({ "dedupe_key": "k" }));
    let answer = world.person().asks("retry_work", json!({ "task_id": old }));
    assert_eq!(refused(&answer), "duplicate_task");
    assert_eq!(fields(&answer)["live"], json!(live));
    assert_eq!(status(&world, &old), "failed");
}
