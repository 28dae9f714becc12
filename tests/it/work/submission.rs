//! Adding tasks.

use serde_json::json;

use super::{claim, complete, done, fail, refused, shown, status, submit};
use crate::world::{World, fields};

#[test]
fn a_submitted_task_is_pending_and_known_by_its_id() {
    let world = World::new();
    let answer = world
        .agent("ann")
        .asks("submit_work", json!({ "task_type": "test", "description": "write tests" }));

    let reply = fields(&answer);
    assert_eq!(reply["success"], true);
    assert_eq!(reply["status"], "pending");
    let task = shown(&world, reply["task_id"].as_str().expect("it has an id"));
    assert_eq!(
        (&task["description"], &task["submitted_by"]),
        (&json!("write tests"), &json!("ann"))
    );
    assert_eq!((&task["priority"], &task["max_attempts"]), (&json!(5), &json!(3)));
}

#[test]
fn ids_follow_the_order_of_submission_within_one_millisecond() {
    let world = World::new();
    let ann = world.agent("ann");
    let ids: Vec<_> = (0..200).map(|_| submit(&ann, json!({}))).collect();
    assert!(ids.is_sorted(), "the clock stood still, and still they are in order");
}

#[test]
fn a_task_whose_dependency_is_open_is_blocked() {
    let world = World::new();
    let ann = world.agent("ann");
    let first = submit(&ann, json!({}));
    let second = ann.asks(
        "submit_work",
        json!({ "task_type": "t", "description": "d", "depends_on": [first, first] }),
    );
    assert_eq!(done(&second)["status"], "blocked");
}

#[test]
fn a_completed_dependency_counts_as_met() {
    let world = World::new();
    let ann = world.agent("ann");
    let first = submit(&ann, json!({}));
    complete(&ann, &claim(&ann));
    let second = ann.asks(
        "submit_work",
        json!({ "task_type": "t", "description": "d", "depends_on": [first] }),
    );
    assert_eq!(done(&second)["status"], "pending");
}

#[test]
fn a_failed_dependency_parks_the_new_task_and_says_so() {
    let world = World::new();
    let ann = world.agent("ann");
    let first = submit(&ann, json!({ "task_type": "build" }));
    fail(&ann, &claim(&ann), false);

    let second = done(&ann.asks(
        "submit_work",
        json!({ "task_type": "t", "description": "d", "depends_on": [first] }),
    ));

    assert_eq!(second["status"], "blocked");
    assert_eq!(second["reason"], json!(format!("waits for {first} (build), which failed")));
}

#[test]
fn an_unknown_dependency_is_refused_and_nothing_is_kept() {
    let world = World::new();
    let ann = world.agent("ann");
    let stranger = "018f2c1a-0000-7abc-8def-0123456789ab";
    for unknown in [stranger, "not an id", ""] {
        let answer = ann.asks(
            "submit_work",
            json!({ "task_type": "t", "description": "d", "depends_on": [unknown] }),
        );
        assert_eq!(refused(&answer), "dependency_not_found");
        assert_eq!(fields(&answer)["missing"], json!([unknown]));
    }
    assert_eq!(done(&world.person().asks("list_work", json!({})))["tasks"], json!([]));
}

#[test]
fn a_task_of_another_repository_is_not_found() {
    let world = World::new();
    let ann = world.agent("ann");
    let first = submit(&ann, json!({}));
    let mut elsewhere = world.agent("bob");
    let mut repo = (*elsewhere.repo).clone();
    repo.project = "another/project".into();
    elsewhere.repo = std::sync::Arc::new(repo);

    let answer = elsewhere.asks(
        "submit_work",
        json!({ "task_type": "t", "description": "d", "depends_on": [first] }),
    );
    assert_eq!(refused(&answer), "dependency_not_found");
    assert_eq!(refused(&elsewhere.asks("get_work", json!({}))), "no_tasks_available");
}

#[test]
fn a_dedupe_key_names_one_unfinished_task() {
    let world = World::new();
    let ann = world.agent("ann");
    let again = json!({ "task_type": "t", "description": "d", "dedupe_key": "nightly" });
    let first = submit(&ann, json!({ "dedupe_key": "nightly" }));

    let second = done(&ann.asks("submit_work", again.clone()));
    assert_eq!((&second["task_id"], &second["action"]), (&json!(first), &json!("deduplicated")));
    assert_eq!(second["status"], "pending");

    claim(&ann);
    let third = done(&ann.asks("submit_work", again.clone()));
    assert_eq!((&third["task_id"], &third["status"]), (&json!(first), &json!("claimed")));

    complete(&ann, &first);
    let fourth = done(&ann.asks("submit_work", again));
    assert_ne!(fourth["task_id"], json!(first), "the key is free once its task is finished");
    assert_eq!(fourth.get("action"), None);
}

#[test]
fn a_live_task_cannot_be_asked_to_wait_for_what_waits_for_it() {
    let world = World::new();
    let ann = world.agent("ann");
    let first = submit(&ann, json!({ "dedupe_key": "build" }));
    let second = submit(&ann, json!({ "depends_on": [first] }));
    let third = submit(&ann, json!({ "depends_on": [second] }));

    for after in [&first, &second, &third] {
        let answer = ann.asks(
            "submit_work",
            json!({ "task_type": "t", "description": "d", "dedupe_key": "build",
                    "depends_on": [after] }),
        );
        assert_eq!(refused(&answer), "dependency_cycle");
        assert_eq!(fields(&answer)["depends_on"], json!(after));
    }
    assert_eq!(status(&world, &first), "pending");
}
