//! Finishing tasks, and what that does to those that depend on them.

use serde_json::json;

use super::{claim, complete, done, fail, refused, shown, status, submit};
use crate::world::{World, fields};

#[test]
fn a_completed_task_keeps_its_result() {
    let world = World::new();
    let ann = world.agent("ann");
    let task = submit(&ann, json!({}));
    claim(&ann);
    let reply = done(&ann.asks(
        "complete_work",
        json!({ "task_id": task, "success": true, "result": { "files": 3 } }),
    ));
    assert_eq!(reply, json!({ "status": "completed", "task_id": task, "unblocked": [] }));
    let row = shown(&world, &task);
    assert_eq!((&row["status"], &row["result"]), (&json!("completed"), &json!({ "files": 3 })));
    assert_eq!(row["attempts"][0]["ending"], "completed");
}

#[test]
fn only_the_holder_completes() {
    let world = World::new();
    let (ann, bob) = (world.agent("ann"), world.agent("bob"));
    let task = submit(&ann, json!({}));
    let report = |id: &str| json!({ "task_id": id, "success": true });
    let code = "task_not_found_or_not_claimed_by_agent";

    assert_eq!(refused(&ann.asks("complete_work", report(&task))), code, "nobody holds it");
    claim(&ann);
    let answer = bob.asks("complete_work", report(&task));
    assert_eq!(refused(&answer), code);
    assert!(answer.sentence().contains("is held by ann"), "{}", answer.sentence());
    assert_eq!(refused(&bob.asks("complete_work", report("no such task"))), code);
    complete(&ann, &task);
    assert_eq!(refused(&ann.asks("complete_work", report(&task))), code, "it is finished");
}

#[test]
fn a_task_that_failed_for_good_parks_what_depends_on_it_near_and_far() {
    let world = World::new();
    let ann = world.agent("ann");
    let first = submit(&ann, json!({ "task_type": "build" }));
    let second = submit(&ann, json!({ "depends_on": [first] }));
    let third = submit(&ann, json!({ "depends_on": [second] }));
    claim(&ann);

    assert_eq!(fail(&ann, &first, false)["status"], "failed");

    let reason = json!(format!("waits for {first} (build), which failed"));
    for parked in [second, third] {
        assert_eq!(shown(&world, &parked)["why"], reason);
        assert_eq!(status(&world, &parked), "pending");
    }
    let facts = fields(&ann.asks("get_work", json!({})));
    assert_eq!(
        facts["blocked_by"],
        json!([{ "task_id": first, "status": "failed", "claimed_by": "ann" }])
    );
}

#[test]
fn a_retried_task_comes_back_after_a_pause_that_doubles() {
    let world = World::new();
    let ann = world.agent("ann");
    let task = submit(&ann, json!({ "max_attempts": 4 }));
    for (attempt, pause) in [(1, 10_000), (2, 20_000), (3, 40_000)] {
        let claimed = done(&ann.asks("get_work", json!({})));
        assert_eq!(claimed["attempt"], attempt);
        let reply = fail(&ann, &task, true);
        assert_eq!(reply["status"], "pending");
        assert_eq!(reply["retry_at"], json!(world.clock.now().plus(pause)));
        world.pass_ms(pause - 1);
        let early = ann.asks("get_work", json!({}));
        assert_eq!(refused(&early), "no_tasks_available");
        assert_eq!(fields(&early)["retry_at"], reply["retry_at"]);
        world.pass_ms(1);
    }
    let last = done(&ann.asks("get_work", json!({})));
    assert_eq!(last["last_error"], "it broke");
    let reply = fail(&ann, &task, true);
    assert_eq!(
        (&reply["status"], &reply["reason"]),
        (&json!("failed"), &json!("that was attempt 4 of 4"))
    );
}

#[test]
fn the_pause_is_never_longer_than_ten_minutes() {
    let pauses: Vec<_> = [0, 1, 6, 7, 8, 100, i64::MAX].map(coord::work::back_off).to_vec();
    assert_eq!(pauses, [10_000, 10_000, 320_000, 600_000, 600_000, 600_000, 600_000]);
}

#[test]
fn success_is_not_retried() {
    let world = World::new();
    let ann = world.agent("ann");
    let task = submit(&ann, json!({}));
    claim(&ann);
    let answer =
        ann.asks("complete_work", json!({ "task_id": task, "success": true, "retry": true }));
    assert_eq!(refused(&answer), "invalid_argument");
    assert_eq!(status(&world, &task), "claimed");
}

#[test]
fn a_repeated_report_is_answered_alike() {
    let world = World::new();
    let ann = world.agent("ann");
    let first = submit(&ann, json!({}));
    let second = submit(&ann, json!({ "depends_on": [first] }));
    claim(&ann);
    let report = json!({ "task_id": first, "success": true });
    let once = ann.asks_as(Some("request-1"), "complete_work", report.clone());
    let twice = ann.asks_as(Some("request-1"), "complete_work", report);
    assert_eq!(once, twice);
    assert_eq!(done(&once)["unblocked"], json!([second]));
}
