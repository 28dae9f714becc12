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

mod accepted;
mod arbitration;
pub mod arguments;
mod attempt;
pub mod catalogue;
mod consent;
mod gate;
mod permit;
mod record;
pub mod resources;
mod tools;
mod waiting;
mod watch;

use std::sync::{Arc, OnceLock};

use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use crate::answer::Answer;
use crate::arbiter::Arbiter;
use crate::config::Config;
use crate::context::Context;
use crate::failure::{Failure, Outcome};
use crate::guard::{self, Caught};
use crate::network;
use crate::policy;
use crate::profiles;
use crate::store::clock::{self, Reading};
use crate::store::{Store, Tx};
use crate::time::Clock;
use crate::tool::{Access, Progress};
use attempt::{Ended, attempt, leave_note};
use catalogue::{Call, Entry};
use gate::{Admission, Subject};
use record::record;
pub use record::{record_own, record_own_in};
pub use tools::{TOOLS, find};
pub use waiting::record_settled;
use watch::Watch;

/// The service over one store.
pub struct Service {
    store: Arc<Store>,
    clock: Clock,
    watch: Watch,
    arbiter: OnceLock<Arc<Arbiter>>,
}

/// A request that passed the checks which need no transaction.
struct Request {
    ctx: Context,
    operation: &'static str,
    arguments: Value,
    /// The call and what it is about, or why it cannot be made.
    call: Result<(Box<dyn Call>, Subject), Answer>,
    /// Guardrails that its text broke.
    caught: Vec<Caught>,
}

impl Service {
    /// A service over `store`, telling the time by `clock`.
    #[must_use]
    pub fn new(store: Arc<Store>, clock: Clock) -> Self {
        let watch = Watch::over(&clock);
        Self { store, clock, watch, arbiter: OnceLock::new() }
    }

    /// Puts the settings about profiles, policies, hosts and guardrails in force.
    pub fn configure(&self, config: &Config) {
        profiles::configure(&self.store, profiles::Settings::of(config));
        policy::configure(&self.store, policy::Settings::of(config));
        network::configure(&self.store, config.network_default_policy());
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
        let mut request = self.request(ctx, entry, asked);
        // Lives until the call has ended.
        let _permit = self.arbitrate(&mut request, stop).await;
        let request = Arc::new(request);
        if entry.access == Access::Read
            && request.call.is_ok()
            && request.ctx.ticket.is_none()
            && let Some(answer) = tokio::task::block_in_place(|| self.look(&request))
        {
            return answer;
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
            policy::prepare(&self.store, &ctx);
            Ok((call, Subject::of(entry, &ctx, &arguments)))
        });
        if let Ok((call, _)) = &call {
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

    /// A read: a snapshot, audited later with others' rows. `None` if it must write
    /// before it may be made.
    fn look(&self, request: &Arc<Request>) -> Option<Answer> {
        let (ctx, arguments) = (&request.ctx, &request.arguments);
        let answer = self.store.read(|tx| match &request.call {
            Ok((call, subject)) => match gate::admit(tx, ctx, subject, arguments) {
                Ok(Admission::Granted(_)) => ended(call.run(tx, ctx)).map(Some),
                Ok(Admission::InTransaction { .. }) => Ok(None),
                Err(failure) => ended(Err(failure)).map(Some),
            },
            Err(refused) => Ok(Some(refused.clone())),
        });
        let answer = answer.unwrap_or_else(|failure| Some(Answer::from(failure)))?;
        let (request, kept) = (Arc::clone(request), answer.clone());
        self.store.write_later(move |tx| {
            permit::seen(tx, &request.ctx, request.operation)?;
            leave_note(tx, &request)?;
            // A read may be repeated freely, so its name is not kept.
            record(tx, &request, &kept, None)
        });
        Some(answer)
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
