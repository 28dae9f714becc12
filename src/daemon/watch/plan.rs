//! What is to be watched for the locks that there are.
//!
//! - For a file: its folder and those above it, up to the worktree's root, because a
//!   folder that is renamed takes its files along.
//! - For a folder or a pattern: every folder below that git does not ignore.
//! - Folders of single files come first, for when not all can be watched.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::path::{Path, PathBuf};

use ignore::{DirEntry, WalkBuilder};

use super::eyes::Eyes;
use super::sieve::Interest;
use crate::locks::Lock;
use crate::repo::Kind;
use crate::time::Time;

/// Folders that one held folder may take.
const FOLDERS_MAX: usize = 8_192;
/// Files of a folder that has just come, which are looked at.
const NEW_FILES: usize = 256;

/// What is held, and where it lies.
#[derive(Debug, Default)]
pub struct Plan {
    held: usize,
    /// Each root with locks in it, and its project.
    roots: BTreeMap<PathBuf, String>,
    /// Single files, and since when each is held.
    files: HashMap<PathBuf, Time>,
    /// The folders above what is held.
    around: BTreeSet<PathBuf>,
    /// Held folders, and the folders in them once they have been looked for.
    trees: HashMap<PathBuf, Option<Vec<PathBuf>>>,
}

impl Plan {
    /// Adapts to the locks of this moment.
    pub fn follow(&mut self, locks: &[(String, Lock)]) {
        let mut old = std::mem::take(self);
        self.held = locks.len();
        for (project, lock) in locks {
            let Some(root) = lock.worktree.as_ref().map(PathBuf::from) else { continue };
            let place = root.join(lock.target.place());
            self.surround(&root, &place);
            if lock.target.kind == Kind::File {
                self.files.insert(place, lock.acquired_at);
            } else {
                let known = old.trees.remove(&place).flatten();
                self.trees.insert(place, known);
            }
            self.roots.insert(root, project.clone());
        }
        for (tree, folders) in &mut self.trees {
            folders.get_or_insert_with(|| folders_in(tree));
        }
    }

    fn surround(&mut self, root: &Path, place: &Path) {
        let above = place.ancestors().skip(1).take_while(|folder| folder.starts_with(root));
        self.around.extend(above.map(Path::to_owned));
    }

    /// How many locks.
    pub const fn held(&self) -> usize {
        self.held
    }

    /// The files that are held by their names, and since when.
    pub const fn files(&self) -> &HashMap<PathBuf, Time> {
        &self.files
    }

    /// Whether it lies in a held folder.
    pub fn is_in_tree(&self, path: &Path) -> bool {
        self.trees.keys().any(|tree| path.starts_with(tree))
    }

    /// What to let through.
    pub fn interest(&self) -> Interest {
        Interest {
            files: self.files.keys().cloned().collect(),
            around: self.around.iter().cloned().collect(),
            trees: self.trees.keys().cloned().collect(),
        }
    }

    /// The folders to watch, the most important first, each once.
    pub fn folders(&self) -> Vec<PathBuf> {
        let mut known = HashSet::new();
        let below = self.trees.values().flatten().flatten();
        self.around.iter().chain(below).filter(|folder| known.insert(*folder)).cloned().collect()
    }

    /// The worktree in which a path is held, and its project.
    pub fn worktree_of(&self, path: &Path) -> Option<(&Path, &str)> {
        let found = path.ancestors().find_map(|folder| self.roots.get_key_value(folder));
        found.map(|(root, project)| (root.as_path(), project.as_str()))
    }

    /// The files that something may have happened to when it happened to `path`. A
    /// folder that came or went is not watched any more, and looked for anew.
    pub fn files_at(&mut self, path: &Path, eyes: &mut Eyes) -> Vec<PathBuf> {
        let is_folder = path.is_dir();
        if !is_folder && !eyes.watches(path) && !self.around.contains(path) {
            return vec![path.to_owned()];
        }
        eyes.forget(path);
        for (tree, folders) in &mut self.trees {
            if path.starts_with(tree) || tree.starts_with(path) {
                *folders = None;
            }
        }
        let mut files: Vec<PathBuf> =
            self.files.keys().filter(|file| file.starts_with(path)).cloned().collect();
        if is_folder && self.is_in_tree(path) {
            files.extend(
                walk(path)
                    .filter(|entry| !is_folder_entry(entry))
                    .take(NEW_FILES)
                    .map(DirEntry::into_path),
            );
        }
        files
    }

    /// Looks for the folders in held folders anew, next time.
    pub fn forget_trees(&mut self) {
        self.trees.values_mut().for_each(|folders| *folders = None);
    }
}

/// A folder and every folder below it that git does not ignore; what is not there has none.
fn folders_in(tree: &Path) -> Vec<PathBuf> {
    walk(tree).filter(is_folder_entry).take(FOLDERS_MAX).map(DirEntry::into_path).collect()
}

/// Everything below a folder, it among them, but not what git ignores, git's own
/// folder, or another repository inside.
fn walk(folder: &Path) -> impl Iterator<Item = DirEntry> {
    let mut walk = WalkBuilder::new(folder);
    walk.hidden(false).ignore(false).follow_links(false).filter_entry(|entry| {
        entry.file_name() != ".git" && (entry.depth() == 0 || !entry.path().join(".git").exists())
    });
    walk.build().filter_map(Result::ok)
}

fn is_folder_entry(entry: &DirEntry) -> bool {
    entry.file_type().is_some_and(|kind| kind.is_dir())
}
