//! The words of each refusal, through the path that every call takes.

use std::fmt::Write as _;

use coord::answer::Answer;
use coord::config::PolicyEngine;
use serde_json::json;

use super::world;
use crate::profiles::{lock, set};
use crate::world::{World, fields};

fn refusals(world: &World) -> String {
    let (ann, mut told) = (world.agent("ann"), String::new());
    let mut tell = |what: &str, answer: &Answer| {
        let code = answer.code().expect("it is refused");
        writeln!(told, "{what}\n  {code}: {}", answer.sentence()).expect("a String takes all");
    };
    set(world, json!({ "name": "unknown", "trust_level": 0 }));
    tell("suspended", &lock(&ann, "a.rs"));
    set(world, json!({ "name": "unknown", "trust_level": 1 }));
    tell("too little trust", &lock(&ann, "a.rs"));
    set(
        world,
        json!({ "name": "unknown", "trust_level": 2, "blocked_operations": ["acquire_lock"] }),
    );
    tell("blocked", &lock(&ann, "a.rs"));
    let listed = json!({ "name": "unknown", "blocked_operations": [], "allowed_operations": ["check_locks"] });
    set(world, listed);
    tell("not listed", &lock(&ann, "a.rs"));
    set(world, json!({ "name": "unknown", "allowed_operations": [], "calls_per_hour": 0 }));
    tell("too many calls", &lock(&ann, "a.rs"));
    set(world, json!({ "name": "unknown", "calls_per_hour": -1, "files_per_day": 0 }));
    tell("too many files", &lock(&ann, "a.rs"));
    set(world, json!({ "name": "unknown", "files_per_day": -1, "seconds_per_day": 0 }));
    tell("too much time", &lock(&ann, "a.rs"));
    set(
        world,
        json!({ "name": "unknown", "seconds_per_day": -1, "ask_operations": ["acquire_lock"] }),
    );
    let asked = lock(&ann, "a.rs");
    let id = fields(&asked)["approval_id"].as_str().expect("it has an id").to_owned();
    tell("to be approved", &asked);
    assert!(
        world.person().asks("deny", json!({ "approval_id": id, "note": "not today" })).success()
    );
    tell("denied", &lock(&ann, "a.rs"));
    tell("for people", &ann.asks("approve", json!({ "approval_id": id })));
    told.replace(&id, "[id]")
}

#[test]
fn a_refusal_tells_the_fact_and_then_what_to_do_with_either_engine() {
    let native = refusals(&world(PolicyEngine::Native));
    insta::assert_snapshot!("refusals", native);
    assert_eq!(refusals(&world(PolicyEngine::Cedar)), native);
}

#[test]
fn a_refusal_has_its_facts_as_fields() {
    let world = world(PolicyEngine::Native);
    set(&world, json!({ "name": "unknown", "trust_level": 1 }));
    let refused = fields(&lock(&world.agent("ann"), "a.rs"));
    assert_eq!(refused["required_trust_level"], 2);
    assert_eq!(refused["trust_level"], 1);
    assert_eq!(refused["operation"], "acquire_lock");
    set(
        &world,
        json!({ "name": "unknown", "trust_level": 2, "blocked_operations": ["acquire_lock"] }),
    );
    let refused = fields(&lock(&world.agent("ann"), "a.rs"));
    assert_eq!(refused["policies"], json!(["profile-blocks"]));
    assert_eq!(refused["resource"], "a.rs");
}
