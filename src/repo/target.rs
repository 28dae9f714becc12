//! What can be claimed: a file, a folder, a set of files, another resource.
//!
//! - Equal things have equal keys, and unequal keys of files are unequal files.
//! - Only a resource has a colon in its first name; such files start with `./`.
//! - A folder's key ends in `/`; the whole repository is `./`.
//!
//! Not here: making a target out of what was asked (`path`).

use super::glob::{self, Glob};

/// The key of the whole repository.
pub(super) const ROOT: &str = "./";

/// What sort of thing a target is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// One file, there or not yet there.
    File,
    /// A folder and everything below it.
    Folder,
    /// Every path that a pattern matches.
    Glob,
    /// Something that is no file: `port:8080`.
    Resource,
}

impl Kind {
    /// The word in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::File => "file",
            Self::Folder => "folder",
            Self::Glob => "glob",
            Self::Resource => "resource",
        }
    }

    /// The kind behind a word in the database.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::File, Self::Folder, Self::Glob, Self::Resource]
            .into_iter()
            .find(|kind| kind.as_str() == word)
    }
}

/// One thing of one repository that can be claimed.
#[derive(Clone, Debug)]
pub struct Target {
    /// For people and programs: asking for it again gives the same target.
    pub shown: String,
    /// For comparing and storing.
    pub key: String,
    /// What it is.
    pub kind: Kind,
    /// The pattern, made ready; for globs alone.
    pub(super) glob: Option<Glob>,
}

impl PartialEq for Target {
    /// The same thing, however it was shown.
    fn eq(&self, other: &Self) -> bool {
        self.kind == other.kind && self.key == other.key
    }
}

impl Eq for Target {}

impl Target {
    /// The target of a stored row.
    pub fn from_stored(kind: Kind, key: &str) -> Self {
        Self::new(kind, key.to_owned(), key.to_owned())
    }

    /// The target that was shown as this text, read without a look at any file: what has
    /// the form of a pattern is one.
    pub fn from_shown(shown: &str) -> Self {
        let kind = match shown {
            _ if glob::may_be_pattern(shown) => Kind::Glob,
            _ if shown.ends_with('/') => Kind::Folder,
            _ => Kind::File,
        };
        Self::from_stored(kind, shown)
    }

    pub(super) fn new(kind: Kind, shown: String, key: String) -> Self {
        let glob = (kind == Kind::Glob).then(|| Glob::new(names_in(&key)));
        Self { shown, key, kind, glob }
    }

    /// Keys under which files, folders and resources that overlap this one may
    /// be stored, apart from those in [`Self::scan`] and from globs.
    pub fn lookups(&self) -> Vec<String> {
        let mut keys = vec![self.key.clone()];
        match self.kind {
            Kind::File => keys.push(format!("{}/", self.key)),
            Kind::Folder if self.key != ROOT => keys.push(self.key.trim_end_matches('/').into()),
            Kind::Folder | Kind::Resource => {}
            // What a pattern starts with is a folder it lies in.
            Kind::Glob => {
                let folder = self.fixed_folder();
                keys.extend(ancestors(&folder).map(str::to_owned));
                keys.push(folder.trim_end_matches('/').into());
                keys.push(folder);
                return keys;
            }
        }
        keys.extend(ancestors(&self.key).map(str::to_owned));
        keys
    }

    /// Bounds (from, below) of the keys of files and folders that lie inside a
    /// folder or may match a glob; none where exact keys suffice.
    pub fn scan(&self) -> Option<(String, String)> {
        match self.kind {
            Kind::File | Kind::Resource => None,
            Kind::Folder => Some(below(&self.key)),
            Kind::Glob => Some(below(&self.fixed_folder())),
        }
    }

    /// Where it lies, relative to the worktree's root: the file, the folder, or the
    /// deepest folder in which everything lies that the pattern matches.
    pub fn place(&self) -> String {
        let folder = self.fixed_folder();
        let key = if self.kind == Kind::Glob { &folder } else { &self.shown };
        names_in(key).trim_end_matches('/').to_owned()
    }

    /// The deepest folder in which everything that the glob matches lies.
    pub(super) fn fixed_folder(&self) -> String {
        let names = self.glob.as_ref().map(Glob::fixed).unwrap_or_default();
        if names.is_empty() { ROOT.into() } else { format!("{}/", join(&names)) }
    }
}

/// Keys of the folders around a file or folder, the nearest first.
///
/// For a glob key these are more than necessary, never fewer.
pub fn ancestors(key: &str) -> impl Iterator<Item = &str> {
    let resource = is_resource(key);
    let inner = key.strip_suffix('/').unwrap_or(key);
    let dotted = inner.starts_with(ROOT).then_some(1);
    let slashes = inner.rmatch_indices('/').map(|(at, _)| at);
    let folders = slashes.filter(move |at| Some(*at) != dotted).filter_map(|at| key.get(..=at));
    folders.chain((key != ROOT).then_some(ROOT)).filter(move |_| !resource)
}

/// Bounds (from, below) of the keys inside a folder in SQLite's and Rust's
/// order of strings.
pub fn below(folder: &str) -> (String, String) {
    if folder == ROOT {
        return (String::new(), char::MAX.to_string());
    }
    // '0' is the character after '/'.
    (folder.to_owned(), format!("{}0", folder.trim_end_matches('/')))
}

/// The part of a file's, folder's or glob's key that is names and slashes.
pub(super) fn names_in(key: &str) -> &str {
    key.strip_prefix(ROOT).unwrap_or(key)
}

/// Names of a path to a key, told apart from resources.
pub(super) fn join<S: AsRef<str>>(names: &[S]) -> String {
    let length = names.iter().map(|name| name.as_ref().len() + 1).sum::<usize>();
    let mut key = String::with_capacity(length + 2);
    if names.first().is_some_and(|first| needs_dot(first.as_ref())) {
        key.push_str(ROOT);
    }
    for (at, name) in names.iter().enumerate() {
        if at > 0 {
            key.push('/');
        }
        key.push_str(name.as_ref());
    }
    key
}

/// First names that mean something else at the start of what is asked.
fn needs_dot(first: &str) -> bool {
    first.contains(':') || first.starts_with(['~', '!'])
}

fn is_resource(key: &str) -> bool {
    let first = key.split('/').next().unwrap_or(key);
    first.contains(':')
}
