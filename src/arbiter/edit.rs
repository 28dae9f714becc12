//! Asking for what an agent's own tool is about to write, while its client waits for the hook.
//!
//! - What the session holds by the arbiter's word is not asked for again: its second edit of a file needs no network.
//! - The answer is waited for within a bound that no client notices as an outage. Who has just been silent is not asked
//!   again for a while, so that the next edit does not wait as long.

use std::time::Duration;

use super::locks::{Decided, Wanted};
use super::{Arbiter, Permit, Silence, alone};
use crate::context::Context;
use crate::failure::Outcome;
use crate::locks;
use crate::repo::Target;
use crate::ruling::Ruling;

/// How long an edit is held up by the network.
const WITHIN: Duration = Duration::from_millis(1_500);
/// For so long after a silence nobody is asked for an edit, unless the arbiter was heard again.
const QUIET_MS: i64 = 5_000;

impl Arbiter {
    pub(super) async fn rule_on_edit(
        &self,
        ctx: &Context,
        targets: &[Target],
        reason: &str,
    ) -> Outcome<Permit> {
        let wanted = self.unheld(ctx, targets)?;
        if wanted.is_empty() {
            let ruling = Ruling::Granted { fences: std::collections::BTreeMap::new() }.into();
            return Ok(Permit { ruling, _turn: None });
        }
        if let Some(silence) = self.recent_silence() {
            return Ok(Permit { ruling: alone(ctx, &silence)?.into(), _turn: None });
        }
        match tokio::time::timeout(WITHIN, self.ask_for_edit(ctx, &wanted, reason)).await {
            Ok(ruled) => ruled,
            Err(_late) => {
                let silence = Silence::late(WITHIN);
                self.note_silence(&silence);
                Ok(Permit { ruling: alone(ctx, &silence)?.into(), _turn: None })
            }
        }
    }

    async fn ask_for_edit(
        &self,
        ctx: &Context,
        wanted: &[Target],
        reason: &str,
    ) -> Outcome<Permit> {
        let turn = self.turn(&ctx.caller.session_id).await;
        let reason = Some(reason).filter(|reason| !reason.is_empty());
        let wanted = Wanted { targets: wanted, shared: false, reason };
        match self.decide(ctx, turn, wanted).await? {
            Decided::Granted(permit) => Ok(permit),
            Decided::Held(refused) => Err(refused.into()),
        }
    }

    /// What an edit would lock that the session does not hold by the arbiter's word.
    fn unheld(&self, ctx: &Context, targets: &[Target]) -> Outcome<Vec<Target>> {
        let wanted = self.read(|tx| locks::wanted_for_edit(tx, ctx, targets))?;
        let unheld = wanted
            .into_iter()
            .filter(|(_, own)| !own.as_ref().is_some_and(|lock| self.stands(ctx.project(), lock)));
        Ok(unheld.map(|(target, _)| target).collect())
    }

    pub(super) fn recent_silence(&self) -> Option<Silence> {
        let now = self.uptime();
        let state = self.state();
        let quiet = state.silent.as_ref().filter(|quiet| now - quiet.at < QUIET_MS);
        quiet.map(|quiet| quiet.why.clone())
    }
}
