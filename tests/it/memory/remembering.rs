//! What becomes of a memory that is written down.

use coord::memory::DEDUP_WINDOW;
use serde_json::json;

use super::{learn, learn_so, recall, rows};
use crate::world::{World, fields};

#[test]
fn a_memory_keeps_what_it_was_told_and_by_whom() {
    let world = World::new();
    let ann = world.agent("ann");
    let told = json!({
        "event_type": "error",
        "summary": "  the build fails on Tuesdays ",
        "details": { "file": "build.rs", "lines": [1, 2], "n": 0.5 },
        "outcome": "negative",
        "lessons": ["build on Monday", "build on Monday", " "],
        "tags": ["CI", "ci", "Build "],
    });
    let id = learn_so(&ann, told.clone());

    let memory = &recall(&world.agent("bob"), json!({}))[0];
    assert_eq!(memory["memory_id"], id);
    assert_eq!(memory["summary"], "the build fails on Tuesdays");
    assert_eq!(memory["details"], told["details"]);
    assert_eq!(memory["outcome"], "negative");
    assert_eq!(memory["lessons"], json!(["build on Monday"]));
    assert_eq!(memory["tags"], json!(["ci", "build"]), "tags have one spelling");
    assert_eq!(memory["agent_id"], "ann");
    assert_eq!(memory["agent_type"], "test");
    assert_eq!(memory["created_at"], "2026-01-01T12:00:00Z");
    for left_out in ["pinned", "branch", "commit"] {
        assert!(memory.get(left_out).is_none(), "{left_out}");
    }
}

#[test]
fn the_same_said_again_within_the_hour_is_one_memory() {
    let world = World::new();
    let ann = world.agent("ann");
    let first = learn(&ann, "Redis times out after 5 s");
    for again in [
        "Redis times out after 5 s",
        "redis  TIMES OUT, after 5 s!",
        "\tRédis times-out after 5s.\n",
    ] {
        world.pass_minutes(5);
        let said = json!({ "event_type": "discovery", "summary": again });
        let answer = fields(&ann.asks("remember", said));
        assert_eq!(answer["action"], "deduplicated", "{again}");
        assert_eq!(answer["memory_id"], first);
        assert_eq!(answer["success"], true);
    }
    assert_eq!(rows(&world), 1);
}

#[test]
fn another_agent_kind_text_or_project_is_another_memory() {
    let world = World::new();
    let (ann, bob) = (world.agent("ann"), world.agent("bob"));
    learn(&ann, "the cache is cold");
    learn(&bob, "the cache is cold");
    learn(&ann, "the cache is cold at night");
    learn_so(&ann, json!({ "event_type": "error", "summary": "the cache is cold" }));
    learn(&super::elsewhere(&ann), "the cache is cold");
    assert_eq!(rows(&world), 5);
}

#[test]
fn the_hour_ends_to_the_millisecond_and_starts_with_the_first() {
    let world = World::new();
    let ann = world.agent("ann");
    let say = || fields(&ann.asks("remember", json!({ "event_type": "success", "summary": "x1" })));
    assert_eq!(say()["action"], "created");
    world.pass_ms(DEDUP_WINDOW - 1);
    assert_eq!(say()["action"], "deduplicated");
    world.pass_ms(1);
    assert_eq!(say()["action"], "created", "repeating it did not prolong the hour");
    assert_eq!(rows(&world), 2);
}

#[test]
fn summaries_of_symbols_alone_are_compared_as_they_are() {
    let world = World::new();
    let ann = world.agent("ann");
    learn(&ann, "!!!");
    learn(&ann, "???");
    let again =
        fields(&ann.asks("remember", json!({ "event_type": "discovery", "summary": " !!! " })));
    assert_eq!(again["action"], "deduplicated");
}

#[test]
fn secrets_are_not_remembered() {
    let world = World::new();
    let ann = world.agent("ann");
    let secret = format!("ghp_{}", "a1B2".repeat(9));
    learn_so(
        &ann,
        json!({
            "event_type": "discovery",
            "summary": format!("the bot logs in with {secret}"),
            "details": { "password": "hunter2", "where": ["env", secret] },
            "lessons": [format!("export GH={secret}")],
        }),
    );
    let told = recall(&ann, json!({}))[0].to_string();
    assert!(!told.contains("ghp_") && !told.contains("hunter2"), "{told}");
    assert!(told.contains("the bot logs in with") && told.contains("env"), "{told}");
}

#[test]
fn a_resent_call_makes_no_second_memory_even_a_day_later() {
    let world = World::new();
    let ann = world.agent("ann");
    let said = json!({ "event_type": "success", "summary": "it works" });
    let first = fields(&ann.asks_as(Some("r1"), "remember", said.clone()));
    world.pass_minutes(24 * 60);
    let again = fields(&ann.asks_as(Some("r1"), "remember", said));
    assert_eq!(again, first);
    assert_eq!(rows(&world), 1);
}
