//! How a file looks from outside, and when it came to look so.

use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use crate::time::{SECOND, Time};

/// A folder's clock tells when a file left it only if it is no older than this.
const RECENT: i64 = 10 * SECOND;

/// Whatever differs after every write and every replacement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp {
    inode: u64,
    size: u64,
    seconds: i64,
    nanos: i64,
}

impl Stamp {
    /// How `path` looks; `None` if it is not there.
    pub fn of(path: &Path) -> Option<Self> {
        let meta = path.symlink_metadata().ok()?;
        // The time of the last change, of contents, name or rights: nobody can set it back.
        Some(Self {
            inode: meta.ino(),
            size: meta.size(),
            seconds: meta.ctime(),
            nanos: meta.ctime_nsec(),
        })
    }

    /// When it came to look so.
    pub fn changed_at(self) -> Time {
        Time::from_ms(self.seconds.saturating_mul(SECOND).saturating_add(self.nanos / 1_000_000))
    }
}

/// When a file went that was noticed to be gone.
pub fn left_at(path: &Path, noticed: Time) -> Time {
    let folder = path.parent().and_then(Stamp::of).map(Stamp::changed_at);
    folder.filter(|at| (0..=RECENT).contains(&noticed.since(*at))).unwrap_or(noticed)
}
