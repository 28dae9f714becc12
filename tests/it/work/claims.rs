//! Who gets which task.

use serde_json::json;

use super::{can, claim, complete, done, fail, refused, status, submit};
use crate::world::{World, fields};

#[test]
fn a_claim_tells_all_that_is_needed_to_begin() {
    let world = World::new();
    let ann = world.agent("ann");
    submit(
        &ann,
        json!({ "task_type": "review", "input_data": { "branch": "x" }, "priority": 2,
                "deadline": "2026-01-02T00:00:00Z" }),
    );

    let mut task = done(&world.agent("bob").asks("get_work", json!({})));
    task["task_id"] = json!("…");
    assert_eq!(
        task,
        json!({
            "task_id": "…", "task_type": "review", "description": "something to do",
            "input_data": { "branch": "x" }, "priority": 2, "deadline": "2026-01-02T00:00:00Z",
            "attempt": 1, "lease_expires_at": "2026-01-01T12:15:00Z", "fence": 1,
        })
    );
}

#[test]
fn the_highest_priority_goes_first_and_the_oldest_among_equals() {
    let world = World::new();
    let ann = world.agent("ann");
    let [c, a, d, b] = [5, 1, 5, 1].map(|priority| submit(&ann, json!({ "priority": priority })));
    assert_eq!([claim(&ann), claim(&ann), claim(&ann), claim(&ann)], [a, b, c, d]);
}

#[test]
fn a_task_is_claimed_once() {
    let world = World::new();
    let (ann, bob) = (world.agent("ann"), world.agent("bob"));
    let task = submit(&ann, json!({}));
    assert_eq!(claim(&ann), task);
    let answer = bob.asks("get_work", json!({}));
    assert_eq!(refused(&answer), "no_tasks_available");
}

#[test]
fn having_nothing_to_hand_out_is_an_outcome_that_counts_what_there_is() {
    let world = World::new();
    let (ann, bob) = (world.agent("ann"), world.agent("bob"));
    let first = submit(&ann, json!({ "task_type": "build" }));
    let second = submit(&ann, json!({ "depends_on": [first] }));
    submit(&ann, json!({ "depends_on": [second] }));
    submit(&ann, json!({ "task_type": "docs" }));
    claim(&ann);

    let answer = bob.asks("get_work", json!({ "task_types": ["build"] }));

    let coord::answer::Answer::Refused(refusal) = &answer else { panic!("nothing is ready") };
    assert!(refusal.outcome, "an agent must expect it");
    let facts = fields(&answer);
    assert_eq!(
        [&facts["pending"], &facts["blocked"], &facts["claimed"]],
        [&json!(1), &json!(2), &json!(1)]
    );
    assert_eq!(
        facts["blocked_by"],
        json!([{ "task_id": first, "status": "claimed", "claimed_by": "ann" }]),
        "it names the root, not what is itself blocked"
    );
}

#[test]
fn an_empty_queue_says_that_it_is_empty() {
    let world = World::new();
    let answer = world.agent("ann").asks("get_work", json!({}));
    insta::assert_snapshot!(
        answer.sentence(),
        @"the queue is empty. submit_work adds tasks."
    );
}

#[test]
fn an_agent_gets_only_the_types_it_asks_for() {
    let world = World::new();
    let ann = world.agent("ann");
    submit(&ann, json!({ "task_type": "docs", "priority": 1 }));
    let tests = submit(&ann, json!({ "task_type": "test", "priority": 4 }));
    let build = submit(&ann, json!({ "task_type": "build", "priority": 3 }));

    let get = || {
        let answer = ann.asks("get_work", json!({ "task_types": ["test", "build", "unknown"] }));
        answer.success().then(|| fields(&answer)["task_id"].as_str().map(str::to_owned))
    };
    assert_eq!([get(), get(), get()], [Some(Some(build)), Some(Some(tests)), None]);
}

#[test]
fn an_agent_gets_only_what_it_is_capable_of() {
    let world = World::new();
    let (ann, bob) = (world.agent("ann"), world.agent("bob"));
    let needs = |list: &[&str]| json!({ "required_capabilities": list, "priority": 1 });
    let both = submit(&ann, needs(&["gpu", "browser"]));
    let gpu = submit(&ann, needs(&["gpu"]));
    let plain = submit(&ann, json!({ "priority": 9 }));
    can(&world, &bob, "gpu");

    assert_eq!(claim(&bob), gpu, "what needs a browser too is not for bob");
    assert_eq!(claim(&ann), plain);
    assert_eq!(refused(&ann.asks("get_work", json!({}))), "no_tasks_available");
    can(&world, &bob, "browser");
    assert_eq!(claim(&bob), both);
}

#[test]
fn dependencies_never_jump() {
    let world = World::new();
    let ann = world.agent("ann");
    let first = submit(&ann, json!({ "priority": 9 }));
    let second = submit(&ann, json!({ "priority": 1, "depends_on": [first] }));

    assert_eq!(claim(&ann), first);
    assert_eq!(refused(&ann.asks("get_work", json!({}))), "no_tasks_available");
    let unblocked = complete(&ann, &first)["unblocked"].clone();
    assert_eq!(unblocked, json!([second]));
    assert_eq!(claim(&ann), second);
}

#[test]
fn a_task_waits_for_all_it_depends_on() {
    let world = World::new();
    let ann = world.agent("ann");
    let (one, two) = (submit(&ann, json!({})), submit(&ann, json!({})));
    let last = submit(&ann, json!({ "depends_on": [one, two] }));
    claim(&ann);
    claim(&ann);
    assert_eq!(complete(&ann, &two)["unblocked"], json!([]));
    assert_eq!(complete(&ann, &one)["unblocked"], json!([last]));
}

#[test]
fn fences_only_rise_and_are_shared_by_the_repository() {
    let world = World::new();
    let ann = world.agent("ann");
    let task = submit(&ann, json!({ "max_attempts": 5 }));
    let mut last = 0;
    for _ in 0..3 {
        let fence = done(&ann.asks("get_work", json!({})))["fence"].as_i64().expect("a number");
        assert!(fence > last, "{fence} after {last}");
        last = fence;
        fail(&ann, &task, true);
        world.pass_minutes(10);
    }
    let kept = super::deed(&world, |tx| {
        Ok(tx.one("SELECT last_fence FROM projects", [], |row| row.get::<_, i64>(0))?)
    });
    assert_eq!(kept, Some(last));
    assert_eq!(status(&world, &task), "pending");
}
