//! What the triggers that fill the change log ask the program.
//!
//! - The functions live on the writer's connection alone: another program that
//!   changes a mirrored row while sync is on fails instead of being forgotten.
//! - All rows of one request have one number and one time.
//! - While a page of the mirror is applied nothing is logged, or rows would go round in a circle.
//!
//! Not here: the triggers (`mirror::capture`).

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};

use rusqlite::Connection;
use rusqlite::functions::FunctionFlags;
use sha2::{Digest as _, Sha256};

use super::tx::Tx;
use crate::failure::Outcome;
use crate::time::Time;

/// What the functions answer from; kept on the store's shelf.
#[derive(Default)]
pub struct Capture {
    silent: AtomicBool,
    request: AtomicI64,
    now: AtomicI64,
    hlc: AtomicI64,
}

/// The functions may stand in triggers, though the schema is not trusted with others.
const INNOCUOUS: FunctionFlags = FunctionFlags::SQLITE_UTF8.union(FunctionFlags::SQLITE_INNOCUOUS);

impl Capture {
    /// Makes the functions known to the writer's connection.
    ///
    /// # Errors
    /// What SQLite says.
    pub(super) fn register(self: &Arc<Self>, conn: &Connection) -> rusqlite::Result<()> {
        let this = Arc::clone(self);
        conn.create_scalar_function("coord_capturing", 0, INNOCUOUS, move |_| {
            Ok(!this.silent.load(Ordering::Relaxed))
        })?;
        let this = Arc::clone(self);
        conn.create_scalar_function("coord_request", 0, INNOCUOUS, move |_| {
            Ok(this.request.load(Ordering::Relaxed))
        })?;
        let this = Arc::clone(self);
        conn.create_scalar_function("coord_hlc", 0, INNOCUOUS, move |_| Ok(this.tick()))?;
        self.resume(conn)?;
        let pure = INNOCUOUS | FunctionFlags::SQLITE_DETERMINISTIC;
        conn.create_scalar_function("coord_chain", -1, pure, |ctx| {
            let mut hash = Sha256::new();
            for at in 0..ctx.len() {
                // The length before each part, so that no two rows have one text.
                match ctx.get_raw(at) {
                    rusqlite::types::ValueRef::Text(text) => {
                        hash.update(text.len().to_be_bytes());
                        hash.update(text);
                    }
                    rusqlite::types::ValueRef::Integer(number) => {
                        hash.update([0xFE]);
                        hash.update(number.to_be_bytes());
                    }
                    _ => hash.update([0xFF]),
                }
            }
            Ok(hex(&hash.finalize()))
        })
    }

    /// Goes on from where the log ends; a clock that was set back must not make a
    /// later change look like an earlier one.
    fn resume(&self, conn: &Connection) -> rusqlite::Result<()> {
        if !conn.table_exists(None, "change_log")? {
            return Ok(());
        }
        let last = "SELECT coalesce(max(tx), 0),
                           max(coalesce(max(hlc), 0), (SELECT coalesce(max(hlc), 0) FROM sync_rows))
                      FROM (SELECT tx, hlc FROM change_log ORDER BY seq DESC LIMIT 10000)";
        let (request, hlc) = conn.query_row(last, [], |row| Ok((row.get(0)?, row.get(1)?)))?;
        self.request.store(request, Ordering::Relaxed);
        self.hlc.store(hlc, Ordering::Relaxed);
        Ok(())
    }

    /// The next time of the hybrid clock: milliseconds and a counter of 16 bits.
    fn tick(&self) -> i64 {
        let now = self.now.load(Ordering::Relaxed) << 16;
        let next = now.max(self.hlc.load(Ordering::Relaxed) + 1);
        self.hlc.store(next, Ordering::Relaxed);
        next
    }

    /// Whatever is changed from now on is later than `hlc`.
    fn witness(&self, hlc: i64) {
        self.hlc.fetch_max(hlc.min(LATEST), Ordering::Relaxed);
    }

    /// A request begins: what it changes belongs together.
    pub(super) fn begin(&self, now: Time) {
        self.request.fetch_add(1, Ordering::Relaxed);
        self.now.store(now.ms(), Ordering::Relaxed);
    }
}

/// A time that no clock has: beyond it, somebody else's word is not taken for one.
const LATEST: i64 = i64::MAX / 2;

/// Bytes in lower-case hex; once for each row that changes, so without a formatter.
fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    digits.map(|digit| char::from(DIGITS[usize::from(digit)])).collect()
}

/// Capture is off until this goes.
struct Silence(Arc<Capture>);

impl Drop for Silence {
    fn drop(&mut self) {
        self.0.silent.store(false, Ordering::Relaxed);
    }
}

impl Tx<'_> {
    /// What another device did at this hybrid time is known here now: a change that is made
    /// upon it is later, however far this device's clock is behind the other's.
    pub fn witness(&self, hlc: i64) {
        self.kept::<Capture>().witness(hlc);
    }

    /// Changes rows without a trace in the change log: what came from the mirror
    /// must not be sent back to it.
    ///
    /// # Errors
    /// What `deed` ends with.
    pub fn uncaptured<T>(&self, deed: impl FnOnce(&Self) -> Outcome<T>) -> Outcome<T> {
        let capture = self.kept::<Capture>();
        capture.silent.store(true, Ordering::Relaxed);
        let _silence = Silence(capture);
        deed(self)
    }
}
