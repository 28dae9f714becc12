//! The work queue: who gets which task, when, and what becomes of it.

mod claims;
mod completion;
mod leases;
mod limits;
mod looking;
mod model;
mod people;
mod plan;
mod submission;
mod threads;
mod waiting;

use coord::answer::Answer;
use coord::failure::Outcome;
use coord::store::Tx;
use coord::work::{self, Loss};
use serde_json::{Value, json};

use crate::world::{Actor, World};

/// Submits a task and returns its id.
fn submit(actor: &Actor<'_>, more: Value) -> String {
    let mut task = json!({ "task_type": "test", "description": "something to do" });
    if let (Value::Object(task), Value::Object(more)) = (&mut task, more) {
        task.extend(more);
    }
    let answer = done(&actor.asks("submit_work", task));
    answer["task_id"].as_str().expect("a submission is answered with an id").to_owned()
}

/// Claims a task that must be there; returns its id.
fn claim(actor: &Actor<'_>) -> String {
    let answer = done(&actor.asks("get_work", json!({})));
    answer["task_id"].as_str().expect("a claim is answered with an id").to_owned()
}

fn complete(actor: &Actor<'_>, task_id: &str) -> Value {
    done(&actor.asks("complete_work", json!({ "task_id": task_id, "success": true })))
}

fn fail(actor: &Actor<'_>, task_id: &str, retry: bool) -> Value {
    let report = json!({
        "task_id": task_id, "success": false, "error_message": "it broke", "retry": retry,
    });
    done(&actor.asks("complete_work", report))
}

/// The reply of a call that must have been done.
fn done(answer: &Answer) -> Value {
    assert!(answer.success(), "it should have been done, but: {answer:?}");
    match answer {
        Answer::Done(reply) => reply.clone(),
        _ => Value::Null,
    }
}

/// The code of a call that must not have been done.
fn refused(answer: &Answer) -> String {
    assert!(!answer.success(), "it should have been refused: {answer:?}");
    answer.code().unwrap_or_default().to_owned()
}

/// Everything that a person is shown of a task.
fn shown(world: &World, task_id: &str) -> Value {
    done(&world.person().asks("show_work", json!({ "task_id": task_id })))
}

fn status(world: &World, task_id: &str) -> String {
    shown(world, task_id)["status"].as_str().expect("a task has a status").to_owned()
}

/// Runs something as the daemon's own workers do.
fn deed<T: Send + 'static>(
    world: &World,
    deed: impl FnMut(&Tx<'_>) -> Outcome<T> + Send + 'static,
) -> T {
    world.service.store().write_blocking(deed).expect("the deed can be done")
}

/// What the reaper does when it wakes.
fn reap(world: &World) -> Vec<work::Returned> {
    let now = world.clock.now();
    deed(world, move |tx| work::expire(tx, now))
}

/// The session of `agent` has ended.
fn dies(world: &World, agent: &Actor<'_>) -> Vec<work::Returned> {
    let (now, session) = (world.clock.now(), agent.caller.session_id.clone());
    deed(world, move |tx| work::return_claims(tx, &session, now, Loss::HolderDied))
}

/// The session of `agent` says what it can do.
fn can(world: &World, agent: &Actor<'_>, capability: &str) {
    let (session, capability) = (agent.caller.session_id.clone(), capability.to_owned());
    deed(world, move |tx| {
        tx.run(
            "INSERT INTO agent_capabilities (session_id, capability) VALUES (?1, ?2)",
            [&session, &capability],
        )?;
        Ok(())
    });
}
