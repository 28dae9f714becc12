//! A journal whose process ends at the step of its store that a test says: just before a transaction, or just after.

use std::cell::Cell;
use std::collections::BTreeSet;

use coord::mirror::journal::StoreJournal;
use coord_sync::journal::Result;
use coord_sync::wire::{Cursor, Digests, Page, Reject, Snapshot};
use coord_sync::{Identity, Journal, Logged, State};

/// Where the process ends.
#[derive(Clone, Copy, Debug)]
pub struct End {
    /// After so many transactions more.
    pub after: u32,
    /// The next one is done, and nobody hears of it.
    pub done: bool,
}

pub struct Crashing {
    inner: StoreJournal,
    end: Cell<Option<End>>,
}

impl Crashing {
    pub const fn of(inner: StoreJournal) -> Self {
        Self { inner, end: Cell::new(None) }
    }

    /// From now on the process is to end there.
    pub fn end_at(&self, end: End) {
        self.end.set(Some(end));
    }

    /// Whether it is still to end.
    pub fn is_to_end(&self) -> bool {
        self.end.get().is_some()
    }

    fn cross<T>(&self, deed: impl FnOnce(&StoreJournal) -> Result<T>) -> Result<T> {
        match self.end.get() {
            Some(End { after: 0, done }) => {
                self.end.set(None);
                if done {
                    drop(deed(&self.inner)?);
                }
                anyhow::bail!("the process ends here")
            }
            Some(End { after, done }) => {
                self.end.set(Some(End { after: after - 1, done }));
                deed(&self.inner)
            }
            None => deed(&self.inner),
        }
    }
}

impl Journal for Crashing {
    fn state(&self) -> Result<State> {
        self.inner.state()
    }

    fn read(&self, after: i64, most: usize, bytes: usize) -> Result<Vec<Logged>> {
        self.inner.read(after, most, bytes)
    }

    fn hash_at(&self, seq: i64) -> Result<Option<String>> {
        self.inner.hash_at(seq)
    }

    fn acknowledge(&self, seq: i64, refused: &[Reject]) -> Result<()> {
        self.cross(|inner| inner.acknowledge(seq, refused))
    }

    fn rewind(&self, seq: i64) -> Result<()> {
        self.cross(|inner| inner.rewind(seq))
    }

    fn want_fork(&self, why: &str) -> Result<()> {
        self.cross(|inner| inner.want_fork(why))
    }

    fn set_aside(&self, seq: i64, code: &str, reason: &str) -> Result<()> {
        self.cross(|inner| inner.set_aside(seq, code, reason))
    }

    fn apply(&self, page: &Page) -> Result<()> {
        self.cross(|inner| inner.apply(page))
    }

    fn snapshot_tables(&self) -> Vec<String> {
        self.inner.snapshot_tables()
    }

    fn wanted(&self) -> Option<Vec<String>> {
        self.inner.wanted()
    }

    fn want_snapshot(&self, why: &str) -> Result<()> {
        self.cross(|inner| inner.want_snapshot(why))
    }

    fn apply_snapshot(&self, table: &str, rows: &[Snapshot]) -> Result<()> {
        self.cross(|inner| inner.apply_snapshot(table, rows))
    }

    fn finish_snapshot(&self, cursor: &Cursor) -> Result<()> {
        self.cross(|inner| inner.finish_snapshot(cursor))
    }

    fn next_identity(&self) -> Result<Identity> {
        self.cross(Journal::next_identity)
    }

    fn discard_identity(&self) -> Result<()> {
        self.cross(Journal::discard_identity)
    }

    fn take_identity(&self) -> Result<()> {
        self.cross(Journal::take_identity)
    }

    fn export(&self) -> Result<bool> {
        self.cross(Journal::export)
    }

    fn prune(&self) -> Result<()> {
        self.cross(Journal::prune)
    }

    fn digests(&self) -> Result<Digests> {
        self.inner.digests()
    }

    fn resend(&self, table: &str, buckets: &BTreeSet<String>) -> Result<bool> {
        self.cross(|inner| inner.resend(table, buckets))
    }
}
