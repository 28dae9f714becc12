//! A call whose locks or task are decided between machines, before its transaction.
//!
//! - The ruling comes with the call's context. While the permit lives, nothing else is done for the session there.
//! - What was granted and then not written here is given back by the arbiter's keeper, which sees that it is not here.
//!
//! Not here: asking the arbiter (`arbiter`).

use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use super::gate::{self, Admission};
use super::{Request, Service};
use crate::answer::Answer;
use crate::arbiter::{Arbiter, ArbiterRefusal, Permit};
use crate::ruling::Asked;
use crate::store::Tx;

impl Service {
    /// Lets an arbiter decide for projects that want one.
    pub fn appoint(&self, arbiter: Arc<Arbiter>) {
        if self.arbiter.set(arbiter).is_err() {
            tracing::warn!("there is an arbiter already");
        }
    }

    /// The arbiter, if this machine knows one.
    #[must_use]
    pub fn arbiter(&self) -> Option<&Arc<Arbiter>> {
        self.arbiter.get()
    }

    /// Whether the policies let the call be made: what it does there cannot be taken back when they refuse it here.
    fn may(&self, request: &mut Request) -> bool {
        let Ok((_, subject)) = &request.call else { return false };
        let (ctx, arguments) = (&request.ctx, &request.arguments);
        let look = |tx: &Tx<'_>| gate::admit(tx, ctx, subject, arguments);
        match tokio::task::block_in_place(|| self.store.read(look)) {
            Ok(Admission::Granted(_)) => true,
            // The question to a person is asked in the call's own transaction.
            Ok(Admission::InTransaction { approved }) => approved,
            Err(failure) => {
                request.call = Err(Answer::from(failure));
                false
            }
        }
    }

    /// Has the call decided, if its project wants that; a refusal takes the call's place.
    pub(super) async fn arbitrate(
        &self,
        request: &mut Request,
        stop: &CancellationToken,
    ) -> Option<Permit> {
        if !request.ctx.settings.arbitrated {
            return None;
        }
        if let Some(arbiter) = self.arbiter() {
            arbiter.remember(request.ctx.project(), request.ctx.settings.decides_offline);
        }
        let Ok((call, _)) = &request.call else { return None };
        let asked = call.arbitrated()?;
        let patience = i64::from(call.wait_seconds()) * crate::time::SECOND;
        // A person's own tools go by what is shown to people; they hold no locks by them.
        if matches!(asked, Asked::Edit { .. }) && request.ctx.caller.person {
            return None;
        }
        if asked.is_for_good() && !self.may(request) {
            return None;
        }
        // Its place in line would be one among this machine's sessions alone.
        request.ctx.ticket = None;
        let ruled = match self.arbiter() {
            Some(arbiter) => arbiter.rule(&request.ctx, &asked, patience, stop).await,
            None => {
                Err(ArbiterRefusal::Unavailable { why: "this machine is not enrolled".into() }
                    .into())
            }
        };
        match ruled {
            Ok(permit) => {
                request.ctx.ruling = Some(Arc::clone(&permit.ruling));
                Some(permit)
            }
            Err(failure) => {
                request.call = Err(Answer::from(failure));
                None
            }
        }
    }
}
