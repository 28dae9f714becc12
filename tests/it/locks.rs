//! Locks: what is granted, to whom, in which order, and for how long.

mod holding;
mod input;
mod leaving;
mod model;
mod speed;
mod threads;
mod waiting;

use coord::answer::Answer;
use serde_json::{Value, json};

use crate::world::{Actor, World};

fn acquire(actor: &Actor<'_>, arguments: Value) -> Answer {
    actor.asks("acquire_lock", arguments)
}

fn lock(actor: &Actor<'_>, path: &str) -> Answer {
    acquire(actor, json!({ "file_path": path }))
}

fn share(actor: &Actor<'_>, path: &str) -> Answer {
    acquire(actor, json!({ "file_path": path, "mode": "shared" }))
}

fn release(actor: &Actor<'_>, path: &str) -> Answer {
    actor.asks("release_lock", json!({ "file_path": path }))
}

fn patiently(path: &str) -> Value {
    json!({ "file_path": path, "wait_seconds": 50 })
}

fn field(answer: &Answer, name: &str) -> Value {
    answer.flat().get(name).cloned().unwrap_or_default()
}

fn fence(answer: &Answer) -> i64 {
    field(answer, "fence").as_i64().expect("a grant has a fence")
}

/// Who holds what, as `path: holder` lines.
fn table(world: &World) -> Vec<String> {
    let answer = world.agent("onlooker").asks("check_locks", json!({ "limit": 500 }));
    let rows = field(&answer, "locks");
    let rows = rows.as_array().expect("check_locks lists locks");
    let line = |row: &Value| {
        let text = |name: &str| row[name].as_str().unwrap_or_default().to_owned();
        let mark = if text("mode") == "shared" { " (shared)" } else { "" };
        format!("{}: {}{mark}", text("file_path"), text("locked_by"))
    };
    rows.iter().map(line).collect()
}

/// What the reaper does when the first lock's time is up.
fn reap(world: &World) -> usize {
    let now = world.clock.now();
    let reaped = world.service.store().write_blocking(move |tx| coord::locks::expire(tx, now));
    reaped.expect("the store can be written")
}
