//! A request in its transaction: answered from the log, or carried out and logged.
//!
//! Not here: whether the caller may (`gate`), what the tool does (the domains).

use serde_json::{Value, json};

use super::gate;
use super::record::{record, record_queued};
use super::waiting::record_settled;
use super::{Request, permit};
use crate::answer::Answer;
use crate::audit::{self, Known};
use crate::failure::{Failure, Outcome};
use crate::store::Tx;
use crate::tool::Progress;
use crate::{breaches, guard, hooks, locks, waits};

/// What a transaction made of a request.
pub(super) enum Ended {
    /// It has its answer.
    With(Answer),
    /// It stands in line.
    Waits,
}

/// One request in its transaction: answer it from the log, or do it and log it.
pub(super) fn attempt(tx: &Tx<'_>, request: &Request) -> Outcome<Ended> {
    let mut key = request.ctx.request_key.as_deref();
    if let Some(name) = key {
        match audit::recall(tx, name, request.operation, &request.arguments)? {
            Known::Answered(answer) if request.ctx.resent => return Ok(Ended::With(answer)),
            Known::New => {}
            // A client that uses its numbers again gets its answer; it just cannot be repeated.
            Known::Answered(_) | Known::Another => key = None,
        }
    }
    permit::seen(tx, &request.ctx, request.operation)?;
    let settled = tx.settled_count();
    let outcome = match &request.call {
        Ok((call, subject)) => {
            gate::run(tx, &request.ctx, subject, &request.arguments, call.as_ref())
        }
        Err(refused) => {
            leave_note(tx, request)?;
            record(tx, request, refused, key)?;
            return Ok(Ended::With(refused.clone()));
        }
    };
    let answer = match outcome {
        Ok(Progress::Waits) => {
            if let Some(ticket) = request.ctx.ticket {
                waits::remember(tx, ticket.id, &request.arguments)?;
            }
            record_queued(tx, request)?;
            // It may have made way for others before it found nothing for itself.
            record_settled(tx, settled, request.ctx.now)?;
            return Ok(Ended::Waits);
        }
        Ok(Progress::Ended(reply)) => Answer::Done(reply),
        Ok(Progress::Declined(refusal)) => Answer::from(Failure::Refused(refusal)),
        // Nothing was done, so nothing need be undone; but a full disk is the writer's to handle.
        Err(failure) => refused_or_fault(failure)?,
    };
    breaches::note(tx, &request.ctx, &answer);
    let answer = with_news(tx, request, answer)?;
    leave_note(tx, request)?;
    record(tx, request, &answer, key)?;
    record_settled(tx, settled, request.ctx.now)?;
    Ok(Ended::With(answer))
}

/// The answer, and with it what the caller must learn though it did not ask. Only
/// where a model sees more than a sentence; elsewhere the news waits for the next call.
fn with_news(tx: &Tx<'_>, request: &Request, mut answer: Answer) -> Outcome<Answer> {
    // Hooks have their own moment for it, when their client can show it.
    if hooks::TOOLS.contains(&request.operation) {
        return Ok(answer);
    }
    let fields = match &mut answer {
        Answer::Done(Value::Object(reply)) => reply,
        Answer::Refused(refused) if refused.outcome => &mut refused.facts,
        _ => return Ok(answer),
    };
    let news = locks::news(tx, &request.ctx.caller.session_id)?;
    if !news.is_empty() {
        fields.insert("news".into(), json!(news));
    }
    Ok(answer)
}

/// What a call leaves behind beside its audit row, whatever came of it.
pub(super) fn leave_note(tx: &Tx<'_>, request: &Request) -> Outcome<()> {
    guard::note(tx, &request.ctx, request.operation, &request.caught)?;
    request.call.as_ref().map_or(Ok(()), |(call, _)| call.note(tx, &request.ctx))
}

fn refused_or_fault(failure: Failure) -> Outcome<Answer> {
    let full = matches!(&failure, Failure::Fault(error) if error.downcast_ref::<rusqlite::Error>()
        .is_some_and(|error| error.sqlite_error_code() == Some(rusqlite::ErrorCode::DiskFull)));
    if full { Err(failure) } else { Ok(Answer::from(failure)) }
}
