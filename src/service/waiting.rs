//! A call that waits for its turn, outside any transaction.
//!
//! Whoever makes way settles the waiting call in its own transaction, so a lock
//! or a task passes straight to the first in line. What is left to do here is to
//! listen, and to leave the queue when the time is up or the client loses interest.

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::{Ended, Request, Service, record};
use crate::answer::Answer;
use crate::audit::{self, Known, Record};
use crate::context::{Context, Ticket};
use crate::failure::{Failure, Outcome};
use crate::store::Tx;
use crate::time::{SECOND, Time};
use crate::waits;

/// A ticket for a call that is willing to wait.
pub fn ticket(wait_seconds: u32, now: Time) -> Option<Ticket> {
    let until = now.plus(i64::from(wait_seconds) * SECOND);
    (wait_seconds > 0).then(|| Ticket { id: Uuid::now_v7(), until })
}

impl Service {
    /// Listens until the call is settled, its time is up, or `stop`.
    pub(super) async fn wait(
        &self,
        request: Arc<Request>,
        mut settled: oneshot::Receiver<Answer>,
        stop: &CancellationToken,
    ) -> Answer {
        let Some(ticket) = request.ctx.ticket else {
            return Answer::from(Failure::Fault(anyhow::anyhow!("waits without a ticket")));
        };
        let patience = ticket.until.since(self.clock.now()).max(0).unsigned_abs();
        let stopped = tokio::select! {
            biased;
            answer = &mut settled => return answer.unwrap_or_else(|_| lost()),
            () = tokio::time::sleep(Duration::from_millis(patience)) => false,
            () = stop.cancelled() => true,
        };
        let now = self.clock.now();
        let leaving = Arc::clone(&request);
        let left = self.store.write(move |tx| leave(tx, &leaving, ticket, now)).await;
        self.store.news().forget(ticket.id);
        match left {
            Ok(Some(Ended::With(answer))) => answer,
            // It was settled while we were about to leave.
            Ok(_) => self.settled_at_the_last_moment(request, settled, stopped).await,
            Err(failure) => Answer::from(failure),
        }
    }

    async fn settled_at_the_last_moment(
        &self,
        request: Arc<Request>,
        mut settled: oneshot::Receiver<Answer>,
        stopped: bool,
    ) -> Answer {
        let answer = settled.try_recv().unwrap_or_else(|_| lost());
        if stopped && let Answer::Done(granted) = answer.clone() {
            let mut ctx = request.ctx.clone();
            ctx.now = self.clock.now();
            let taken_back =
                self.store.write(move |tx| take_back(tx, &request, &ctx, &granted)).await;
            if let Err(failure) = taken_back {
                tracing::warn!(
                    "what a cancelled call was granted could not be taken back: {failure}"
                );
            }
        }
        answer
    }
}

/// Leaves the queue with the refusal that was due all along; `None` if the place was
/// gone because the call had been settled.
fn leave(tx: &Tx<'_>, request: &Request, ticket: Ticket, now: Time) -> Outcome<Option<Ended>> {
    if !waits::leave(tx, ticket.id)? {
        return Ok(None);
    }
    let Ok((call, _)) = &request.call else { return Ok(None) };
    let mut ctx = request.ctx.clone();
    ctx.now = now;
    let settled = tx.settled_count();
    let answer = Answer::from(tx.attempt(|tx| call.give_up(tx, &ctx, ticket)));
    let key = request.ctx.request_key.as_deref();
    record(tx, request, &answer, unused(tx, key, request.operation, &request.arguments)?)?;
    // The refusal undid what the call did, so those behind it are served apart from it.
    call.left(tx, &ctx)?;
    record_settled(tx, settled, now)?;
    Ok(Some(Ended::With(answer)))
}

fn take_back(tx: &Tx<'_>, request: &Request, ctx: &Context, granted: &Value) -> Outcome<()> {
    let from = tx.settled_count();
    if let Ok((call, _)) = &request.call {
        call.take_back(tx, ctx, granted)?;
    }
    record_settled(tx, from, ctx.now)
}

/// The audit rows of the calls that were settled since `from`.
///
/// # Errors
/// Faults only.
pub fn record_settled(tx: &Tx<'_>, from: usize, now: Time) -> Outcome<()> {
    for one in tx.settled_since(from) {
        audit::append(
            tx,
            &Record {
                at: now,
                project: Some(&one.project),
                caller: &one.caller,
                operation: one.operation,
                arguments: &one.arguments,
                answer: Some(&one.answer),
                request_key: unused(tx, one.request_key.as_deref(), one.operation, &one.arguments)?,
            },
        )?;
    }
    Ok(())
}

/// The request's name, unless an earlier request had it: then this one cannot be
/// repeated, but must not fail those who make way for it.
fn unused<'a>(
    tx: &Tx<'_>,
    key: Option<&'a str>,
    operation: &str,
    arguments: &Value,
) -> Outcome<Option<&'a str>> {
    let Some(name) = key else { return Ok(None) };
    let known = audit::recall(tx, name, operation, arguments)?;
    Ok(Some(name).filter(|_| matches!(known, Known::New)))
}

fn lost() -> Answer {
    Answer::from(Failure::Fault(anyhow::anyhow!("the answer to a waiting call was lost")))
}
