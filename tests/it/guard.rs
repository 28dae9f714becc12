//! Guardrails: the engine against labelled commands and against bash, the tools of
//! agents and people, and the screening of what agents hand to each other.

mod corpus;
mod effects;
mod hostile;
mod invariants;
mod laws;
mod oracle;
mod people;
mod replay;
mod screening;
mod state;
mod tools;

use serde_json::{Value, json};

use crate::world::{Actor, World, fields};

/// What `check_guardrails` answers.
fn checked(actor: &Actor<'_>, text: &str) -> Value {
    fields(&actor.asks("check_guardrails", json!({ "operation_text": text })))
}

fn verdict(actor: &Actor<'_>, text: &str) -> String {
    checked(actor, text)["verdict"].as_str().expect("it has a verdict").to_owned()
}

/// One row of `guardrail_violations`.
#[derive(Debug, PartialEq, Eq)]
struct Kept {
    agent_id: String,
    operation: String,
    rule: String,
    matched_text: String,
    blocked: bool,
}

/// What was kept of the rules that were broken; reads leave it within half a second.
fn kept(world: &World, at_least: usize) -> Vec<Kept> {
    let read = |world: &World| {
        let found = world.service.store().read(|tx| {
            Ok(tx.all(
                "SELECT agent_id, operation, rule, matched_text, blocked
                   FROM guardrail_violations ORDER BY at, violation_id",
                [],
                |row| {
                    Ok(Kept {
                        agent_id: row.get(0)?,
                        operation: row.get(1)?,
                        rule: row.get(2)?,
                        matched_text: row.get(3)?,
                        blocked: row.get(4)?,
                    })
                },
            )?)
        });
        found.expect("the rows can be read")
    };
    world.until("the violations are kept", |world| read(world).len() >= at_least);
    read(world)
}
