//! Verified copies of the database, and putting one back.
//!
//! - A copy is whole and checked (`integrity_check`) before it gets its name.
//! - Putting one back keeps the files it replaces; nothing is thrown away.

use std::fs;
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, ensure};
use rusqlite::backup::Backup;
use rusqlite::{Connection, OpenFlags};

use super::open::OpenRefusal;
use crate::failure::Outcome;
use crate::home::Home;

/// Pages copied between two reports of progress.
const PAGES_PER_STEP: i32 = 2_048;

/// Copies `from` into the new file `to`, telling `(done, all)` pages on the way.
///
/// # Errors
/// When the copy cannot be written, or is not whole.
pub fn copy(from: &Connection, to: &Path, mut progress: impl FnMut(i32, i32)) -> Outcome<()> {
    let partial = to.with_extension("partial");
    drop(fs::remove_file(&partial));
    // Made before SQLite sees it, so that nobody else can read it at any moment.
    fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&partial).map_err(
        |error| OpenRefusal::Unwritable { why: format!("{}: {error}", partial.display()) },
    )?;
    {
        let mut target =
            open(&partial, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE)?;
        let backup = Backup::new(from, &mut target)?;
        loop {
            let step = backup.step(PAGES_PER_STEP)?;
            let at = backup.progress();
            progress(at.pagecount - at.remaining, at.pagecount);
            match step {
                rusqlite::backup::StepResult::Done => break,
                rusqlite::backup::StepResult::More => {}
                _busy_or_locked => std::thread::sleep(Duration::from_millis(10)),
            }
        }
        drop(backup);
        target.pragma_update(None, "journal_mode", "DELETE")?;
    }
    verify(&partial)?;
    fs::File::open(&partial)
        .and_then(|file| file.sync_all())
        .context("failed to flush the copy")?;
    fs::rename(&partial, to).context("failed to name the copy")?;
    Ok(())
}

/// Copies the database file `from`, which may be in use, into the new file `to`.
///
/// # Errors
/// As [`copy`].
pub fn copy_file(from: &Path, to: &Path, progress: impl FnMut(i32, i32)) -> Outcome<()> {
    copy(&open(from, OpenFlags::SQLITE_OPEN_READ_ONLY)?, to, progress)
}

/// Whether the file is a whole database of ours; its schema version if so.
///
/// # Errors
/// A refusal that says what is wrong with it.
pub fn verify(path: &Path) -> Outcome<i64> {
    let damaged = |why: String| OpenRefusal::Damaged { why };
    let conn = open(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    let verdict: String = conn
        .pragma_query_value(None, "integrity_check", |row| row.get(0))
        .map_err(|error| damaged(format!("{}: {error}", path.display())))?;
    if verdict != "ok" {
        return Err(damaged(format!("{}: {verdict}", path.display())).into());
    }
    super::migrate::version_of(&conn)
}

/// Puts the copy in the database's place. No daemon may be running.
///
/// # Errors
/// When the copy is not whole or is of a newer coord, or a file cannot be moved.
pub fn restore(copy: &Path, home: &Home, suffix: &str) -> Outcome<PathBuf> {
    let found = verify(copy)?;
    if found > super::migrate::version() {
        return Err(OpenRefusal::Newer { found, known: super::migrate::version() }.into());
    }
    let incoming = home.dir().join("coord.db.incoming");
    fs::copy(copy, &incoming)
        .and_then(|_| fs::set_permissions(&incoming, fs::Permissions::from_mode(0o600)))
        .context("failed to bring the copy in")?;
    fs::File::open(&incoming)
        .and_then(|file| file.sync_all())
        .context("failed to flush the copy")?;
    let aside = home.backups().join(format!("replaced-{suffix}"));
    crate::home::private_dir(&aside).context("failed to make a place for the replaced files")?;
    for name in ["coord.db", "coord.db-wal", "coord.db-shm"] {
        let old = home.dir().join(name);
        if old.exists() {
            fs::rename(&old, aside.join(name)).context("failed to put the old database aside")?;
        }
    }
    fs::rename(&incoming, home.database()).context("failed to put the copy in place")?;
    Ok(aside)
}

/// The copies there are, newest first.
///
/// # Errors
/// When the folder cannot be read.
pub fn list(home: &Home) -> Outcome<Vec<PathBuf>> {
    let entries = fs::read_dir(home.backups()).context("failed to list the copies")?;
    let mut copies: Vec<PathBuf> = entries
        .filter_map(Result::ok)
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|ext| ext == "db"))
        .collect();
    copies.sort_by_key(|path| {
        std::cmp::Reverse(fs::metadata(path).and_then(|meta| meta.modified()).ok())
    });
    Ok(copies)
}

/// A copy from before a migration, so that the older coord can be had back.
///
/// # Errors
/// As [`copy`].
pub fn before_migration(conn: &Connection, home: &Home, version: i64) -> Outcome<()> {
    let to = home.backups().join(format!("before-schema-{}.db", version + 1));
    if to.exists() {
        ensure_kept(&to)?;
    }
    copy(conn, &to, |_, _| {})
}

/// An older copy of the same name is kept under another one.
fn ensure_kept(path: &Path) -> anyhow::Result<()> {
    for n in 1..1_000 {
        let other = path.with_extension(format!("{n}.db"));
        if !other.exists() {
            return fs::rename(path, &other).context("failed to keep an older copy");
        }
    }
    ensure!(false, "there are too many copies in {}", path.display());
    Ok(())
}

#[expect(clippy::disallowed_methods, reason = "store opens the database and its copies")]
pub(super) fn open(path: &Path, flags: OpenFlags) -> Outcome<Connection> {
    let conn = Connection::open_with_flags(path, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX)
        .map_err(|error| OpenRefusal::Unwritable { why: format!("{}: {error}", path.display()) })?;
    conn.busy_timeout(Duration::from_secs(5))?;
    Ok(conn)
}
