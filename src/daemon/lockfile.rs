//! One daemon per home: whoever holds the lock on this file is it.
//!
//! The kernel frees the lock when its holder dies, however it dies, so a stale
//! file means nothing.

use std::fs::{File, OpenOptions};
use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::Path;

use anyhow::Context as _;
use rustix::fs::FlockOperation;
use serde::{Deserialize, Serialize};

use crate::failure::{Outcome, Refusal};

/// Who holds the lock.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    /// The daemon's process id.
    pub pid: u32,
    /// Its version.
    pub version: String,
}

/// The lock, held while this lives.
pub struct DaemonLock {
    file: File,
}

impl DaemonLock {
    /// Whether the file that is held still has this name: otherwise somebody else may hold the
    /// lock on another one.
    #[must_use]
    pub fn is_at(&self, path: &Path) -> bool {
        let (Ok(ours), Ok(there)) = (self.file.metadata(), std::fs::metadata(path)) else {
            return false;
        };
        (ours.dev(), ours.ino()) == (there.dev(), there.ino())
    }
}

/// Another daemon was first.
#[derive(Debug, thiserror::Error)]
#[error("a daemon already runs for this home{}", .holder.as_ref().map(|h| format!(" (pid {}, version {})", h.pid, h.version)).unwrap_or_default())]
pub struct AlreadyRunning {
    /// Who, if it has said so yet.
    pub holder: Option<Holder>,
}

impl Refusal for AlreadyRunning {
    fn code(&self) -> &'static str {
        "daemon_already_running"
    }

    fn hint(&self) -> Option<String> {
        Some("use it as it is, or stop it first with `coord daemon stop`".into())
    }
}

/// Takes the lock.
///
/// # Errors
/// [`AlreadyRunning`], or a fault when the file cannot be used.
pub fn take(path: &Path) -> Outcome<DaemonLock> {
    let mut file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .read(true)
        .write(true)
        .mode(0o600)
        .open(path)
        .with_context(|| format!("failed to open {}", path.display()))?;
    if rustix::fs::flock(&file, FlockOperation::NonBlockingLockExclusive).is_err() {
        return Err(AlreadyRunning { holder: read(&mut file) }.into());
    }
    let me = Holder { pid: std::process::id(), version: env!("CARGO_PKG_VERSION").into() };
    let text = serde_json::to_string(&me).map_err(anyhow::Error::from)?;
    file.set_len(0)
        .and_then(|()| file.seek(SeekFrom::Start(0)))
        .context("failed to clear the lock file")?;
    file.write_all(text.as_bytes()).context("failed to write the lock file")?;
    Ok(DaemonLock { file })
}

/// The daemon that runs for this home, if one does.
#[must_use]
pub fn holder(path: &Path) -> Option<Holder> {
    let mut file = OpenOptions::new().read(true).open(path).ok()?;
    match rustix::fs::flock(&file, FlockOperation::NonBlockingLockShared) {
        Ok(()) => None,
        Err(_held) => Some(read(&mut file).unwrap_or(Holder { pid: 0, version: "unknown".into() })),
    }
}

/// Asks the daemon to stop; what it has begun is finished.
///
/// # Errors
/// When it cannot be told, which it can by its own user.
pub fn stop(holder: &Holder) -> std::io::Result<()> {
    let pid = i32::try_from(holder.pid).ok().and_then(rustix::process::Pid::from_raw);
    let pid = pid.ok_or_else(|| std::io::Error::other("the daemon has not said its pid yet"))?;
    Ok(rustix::process::kill_process(pid, rustix::process::Signal::TERM)?)
}

fn read(file: &mut File) -> Option<Holder> {
    let mut text = String::new();
    file.seek(SeekFrom::Start(0)).ok()?;
    file.read_to_string(&mut text).ok()?;
    serde_json::from_str(&text).ok()
}
