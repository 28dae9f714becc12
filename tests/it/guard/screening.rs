//! What one agent hands to another is judged; what it tells is not.

use insta::assert_json_snapshot;
use serde_json::{Value, json};

use super::kept;
use crate::world::{World, fields};

fn task(description: &str, input_data: Value) -> Value {
    json!({ "task_type": "test", "description": description, "input_data": input_data })
}

#[test]
fn a_task_that_would_destroy_something_is_not_taken() {
    let world = World::new();
    let asked = task("Clean up", json!({ "steps": [{ "command": "git push --force" }] }));
    let answer = world.agent("ann").asks("submit_work", asked);
    assert_json_snapshot!(fields(&answer));
    assert_eq!(kept(&world, 1)[0].operation, "submit_work");
    let pending = fields(&world.agent("ann").asks("pending_work", json!({})));
    assert!(!pending.to_string().contains("Clean up"), "nothing was added");
}

#[test]
fn prose_about_destruction_is_taken() {
    let world = World::new();
    let texts = [
        "Explain in the docs why git push --force is not allowed, and what to do instead.",
        "Drop the unused table from the diagram and delete the old rows in the fixture",
        "The script runs rm -rf on its own temporary folder; make sure that it stays so.",
    ];
    for text in texts {
        let notes = json!({ "notes": text, "files": ["src/rm.rs"], "count": 3 });
        let answer = fields(&world.agent("ann").asks("submit_work", task(text, notes)));
        assert_eq!(answer["success"], true, "{text}: {answer}");
    }
    assert_eq!(kept(&world, 0), []);
}

#[test]
fn a_command_is_found_wherever_it_is_put() {
    let world = World::new();
    let cases = [
        task("rm -rf ~ && echo done", json!({})),
        task("x", json!({ "sql": "DROP TABLE users" })),
        task("x", json!({ "cmd": ["git", "push", "--force"] })),
        task("x", json!({ "commands": ["git fetch", "git push --force"] })),
        task("x", json!({ "a": { "b": [{ "run": "bash -c 'git push -f'" }] } })),
    ];
    for asked in cases {
        let answer = fields(&world.agent("ann").asks("submit_work", asked.clone()));
        assert_eq!(answer["code"], "guardrail_blocked", "{asked}");
    }
}

#[test]
fn a_result_is_screened_and_the_task_stays_claimed() {
    let world = World::new();
    let ann = world.agent("ann");
    let made = fields(&ann.asks("submit_work", task("Deploy", json!({}))));
    ann.asks("get_work", json!({}));
    let end =
        |result: Value| json!({ "task_id": made["task_id"], "success": true, "result": result });
    let answer = fields(&ann.asks("complete_work", end(json!({ "command": "git push --force" }))));
    assert_eq!(answer["code"], "guardrail_blocked");
    assert_eq!(answer["field"], "result.command");
    let answer = fields(&ann.asks("complete_work", end(json!({ "summary": "It is deployed." }))));
    assert_eq!(answer["status"], "completed");
}

#[test]
fn a_warning_is_kept_and_stops_nobody() {
    let world = World::new();
    let asked = task("x", json!({ "command": "echo MODE=test >> .env" }));
    let ann = world.agent("ann");
    assert_eq!(fields(&ann.asks("submit_work", asked))["success"], true);
    let rows = kept(&world, 1);
    assert_eq!((rows[0].rule.as_str(), rows[0].blocked), ("env_file_modify", false));
}

#[test]
fn a_repeated_request_is_answered_as_before_and_kept_once() {
    let world = World::new();
    let ann = world.agent("ann");
    let asked = task("x", json!({ "command": "git push --force" }));
    let first = ann.asks_as(Some("k1"), "submit_work", asked.clone());
    let again = ann.asks_as(Some("k1"), "submit_work", asked);
    assert_eq!(fields(&first), fields(&again));
    assert_eq!(kept(&world, 1).len(), 1);
}

#[test]
fn a_flood_of_commands_leaves_a_bounded_number_of_rows() {
    let world = World::new();
    let commands: Vec<String> =
        (0..2_000).map(|n| format!("git push --force origin b{n}")).collect();
    let answer = world.agent("ann").asks("submit_work", task("x", json!({ "commands": commands })));
    assert_eq!(answer.code(), Some("guardrail_blocked"));
    assert_eq!(kept(&world, 1).len(), 50);
}
