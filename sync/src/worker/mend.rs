//! Putting right what should not be: two histories under one name, and rows that differ.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::{Stop, Worker};
use crate::journal::{Journal, State};
use crate::next::{self, AfterPush};
use crate::pace;
use crate::remote::Transport;
use crate::trouble::{Trouble, Whom};
use crate::wire::{self, Head};

impl<J: Journal, T: Transport> Worker<J, T> {
    /// Asks what the mirror has of this device: a restored copy of either side shows here,
    /// also when there is nothing to send.
    pub(super) async fn verify(&mut self, state: &State, now: u64) -> Result<(), Stop> {
        let head: Head = self.ask("coord_head", &json!({}), now).await?;
        let ours = self.journal.hash_at(head.acked)?;
        match next::after_head(state, &head, ours.as_deref()) {
            AfterPush::Rewind { seq } => self.rewind(seq)?,
            AfterPush::Fork(why) => self.journal.want_fork(why)?,
            AfterPush::Resend { through } => self.through = Some(through),
            _ => {}
        }
        self.verified = true;
        self.next_verify = now + pace::VERIFY;
        Ok(())
    }

    /// Takes another identity.
    pub(super) async fn fork(&mut self, why: &str, now: u64) -> Result<(), Stop> {
        tracing::warn!(why, "this device takes another identity for the mirror");
        let identity = self.journal.next_identity()?;
        let request = wire::enrol(self.schema, &identity, None);
        let answer: Value = self.ask("coord_enrol", &request, now).await?;
        match answer.get("status").and_then(Value::as_str) {
            // An "ok" that names no workspace is somebody else's.
            Some("ok") if answer.get("workspace_id").is_some() => {
                self.fetch = None;
                self.verified = false;
                self.journal.take_identity()?;
                self.transport.identify(&identity.token);
                self.newest_seen = 0;
                self.tell(|report| report.forks += 1);
                Ok(())
            }
            Some("device_taken") => Ok(self.journal.discard_identity()?),
            Some("refused") => {
                Err(Trouble::Denied { what: answer.to_string(), whom: Whom::Stranger }.into())
            }
            _ => Err(Trouble::Nonsense { what: format!("coord_enrol: {answer}") }.into()),
        }
    }

    /// Compares digests, and sends again what differs.
    pub(super) async fn compare(&mut self, now: u64) -> Result<(), Stop> {
        let theirs: Value = self.ask("coord_digest", &json!({}), now).await?;
        let theirs: wire::Digests = serde_json::from_value(theirs["tables"].clone())
            .map_err(|error| Trouble::Nonsense { what: error.to_string() })?;
        let ours = self.journal.digests()?;
        let (mut differing, mut shared) = (Vec::new(), false);
        for (table, buckets) in &ours {
            let none = BTreeMap::new();
            let others = theirs.get(table).unwrap_or(&none);
            let names: BTreeSet<&String> = buckets.keys().chain(others.keys()).collect();
            let compared = |name: &&String| {
                buckets.get(*name).is_none_or(|(_, digest)| digest != wire::UNCOMPARED)
            };
            let names = names.into_iter().filter(compared);
            let names = names.filter(|name| others.get(*name) != buckets.get(*name));
            let names: BTreeSet<String> = names.cloned().collect();
            if !names.is_empty() && self.journal.resend(table, &names)? {
                shared = true;
            }
            differing.extend(names.iter().map(|name| format!("{table}/{name}")));
        }
        if !differing.is_empty() {
            tracing::warn!(?differing, "the mirror differed; the rows are sent again");
        }
        if shared {
            self.want_snapshot("the digests differ")?;
        }
        self.tell(|report| report.differing = differing);
        self.journal.prune()?;
        self.next_compare = now + pace::COMPARE;
        Ok(())
    }
}
