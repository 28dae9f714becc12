//! Fetching what others changed: by pages, or everything.

use serde_json::json;

use super::{Fetch, Step, Stop, Worker};
use crate::journal::{Journal, State};
use crate::next::{self, AfterPull};
use crate::remote::Transport;
use crate::trouble::Trouble;
use crate::wire::{self, Cursor, Pulled, SnapshotPage};

impl<J: Journal, T: Transport> Worker<J, T> {
    pub(super) async fn pull(&mut self, state: &State, now: u64) -> Result<Step, Stop> {
        let request = wire::pull(self.schema, state, self.journal.wanted().as_deref());
        let answer = self.ask::<Pulled>("coord_pull", &request, now).await?;
        match next::after_pull(&state.cursor, answer) {
            AfterPull::Apply(page) => {
                let came = u64::try_from(page.changes.len()).unwrap_or(0);
                if came > 0 {
                    self.last_change = now;
                }
                self.journal.apply(&page)?;
                self.tell(|report| report.pulled += came);
                if !page.more {
                    self.next_pull = now + self.interval(now);
                }
                Ok(Step::Done)
            }
            AfterPull::Nothing => {
                self.next_pull = now + self.interval(now);
                Ok(Step::Done)
            }
            AfterPull::Snapshot(why) => {
                self.want_snapshot(&why)?;
                Ok(Step::Done)
            }
            AfterPull::Upgrade(who) => Err(Stop::Upgrade(who)),
            AfterPull::Nonsense(what) => Err(Trouble::Nonsense { what: what.into() }.into()),
        }
    }

    /// Begins a snapshot, whatever was fetched of another one.
    pub(super) fn want_snapshot(&mut self, why: &str) -> Result<(), Stop> {
        self.fetch = None;
        self.verified = false;
        Ok(self.journal.want_snapshot(why)?)
    }

    /// One page of a snapshot.
    pub(super) async fn fetch(&mut self, why: &str, now: u64) -> Result<(), Stop> {
        let mut fetch = match self.fetch.take() {
            Some(fetch) => fetch,
            None => {
                tracing::info!(why, "fetching every row of the mirror");
                // What was seen of one that was broken off may be gone by now.
                self.journal.want_snapshot(why)?;
                let mut tables = self.journal.snapshot_tables();
                tables.reverse();
                Fetch { tables, after: None, cursor: None }
            }
        };
        let Some(table) = fetch.tables.last().cloned() else {
            self.journal.finish_snapshot(&fetch.cursor.unwrap_or_default())?;
            return Ok(());
        };
        let request = json!({ "table": table, "after": fetch.after, "limit": wire::PAGE });
        // Trouble begins the snapshot anew: a page of yesterday and one of today are no snapshot.
        let page = self.ask::<SnapshotPage>("coord_snapshot", &request, now).await?;
        self.journal.apply_snapshot(&table, &page.rows)?;
        fetch.cursor.get_or_insert(Cursor {
            position: page.head,
            device: page.cursor_dev,
            seq: page.cursor_seq,
        });
        fetch.after = page.next;
        if fetch.after.is_none() {
            fetch.tables.pop();
        }
        self.fetch = Some(fetch);
        Ok(())
    }
}
