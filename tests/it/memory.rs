//! Memory: what is remembered, how it is found, and what a person may do to it.

mod hostile;
mod people;
mod quality;
mod recalling;
mod remembering;
mod scale;

use std::sync::Arc;

use coord::repo::Repo;
use serde_json::{Value, json};

use crate::world::{Actor, World, fields};

/// Remembers a discovery; returns its id.
fn learn(actor: &Actor<'_>, summary: &str) -> String {
    learn_so(actor, json!({ "event_type": "discovery", "summary": summary }))
}

/// Remembers anything; returns its id.
fn learn_so(actor: &Actor<'_>, memory: Value) -> String {
    let answer = fields(&actor.asks("remember", memory));
    assert_eq!(answer["action"], "created", "{answer}");
    answer["memory_id"].as_str().expect("a memory has an id").to_owned()
}

/// What is recalled.
fn recall(actor: &Actor<'_>, arguments: Value) -> Vec<Value> {
    let answer = fields(&actor.asks("recall", arguments));
    assert_eq!(answer["success"], true, "{answer}");
    answer["memories"].as_array().expect("a list").clone()
}

fn summaries(memories: &[Value]) -> Vec<&str> {
    memories.iter().map(|one| one["summary"].as_str().expect("text")).collect()
}

/// The same actor in another repository.
fn elsewhere<'w>(actor: &Actor<'w>) -> Actor<'w> {
    let repo = Repo { project: "test/other".into(), ..(*actor.repo).clone() };
    Actor { repo: Arc::new(repo), ..actor.clone() }
}

/// How many rows the table has, forgotten ones too.
fn rows(world: &World) -> i64 {
    let sql = "SELECT count(*) FROM episodic_memories";
    let count = world.service.store().read(|tx| Ok(tx.one(sql, [], |row| row.get(0))?));
    count.expect("rows can be counted").expect("a count is a row")
}
