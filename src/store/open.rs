//! Opening the one database file, and every reason not to.
//!
//! - Refused: a network file system (WAL needs shared memory on one host), a
//!   symbolic link, a database of a newer coord, a file that is no database, a
//!   SQLite with the WAL-reset defect.
//! - The file is made 0600 before SQLite sees it; `-wal` and `-shm` inherit that.

use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context as _;
use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use crate::config::Durability;
use crate::failure::{Outcome, Refusal};
use crate::os;

/// SQLite before 3.51.3 can corrupt a WAL database with several connections
/// (the WAL-reset bug, fixed 2026-03-13).
const SQLITE_MIN: i32 = 3_051_003;
/// Kibibytes of page cache of the writer (negative means KiB to SQLite).
const CACHE_KIB: i32 = -8_192;
/// The `-wal` file is cut back to this size when it can be.
const JOURNAL_BYTES: i64 = 64 << 20;

/// Why the database is not opened.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the messages say it")]
pub enum OpenRefusal {
    #[error("{} lies on a network file system ({kind}), where SQLite's WAL is not safe", .path.display())]
    NetworkFileSystem { path: PathBuf, kind: &'static str },
    #[error("{} is a symbolic link", .path.display())]
    Symlink { path: PathBuf },
    #[error("the database has schema {found}, this coord knows schemas up to {known}")]
    Newer { found: i64, known: i64 },
    #[error("the database file belongs to another program")]
    NotOurs,
    #[error("the database file is damaged: {why}")]
    Damaged { why: String },
    #[error("the database cannot be written: {why}")]
    Unwritable { why: String },
    #[error("SQLite {found} has a known corruption bug in WAL mode; 3.51.3 or newer is needed")]
    OldSqlite { found: &'static str },
}

impl Refusal for OpenRefusal {
    fn code(&self) -> &'static str {
        match self {
            Self::NetworkFileSystem { .. } => "network_file_system",
            Self::Symlink { .. } => "database_is_a_link",
            Self::Newer { .. } => "database_newer",
            Self::NotOurs => "database_foreign",
            Self::Damaged { .. } => "database_corrupt",
            Self::Unwritable { .. } => "database_unavailable",
            Self::OldSqlite { .. } => "sqlite_too_old",
        }
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::NetworkFileSystem { .. } => "set COORD_HOME to a directory on a local disk".into(),
            Self::Symlink { .. } => "set COORD_HOME to the directory where the file really is".into(),
            Self::Newer { .. } => {
                "update coord, or go back to the copy that was made before the update: `coord restore` lists them. Nothing was changed".into()
            }
            Self::NotOurs => "set COORD_HOME to another directory; the file was left as it is".into(),
            Self::Damaged { .. } => {
                "`coord restore` lists the verified copies and puts one back; the damaged files are kept aside".into()
            }
            Self::Unwritable { .. } => {
                "make the directory writable and see that its disk has room, or set COORD_HOME elsewhere".into()
            }
            Self::OldSqlite { .. } => "use a build of coord with its own SQLite".into(),
        })
    }
}

/// Opens the file for the one writer.
///
/// # Errors
/// See [`OpenRefusal`].
pub fn writable(path: &Path, durability: Durability) -> Outcome<Connection> {
    if rusqlite::version_number() < SQLITE_MIN {
        return Err(OpenRefusal::OldSqlite { found: rusqlite::version() }.into());
    }
    place(path)?;
    let conn = configured(path, durability).map_err(|error| named(error, path))?;
    Ok(conn)
}

fn place(path: &Path) -> Outcome<()> {
    if path.is_symlink() {
        return Err(OpenRefusal::Symlink { path: path.into() }.into());
    }
    let folder = path.parent().unwrap_or(Path::new("/"));
    if let Some(kind) = os::network_file_system(folder).context("failed to ask the file system")? {
        return Err(OpenRefusal::NetworkFileSystem { path: path.into(), kind }.into());
    }
    match OpenOptions::new().create(true).append(true).mode(0o600).open(path) {
        Ok(_) => Ok(()),
        Err(error) => {
            Err(OpenRefusal::Unwritable { why: format!("{}: {error}", path.display()) }.into())
        }
    }
}

/// How long the writer waits for another process that has the file locked.
pub(super) const BUSY: Duration = Duration::from_secs(5);

#[expect(clippy::disallowed_methods, reason = "store opens the database")]
fn configured(path: &Path, durability: Durability) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let conn = Connection::open_with_flags(path, flags)?;
    conn.busy_timeout(BUSY)?;
    conn.pragma_update(None, "journal_mode", "WAL")?;
    let synchronous = match durability {
        Durability::Full => "FULL",
        Durability::Fast => "NORMAL",
    };
    conn.pragma_update(None, "synchronous", synchronous)?;
    conn.pragma_update(None, "foreign_keys", true)?;
    conn.pragma_update(None, "trusted_schema", false)?;
    conn.pragma_update(None, "cell_size_check", true)?;
    conn.pragma_update(None, "temp_store", "MEMORY")?;
    conn.pragma_update(None, "cache_size", CACHE_KIB)?;
    conn.pragma_update(None, "mmap_size", 0)?;
    conn.pragma_update(None, "wal_autocheckpoint", 1_000)?;
    conn.pragma_update(None, "journal_size_limit", JOURNAL_BYTES)?;
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    // Else SQLite plans a statement anew whenever a bound value might matter to its plan.
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    conn.set_prepared_statement_cache_capacity(256);
    Ok(conn)
}

/// Gives SQLite's most common complaints a name and a way out.
pub(super) fn named(error: rusqlite::Error, path: &Path) -> crate::failure::Failure {
    use rusqlite::ErrorCode;
    let why = format!("{}: {error}", path.display());
    match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
            OpenRefusal::Damaged { why }.into()
        }
        Some(
            ErrorCode::ReadOnly
            | ErrorCode::CannotOpen
            | ErrorCode::SystemIoFailure
            | ErrorCode::DiskFull,
        ) => OpenRefusal::Unwritable { why }.into(),
        _ => error.into(),
    }
}
