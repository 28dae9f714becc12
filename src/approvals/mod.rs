//! Approvals: what a policy wants a person to decide.
//!
//! - An approval is for one call: this session, this operation, these arguments.
//! - It is used once, and only within [`GOOD_FOR`] of the decision.
//! - A person decides, at a terminal or in the client that shows the question to its
//!   user; no agent can, least of all the one who asks.
//!
//! Not here: which calls must be approved (`policy`).

mod refusal;
mod sql;
mod tools;

use std::cell::Cell;

use serde_json::Value;
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

pub use refusal::ApprovalRefusal;
pub use tools::{ApprovalRow, Approvals, Approve, Decided, Deny, ListApprovals, NOTE_MAX};

use crate::audit::redact;
use crate::context::Context;
use crate::failure::Outcome;
use crate::ingress;
use crate::store::{Topic, Tx};
use crate::time::MINUTE;
use sql::{Asked, Ruling, Status};

/// The code of a call that waits for a person.
pub const REQUIRED: &str = "approval_required";
/// How long a question waits, and how long its approval can be used, in milliseconds.
pub const GOOD_FOR: i64 = 15 * MINUTE;
/// Characters of the arguments that are shown to the person who decides.
const SHOWN_MAX: usize = 2_000;

/// A call that needs a person's yes.
#[derive(Clone, Copy, Debug)]
pub struct Wanted<'a> {
    /// What is to be done.
    pub operation: &'a str,
    /// With what.
    pub arguments: &'a Value,
    /// Why it needs a yes.
    pub reason: &'a str,
    /// What wants it approved.
    pub policy: &'a str,
}

/// The approval for this call, if a person gave one that can still be used.
///
/// # Errors
/// `approval_required`, with the question that a person now finds; `approval_denied`.
/// Neither may undo the transaction, or the question is lost.
pub fn granted(tx: &Tx<'_>, ctx: &Context, wanted: &Wanted<'_>) -> Outcome<String> {
    let digest = digest(ctx, wanted);
    let known = sql::newest(tx, &ctx.caller.session_id, &digest, ctx.now)?;
    let operation = wanted.operation.to_owned();
    let asked = match known {
        Some(known) if known.status == Status::Approved => return Ok(known.approval_id),
        Some(known) if known.status == Status::Denied => {
            let note = known.note;
            return Err(ApprovalRefusal::Denied {
                operation,
                approval_id: known.approval_id,
                note,
            }
            .into());
        }
        Some(known) => known,
        None => ask(tx, ctx, wanted, digest)?,
    };
    Err(ApprovalRefusal::Required {
        operation,
        approval_id: asked.approval_id,
        expires_at: asked.expires_at,
        reason: asked.reason,
    }
    .into())
}

/// Whether a person has approved this call, and it was not used since.
///
/// # Errors
/// Faults only.
pub fn is_given(tx: &Tx<'_>, ctx: &Context, wanted: &Wanted<'_>) -> Outcome<bool> {
    let known = sql::newest(tx, &ctx.caller.session_id, &digest(ctx, wanted), ctx.now)?;
    Ok(known.is_some_and(|known| known.status == Status::Approved))
}

/// Uses an approval up.
///
/// # Errors
/// `approval_required` when it was used meanwhile.
pub fn consume(tx: &Tx<'_>, ctx: &Context, approval_id: &str) -> Outcome<()> {
    if sql::consume(tx, approval_id, ctx.now)? == 0 {
        return Err(ApprovalRefusal::Used { approval_id: approval_id.to_owned() }.into());
    }
    Ok(())
}

fn ask(tx: &Tx<'_>, ctx: &Context, wanted: &Wanted<'_>, digest: String) -> Outcome<Asked> {
    let caller = &ctx.caller;
    let row = Asked {
        approval_id: Uuid::now_v7().to_string(),
        project: ctx.project().to_owned(),
        session_id: caller.session_id.clone(),
        agent_id: caller.agent_id.clone(),
        agent_type: caller.agent_type.clone(),
        operation: wanted.operation.to_owned(),
        arguments: shown(wanted.arguments)?,
        digest,
        reason: wanted.reason.to_owned(),
        policy: wanted.policy.to_owned(),
        status: Status::Pending,
        asked_at: ctx.now,
        expires_at: ctx.now.plus(GOOD_FOR),
        decided_by: None,
        note: None,
    };
    sql::insert(tx, &row)?;
    tx.changed(Topic::Audit);
    Ok(row)
}

/// Arguments as the person sees them who decides: without secrets, and without what
/// could make them look like something else.
///
/// # Errors
/// Faults only.
pub fn shown(arguments: &Value) -> Outcome<String> {
    let hidden = Cell::new(false);
    let text = serde_json::to_string(&redact::Redacted::of(arguments, &hidden));
    let text = text.map_err(anyhow::Error::from)?;
    let visible = text.chars().flat_map(|c| {
        let (plain, escaped) =
            if is_invisible(c) { (None, Some(c.escape_unicode())) } else { (Some(c), None) };
        plain.into_iter().chain(escaped.into_iter().flatten())
    });
    Ok(visible.take(SHOWN_MAX).collect())
}

/// Characters that turn the direction of text or take no room.
fn is_invisible(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{2069}' | '\u{FEFF}')
}

/// Takes the decision of a person whom the caller's own client has asked, if the question
/// is the caller's and still waits; whether it was taken.
///
/// # Errors
/// Faults only.
pub fn answered(tx: &Tx<'_>, ctx: &Context, id: &str, answer: &Answered) -> Outcome<bool> {
    let waiting = sql::waiting(tx, ctx.project(), id, ctx.now)?;
    let own = |asked: &&Asked| asked.approval_id == id && asked.session_id == ctx.caller.session_id;
    if !waiting.iter().any(|asked| own(&asked)) {
        return Ok(false);
    }
    let status = if answer.approved { Status::Approved } else { Status::Denied };
    let (by, note) = (crate::context::Caller::person().agent_id, answer.note.as_deref());
    let expires_at = ctx.now.plus(GOOD_FOR);
    sql::decide(tx, id, &Ruling { status, by: &by, at: ctx.now, expires_at, note })?;
    tx.changed(Topic::Audit);
    Ok(true)
}

/// What a person said to a question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answered {
    /// Yes, or no.
    pub approved: bool,
    /// A word to the agent, at most [`NOTE_MAX`] characters.
    pub note: Option<String>,
}

/// Names the call: the project, the operation and every argument.
fn digest(ctx: &Context, wanted: &Wanted<'_>) -> String {
    let arguments =
        ingress::json(wanted.arguments).unwrap_or_else(|_| wanted.arguments.to_string());
    let mut hash = Sha256::new();
    for part in [ctx.project(), wanted.operation, &arguments] {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}
