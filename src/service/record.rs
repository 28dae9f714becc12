//! The audit rows that calls leave, and those of what the coordinator does by itself.

use serde_json::{Value, json};

use super::Request;
use crate::answer::Answer;
use crate::approvals;
use crate::audit::{self, Record};
use crate::context::Caller;
use crate::failure::Outcome;
use crate::store::Tx;
use crate::time::Time;

/// The audit row of an answered request.
pub(super) fn record(
    tx: &Tx<'_>,
    request: &Request,
    answer: &Answer,
    key: Option<&str>,
) -> Outcome<()> {
    // A question to a person is no answer: the same request is made again after theirs.
    let key = key.filter(|_| answer.code() != Some(approvals::REQUIRED));
    audit::append(tx, &of(request, Some(answer), key)).map(drop)
}

/// The audit row of a request that waits.
pub(super) fn record_queued(tx: &Tx<'_>, request: &Request) -> Outcome<()> {
    audit::append(tx, &of(request, None, None)).map(drop)
}

fn of<'a>(request: &'a Request, answer: Option<&'a Answer>, key: Option<&'a str>) -> Record<'a> {
    Record {
        at: request.ctx.now,
        project: Some(request.ctx.project()),
        caller: &request.ctx.caller,
        operation: request.operation,
        arguments: &request.arguments,
        answer,
        request_key: key,
    }
}

/// The audit row of what the coordinator did by itself.
///
/// # Errors
/// Faults only.
pub fn record_own(tx: &Tx<'_>, operation: &'static str, result: Value, now: Time) -> Outcome<()> {
    record_own_in(tx, None, operation, result, now)
}

/// The audit row of what the coordinator did by itself in a project.
///
/// # Errors
/// Faults only.
pub fn record_own_in(
    tx: &Tx<'_>,
    project: Option<&str>,
    operation: &'static str,
    result: Value,
    now: Time,
) -> Outcome<()> {
    let record = Record {
        at: now,
        project,
        caller: &Caller::coordinator(),
        operation,
        arguments: &json!({}),
        answer: Some(&Answer::Done(result)),
        request_key: None,
    };
    audit::append(tx, &record).map(drop)
}
