//! The system's watch on folders: no more of it than is wanted, and what to say when
//! there is not enough.
//!
//! - A folder that is not wanted any more is watched a little longer: locks come and go.
//! - The system's limits cost sight, never an answer, and are told with the way out.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use notify::{ErrorKind, RecommendedWatcher, RecursiveMode, Watcher as _};

use super::sieve::Sieve;

/// How much longer a folder is watched.
const LINGER: Duration = Duration::from_secs(5);
/// Folders at once: each costs the system about a kilobyte.
const FOLDERS_MAX: usize = 8_192;

/// What is watched.
pub struct Eyes {
    sieve: Arc<Sieve>,
    watcher: Option<RecommendedWatcher>,
    /// Since when each folder is not wanted; `None` while it is.
    open: HashMap<PathBuf, Option<Instant>>,
    wanted: usize,
    trouble: Option<String>,
}

impl Eyes {
    /// Eyes that tell `sieve`.
    pub fn over(sieve: Arc<Sieve>) -> Self {
        Self { sieve, watcher: None, open: HashMap::new(), wanted: 0, trouble: None }
    }

    /// How many folders are watched.
    pub fn count(&self) -> usize {
        self.open.len()
    }

    /// Whether a folder is watched.
    pub fn watches(&self, folder: &Path) -> bool {
        self.open.contains_key(folder)
    }

    /// Why some changes will not be seen.
    pub fn trouble(&self) -> Option<String> {
        self.trouble.clone()
    }

    /// Watches these folders, the first ones first; returns when some that are not
    /// wanted any more should be let go.
    pub fn turn_to(&mut self, wanted: &[PathBuf]) -> Option<Duration> {
        let (all, now) = (wanted.iter().collect::<HashSet<_>>(), Instant::now());
        for (folder, since) in &mut self.open {
            *since = if all.contains(folder) { None } else { since.or(Some(now)) };
        }
        self.wanted = wanted.len();
        self.trouble = None;
        self.let_go(|since| now.duration_since(since) >= LINGER);
        for folder in wanted {
            if !self.open.contains_key(folder) && folder.is_dir() && !self.watch(folder) {
                break;
            }
        }
        if self.open.is_empty() {
            // Its thread and its place among the system's few go with it.
            self.watcher = None;
        }
        self.open.values().flatten().min().map(|since| {
            LINGER.saturating_sub(now.duration_since(*since)) + Duration::from_millis(10)
        })
    }

    /// A folder that came or went is not the one that was watched, nor are those below.
    pub fn forget(&mut self, path: &Path) {
        let gone: Vec<PathBuf> =
            self.open.keys().filter(|folder| folder.starts_with(path)).cloned().collect();
        for folder in gone {
            self.close(&folder);
        }
    }

    /// Watches one more; false if no more can be.
    fn watch(&mut self, folder: &Path) -> bool {
        if self.open.len() >= FOLDERS_MAX {
            self.let_go(|_| true);
        }
        if self.open.len() >= FOLDERS_MAX {
            let wanted = self.wanted;
            self.trouble = Some(format!(
                "{FOLDERS_MAX} of {wanted} held folders are watched; lock smaller parts to have all of them watched"
            ));
            return false;
        }
        if self.watcher.is_none() {
            self.watcher = self.start();
        }
        let Some(watcher) = &mut self.watcher else { return false };
        match watcher.watch(folder, RecursiveMode::NonRecursive) {
            Ok(()) => {
                self.open.insert(folder.to_owned(), None);
                true
            }
            Err(error) if is_limit(&error.kind) => {
                let (open, wanted) = (self.open.len(), self.wanted);
                self.trouble = Some(format!(
                    "{open} of {wanted} held folders are watched, the system allows no more; \
                     `sysctl fs.inotify.max_user_watches` shows its limit, and an administrator can raise it"
                ));
                false
            }
            // It went away meanwhile, or may not be read: then nobody here writes to it.
            Err(error) => {
                tracing::debug!(folder = %folder.display(), "not watched: {error}");
                true
            }
        }
    }

    fn start(&mut self) -> Option<RecommendedWatcher> {
        let sieve = Arc::clone(&self.sieve);
        let watcher = notify::recommended_watcher(move |event| sieve.event(event));
        watcher
            .inspect_err(|error| {
                self.trouble = Some(format!(
                    "held files are not watched ({error}); `sysctl fs.inotify.max_user_instances` \
                     shows how many programs may watch, and an administrator can raise it"
                ));
            })
            .ok()
    }

    /// Stops watching what is not wanted and is over by its time.
    fn let_go(&mut self, over: impl Fn(Instant) -> bool) {
        let gone: Vec<PathBuf> = self
            .open
            .iter()
            .filter(|(_, since)| since.is_some_and(&over))
            .map(|(folder, _)| folder.clone())
            .collect();
        for folder in gone {
            self.close(&folder);
        }
    }

    fn close(&mut self, folder: &Path) {
        self.open.remove(folder);
        if let Some(watcher) = &mut self.watcher {
            // One that is gone is not watched any more by itself.
            drop(watcher.unwatch(folder));
        }
    }
}

/// Whether the system has no more watches to give.
fn is_limit(kind: &ErrorKind) -> bool {
    match kind {
        ErrorKind::MaxFilesWatch => true,
        ErrorKind::Io(error) => error.kind() == std::io::ErrorKind::StorageFull,
        _ => false,
    }
}
