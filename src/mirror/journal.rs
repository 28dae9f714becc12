//! The store as the sync worker sees it.
//!
//! - It reads on a snapshot of its own and writes ordinary requests: whoever works here
//!   never waits for the mirror.
//! - What came from the mirror is written without a trace in the change log.
//! - If free text is to be encrypted and the key is not there, nothing is sent.
//!
//! Not here: what becomes of a row that comes (`receive`), statements (`sql`, `log`).

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use coord_sync::journal::Result;
use coord_sync::wire::{Cursor, Digests, Page, Reject, Snapshot};
use coord_sync::{Blocked, Identity, Journal, Logged, State};

use super::catalogue::{self, Class};
use super::key::Key;
use super::login::Login;
use super::modes::Modes;
use super::{
    answered, aside, export, kept, log, receive, rekey, resend, restored, scope, snapshot, sql,
};
use crate::failure::{Failure, Outcome};
use crate::home::Home;
use crate::store::{Store, Tx};

/// How long a change stays in the log after the mirror has it: it may be put back.
const KEPT: i64 = 30 * crate::time::DAY;

/// The key that is in its file, or why it cannot be read.
type Found = std::result::Result<Option<Arc<Key>>, Blocked>;

/// The journal of one store.
pub struct StoreJournal {
    store: Arc<Store>,
    home: Home,
    login: Mutex<Login>,
    /// Tables that stay on this machine.
    left_out: Vec<String>,
    /// What projects' own files say.
    modes: Mutex<Modes>,
    heeded: AtomicBool,
    /// What free text is encrypted with, if it is; or why the file cannot be read.
    key: Mutex<Found>,
    /// It is noted that rows may go in clear.
    in_clear: AtomicBool,
    /// Another key was found while a snapshot was half read: it is to be read again.
    outdated: AtomicBool,
    /// Rows of the snapshot that is being fetched: device, table and key.
    seen: Mutex<BTreeSet<(String, String, String)>>,
}

impl StoreJournal {
    /// The journal of `store`; tables in `left_out` stay on this machine.
    #[must_use]
    pub fn new(store: Arc<Store>, home: Home, login: Login, left_out: Vec<String>) -> Self {
        let (login, heeded, seen) = (Mutex::new(login), AtomicBool::default(), Mutex::default());
        let (key, modes, in_clear) =
            (Mutex::new(Ok(None)), Mutex::default(), AtomicBool::default());
        let outdated = AtomicBool::default();
        Self { store, home, login, left_out, modes, heeded, key, in_clear, outdated, seen }
    }

    /// Follows the key's file: a person may bring another key at any time.
    fn heed_key(&self) -> Result<()> {
        let read = Key::load(&self.home).map(|key| key.map(Arc::new));
        let damaged = |error: anyhow::Error| Blocked {
            code: "encryption_key_damaged",
            reason: format!("sync.key: {error:#}"),
        };
        let found: Found = read.map_err(damaged);
        let name = |found: &Found| Some(found.as_ref().ok()?.as_ref()?.name.clone());
        let is_new = name(&found) != name(&self.found());
        if let (true, Ok(Some(key))) = (is_new, found.clone()) {
            self.write(move |tx| rekey::adopt(tx, &key))?;
            let half = !self.seen.lock().unwrap_or_else(PoisonError::into_inner).is_empty();
            self.outdated.store(half, Ordering::Relaxed);
        }
        if matches!(found, Ok(None)) && !self.in_clear.swap(true, Ordering::Relaxed) {
            self.write(rekey::note_clear)?;
        }
        *self.key.lock().unwrap_or_else(PoisonError::into_inner) = found;
        Ok(())
    }

    fn found(&self) -> Found {
        self.key.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What opens rows; none if the key cannot be read.
    fn opening(&self) -> Option<Arc<Key>> {
        self.found().ok().flatten()
    }

    /// Reads what is about to leave.
    fn leaving<T>(&self, look: impl FnOnce(&Tx<'_>, log::Terms<'_>) -> Outcome<T>) -> Result<T> {
        let key = self.found().map_err(anyhow::Error::new)?;
        let terms = log::Terms { left_out: &self.left_out, key: key.as_deref() };
        self.read_tx(|tx| {
            if terms.key.is_none() && sql::state(tx, rekey::UNDER)?.is_some() {
                let reason = "what is sent is to be encrypted, and the key is gone".to_owned();
                return Err(
                    anyhow::Error::new(Blocked { code: "encryption_key_missing", reason }).into()
                );
            }
            look(tx, terms)
        })
    }

    /// Has the store heed which tables are left out, once: they are those of this process.
    fn heed_what_is_left_out(&self) -> Result<()> {
        if !self.heeded.load(Ordering::Relaxed) {
            let names = self.left_out.clone();
            self.write(move |tx| scope::leave_out(tx, &names))?;
            self.heeded.store(true, Ordering::Relaxed);
        }
        Ok(())
    }

    /// What may leave is looked at before anything does.
    fn heed_modes(&self) -> Result<()> {
        let mut modes = self.modes.lock().unwrap_or_else(PoisonError::into_inner);
        modes.look(&self.store, &self.home, |project, root, local| {
            self.write(move |tx| kept::remember(tx, &project, &root, local))
        })
    }

    fn read_tx<T>(&self, look: impl FnOnce(&Tx<'_>) -> Outcome<T>) -> Result<T> {
        self.store.read(look).map_err(Failure::into_error)
    }

    fn write<T: Send + 'static>(
        &self,
        deed: impl FnMut(&Tx<'_>) -> Outcome<T> + Send + 'static,
    ) -> Result<T> {
        // The worker is async, and whoever waits for the writer blocks: not on its runtime.
        let store = &self.store;
        let written = std::thread::scope(|scope| scope.spawn(|| store.write_blocking(deed)).join());
        written.map_err(|_panic| anyhow::anyhow!("a write panicked"))?.map_err(Failure::into_error)
    }
}

impl Journal for StoreJournal {
    fn state(&self) -> Result<State> {
        self.heed_what_is_left_out()?;
        self.heed_key()?;
        let device = self.login.lock().unwrap_or_else(PoisonError::into_inner).device.clone();
        self.read_tx(move |tx| log::state(tx, device))
    }

    fn read(&self, after: i64, most: usize, bytes: usize) -> Result<Vec<Logged>> {
        self.heed_modes()?;
        self.leaving(|tx, terms| log::read(tx, after, most, bytes, terms))
    }

    fn hash_at(&self, seq: i64) -> Result<Option<String>> {
        self.read_tx(|tx| log::hash_at(tx, seq))
    }

    fn acknowledge(&self, seq: i64, refused: &[Reject]) -> Result<()> {
        let (refused, left_out) = (refused.to_vec(), self.left_out.clone());
        self.write(move |tx| {
            tx.uncaptured(|tx| answered::acknowledge(tx, seq, &refused, &left_out))
        })
    }

    fn rewind(&self, seq: i64) -> Result<()> {
        self.write(move |tx| restored::rewind(tx, seq))
    }

    fn want_fork(&self, why: &str) -> Result<()> {
        let why = why.to_owned();
        self.write(move |tx| sql::set_state(tx, "fork", &why))
    }

    fn set_aside(&self, seq: i64, code: &str, reason: &str) -> Result<()> {
        let (code, reason) = (code.to_owned(), reason.to_owned());
        self.write(move |tx| aside::set_aside_own(tx, seq, &code, &reason))
    }

    fn apply(&self, page: &Page) -> Result<()> {
        let (page, key) = (page.clone(), self.opening());
        self.write(move |tx| tx.uncaptured(|tx| receive::page(tx, &page, key.as_deref())))
    }

    fn snapshot_tables(&self) -> Vec<String> {
        let shared = catalogue::tables().iter().filter(|table| table.class != Class::Append);
        let names = shared.map(|table| table.name.clone());
        names.filter(|name| !self.left_out.contains(name)).collect()
    }

    fn wanted(&self) -> Option<Vec<String>> {
        (!self.left_out.is_empty()).then(|| self.snapshot_tables())
    }

    fn want_snapshot(&self, why: &str) -> Result<()> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).clear();
        self.outdated.store(false, Ordering::Relaxed);
        let why = why.to_owned();
        self.write(move |tx| export::want_snapshot(tx, &why))
    }

    fn apply_snapshot(&self, table: &str, rows: &[Snapshot]) -> Result<()> {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.extend(rows.iter().map(|row| (row.device.clone(), table.to_owned(), row.key.clone())));
        drop(seen);
        let (table, rows, key) = (table.to_owned(), rows.to_vec(), self.opening());
        self.write(move |tx| tx.uncaptured(|tx| snapshot::apply(tx, &table, &rows, key.as_deref())))
    }

    fn finish_snapshot(&self, cursor: &Cursor) -> Result<()> {
        let seen = std::mem::take(&mut *self.seen.lock().unwrap_or_else(PoisonError::into_inner));
        if self.outdated.swap(false, Ordering::Relaxed) {
            return Ok(());
        }
        let (cursor, left_out) = (cursor.clone(), self.left_out.clone());
        self.write(move |tx| tx.uncaptured(|tx| snapshot::finish(tx, &seen, &cursor, &left_out)))
    }

    fn next_identity(&self) -> Result<Identity> {
        self.login.lock().unwrap_or_else(PoisonError::into_inner).next_identity(&self.home)
    }

    fn discard_identity(&self) -> Result<()> {
        let mut login = self.login.lock().unwrap_or_else(PoisonError::into_inner);
        login.next = None;
        login.save(&self.home)
    }

    fn take_identity(&self) -> Result<()> {
        // The log first: should the process end here, the same identity is enrolled again,
        // which the mirror takes for a repetition, and the log begins anew once more.
        self.write(export::begin_anew)?;
        let mut login = self.login.lock().unwrap_or_else(PoisonError::into_inner);
        login.take_identity(&self.home)?;
        let device = login.device.clone();
        drop(login);
        self.write(move |tx| {
            sql::set_state(tx, "device", &device)?;
            sql::unset_state(tx, "fork")
        })
    }

    fn export(&self) -> Result<bool> {
        self.write(export::step)
    }

    fn prune(&self) -> Result<()> {
        // By the log's own clock: it only rises.
        let newest = self.read_tx(log::newest_time)?;
        let oldest = (newest - KEPT) << 16;
        // In steps: a transaction that removes a month holds everybody up.
        while self.write(move |tx| log::prune(tx, oldest))? > 0 {}
        Ok(())
    }

    fn digests(&self) -> Result<Digests> {
        self.leaving(log::digests)
    }

    fn resend(&self, table: &str, buckets: &BTreeSet<String>) -> Result<bool> {
        let Some(table) = catalogue::table(table) else { return Ok(false) };
        // Of policies the snapshot decides what is sent.
        if table.class != Class::Policy {
            let keys = self.read_tx(|tx| resend::keys(tx, table, buckets))?;
            for step in keys.chunks(export::STEP) {
                let step = step.to_vec();
                self.write(move |tx| resend::step(tx, table, &step))?;
            }
        }
        Ok(matches!(table.class, Class::Union | Class::Policy))
    }
}
