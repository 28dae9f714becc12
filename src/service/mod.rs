//! Every tool there is, and the one path each call takes: read the arguments,
//! permit, run, audit.
//!
//! - A call that changes anything is one transaction with its audit row. A
//!   refusal undoes what the tool did and keeps the row; a call whose row cannot
//!   be written did not happen.
//! - What one agent hands to another is screened for destructive commands.
//! - A request that was carried out before is answered from the audit log.
//! - Nothing waits inside a transaction: a call that must wait leaves its ticket
//!   there and listens outside.
//!
//! Not here: how requests arrive (`mcp`, `daemon`), what tools do (the domains).

pub mod arguments;
pub mod catalogue;
mod permit;
pub mod resources;
mod waiting;
mod watch;

use std::sync::{Arc, LazyLock};

use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use crate::agents;
use crate::answer::Answer;
use crate::audit::{self, Known, Record};
use crate::config::Config;
use crate::context::{Caller, Context};
use crate::failure::{Failure, Outcome};
use crate::guard::{self, Caught};
use crate::locks;
use crate::store::clock::{self, Reading};
use crate::store::{Store, Tx};
use crate::time::{Clock, Time};
use crate::tool::{Access, Progress};
use crate::waits;
use crate::work;
use arguments::ArgumentRefusal;
use catalogue::{Call, Entry};
pub use waiting::record_settled;
use watch::Watch;

/// Every tool, in the order in which clients see them.
pub static TOOLS: LazyLock<Vec<Entry>> = LazyLock::new(|| {
    vec![
        Entry::of::<locks::AcquireLock>(),
        Entry::of::<locks::ReleaseLock>(),
        Entry::of::<locks::CheckLocks>(),
        Entry::of::<work::SubmitWork>(),
        Entry::of::<work::GetWork>(),
        Entry::of::<work::CompleteWork>(),
        Entry::of::<agents::RegisterSession>(),
        Entry::of::<agents::DiscoverAgents>(),
        Entry::of::<agents::Heartbeat>(),
        Entry::of::<guard::CheckGuardrails>(),
        Entry::of::<audit::QueryAudit>(),
        Entry::of::<work::PendingWork>(),
        Entry::of::<work::ListWork>(),
        Entry::of::<work::ShowWork>(),
        Entry::of::<work::WorkGraph>(),
        Entry::of::<work::CancelWork>(),
        Entry::of::<work::RetryWork>(),
        Entry::of::<locks::ForceReleaseLock>(),
        Entry::of::<audit::AuditRows>(),
        Entry::of::<audit::SealAudit>(),
        Entry::of::<guard::ListGuardrails>(),
        Entry::of::<guard::AddGuardrail>(),
        Entry::of::<guard::DisableGuardrail>(),
        Entry::of::<guard::EnableGuardrail>(),
        Entry::of::<guard::SetGuardrail>(),
    ]
});

/// The tool of that name.
///
/// # Errors
/// `unknown_tool`, with the nearest name.
pub fn find(name: &str) -> Outcome<&'static Entry> {
    TOOLS.iter().find(|entry| entry.name == name).ok_or_else(|| {
        let known: Vec<&str> = TOOLS.iter().map(|entry| entry.name).collect();
        let nearest = arguments::nearest(name, &known);
        ArgumentRefusal::UnknownTool { name: name.chars().take(80).collect(), nearest }.into()
    })
}

/// The service over one store.
pub struct Service {
    store: Arc<Store>,
    clock: Clock,
    watch: Watch,
}

/// A request that passed the checks which need no transaction.
struct Request {
    ctx: Context,
    operation: &'static str,
    arguments: Value,
    /// The call, or why it cannot be made.
    call: Result<Box<dyn Call>, Answer>,
    /// Guardrails that its text broke.
    caught: Vec<Caught>,
}

/// What a transaction made of a request.
enum Ended {
    With(Answer),
    Waits,
}

impl Service {
    /// A service over `store`, telling the time by `clock`.
    #[must_use]
    pub fn new(store: Arc<Store>, clock: Clock) -> Self {
        let watch = Watch::over(&clock);
        Self { store, clock, watch }
    }

    /// Puts the settings about guardrails in force.
    pub fn configure(&self, config: &Config) {
        guard::configure(&self.store, guard::Settings::of(config));
    }

    /// The store beneath.
    #[must_use]
    pub const fn store(&self) -> &Arc<Store> {
        &self.store
    }

    /// The clock that contexts are to be made with.
    #[must_use]
    pub const fn clock(&self) -> &Clock {
        &self.clock
    }

    /// Calls a tool. `stop` ends the waiting of a call that waits.
    pub async fn call(
        &self,
        ctx: Context,
        name: &str,
        asked: Value,
        stop: &CancellationToken,
    ) -> Answer {
        if let Err(failure) = self.mind_the_clock().await {
            return Answer::from(failure);
        }
        let entry = match find(name) {
            Ok(entry) => entry,
            Err(failure) => return self.refuse_unknown(ctx, name, asked, failure).await,
        };
        let request = Arc::new(self.request(ctx, entry, asked));
        if entry.access == Access::Read && request.call.is_ok() && request.ctx.ticket.is_none() {
            return tokio::task::block_in_place(|| self.look(&request));
        }
        let listening = request.ctx.ticket.map(|ticket| self.store.news().expect(ticket.id));
        let ended = {
            let request = Arc::clone(&request);
            self.store.write(move |tx| attempt(tx, &request)).await
        };
        match (ended, listening) {
            (Ok(Ended::Waits), Some(listening)) => self.wait(request, listening, stop).await,
            (ended, _) => {
                if let Some(ticket) = request.ctx.ticket {
                    self.store.news().forget(ticket.id);
                }
                match ended {
                    Ok(Ended::With(answer)) => answer,
                    Ok(Ended::Waits) => {
                        Answer::from(Failure::Fault(anyhow::anyhow!("waits without a ticket")))
                    }
                    Err(failure) => Answer::from(failure),
                }
            }
        }
    }

    /// Moves every deadline with the wall clock if it was stepped since this was
    /// last asked; returns the step in milliseconds.
    ///
    /// # Errors
    /// Faults only.
    pub async fn mind_the_clock(&self) -> Outcome<i64> {
        match self.watch.stepped() {
            None => Ok(0),
            Some(reading) => self.rebase(reading).await,
        }
    }

    /// Moves every deadline by what the wall clock has stepped since the last
    /// write, whichever daemon made it; returns the step in milliseconds.
    ///
    /// # Errors
    /// Faults only.
    pub async fn rebase(&self, reading: Reading) -> Outcome<i64> {
        let rebase = move |tx: &Tx<'_>| {
            let step = clock::rebase(tx, &reading)?;
            if step != 0 {
                tracing::warn!(step_ms = step, "the clock was stepped; deadlines moved with it");
                record_own(tx, "clock_step", json!({ "step_ms": step }), reading.wall)?;
            }
            Ok(step)
        };
        self.store.write(rebase).await
    }

    /// Reads the arguments and asks whatever can be asked without a transaction.
    fn request(&self, mut ctx: Context, entry: &'static Entry, arguments: Value) -> Request {
        let mut caught = Vec::new();
        let call = permit::permit(entry, &ctx, &self.store).and_then(|()| {
            let mut call = entry.parse(&arguments)?;
            call.prepare(&ctx)?;
            self.screen(&ctx, entry, &arguments, &mut caught)?;
            Ok(call)
        });
        if let Ok(call) = &call {
            ctx.ticket = waiting::ticket(call.wait_seconds(), ctx.now);
        }
        let call = call.map_err(Answer::from);
        Request { ctx, operation: entry.name, arguments, call, caught }
    }

    /// Judges what one agent hands to another; what was found is told either way.
    fn screen(
        &self,
        ctx: &Context,
        entry: &Entry,
        arguments: &Value,
        caught: &mut Vec<Caught>,
    ) -> Outcome<()> {
        if !guard::is_screened(entry.name) {
            return Ok(());
        }
        let screened = self.store.read(|tx| guard::screen(tx, ctx, entry.name, arguments))?;
        *caught = screened.caught;
        screened.refusal.map_or(Ok(()), |refusal| Err(refusal.into()))
    }

    /// A read: a snapshot, audited later with others' rows.
    fn look(&self, request: &Arc<Request>) -> Answer {
        let answer = self.store.read(|tx| match &request.call {
            Ok(call) => ended(call.run(tx, &request.ctx)),
            Err(refused) => Ok(refused.clone()),
        });
        let answer = answer.unwrap_or_else(Answer::from);
        let (request, kept) = (Arc::clone(request), answer.clone());
        self.store.write_later(move |tx| {
            permit::seen(tx, &request.ctx, request.operation)?;
            leave_note(tx, &request)?;
            // A read may be repeated freely, so its name is not kept.
            record(tx, &request, &kept, None)
        });
        answer
    }

    async fn refuse_unknown(
        &self,
        ctx: Context,
        name: &str,
        arguments: Value,
        failure: Failure,
    ) -> Answer {
        let answer = Answer::from(failure);
        tracing::debug!(tool = name, "unknown tool");
        let call = Err(answer.clone());
        let request =
            Request { ctx, operation: "unknown_tool", arguments, call, caught: Vec::new() };
        let written = self.store.write(move |tx| attempt(tx, &request)).await;
        written.map_or_else(Answer::from, |_| answer)
    }
}

fn ended(progress: Outcome<Progress<Value>>) -> Outcome<Answer> {
    match progress {
        Ok(Progress::Ended(reply)) => Ok(Answer::Done(reply)),
        Ok(Progress::Waits) => Err(anyhow::anyhow!("a read cannot wait").into()),
        Ok(Progress::Declined(refusal)) | Err(Failure::Refused(refusal)) => {
            Ok(Answer::from(Failure::Refused(refusal)))
        }
        Err(fault) => Err(fault),
    }
}

/// One request in its transaction: answer it from the log, or do it and log it.
fn attempt(tx: &Tx<'_>, request: &Request) -> Outcome<Ended> {
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
        Ok(call) => tx.attempt(|tx| call.run(tx, &request.ctx)),
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
    let answer = with_news(tx, request, answer)?;
    leave_note(tx, request)?;
    record(tx, request, &answer, key)?;
    record_settled(tx, settled, request.ctx.now)?;
    Ok(Ended::With(answer))
}

/// The answer, and with it what the caller must learn though it did not ask. Only
/// where a model sees more than a sentence; elsewhere the news waits for the next call.
fn with_news(tx: &Tx<'_>, request: &Request, mut answer: Answer) -> Outcome<Answer> {
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
fn leave_note(tx: &Tx<'_>, request: &Request) -> Outcome<()> {
    guard::note(tx, &request.ctx, request.operation, &request.caught)?;
    request.call.as_ref().map_or(Ok(()), |call| call.note(tx, &request.ctx))
}

fn refused_or_fault(failure: Failure) -> Outcome<Answer> {
    let full = matches!(&failure, Failure::Fault(error) if error.downcast_ref::<rusqlite::Error>()
        .is_some_and(|error| error.sqlite_error_code() == Some(rusqlite::ErrorCode::DiskFull)));
    if full { Err(failure) } else { Ok(Answer::from(failure)) }
}

fn record(tx: &Tx<'_>, request: &Request, answer: &Answer, key: Option<&str>) -> Outcome<()> {
    audit::append(tx, &of(request, Some(answer), key)).map(drop)
}

fn record_queued(tx: &Tx<'_>, request: &Request) -> Outcome<()> {
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
    let record = Record {
        at: now,
        project: None,
        caller: &Caller::coordinator(),
        operation,
        arguments: &json!({}),
        answer: Some(&Answer::Done(result)),
        request_key: None,
    };
    audit::append(tx, &record).map(drop)
}
