//! Read-only connections, pooled; a reader never blocks the writer nor waits for it.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

/// At most this many snapshots at once.
const READERS: u32 = 4;
/// Kibibytes of page cache for each (negative means KiB to SQLite).
const CACHE_KIB: i32 = -2_048;

/// Opens the pool's connections. `r2d2_sqlite` pins an older rusqlite, hence our own.
pub struct Manager {
    path: PathBuf,
}

impl r2d2::ManageConnection for Manager {
    type Connection = Connection;
    type Error = rusqlite::Error;

    #[expect(clippy::disallowed_methods, reason = "store opens the database")]
    fn connect(&self) -> rusqlite::Result<Connection> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let conn = Connection::open_with_flags(&self.path, flags)?;
        conn.busy_timeout(Duration::from_secs(5))?;
        conn.pragma_update(None, "query_only", true)?;
        conn.pragma_update(None, "cache_size", CACHE_KIB)?;
        conn.pragma_update(None, "trusted_schema", false)?;
        // As for the writer: a plan is made once.
        conn.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
        conn.set_prepared_statement_cache_capacity(128);
        Ok(conn)
    }

    fn is_valid(&self, conn: &mut Connection) -> rusqlite::Result<()> {
        conn.execute_batch("SELECT 1")
    }

    fn has_broken(&self, conn: &mut Connection) -> bool {
        !conn.is_autocommit()
    }
}

pub type Pool = r2d2::Pool<Manager>;

/// A pool that opens connections on demand and has no timer of its own: an idle
/// daemon must not wake up.
pub fn pool(path: &Path) -> anyhow::Result<Pool> {
    r2d2::Pool::builder()
        .max_size(READERS)
        .min_idle(Some(0))
        .max_lifetime(None)
        .idle_timeout(None)
        .test_on_check_out(false)
        .thread_pool(Arc::new(scheduled_thread_pool::ScheduledThreadPool::new(1)))
        .connection_timeout(Duration::from_secs(10))
        .build(Manager { path: path.to_owned() })
        .context("failed to open the database for reading")
}
