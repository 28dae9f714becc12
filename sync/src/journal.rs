//! What the worker needs of a device's store.
//!
//! - Every method is one transaction of its own, done when it returns.
//! - A page of the mirror and the cursor behind it are written together.
//!
//! Not here: any store. The coordinator's is `mirror::journal` of the root package.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::wire::{Cursor, Page, Reject, Snapshot};

/// Results of a store: its trouble is never the worker's to classify.
pub type Result<T> = anyhow::Result<T>;

/// The store must not be read from until a person has done something.
#[derive(Clone, Debug)]
pub struct Blocked {
    /// A short name of the reason.
    pub code: &'static str,
    /// The reason in words.
    pub reason: String,
}

impl std::fmt::Display for Blocked {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.reason)
    }
}

impl std::error::Error for Blocked {}

/// What happened to a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Op {
    /// It is there, and may be new to the mirror.
    Put,
    /// It changed, and the mirror has it.
    Update,
    /// It is gone.
    Delete,
}

/// One row of the change log, ready to be sent.
#[derive(Clone, Debug, PartialEq)]
pub struct Logged {
    /// Its number; dense from 1.
    pub seq: i64,
    /// Equal for what was done together.
    pub tx: i64,
    /// Hybrid time: Unix milliseconds times 65,536 and a counter.
    pub hlc: i64,
    /// The table.
    pub table: String,
    /// The key's values as a JSON array.
    pub key: String,
    /// What happened.
    pub op: Op,
    /// The row as it was then.
    pub body: Option<Value>,
    /// Bytes of the body as text, about.
    pub bytes: usize,
    /// First 8 bytes of SHA-256 of the body's canonical text, in hex.
    pub digest: Option<String>,
    /// Hash of the log up to here.
    pub hash: String,
    /// The revision that a change of a policy replaces.
    pub base: Option<i64>,
    /// Digests of that revision and of those before it, newest first.
    pub lineage: Option<Vec<Option<String>>>,
    /// It never changes: earlier rows of its key must be sent as well.
    pub append: bool,
    /// Its body is encrypted.
    pub sealed: bool,
    /// Whether it is sent at all; the number counts either way.
    pub sent: bool,
}

/// How far a device has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct State {
    /// Its name for the mirror, a UUID.
    pub device: String,
    /// The last change that the mirror has.
    pub acked: i64,
    /// Hash of the log up to there.
    pub acked_hash: String,
    /// The last change of the log.
    pub newest: i64,
    /// How far the mirror's changes were applied.
    pub cursor: Cursor,
    /// Rows that were there before are still being added to the log.
    pub exporting: bool,
    /// Why the device must take another identity before it goes on.
    pub fork: Option<String>,
    /// A snapshot is needed before anything can be pulled.
    pub resnapshot: Option<String>,
    /// Sync was paused by a person.
    pub paused: bool,
}

/// Who a device is to the mirror.
#[derive(Clone, PartialEq, Eq)]
pub struct Identity {
    /// A UUID.
    pub device: String,
    /// 64 hex digits; only its digest is ever told.
    pub token: String,
    /// SHA-256 of the token, in hex.
    pub token_digest: String,
    /// What people call the device.
    pub name: String,
    /// Its system.
    pub platform: String,
}

/// The token is never printed.
impl std::fmt::Debug for Identity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Identity").field("device", &self.device).finish_non_exhaustive()
    }
}

/// A device's store, as far as sync goes.
pub trait Journal {
    /// How far it has come.
    ///
    /// # Errors
    /// The store's.
    fn state(&self) -> Result<State>;

    /// The changes behind `after`, oldest first, at most `most` and about `bytes` of them, but
    /// one at least if there is one.
    ///
    /// # Errors
    /// The store's.
    fn read(&self, after: i64, most: usize, bytes: usize) -> Result<Vec<Logged>>;

    /// Hash of the log up to `seq`; `None` if that row is gone.
    ///
    /// # Errors
    /// The store's.
    fn hash_at(&self, seq: i64) -> Result<Option<String>>;

    /// Notes that the mirror has everything up to `seq` but what it refused.
    ///
    /// # Errors
    /// The store's.
    fn acknowledge(&self, seq: i64, refused: &[Reject]) -> Result<()>;

    /// Notes that the mirror has only what is up to `seq`: it was put back.
    ///
    /// # Errors
    /// The store's.
    fn rewind(&self, seq: i64) -> Result<()>;

    /// Notes that this device must take another identity.
    ///
    /// # Errors
    /// The store's.
    fn want_fork(&self, why: &str) -> Result<()>;

    /// Keeps a change that cannot even be transported from being sent as it is. One whose number
    /// the mirror must not miss goes without its content from then on.
    ///
    /// # Errors
    /// The store's.
    fn set_aside(&self, seq: i64, code: &str, reason: &str) -> Result<()>;

    /// Applies a page and moves the cursor.
    ///
    /// # Errors
    /// The store's.
    fn apply(&self, page: &Page) -> Result<()>;

    /// Tables whose rows a snapshot has.
    fn snapshot_tables(&self) -> Vec<String>;

    /// Tables that are exchanged; `None`: all of them.
    fn wanted(&self) -> Option<Vec<String>>;

    /// Notes that a snapshot is needed, and forgets what came of one that was broken off.
    ///
    /// # Errors
    /// The store's.
    fn want_snapshot(&self, why: &str) -> Result<()>;

    /// Applies rows of a snapshot; the cursor stays.
    ///
    /// # Errors
    /// The store's.
    fn apply_snapshot(&self, table: &str, rows: &[Snapshot]) -> Result<()>;

    /// The snapshot is whole: the cursor goes there.
    ///
    /// # Errors
    /// The store's.
    fn finish_snapshot(&self, cursor: &Cursor) -> Result<()>;

    /// The identity that the device will take; the same until it has taken it.
    ///
    /// # Errors
    /// The store's.
    fn next_identity(&self) -> Result<Identity>;

    /// The identity offered is somebody else's: forget it.
    ///
    /// # Errors
    /// The store's.
    fn discard_identity(&self) -> Result<()>;

    /// Takes the next identity: the log begins anew with all that is there.
    ///
    /// # Errors
    /// The store's.
    fn take_identity(&self) -> Result<()>;

    /// Adds the next rows that were there before to the log; whether more are to come.
    ///
    /// # Errors
    /// The store's.
    fn export(&self) -> Result<bool>;

    /// Removes what the mirror has had for long from the front of the log.
    ///
    /// # Errors
    /// The store's.
    fn prune(&self) -> Result<()>;

    /// Count and combined digest of this device's rows, by table and bucket.
    ///
    /// # Errors
    /// The store's.
    fn digests(&self) -> Result<crate::wire::Digests>;

    /// Logs the rows of these buckets once more, so that the mirror gets them again; whether
    /// others write rows there too, so that theirs must be fetched.
    ///
    /// # Errors
    /// The store's.
    fn resend(&self, table: &str, buckets: &BTreeSet<String>) -> Result<bool>;
}
