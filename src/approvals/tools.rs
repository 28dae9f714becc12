//! The tools by which a person sees and decides what waits for approval.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::GOOD_FOR;
use super::refusal::ApprovalRefusal;
use super::sql::{self, Asked, Ruling, Status};
use crate::context::Context;
use crate::failure::Outcome;
use crate::store::{Topic, Tx};
use crate::time::Time;
use crate::tool::{Access, Audience, Hints, Progress, Tool};

/// Characters of a note, at most.
pub const NOTE_MAX: usize = 500;
/// Questions that are listed at once.
const LIST_MAX: i64 = 100;

/// List what waits for a person's approval here.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct ListApprovals {
    /// Also what was decided, used or is too old.
    #[serde(default)]
    all: bool,
}

/// Questions, the oldest that waits first.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Approvals {
    approvals: Vec<ApprovalRow>,
}

/// One question.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ApprovalRow {
    approval_id: String,
    agent_id: String,
    operation: String,
    arguments: String,
    reason: String,
    #[schemars(with = "String")]
    status: Status,
    asked_at: Time,
    expires_at: Time,
    #[serde(skip_serializing_if = "Option::is_none")]
    decided_by: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<String>,
}

impl From<Asked> for ApprovalRow {
    fn from(row: Asked) -> Self {
        Self {
            approval_id: row.approval_id,
            agent_id: row.agent_id,
            operation: row.operation,
            arguments: row.arguments,
            reason: row.reason,
            status: row.status,
            asked_at: row.asked_at,
            expires_at: row.expires_at,
            decided_by: row.decided_by,
            note: row.note,
        }
    }
}

impl Tool for ListApprovals {
    const NAME: &'static str = "list_approvals";
    const TITLE: &'static str = "What waits for approval";
    const ACCESS: Access = Access::Read;
    const AUDIENCE: Audience = Audience::People;
    const HINTS: Hints = Hints { idempotent: true, destructive: false };
    type Reply = Approvals;

    fn run(&self, tx: &Tx<'_>, ctx: &Context) -> Outcome<Progress<Approvals>> {
        let rows = if self.all {
            sql::all(tx, ctx.project(), LIST_MAX)?
        } else {
            sql::waiting(tx, ctx.project(), "", ctx.now)?
        };
        Ok(Progress::Ended(Approvals { approvals: rows.into_iter().map(Into::into).collect() }))
    }
}

/// What both decisions take.
#[derive(Debug, Deserialize, JsonSchema)]
struct Decision {
    /// The question's id, or enough of its beginning or end.
    approval_id: String,
    /// For the agent.
    note: Option<String>,
}

/// A decision that was taken.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Decided {
    /// `approved` or `denied`.
    action: &'static str,
    approval_id: String,
    agent_id: String,
    operation: String,
    /// An approval can be used until then.
    expires_at: Time,
}

impl Decision {
    fn check(&self) -> Outcome<()> {
        let chars = self.note.as_ref().map_or(0, |note| note.chars().count());
        if chars > NOTE_MAX {
            return Err(ApprovalRefusal::LongNote { chars }.into());
        }
        Ok(())
    }

    fn take(&self, tx: &Tx<'_>, ctx: &Context, status: Status) -> Outcome<Decided> {
        let shown: String = self.approval_id.chars().take(80).collect();
        let mut found = match self.approval_id.as_str() {
            "" => Vec::new(),
            id => sql::waiting(tx, ctx.project(), id, ctx.now)?,
        };
        if found.len() > 1 {
            let count = found.len();
            return Err(ApprovalRefusal::Ambiguous { approval_id: shown, count }.into());
        }
        let Some(asked) = found.pop() else {
            return Err(ApprovalRefusal::Unknown { approval_id: shown }.into());
        };
        let expires_at = ctx.now.plus(GOOD_FOR);
        let (by, note) = (ctx.caller.agent_id.as_str(), self.note.as_deref());
        sql::decide(tx, &asked.approval_id, &Ruling { status, by, at: ctx.now, expires_at, note })?;
        tx.changed(Topic::Audit);
        Ok(Decided {
            action: status.name(),
            approval_id: asked.approval_id,
            agent_id: asked.agent_id,
            operation: asked.operation,
            expires_at,
        })
    }
}

/// Approve one call that an agent asked for: exactly that, once, within 15 minutes.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(transparent)]
#[schemars(transparent)]
pub struct Approve(Decision);

impl Tool for Approve {
    const NAME: &'static str = "approve";
    const TITLE: &'static str = "Approve a call";
    const ACCESS: Access = Access::Policy;
    const AUDIENCE: Audience = Audience::People;
    type Reply = Decided;

    fn prepare(&mut self, _ctx: &Context) -> Outcome<()> {
        self.0.check()
    }

    fn run(&self, tx: &Tx<'_>, ctx: &Context) -> Outcome<Progress<Decided>> {
        self.0.take(tx, ctx, Status::Approved).map(Progress::Ended)
    }
}

/// Deny a call that an agent asked for.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(transparent)]
#[schemars(transparent)]
pub struct Deny(Decision);

impl Tool for Deny {
    const NAME: &'static str = "deny";
    const TITLE: &'static str = "Deny a call";
    const ACCESS: Access = Access::Policy;
    const AUDIENCE: Audience = Audience::People;
    type Reply = Decided;

    fn prepare(&mut self, _ctx: &Context) -> Outcome<()> {
        self.0.check()
    }

    fn run(&self, tx: &Tx<'_>, ctx: &Context) -> Outcome<Progress<Decided>> {
        self.0.take(tx, ctx, Status::Denied).map(Progress::Ended)
    }
}
