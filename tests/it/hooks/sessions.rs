//! What an agent is told at the start, later, and what it leaves behind.

use serde_json::{Value, json};

use crate::world::{Actor, World};

fn context(actor: &Actor<'_>, tool: &str) -> Option<String> {
    let answer = actor.asks(tool, json!({}));
    assert!(answer.success(), "{answer:?}");
    answer.flat()["context"].as_str().map(str::to_owned)
}

fn edit(actor: &Actor<'_>, file: &str) {
    let answer = actor.asks("edit_file", json!({ "file_paths": [file], "tool": "Edit" }));
    assert!(answer.success(), "{answer:?}");
}

fn handoffs(actor: &Actor<'_>) -> Value {
    actor.asks("read_handoff", json!({ "limit": 5 })).flat()["handoffs"].clone()
}

#[test]
fn a_newcomer_learns_who_is_here_what_is_held_and_what_was_left() {
    let world = World::new();
    let (ann, bob) = (world.agent("ann"), world.agent("bob"));
    let first = context(&ann, "start_session").expect("it is told");
    assert!(first.contains("you are ann") && first.contains("No other agent is here."), "{first}");
    ann.asks("register_session", json!({ "current_task": "the parser" }));
    edit(&ann, "src/a.rs");
    ann.asks("write_handoff", json!({ "summary": "half of the parser", "next_steps": ["errors"] }));
    ann.asks("remember", json!({ "event_type": "decision", "summary": "no regex here" }));
    ann.asks("submit_work", json!({ "task_type": "t", "description": "d" }));
    bob.asks("get_work", json!({}));
    let told = context(&bob, "start_session").expect("it is told");
    for fact in [
        "ann (test) is here, busy with: the parser; it holds src/a.rs.",
        "You have claimed task",
        "Handoff by ann at 2026-01-01T12:00:00Z: half of the parser Next steps: errors.",
        "Remembered by ann (decision): no regex here",
    ] {
        assert!(told.contains(fact), "{fact}\n{told}");
    }
    assert!(told.chars().count() <= 2_600);
}

#[test]
fn news_is_told_once_and_is_short() {
    let world = World::new();
    let (ann, bob) = (world.agent("ann"), world.agent("bob"));
    context(&ann, "start_session");
    world.pass_ms(1_000);
    for number in 0..40 {
        edit(&bob, &format!("src/a-file-with-a-rather-long-name-{number}.rs"));
    }
    bob.asks("write_handoff", json!({ "summary": "x".repeat(3_000) }));
    let news = context(&ann, "session_news").expect("something has happened");
    assert!(news.contains("bob has come.") || news.contains("bob now holds"), "{news}");
    assert!(news.chars().count() <= 1_250, "{}", news.chars().count());
    world.pass_ms(1_000);
    assert_eq!(context(&ann, "session_news"), None, "all of it was told");
    world.pass_ms(1_000);
    edit(&bob, "other.rs");
    world.pass_ms(1_000);
    let news = context(&ann, "session_news").expect("something has happened");
    assert_eq!(news, "News from coord since you were told last:\nbob now holds other.rs.");
}

#[test]
fn a_lock_that_was_taken_away_is_the_first_news() {
    let world = World::new();
    let ann = world.agent("ann");
    context(&ann, "start_session");
    edit(&ann, "a.rs");
    let taken = world.person().asks(
        "force_release_lock",
        json!({ "file_path": "a.rs", "reason": "needed for the release" }),
    );
    assert!(taken.success(), "{taken:?}");
    let news = context(&ann, "session_news").expect("it is told");
    assert!(news.contains("Your lock on a.rs was taken away by person: needed"), "{news}");
}

#[test]
fn a_session_that_ends_leaves_a_handoff_of_what_is_known() {
    let world = World::new();
    let (ann, bob) = (world.agent("ann"), world.agent("bob"));
    context(&ann, "start_session");
    ann.asks("submit_work", json!({ "task_type": "t", "description": "the rest" }));
    ann.asks("get_work", json!({}));
    edit(&ann, "a.rs");
    let over = ann.asks("end_session", json!({})).flat();
    assert_eq!(over["released"], json!(["a.rs"]));
    assert_eq!(over["returned"].as_array().map(Vec::len), Some(1));
    let left = handoffs(&bob);
    assert_eq!(left[0]["relevant_files"], json!(["a.rs"]));
    let summary = left[0]["summary"].as_str().expect("it says something");
    assert!(
        summary.contains(
            "ann ended without a handoff of its own; it had changed 1 file and left 1 task open"
        ),
        "{summary}"
    );
    let again = bob.asks("get_work", json!({})).flat();
    assert_eq!(again["description"], "the rest");
}

#[test]
fn a_session_with_a_handoff_of_its_own_needs_no_other() {
    let world = World::new();
    let ann = world.agent("ann");
    context(&ann, "start_session");
    edit(&ann, "a.rs");
    world.pass_ms(10);
    ann.asks("write_handoff", json!({ "summary": "done" }));
    world.pass_ms(10);
    ann.asks("end_session", json!({}));
    assert_eq!(handoffs(&world.agent("bob")).as_array().map(Vec::len), Some(1));
}

#[test]
fn what_was_known_before_a_compaction_is_kept_and_the_session_goes_on() {
    let world = World::new();
    let ann = world.agent("ann");
    context(&ann, "start_session");
    edit(&ann, "a.rs");
    assert!(ann.asks("checkpoint_session", json!({})).success());
    let told = context(&ann, "start_session").expect("it is told again");
    assert!(told.contains("You hold a.rs.") && told.contains("Files: a.rs."), "{told}");
    assert!(ann.asks("checkpoint_session", json!({})).success());
    assert_eq!(handoffs(&ann).as_array().map(Vec::len), Some(1), "nothing was changed since");
}

#[test]
fn a_conversation_that_is_over_frees_files_though_its_client_goes_on() {
    let world = World::new();
    let (ann, bob) = (world.agent("ann"), world.agent("bob"));
    edit(&ann, "a.rs");
    let over = ann.asks("end_session", json!({ "goes_on": true })).flat();
    assert_eq!(over["released"], json!(["a.rs"]));
    edit(&bob, "a.rs");
    let agents = bob.asks("discover_agents", json!({})).flat().to_string();
    assert!(agents.contains("\"ann\"") && !agents.contains("disconnected"), "{agents}");
}
