//! What differs between operating systems, in one place.
//!
//! - Each function means the same on every system; `linux.rs` and `macos.rs`
//!   say how it is done there.
//! - Nothing here decides anything.
//!
//! Not here: sockets and lock files, which are alike everywhere (`daemon`).

#[cfg(target_os = "linux")]
mod linux;
#[cfg(target_os = "linux")]
use linux as system;
#[cfg(target_os = "macos")]
mod macos;
#[cfg(target_os = "macos")]
use macos as system;

use std::path::Path;

use serde::{Deserialize, Serialize};

/// A process as nobody else can be it: ids are reused, a start time with it is not.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Process {
    /// The process id.
    pub pid: u32,
    /// When it started, in the system's own unit; compared, never computed with.
    pub started: String,
}

impl Process {
    /// The process that now has this id, if any.
    #[must_use]
    pub fn find(pid: u32) -> Option<Self> {
        system::stat(pid).map(|stat| Self { pid, started: stat.started })
    }

    /// Whether this very process still runs.
    #[must_use]
    pub fn is_alive(&self) -> bool {
        system::stat(self.pid).is_some_and(|stat| stat.started == self.started && !stat.zombie)
    }
}

/// A descriptor that becomes readable when the process ends; `None` where the system
/// has none.
///
/// # Errors
/// When the process is gone already, or descriptors are.
pub fn end_of(process: &Process) -> std::io::Result<Option<std::os::fd::OwnedFd>> {
    let descriptor = system::end_of(process.pid)?;
    // The id may have been used again between the two looks.
    if process.is_alive() { Ok(descriptor) } else { Err(std::io::ErrorKind::NotFound.into()) }
}

/// A descriptor that becomes readable when a file of the directory, or the directory, is deleted or
/// moved away; never by writing. `None` where the system has none.
///
/// # Errors
/// When the directory cannot be watched, or the system allows no more watches.
pub fn departures_from(dir: &Path) -> std::io::Result<Option<std::os::fd::OwnedFd>> {
    system::departures_from(dir)
}

/// What the system knows of a process.
pub struct Stat {
    /// Short name of the executable.
    pub name: String,
    /// The parent's id (0 for none).
    pub parent: u32,
    /// See [`Process::started`].
    pub started: String,
    /// It has ended and waits for its parent to notice.
    pub zombie: bool,
}

/// The process itself and its ancestors, nearest first, at most 32.
#[must_use]
pub fn lineage(pid: u32) -> Vec<(Process, String)> {
    let mut line = Vec::new();
    let mut next = pid;
    while next > 1 && line.len() < 32 {
        let Some(stat) = system::stat(next) else { break };
        line.push((Process { pid: next, started: stat.started }, stat.name));
        next = stat.parent;
    }
    line
}

/// The parent of this process.
#[must_use]
pub fn parent_pid() -> u32 {
    std::os::unix::process::parent_id()
}

/// A name of this machine that no other has, as far as the system knows one.
#[must_use]
pub fn machine_id() -> String {
    system::machine_id()
}

/// What people call this machine.
#[must_use]
pub fn host_name() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}

/// Milliseconds since the machine started, suspend included.
#[must_use]
pub fn uptime_ms() -> i64 {
    let time = rustix::time::clock_gettime(system::UPTIME_CLOCK);
    time.tv_sec * 1_000 + time.tv_nsec / 1_000_000
}

/// Names the present run of the machine; differs after a reboot.
#[must_use]
pub fn boot_id() -> String {
    system::boot_id()
}

/// Name of the network file system that `path` lies on, if it lies on one.
///
/// # Errors
/// When the file system cannot be asked.
pub fn network_file_system(path: &Path) -> std::io::Result<Option<&'static str>> {
    system::network_file_system(path)
}

/// The user this process runs as.
#[must_use]
pub fn uid() -> u32 {
    rustix::process::getuid().as_raw()
}
