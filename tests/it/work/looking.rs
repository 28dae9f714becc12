//! What people and resources see.

use serde_json::{Value, json};

use super::{claim, done, fail, submit};
use crate::world::World;

fn list(world: &World, arguments: Value) -> Value {
    done(&world.person().asks("list_work", arguments))
}

fn ids(rows: &Value) -> Vec<&str> {
    let rows = rows.as_array().expect("a list of tasks");
    rows.iter().map(|row| row["task_id"].as_str().expect("it has an id")).collect()
}

#[test]
fn each_row_says_why_it_is_not_ready() {
    let world = World::new();
    let ann = world.agent("ann");
    let failed = submit(&ann, json!({ "task_type": "build" }));
    fail(&ann, &claim(&ann), false);
    let paused = submit(&ann, json!({}));
    fail(&ann, &claim(&ann), true);
    let held = submit(&ann, json!({}));
    claim(&ann);
    let blocked = submit(&ann, json!({ "depends_on": [held, paused] }));
    let parked = submit(&ann, json!({ "depends_on": [failed] }));
    let ready = submit(&ann, json!({ "deadline": "2026-01-01T12:30:00Z" }));
    world.pass_ms(9_000);

    let rows = list(&world, json!({}))["tasks"].clone();

    assert_eq!(ids(&rows), [&paused, &held, &blocked, &parked, &ready]);
    assert_eq!(
        [&rows[0]["why"], &rows[1]["why"], &rows[2]["why"], &rows[3]["why"], &rows[4]["why"]],
        [
            &json!("pauses after attempt 1: it broke"),
            &Value::Null,
            &json!("waits for 2 tasks"),
            &json!(format!("waits for {failed} (build), which failed")),
            &Value::Null,
        ]
    );
    assert_eq!(rows[0]["retry_at"], "2026-01-01T12:00:10Z");
    assert_eq!(rows[2]["waits_for"], json!([paused, held]));
    assert_eq!(rows[4].get("overdue"), None);
    world.pass_minutes(31);
    assert_eq!(list(&world, json!({}))["tasks"][4]["overdue"], true);
    let over = list(&world, json!({ "status": "failed" }));
    assert_eq!(
        (ids(&over["tasks"]), &over["tasks"][0]["why"]),
        (vec![&*failed], &json!("it broke"))
    );
}

#[test]
fn a_long_list_comes_in_pages() {
    let world = World::new();
    let ann = world.agent("ann");
    let all: Vec<_> = (0..5).map(|_| submit(&ann, json!({}))).collect();
    let first = list(&world, json!({ "limit": 3 }));
    assert_eq!(ids(&first["tasks"]), all[..3]);
    let second = list(&world, json!({ "limit": 3, "cursor": first["next_cursor"] }));
    assert_eq!(ids(&second["tasks"]), all[3..]);
    assert_eq!(second.get("next_cursor"), None);

    for _ in 0..5 {
        fail(&ann, &claim(&ann), false);
    }
    let newest = list(&world, json!({ "status": "failed", "limit": 4 }));
    assert_eq!(ids(&newest["tasks"]), [&all[4], &all[3], &all[2], &all[1]]);
    let oldest =
        list(&world, json!({ "status": "failed", "limit": 4, "cursor": newest["next_cursor"] }));
    assert_eq!(ids(&oldest["tasks"]), [&all[0]]);
}

#[test]
fn the_graph_has_what_is_open_and_what_holds_it_up() {
    let world = World::new();
    let ann = world.agent("ann");
    let failed = submit(&ann, json!({}));
    fail(&ann, &claim(&ann), false);
    let unrelated = submit(&ann, json!({}));
    let parked = submit(&ann, json!({ "depends_on": [failed] }));
    let blocked = submit(&ann, json!({ "depends_on": [unrelated] }));

    let graph = done(&world.person().asks("work_graph", json!({})));

    assert_eq!(ids(&graph["nodes"]), [&failed, &unrelated, &parked, &blocked]);
    let states: Vec<_> = graph["nodes"]
        .as_array()
        .expect("nodes")
        .iter()
        .map(|node| node["state"].clone())
        .collect();
    assert_eq!(states, ["failed", "ready", "parked", "blocked"]);
    assert_eq!(
        graph["edges"],
        json!([{ "from": failed, "to": parked }, { "from": unrelated, "to": blocked }])
    );
    let around = done(&world.person().asks("work_graph", json!({ "task_id": parked })));
    assert_eq!(ids(&around["nodes"]), [&failed, &parked]);
}

#[test]
fn a_task_shows_its_neighbours_on_both_sides() {
    let world = World::new();
    let ann = world.agent("ann");
    let before = submit(&ann, json!({}));
    let task = submit(&ann, json!({ "depends_on": [before], "input_data": { "n": 1 } }));
    let after = submit(&ann, json!({ "depends_on": [task] }));
    let shown = super::shown(&world, &task);
    assert_eq!(ids(&shown["depends_on"]), [&before]);
    assert_eq!(ids(&shown["dependents"]), [&after]);
    assert_eq!(shown["input_data"], json!({ "n": 1 }));
}

#[test]
fn agents_read_what_is_pending_in_the_order_in_which_it_is_handed_out() {
    let world = World::new();
    let ann = world.agent("ann");
    let late = submit(&ann, json!({ "priority": 9 }));
    let soon = submit(&ann, json!({ "priority": 2, "required_capabilities": ["gpu"] }));
    let held = submit(&ann, json!({ "priority": 1 }));
    claim(&ann);
    let blocked = submit(&ann, json!({ "depends_on": [held] }));

    let pending = done(&ann.asks("pending_work", json!({})));

    assert_eq!(pending["counts"], json!({ "claimed": 1, "ready": 2, "pausing": 0, "blocked": 1 }));
    assert_eq!(ids(&pending["ready"]), [&soon, &late]);
    assert_eq!(ids(&pending["claimed"]), [&held]);
    assert_eq!(ids(&pending["blocked"]), [&blocked]);
}
