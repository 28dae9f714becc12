//! Tells one version of a file from another without reading it.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

/// A file's number, size and time; none if it is not there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stamp(Option<(u64, u64, i64, i64)>);

impl Stamp {
    /// The file as it is now.
    #[must_use]
    pub fn of(file: &Path) -> Self {
        let meta = fs::metadata(file).ok();
        Self(meta.map(|meta| (meta.ino(), meta.size(), meta.mtime(), meta.mtime_nsec())))
    }

    /// Whether there is a file.
    #[must_use]
    pub const fn is_there(self) -> bool {
        self.0.is_some()
    }
}
