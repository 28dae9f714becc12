//! What a person answers in the client of the agent that asked.
//!
//! - The decision is one transaction with its audit row, as every other.
//! - It is taken only for a question that this caller asked and that still waits, so an
//!   answer that is told twice is one decision.
//!
//! Not here: how a client is asked (`mcp`), a person at a terminal (`approvals`).

use serde_json::{Value, json};
use uuid::Uuid;

use super::Service;
use crate::answer::Answer;
use crate::approvals::{self, Answered};
use crate::audit::{self, Record};
use crate::context::{Caller, Context};
use crate::failure::Outcome;
use crate::store::{Tx, meta};

/// Name of the key that signs what a client must give back unchanged.
const KEY: &str = "request_state_key";

impl Service {
    /// Takes a person's answer to the question `approval_id`; whether it was taken.
    ///
    /// # Errors
    /// Faults only.
    pub async fn consent(
        &self,
        ctx: &Context,
        approval_id: &str,
        answer: Answered,
    ) -> Outcome<bool> {
        let (ctx, id) = (ctx.clone(), approval_id.to_owned());
        self.store
            .write(move |tx| {
                let taken = approvals::answered(tx, &ctx, &id, &answer)?;
                if taken {
                    record(tx, &ctx, &id, &answer)?;
                }
                Ok(taken)
            })
            .await
    }

    /// The secret of this home that signs what a client must give back unchanged; made
    /// when it is first wanted.
    ///
    /// # Errors
    /// Faults only.
    pub async fn signing_key(&self) -> Outcome<String> {
        self.store
            .write(|tx| {
                if let Some(key) = meta::get(tx, KEY)? {
                    return Ok(key);
                }
                let key = [Uuid::new_v4(), Uuid::new_v4()].map(|half| half.simple().to_string());
                meta::set(tx, KEY, &key.concat())?;
                Ok(key.concat())
            })
            .await
    }
}

fn record(tx: &Tx<'_>, ctx: &Context, id: &str, answer: &Answered) -> Outcome<()> {
    let caller = Caller { rule: "elicitation".into(), ..Caller::person() };
    let agent = ctx.caller.agent_id.as_str();
    let arguments = json!({ "approval_id": id, "note": answer.note, "asked_by": agent });
    let (operation, action) =
        if answer.approved { ("approve", "approved") } else { ("deny", "denied") };
    let reply: Value = json!({ "action": action, "approval_id": id, "agent_id": agent });
    let record = Record {
        at: ctx.now,
        project: Some(ctx.project()),
        caller: &caller,
        operation,
        arguments: &arguments,
        answer: Some(&Answer::Done(reply)),
        request_key: None,
    };
    audit::append(tx, &record).map(drop)
}
