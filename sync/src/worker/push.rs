//! Sending what the mirror does not have.

use super::{Stop, Worker};
use crate::batch::{self, Batch};
use crate::journal::{Journal, Logged, State};
use crate::next::{self, AfterPush};
use crate::remote::Transport;
use crate::trouble::Trouble;
use crate::wire::{self, Pushed};

/// How often a change must be refused by itself before it is set aside.
const BELIEVED: u32 = 4;

impl<J: Journal, T: Transport> Worker<J, T> {
    pub(super) async fn push(&mut self, state: &State, now: u64) -> Result<(), Stop> {
        let limits = batch::USUAL.halved(self.halvings);
        let (changes, bytes) = match self.through {
            Some(last) => (usize::try_from(last - state.acked).unwrap_or(0), usize::MAX),
            None => (limits.changes + 1, limits.bytes),
        };
        let mut rows = self.journal.read(state.acked, changes, bytes)?;
        let one = rows.first().map(|row| row.tx);
        if rows.iter().all(|row| Some(row.tx) == one) && self.through.is_none() && !limits.cut {
            // The first transaction is larger than usual: see where it ends.
            rows = self.journal.read(state.acked, batch::HARD.changes + 1, batch::HARD.bytes)?;
        }
        let Some(batch) = batch::batch(&state.acked_hash, &rows, limits, self.through) else {
            return Err(anyhow::anyhow!("the change log has a gap after {}", state.acked).into());
        };
        let request = wire::push(self.schema, &batch);
        match self.ask::<Pushed>("coord_push", &request, now).await {
            Ok(answer) => {
                self.note_quarantine(&answer);
                // The rest of a transaction that was too much is still cut.
                let least = u32::from(!ends_transaction(&rows, batch.last));
                self.halvings = self.halvings.saturating_sub(1).max(least.min(self.halvings));
                self.pushed(&batch, state, answer)
            }
            Err(Stop::Trouble(Trouble::TooMuch { what } | Trouble::Poison { what })) => {
                self.narrow(&batch, &what)
            }
            Err(stop) => Err(stop),
        }
    }

    /// The mirror found the audit chain of this device broken.
    fn note_quarantine(&self, answer: &Pushed) {
        if let Pushed::Ok { quarantined, .. } | Pushed::Duplicate { quarantined, .. } = answer {
            let why = quarantined.as_ref().filter(|why| !why.is_null()).map(ToString::to_string);
            self.tell(|report| report.quarantined = why);
        }
    }

    /// Sends less next time; a change that cannot be sent alone is set aside.
    fn narrow(&mut self, batch: &Batch, what: &str) -> Result<(), Stop> {
        if batch.last > batch.first {
            if self.through.is_some() {
                // It was taken once; what it was is known only when all of it can be sent again.
                return Err(Trouble::Busy { what: what.into(), after: None }.into());
            }
            let size = usize::try_from(batch.last - batch.first + 1).unwrap_or(usize::MAX);
            // One at least, also where a whole transaction was more than what is usual.
            self.halvings += 1;
            while batch::USUAL.halved(self.halvings).changes >= size {
                self.halvings += 1;
            }
            return Ok(());
        }
        if batch.changes.is_empty() {
            return Err(Trouble::Nonsense { what: what.into() }.into());
        }
        // Whoever says so once may be mistaken, or stand in between.
        let times = if self.refused.0 == batch.first { self.refused.1 + 1 } else { 1 };
        self.refused = (batch.first, times);
        if times < BELIEVED {
            return Err(Trouble::Busy { what: what.into(), after: None }.into());
        }
        self.refused = (0, 0);
        self.journal.set_aside(batch.first, "untransportable", what)?;
        Ok(())
    }

    fn pushed(&mut self, batch: &Batch, state: &State, answer: Pushed) -> Result<(), Stop> {
        match next::after_push(batch, state.newest, answer) {
            AfterPush::Acknowledge { seq, refused } => {
                self.through = None;
                self.journal.acknowledge(seq, &refused)?;
                let taken = u64::try_from(seq - state.acked).unwrap_or(0);
                self.tell(|report| report.pushed += taken);
            }
            AfterPush::Resend { through } if self.through == Some(through) => {
                let what = "it asks for the same range again and again".to_owned();
                self.through = None;
                return Err(Trouble::Nonsense { what }.into());
            }
            AfterPush::Resend { through } => self.through = Some(through),
            AfterPush::Rewind { seq } => {
                self.through = None;
                self.rewind(seq)?;
            }
            AfterPush::Fork(why) => {
                self.through = None;
                self.journal.want_fork(why)?;
            }
            AfterPush::Upgrade(who) => return Err(Stop::Upgrade(who)),
            AfterPush::Nonsense(what) => return Err(Trouble::Nonsense { what: what.into() }.into()),
        }
        Ok(())
    }

    /// The mirror was put back to an earlier state.
    pub(super) fn rewind(&mut self, seq: i64) -> Result<(), Stop> {
        if self.journal.hash_at(seq)?.is_some() {
            tracing::warn!(seq, "the mirror was put back; what it lost is sent again");
            self.journal.rewind(seq)?;
            self.want_snapshot("restored")?;
            self.through = None;
        } else {
            self.want_snapshot("restored")?;
            self.journal.want_fork("the mirror was put back beyond what the log still has")?;
        }
        Ok(())
    }
}

/// Whether a transaction ends with the change `last`.
fn ends_transaction(rows: &[Logged], last: i64) -> bool {
    let tx = |seq| rows.iter().find(|row| row.seq == seq).map(|row| row.tx);
    tx(last + 1).is_none_or(|next| Some(next) != tx(last))
}
