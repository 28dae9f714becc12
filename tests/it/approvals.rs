//! Approvals: what a policy asks, a person decides, once.

use coord::context::Caller;
use serde_json::{Value, json};

use crate::profiles::{lock, set};
use crate::world::{Actor, World, fields};

/// A world in which each lock needs a person's yes.
fn asking() -> World {
    let world = World::new();
    set(&world, json!({ "name": "unknown", "ask_operations": ["acquire_lock", "check_locks"] }));
    world
}

/// Asks for a lock, and returns the id of the question that this becomes.
fn question(actor: &Actor<'_>, path: &str) -> String {
    let refused = fields(&lock(actor, path));
    assert_eq!(refused["code"], "approval_required", "{refused}");
    refused["approval_id"].as_str().expect("it has an id").to_owned()
}

fn decide(world: &World, tool: &str, id: &str) -> Value {
    fields(&world.person().asks(tool, json!({ "approval_id": id })))
}

#[test]
fn an_approval_is_for_the_very_call_and_for_once() {
    let world = asking();
    let (ann, bob) = (world.agent("ann"), world.agent("bob"));
    let id = question(&ann, "a.rs");
    assert_eq!(question(&ann, "a.rs"), id, "asking again is no other question");

    assert_eq!(decide(&world, "approve", &id)["action"], "approved");
    question(&ann, "b.rs");
    question(&bob, "a.rs");
    assert!(lock(&ann, "a.rs").success(), "this was approved");
    assert_ne!(question(&ann, "a.rs"), id, "and is used up");
}

#[test]
fn nobody_but_a_person_at_a_terminal_approves() {
    let world = asking();
    let ann = world.agent("ann");
    let id = question(&ann, "a.rs");
    let script =
        Actor { caller: Caller { rule: "script".into(), ..Caller::person() }, ..world.person() };
    for actor in [ann.clone(), world.agent("bob"), script] {
        for tool in ["approve", "deny"] {
            let answer = actor.asks(tool, json!({ "approval_id": id }));
            assert_eq!(answer.code(), Some("person_required"));
        }
    }
    question(&ann, "a.rs");
}

#[test]
fn a_question_and_an_approval_last_a_quarter_of_an_hour() {
    let world = asking();
    let ann = world.agent("ann");
    let id = question(&ann, "a.rs");
    world.pass_minutes(15);
    assert_eq!(decide(&world, "approve", &id)["code"], "approval_not_found", "too late to decide");

    let id = question(&ann, "a.rs");
    world.pass_minutes(14);
    assert_eq!(decide(&world, "approve", &id)["success"], true);
    world.pass_minutes(15);
    question(&ann, "a.rs");

    let id = question(&ann, "b.rs");
    assert_eq!(decide(&world, "approve", &id)["success"], true);
    world.pass_ms(15 * 60_000 - 1);
    assert!(lock(&ann, "b.rs").success(), "the last millisecond");
}

#[test]
fn a_denial_is_told_with_its_note_and_cannot_be_turned() {
    let world = asking();
    let ann = world.agent("ann");
    let id = question(&ann, "a.rs");
    let denied = json!({ "approval_id": id, "note": "use the other module" });
    assert!(world.person().asks("deny", denied).success());
    let answer = lock(&ann, "a.rs");
    assert_eq!(answer.code(), Some("approval_denied"));
    assert!(answer.sentence().contains("use the other module"), "{}", answer.sentence());
    assert_eq!(decide(&world, "approve", &id)["code"], "approval_not_found");
}

#[test]
fn a_call_that_comes_to_nothing_does_not_use_its_approval_up() {
    let world = asking();
    let ann = world.agent("ann");
    let id = question(&ann, "a.rs");
    assert_eq!(decide(&world, "approve", &id)["success"], true);
    set(&world, json!({ "name": "unknown", "ask_operations": [] }));
    assert!(lock(&world.agent("bob"), "a.rs").success());
    set(&world, json!({ "name": "unknown", "ask_operations": ["acquire_lock"] }));

    assert_eq!(lock(&ann, "a.rs").code(), Some("locked_by_other"));
    set(&world, json!({ "name": "unknown", "ask_operations": [] }));
    assert!(world.agent("bob").asks("release_lock", json!({})).success());
    set(&world, json!({ "name": "unknown", "ask_operations": ["acquire_lock"] }));
    assert!(lock(&ann, "a.rs").success(), "the approval is still there");
}

#[test]
fn a_read_can_need_an_approval_too() {
    let world = asking();
    let ann = world.agent("ann");
    let refused = fields(&ann.asks("check_locks", json!({})));
    assert_eq!(refused["code"], "approval_required");
    let id = refused["approval_id"].as_str().expect("it has an id");
    assert_eq!(decide(&world, "approve", id)["success"], true);
    assert!(ann.asks("check_locks", json!({})).success());
    assert_eq!(ann.asks("check_locks", json!({})).code(), Some("approval_required"));
}

#[test]
fn people_see_what_waits_without_its_secrets_and_may_shorten_ids() {
    let world = asking();
    let ann = world.agent("ann");
    let arguments = json!({ "file_path": "a.rs", "reason": "password=hunter22 is in it" });
    let refused = fields(&ann.asks("acquire_lock", arguments));
    let id = refused["approval_id"].as_str().expect("it has an id");
    let listed = fields(&world.person().asks("list_approvals", json!({})));
    let row = &listed["approvals"][0];
    assert_eq!((&row["agent_id"], &row["operation"]), (&json!("ann"), &json!("acquire_lock")));
    let shown = row["arguments"].as_str().expect("it is text");
    assert!(shown.contains("a.rs") && !shown.contains("hunter22"), "{shown}");

    question(&ann, "b.rs");
    assert_eq!(decide(&world, "approve", &id[..4])["code"], "invalid_argument", "both start so");
    assert_eq!(decide(&world, "approve", &id[id.len() - 8..])["success"], true);
    assert_eq!(decide(&world, "approve", "%")["code"], "approval_not_found", "no pattern");
    assert_eq!(decide(&world, "approve", "")["code"], "approval_not_found");
    let all = fields(&world.person().asks("list_approvals", json!({ "all": true })));
    assert_eq!(all["approvals"].as_array().expect("a list").len(), 2);
}
