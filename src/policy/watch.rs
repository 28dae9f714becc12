//! A project's own policies: the files in `.coordinator/policies`, read again within a
//! second of a change.
//!
//! - Reading and checking happens here, beside the transactions.
//! - A file set that is broken does not take the place of the last good one, and the
//!   trouble is told with each decision.
//! - A project without such a folder is not watched. It is looked for again when it is
//!   used, at most twice a second, and so are files where changes cannot be watched.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{Duration, Instant};

use notify::{RecommendedWatcher, RecursiveMode, Watcher as _};

use super::limits::TEXT_MAX;
use super::problem::Problem;
use super::schema;
use super::source::{Origin, Source};

/// Where a project keeps its policies.
const FOLDER: &str = ".coordinator/policies";
/// Files in that folder, at most.
const FILES_MAX: usize = 50;
/// Changes that come within this time are one.
const GATHER: Duration = Duration::from_millis(100);
/// Without a watch, files are believed for this long.
const BELIEVED: Duration = Duration::from_millis(500);

/// The policies of one worktree.
#[derive(Clone, Debug, Default)]
pub struct Files {
    /// Another number for each reading that changed something.
    pub stamp: u64,
    /// The last set without mistakes.
    pub good: Arc<Vec<Source>>,
    /// What is wrong with the files as they are now.
    pub trouble: Vec<Problem>,
}

struct Known {
    files: Files,
    watched: bool,
    read_at: Instant,
}

/// Every worktree whose policies were asked for.
#[derive(Default)]
pub struct Roots {
    known: Mutex<HashMap<PathBuf, Known>>,
    watcher: Mutex<Option<RecommendedWatcher>>,
}

/// Makes sure that the files of `root` are known.
pub fn know(roots: &Arc<Roots>, root: &Path) {
    let fresh = roots
        .known()
        .get(root)
        .is_some_and(|known| known.watched || known.read_at.elapsed() < BELIEVED);
    if !fresh {
        let watched = root.join(FOLDER).is_dir() && watch(roots, root);
        roots.read(root, watched);
    }
}

/// The policies of the worktree at `root`, read and checked against the built-in schema.
///
/// # Errors
/// Everything that is wrong with them.
pub fn project_files(root: &Path) -> Result<Vec<String>, Vec<Problem>> {
    let sources = read(&root.join(FOLDER)).map_err(|problem| vec![problem])?;
    schema::built_in().compile(&sources)?;
    Ok(sources.into_iter().map(|source| source.name).collect())
}

/// Watches the folder, and whatever it will be made in.
fn watch(roots: &Arc<Roots>, root: &Path) -> bool {
    let mut watcher = roots.watcher.lock().unwrap_or_else(PoisonError::into_inner);
    if watcher.is_none() {
        *watcher = start(roots);
    }
    let Some(watcher) = watcher.as_mut() else { return false };
    let parent = root.join(".coordinator");
    let mut all = watcher.watch(root, RecursiveMode::NonRecursive).is_ok();
    for folder in [parent, root.join(FOLDER)] {
        if folder.is_dir() {
            all &= watcher.watch(&folder, RecursiveMode::NonRecursive).is_ok();
        }
    }
    all
}

fn start(roots: &Arc<Roots>) -> Option<RecommendedWatcher> {
    let (sender, changes) = channel();
    let send = move |event: notify::Result<notify::Event>| drop(sender.send(event));
    let watcher = notify::recommended_watcher(send)
        .inspect_err(|error| tracing::warn!("policy files cannot be watched: {error}"))
        .ok()?;
    let roots = Arc::downgrade(roots);
    let follow = move || follow(&roots, &changes);
    std::thread::Builder::new().name("policies".into()).spawn(follow).ok()?;
    Some(watcher)
}

/// Reads again what changed, until the store is gone.
fn follow(roots: &Weak<Roots>, changes: &Receiver<notify::Result<notify::Event>>) {
    while let Ok(first) = changes.recv() {
        let mut paths = touched(first);
        loop {
            match changes.recv_timeout(GATHER) {
                Ok(next) => paths.extend(touched(next)),
                Err(RecvTimeoutError::Timeout) => break,
                Err(RecvTimeoutError::Disconnected) => return,
            }
        }
        let Some(roots) = roots.upgrade() else { return };
        let known: Vec<PathBuf> = roots.known().keys().cloned().collect();
        for root in known {
            let own = root.join(".coordinator");
            if paths.iter().any(|path| path.as_os_str().is_empty() || path.starts_with(&own)) {
                let watched = root.join(FOLDER).is_dir() && watch(&roots, &root);
                roots.read(&root, watched);
            }
        }
    }
}

/// What an event is about; an empty path stands for everything.
fn touched(event: notify::Result<notify::Event>) -> Vec<PathBuf> {
    match event {
        Ok(event) if event.kind.is_access() => Vec::new(),
        Ok(event) if !event.need_rescan() => event.paths,
        _ => vec![PathBuf::new()],
    }
}

impl Roots {
    fn known(&self) -> std::sync::MutexGuard<'_, HashMap<PathBuf, Known>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The policies of a worktree, as last read.
    pub fn files(&self, root: &Path) -> Files {
        self.known().get(root).map(|known| known.files.clone()).unwrap_or_default()
    }

    fn read(&self, root: &Path, watched: bool) {
        let (sources, trouble) = match read(&root.join(FOLDER)) {
            Ok(sources) => {
                let trouble = schema::built_in().compile(&sources).err().unwrap_or_default();
                (sources, trouble)
            }
            Err(problem) => (Vec::new(), vec![problem]),
        };
        let mut known = self.known();
        let before = known.get(root).map(|known| known.files.clone()).unwrap_or_default();
        let good = if trouble.is_empty() { Arc::new(sources) } else { Arc::clone(&before.good) };
        let same = *good == *before.good && trouble == before.trouble;
        let files = Files { stamp: before.stamp + u64::from(!same), good, trouble };
        if !same {
            tell(root, &files);
        }
        known.insert(root.to_owned(), Known { files, watched, read_at: Instant::now() });
    }
}

fn tell(root: &Path, files: &Files) {
    let root = root.display();
    if let Some(problem) = files.trouble.first() {
        tracing::warn!(%root, "broken policies of the project; the last good ones stay: {problem}");
    } else {
        tracing::info!(%root, files = files.good.len(), "the project's policies were read");
    }
}

/// The files of a folder, by name; none if there is no folder.
fn read(folder: &Path) -> Result<Vec<Source>, Problem> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Ok(Vec::new()) };
    let mut paths: Vec<PathBuf> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|ending| ending == "cedar"))
        .collect();
    paths.sort();
    if paths.len() > FILES_MAX {
        let message = format!("it holds {} files; it takes at most {FILES_MAX}", paths.len());
        return Err(Problem::at("", 0, message).of(FOLDER));
    }
    paths.iter().map(|path| one(path)).collect()
}

fn one(path: &Path) -> Result<Source, Problem> {
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let wrong = |why: String| Problem::at("", 0, why).of(&name);
    let size = std::fs::metadata(path).map_err(|error| wrong(error.to_string()))?.len();
    if size > TEXT_MAX as u64 {
        return Err(wrong(format!("it has {size} bytes; it takes at most {TEXT_MAX}")));
    }
    let text = std::fs::read_to_string(path).map_err(|error| wrong(error.to_string()))?;
    Ok(Source { origin: Origin::File, name, text })
}
