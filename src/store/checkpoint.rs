//! When the write-ahead log is carried over into the database file.
//!
//! - Not inside a commit, as SQLite does by itself: whoever waits for that commit would wait for
//!   a thousand pages of others as well.
//! - Once the log is as long as SQLite lets it become, the next pause is used: agents think for
//!   seconds between two calls. Without a pause it happens after the answers, four times as late.

use std::sync::Arc;
use std::sync::atomic::{AtomicI32, Ordering};
use std::time::Duration;

use rusqlite::Connection;
use rusqlite::hooks::Wal;

use super::open;

/// Pages of the log from which on a pause is used: SQLite's own default for a checkpoint.
const USUAL: i32 = 1_000;
/// Pages from which on nobody is asked: 16 MB.
const LONG: i32 = 4_000;
/// How long nobody must have asked for anything.
pub const PAUSE: Duration = Duration::from_millis(20);

/// How long the log is, and up to where it was carried over.
pub struct Checkpoints {
    pages: Arc<AtomicI32>,
    done: i32,
}

impl Checkpoints {
    /// Watches the commits of this connection, and keeps SQLite from carrying over by itself.
    ///
    /// # Errors
    /// SQLite's.
    pub fn of(conn: &mut Connection) -> rusqlite::Result<Self> {
        let pages = Arc::new(AtomicI32::new(0));
        let seen = Arc::clone(&pages);
        conn.wal_hook(Some(move |_: &mut Wal, length| {
            seen.store(length, Ordering::Relaxed);
            Ok(())
        }))?;
        Ok(Self { pages, done: 0 })
    }

    /// Whether the next pause is to be used.
    pub fn is_due(&mut self) -> bool {
        self.waiting() >= USUAL
    }

    /// Whether it is time though there was no pause.
    pub fn is_overdue(&mut self) -> bool {
        self.waiting() >= LONG
    }

    fn waiting(&mut self) -> i32 {
        let pages = self.pages.load(Ordering::Relaxed);
        if pages < self.done {
            // It began anew.
            self.done = 0;
        }
        pages - self.done
    }

    /// Carries over what no reader needs any more. What is left is tried again when as much has
    /// come to it; so is everything after trouble, which is only told.
    pub fn carry_over(&mut self, conn: &Connection) {
        self.done = self.pages.load(Ordering::Relaxed);
        if let Err(error) = conn.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(())) {
            tracing::warn!("the write-ahead log cannot be carried over yet: {error}");
        }
    }

    /// Carries everything over and empties the file of the log, if no reader is in the way: where
    /// the disk is full, its room is needed.
    pub fn give_back(&mut self, conn: &Connection) {
        self.done = self.pages.load(Ordering::Relaxed);
        let emptied = conn
            .busy_timeout(Duration::ZERO)
            .and_then(|()| conn.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())));
        if let Err(error) = emptied.and(conn.busy_timeout(open::BUSY)) {
            tracing::warn!("the write-ahead log cannot be emptied yet: {error}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grown(conn: &Connection, rows: usize) {
        for _ in 0..rows {
            conn.execute("INSERT INTO t VALUES (zeroblob(8000))", []).unwrap();
        }
    }

    #[test]
    fn the_log_is_carried_over_when_asked_and_begins_anew() {
        let folder = tempfile::tempdir().unwrap();
        #[expect(clippy::disallowed_methods, reason = "no store is needed to have a log")]
        let mut conn = Connection::open(folder.path().join("db")).unwrap();
        conn.pragma_update(None, "journal_mode", "WAL").unwrap();
        let mut checkpoints = Checkpoints::of(&mut conn).unwrap();
        conn.execute("CREATE TABLE t (x BLOB)", []).unwrap();
        grown(&conn, 200);
        assert!(!checkpoints.is_due());
        grown(&conn, 300);
        assert!(
            checkpoints.is_due() && !checkpoints.is_overdue(),
            "nothing is carried over unasked"
        );
        grown(&conn, 1_000);
        assert!(checkpoints.is_overdue());

        let length = |conn: &Connection| {
            let sql = "PRAGMA wal_checkpoint(NOOP)";
            conn.query_row(sql, [], |row| Ok((row.get(1)?, row.get(2)?))).unwrap()
        };
        checkpoints.carry_over(&conn);
        let (pages, moved): (i32, i32) = length(&conn);
        assert_eq!(pages, moved, "all of it");
        assert!(!checkpoints.is_due());
        grown(&conn, 1);
        assert!(length(&conn).0 < 20 && !checkpoints.is_due(), "it began anew");
        grown(&conn, 500);
        assert!(checkpoints.is_due());
        let bytes = || std::fs::metadata(folder.path().join("db-wal")).unwrap().len();
        assert!(bytes() > 4 << 20);
        checkpoints.give_back(&conn);
        assert_eq!(bytes(), 0, "its room is free");
    }

    #[test]
    fn what_a_reader_needs_is_tried_again_when_as_much_has_come_to_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("db");
        #[expect(clippy::disallowed_methods, reason = "no store is needed to have a log")]
        let (mut conn, reader) =
            (Connection::open(&path).unwrap(), Connection::open(&path).unwrap());
        conn.pragma_update(None, "journal_mode", "WAL").unwrap();
        let mut checkpoints = Checkpoints::of(&mut conn).unwrap();
        conn.execute("CREATE TABLE t (x BLOB)", []).unwrap();
        reader.execute_batch("BEGIN; SELECT count(*) FROM t").unwrap();
        grown(&conn, 500);
        checkpoints.carry_over(&conn);
        assert!(!checkpoints.is_due());
        grown(&conn, 100);
        assert!(!checkpoints.is_due(), "not at each commit");
        grown(&conn, 400);
        assert!(checkpoints.is_due());
    }
}
