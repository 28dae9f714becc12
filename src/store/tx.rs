//! A transaction as the domains see it.
//!
//! - Statements are prepared once per connection.
//! - What must be told to others (topics that changed, waiting calls that were
//!   settled) is collected here and told only after COMMIT.
//! - A snapshot cannot write; what a read must leave behind is done later.

use std::cell::{Cell, RefCell};
use std::sync::Arc;

use rusqlite::{Connection, OptionalExtension as _, Params, Row};
use uuid::Uuid;

use super::shelf::Shelf;
use crate::answer::Answer;
use crate::context::Caller;
use crate::failure::Outcome;

/// What a resource shows; a set of these tells subscribers what to read again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u16)]
#[expect(missing_docs, reason = "each names the domain whose rows changed")]
pub enum Topic {
    Locks = 1,
    Work = 2,
    Agents = 4,
    Handoffs = 8,
    Memories = 16,
    Guardrails = 32,
    Profiles = 64,
    Audit = 128,
    Sync = 256,
}

/// A set of [`Topic`]s.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Topics(u16);

impl Topics {
    /// Adds one.
    pub const fn add(&mut self, topic: Topic) {
        self.0 |= topic as u16;
    }

    /// Both sets.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether `topic` is in the set.
    #[must_use]
    pub const fn has(self, topic: Topic) -> bool {
        self.0 & topic as u16 != 0
    }

    /// Every topic: what to assume after missing a message.
    #[must_use]
    pub const fn all() -> Self {
        Self(u16::MAX)
    }
}

/// A waiting call whose turn came in somebody else's transaction.
#[derive(Clone, Debug)]
pub struct Settled {
    /// Its place in the queue.
    pub ticket: Uuid,
    /// Who waited.
    pub caller: Caller,
    /// In which project.
    pub project: String,
    /// The waiting request's name, if it has one.
    pub request_key: Option<String>,
    /// The tool it called.
    pub operation: &'static str,
    /// With these arguments.
    pub arguments: serde_json::Value,
    /// And what came of it.
    pub answer: Answer,
}

/// What a read leaves behind, done in a transaction of its own.
pub(super) type Later = Box<dyn FnMut(&Tx<'_>) -> Outcome<()> + Send>;

/// A transaction (or a reader's snapshot) on one connection.
pub struct Tx<'c> {
    conn: &'c Connection,
    shelf: &'c Shelf,
    /// Where a snapshot's deeds wait; a transaction does them at once.
    later: Option<RefCell<Vec<Later>>>,
    topics: Cell<Topics>,
    settled: RefCell<Vec<Settled>>,
}

impl<'c> Tx<'c> {
    pub(super) fn on(conn: &'c Connection, shelf: &'c Shelf) -> Self {
        Self { conn, shelf, later: None, topics: Cell::default(), settled: RefCell::default() }
    }

    pub(super) fn snapshot(conn: &'c Connection, shelf: &'c Shelf) -> Self {
        Self { later: Some(RefCell::default()), ..Self::on(conn, shelf) }
    }

    /// What a module keeps in memory beside this database.
    #[must_use]
    pub fn kept<T: Default + Send + Sync + 'static>(&self) -> Arc<T> {
        self.shelf.of()
    }

    /// Whether rows can be changed here.
    #[must_use]
    pub const fn can_write(&self) -> bool {
        self.later.is_none()
    }

    /// Does what changes rows: at once in a transaction, within half a second after a snapshot.
    ///
    /// # Errors
    /// What `deed` ends with, if it is done at once.
    pub fn later(
        &self,
        mut deed: impl FnMut(&Tx<'_>) -> Outcome<()> + Send + 'static,
    ) -> Outcome<()> {
        match &self.later {
            None => deed(self),
            Some(later) => {
                later.borrow_mut().push(Box::new(deed));
                Ok(())
            }
        }
    }

    /// Runs a statement that changes rows; returns how many.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn run(&self, sql: &str, params: impl Params) -> rusqlite::Result<usize> {
        self.conn.prepare_cached(sql)?.execute(params)
    }

    /// The first row, if there is one.
    ///
    /// # Errors
    /// What SQLite or `map` says.
    pub fn one<T>(
        &self,
        sql: &str,
        params: impl Params,
        map: impl FnOnce(&Row<'_>) -> rusqlite::Result<T>,
    ) -> rusqlite::Result<Option<T>> {
        self.conn.prepare_cached(sql)?.query_row(params, map).optional()
    }

    /// All rows.
    ///
    /// # Errors
    /// What SQLite or `map` says.
    pub fn all<T>(
        &self,
        sql: &str,
        params: impl Params,
        map: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
    ) -> rusqlite::Result<Vec<T>> {
        self.conn.prepare_cached(sql)?.query_map(params, map)?.collect()
    }

    /// Runs `body` in a savepoint: unless it succeeds, nothing it did remains.
    ///
    /// # Errors
    /// What `body` ends with, or a fault when the savepoint itself fails.
    pub fn attempt<T>(&self, body: impl FnOnce(&Self) -> Outcome<T>) -> Outcome<T> {
        let told = (self.topics.get(), self.settled.borrow().len());
        self.run("SAVEPOINT attempt", [])?;
        let outcome = body(self);
        if outcome.is_err() {
            self.run("ROLLBACK TO attempt", [])?;
            self.topics.set(told.0);
            self.settled.borrow_mut().truncate(told.1);
        }
        self.run("RELEASE attempt", [])?;
        outcome
    }

    /// Notes that what this topic's resource shows has changed.
    pub fn changed(&self, topic: Topic) {
        let mut topics = self.topics.get();
        topics.add(topic);
        self.topics.set(topics);
    }

    /// Answers a waiting call; delivered after COMMIT.
    pub fn settle(&self, settled: Settled) {
        self.settled.borrow_mut().push(settled);
    }

    /// The calls settled from the `from`-th on; who audits them asks for this.
    #[must_use]
    pub fn settled_since(&self, from: usize) -> Vec<Settled> {
        self.settled.borrow().get(from..).unwrap_or_default().to_vec()
    }

    /// How many calls have been settled so far.
    #[must_use]
    pub fn settled_count(&self) -> usize {
        self.settled.borrow().len()
    }

    pub(super) fn into_later(self) -> Vec<Later> {
        self.later.map(RefCell::into_inner).unwrap_or_default()
    }

    pub(super) fn into_news(self) -> (Topics, Vec<Settled>) {
        (self.topics.get(), self.settled.into_inner())
    }
}
