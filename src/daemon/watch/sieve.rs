//! Lets through what happens to things that are held, and nothing else.
//!
//! - Called by the thread that reads the system's events: no waiting, no file touched.
//! - Bounded: beyond a limit it only remembers that there was more.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use notify::event::{AccessKind, AccessMode, Event, EventKind, ModifyKind};
use tokio::sync::Notify;

use crate::time::{Clock, Time};

/// Paths between two looks.
const PATHS_MAX: usize = 4_096;

/// What is held.
#[derive(Debug, Default)]
pub struct Interest {
    /// These very files.
    pub files: HashSet<PathBuf>,
    /// The folders above them, whose fate is theirs.
    pub around: HashSet<PathBuf>,
    /// Everything below these folders.
    pub trees: Vec<PathBuf>,
}

/// What came through.
#[derive(Debug, Default)]
pub struct Caught {
    /// Where something happened, and when it was noticed.
    pub paths: HashMap<PathBuf, Time>,
    /// There was more, nobody knows where.
    pub blind: bool,
}

/// The sieve.
#[derive(Debug, Default)]
pub struct Sieve {
    interest: Mutex<Interest>,
    caught: Mutex<Caught>,
    bell: Notify,
}

impl Sieve {
    /// Lets this through from now on.
    pub fn let_through(&self, interest: Interest) {
        *self.interest.lock().unwrap_or_else(PoisonError::into_inner) = interest;
    }

    /// Waits until something has come through.
    pub async fn rings(&self) {
        self.bell.notified().await;
    }

    /// What has come through since the last time.
    pub fn take(&self) -> Caught {
        std::mem::take(&mut *self.caught())
    }

    /// Puts a path in from the other side.
    pub fn put(&self, path: PathBuf) {
        self.caught().paths.insert(path, Clock::System.now());
        self.bell.notify_one();
    }

    /// Takes in one event of the system.
    pub fn event(&self, event: notify::Result<Event>) {
        match event {
            Ok(event) if event.need_rescan() => self.lose_sight(),
            Ok(event) if changes_something(event.kind) => {
                for path in event.paths.into_iter().filter(|path| self.concerns(path)) {
                    self.catch(path);
                }
            }
            Ok(_) => {}
            Err(error) => {
                tracing::debug!("watching files: {error}");
                self.lose_sight();
            }
        }
    }

    fn catch(&self, path: PathBuf) {
        let mut caught = self.caught();
        if caught.paths.len() < PATHS_MAX {
            caught.paths.insert(path, Clock::System.now());
        } else {
            caught.blind = true;
        }
        drop(caught);
        self.bell.notify_one();
    }

    fn lose_sight(&self) {
        self.caught().blind = true;
        self.bell.notify_one();
    }

    fn concerns(&self, path: &Path) -> bool {
        let interest = self.interest.lock().unwrap_or_else(PoisonError::into_inner);
        let within = |tree: &PathBuf| path.starts_with(tree) && !is_scratch(path);
        let known = interest.files.contains(path) || interest.around.contains(path);
        (known || interest.trees.iter().any(within))
            && !path.components().any(|name| name.as_os_str() == ".git")
    }

    fn caught(&self) -> MutexGuard<'_, Caught> {
        self.caught.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

const fn changes_something(kind: EventKind) -> bool {
    match kind {
        EventKind::Access(AccessKind::Close(AccessMode::Write)) | EventKind::Any => true,
        EventKind::Access(_) | EventKind::Modify(ModifyKind::Metadata(_)) | EventKind::Other => {
            false
        }
        EventKind::Create(_) | EventKind::Modify(_) | EventKind::Remove(_) => true,
    }
}

/// Whether an editor makes files of that name beside the one that it edits.
fn is_scratch(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let hidden =
        name.starts_with('.') && [".swp", ".swx", ".swo"].iter().any(|end| name.ends_with(end));
    let quoted = name.starts_with('#') && name.ends_with('#');
    hidden || quoted || name.starts_with(".#") || name.ends_with('~') || name == "4913"
}

#[cfg(test)]
mod tests {
    use super::*;
    use notify::event::{DataChange, MetadataKind};

    fn sieve() -> Sieve {
        let sieve = Sieve::default();
        sieve.let_through(Interest {
            files: [PathBuf::from("/r/src/a.rs")].into(),
            around: ["/r", "/r/src"].map(PathBuf::from).into(),
            trees: vec!["/r/docs".into()],
        });
        sieve
    }

    fn after(kind: EventKind, path: &str) -> Vec<PathBuf> {
        let sieve = sieve();
        sieve.event(Ok(Event::new(kind).add_path(path.into())));
        sieve.take().paths.into_keys().collect()
    }

    #[test]
    fn only_what_is_held_comes_through() {
        let written = EventKind::Modify(ModifyKind::Data(DataChange::Any));
        for held in ["/r/src/a.rs", "/r/src", "/r/docs/guide.md", "/r/docs/deep/b.md"] {
            assert_eq!(after(written, held), [PathBuf::from(held)]);
        }
        for other in ["/r/src/b.rs", "/r/docsy", "/r/docs/.git/index", "/r/docs/.a.md.swp"] {
            assert!(after(written, other).is_empty(), "{other}");
        }
        let looked_at = EventKind::Access(AccessKind::Read);
        let rights = EventKind::Modify(ModifyKind::Metadata(MetadataKind::Any));
        for kind in [looked_at, rights] {
            assert!(after(kind, "/r/src/a.rs").is_empty(), "{kind:?}");
        }
    }

    #[test]
    fn what_is_too_much_to_keep_is_not_forgotten() {
        let sieve = sieve();
        let created = EventKind::Create(notify::event::CreateKind::File);
        for n in 0..=PATHS_MAX {
            sieve.event(Ok(Event::new(created).add_path(format!("/r/docs/{n}").into())));
        }
        let caught = sieve.take();
        assert!(caught.blind);
        assert_eq!(caught.paths.len(), PATHS_MAX);
    }
}
