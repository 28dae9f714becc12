//! What projects' own files say about leaving this machine, looked at before anything is sent.
//!
//! Sessions tell as well when they come; the files are looked at because a session may have come
//! before its file was changed, or before sync was switched on.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::kept::{self, Heard};
use crate::config::{Config, PROJECT_FILE};
use crate::home::Home;
use crate::repo::Stamp;
use crate::store::Store;

/// How often the files are looked at while much is sent.
const EVERY: Duration = Duration::from_secs(1);

/// The files as they were last seen.
#[derive(Default)]
pub struct Modes {
    seen: HashMap<PathBuf, Stamp>,
    looked: Option<Instant>,
}

impl Modes {
    /// Looks at the file of every place that is known; `write` is how what changed is kept.
    ///
    /// # Errors
    /// The store's.
    pub fn look(
        &mut self,
        store: &Store,
        home: &Home,
        mut write: impl FnMut(String, String, bool) -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        if self.looked.is_some_and(|at| at.elapsed() < EVERY) {
            return Ok(());
        }
        self.looked = Some(Instant::now());
        for kept::Place { project, root, keeps } in
            store.read(kept::places).map_err(|failure| anyhow::anyhow!("{failure}"))?
        {
            let Some(local) = self.read(home, Path::new(&root)) else { continue };
            store.kept::<Heard>().note(&project, &root, local);
            if local != keeps {
                write(project, root, local)?;
            }
        }
        Ok(())
    }

    /// What the place says, if that may have changed; `None` as well where nothing can be said.
    fn read(&mut self, home: &Home, root: &Path) -> Option<bool> {
        let stamp = Stamp::of(&root.join(PROJECT_FILE));
        if self.seen.insert(root.to_owned(), stamp) == Some(stamp) {
            return None;
        }
        // A folder on a disk that is not there says nothing.
        let alive = stamp.is_there() || root.join(".git").exists();
        // What cannot be read might say that nothing may leave.
        alive.then(|| Config::load(home, Some(root), &[]).map_or(true, |config| config.is_local()))
    }
}
