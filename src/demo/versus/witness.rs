//! A watcher that knows nothing of the coordinator: whose mark was last in which file,
//! and since when by the file's own clock.

use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, channel};

use anyhow::Context as _;
use notify::{RecommendedWatcher, RecursiveMode, Watcher as _};

/// A write that was seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// The file's name.
    pub file: String,
    /// Who wrote, by the last line of the file.
    pub writer: String,
    /// When, in Unix milliseconds.
    pub at: i64,
}

/// Somebody who looks on.
pub struct Witness {
    watcher: RecommendedWatcher,
    told: Receiver<Option<Seen>>,
}

impl Witness {
    /// Looks at the folder from now on.
    ///
    /// # Errors
    /// When it cannot be watched.
    pub fn of(folder: &Path) -> anyhow::Result<Self> {
        let (sender, told) = channel();
        let look = move |event: notify::Result<notify::Event>| {
            let event = event.ok().filter(|event| !event.kind.is_access() || is_close(event));
            for path in event.map(|event| event.paths).unwrap_or_default() {
                // Nobody listens any more once it is over.
                drop(sender.send(look_at(&path)));
            }
        };
        let mut watcher = notify::recommended_watcher(look).context("failed to watch")?;
        watcher.watch(folder, RecursiveMode::NonRecursive).context("failed to watch")?;
        Ok(Self { watcher, told })
    }

    /// Everything that was seen, each once.
    pub fn tell(self) -> Vec<Seen> {
        drop(self.watcher);
        let mut all: Vec<Seen> = self.told.iter().flatten().collect();
        all.sort_by(|a, b| (a.at, &a.file).cmp(&(b.at, &b.file)));
        all.dedup();
        all
    }
}

const fn is_close(event: &notify::Event) -> bool {
    use notify::event::{AccessKind, AccessMode, EventKind};
    matches!(event.kind, EventKind::Access(AccessKind::Close(AccessMode::Write)))
}

/// The last writer of a file; `None` where somebody is in the middle of writing, or
/// changed it while it was read.
fn look_at(path: &PathBuf) -> Option<Seen> {
    let clock = || {
        let meta = path.metadata().ok()?;
        Some((meta.ino(), meta.size(), meta.ctime() * 1_000 + meta.ctime_nsec() / 1_000_000))
    };
    let before = clock()?;
    let text = std::fs::read_to_string(path).ok()?;
    if clock()? != before || !text.ends_with('\n') {
        return None;
    }
    let writer = text.lines().last()?.split_once('/')?.0.to_owned();
    let name = path.file_name()?.to_str().filter(|name| name.ends_with(".txt"))?;
    Some(Seen { file: format!("src/{name}"), writer, at: before.2 })
}
