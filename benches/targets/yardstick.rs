//! What the figures are compared with, measured in the same run.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use rusqlite::Connection;

use super::table::Times;

/// One bare row into a WAL database, autocommitted; flushed if `full`.
pub fn bare_insert(folder: &Path, full: bool, times: usize) -> Times {
    let path = folder.join(if full { "bare-full.db" } else { "bare-fast.db" });
    let conn = Connection::open(path).expect("a new database opens");
    conn.pragma_update(None, "journal_mode", "WAL").expect("WAL is possible");
    conn.pragma_update(None, "synchronous", if full { "FULL" } else { "NORMAL" })
        .expect("it is a setting");
    conn.execute_batch("CREATE TABLE t (id INTEGER PRIMARY KEY, text TEXT NOT NULL) STRICT")
        .expect("it is new");
    let one = || {
        let start = Instant::now();
        conn.prepare_cached("INSERT INTO t (text) VALUES ('a row of some thirty characters')")
            .and_then(|mut insert| insert.execute([]))
            .expect("there is room");
        start.elapsed()
    };
    Times::new((0..times).map(|_| one()).collect())
}

/// Starting and ending the smallest of programs.
pub fn bin_true(times: usize) -> Times {
    let one = || time(Command::new("/bin/true").stdin(Stdio::null()));
    Times::new((0..times).map(|_| one()).collect())
}

/// How long a command takes from its start to its end.
pub fn time(command: &mut Command) -> Duration {
    let start = Instant::now();
    let status = command.stdout(Stdio::null()).status().expect("the program exists");
    assert!(status.success(), "{command:?}");
    start.elapsed()
}
