//! Gives every path that an agent may write down its one name.
//!
//! - Whatever the spelling, equal files get equal keys; asking for what was
//!   shown gives the same target again.
//! - Links are followed, up to the deepest folder that exists.
//! - A text with special characters is a pattern only if no file has that name.
//! - `\` separates, unless a name with it exists. `..` behind a link is refused
//!   if reading the text alone would give another file.
//! - Nothing is started, nothing is written.
//!
//! Not here: patterns (`pattern`), comparing targets (`overlap`).

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use super::glob;
use super::refusal::{NAME_BYTES, PATH_BYTES, PathRefusal, Why};
use super::target::{Kind, ROOT, Target, join};
use super::walk::{Found, Walk, walk};
use super::{Repo, names, resource};

/// Names below the root, and what is there.
pub(super) struct Settled {
    pub names: Vec<String>,
    pub found: Found,
}

impl Repo {
    /// The target behind a path, pattern or resource as an agent writes it.
    ///
    /// Relative paths start at the root. Costs one `lstat` for each name.
    pub fn resolve(&self, asked: &str) -> Result<Target, PathRefusal> {
        self.target(asked).map_err(|why| PathRefusal::new(asked, why))
    }

    /// The target behind the path of a real file or folder: nothing in it is a
    /// pattern or a resource. For edits, whose path is never one.
    pub fn resolve_file(&self, asked: &str) -> Result<Target, PathRefusal> {
        let target = || {
            check_text(asked)?;
            self.check_roots(asked)?;
            let settled = self.settle(asked)?;
            Ok(self.literal(&settled, asked, false))
        };
        target().map_err(|why| PathRefusal::new(asked, why))
    }

    fn target(&self, asked: &str) -> Result<Target, Why> {
        check_text(asked)?;
        if let Some(key) = resource::key(asked.trim())? {
            return Ok(Target::new(Kind::Resource, key.clone(), key));
        }
        self.check_roots(asked)?;
        if !glob::may_be_pattern(asked) {
            let settled = self.settle(asked)?;
            return Ok(self.literal(&settled, asked, false));
        }
        match self.settle(asked) {
            Ok(settled) if settled.found != Found::Missing => {
                Ok(self.literal(&settled, asked, false))
            }
            // Braces make a text longer than the names it stands for.
            Ok(_) | Err(Why::NameTooLong) => self.pattern(asked),
            Err(why) => Err(why),
        }
    }

    /// Refuses roots of other systems, and `~`.
    fn check_roots(&self, asked: &str) -> Result<(), Why> {
        let bytes = asked.as_bytes();
        let drive = matches!(bytes, [letter, b':', ..] if letter.is_ascii_alphabetic());
        let exists = || self.root.join(asked).symlink_metadata().is_ok();
        if drive || (asked.starts_with('\\') && !exists()) {
            return Err(Why::Outside);
        }
        if asked.split(['/', '\\']).next() == Some("~") && !self.root.join("~").exists() {
            return Err(Why::Home);
        }
        Ok(())
    }

    pub(super) fn literal(&self, settled: &Settled, asked: &str, quote: bool) -> Target {
        let slash = asked.ends_with(['/', '\\']) || asked.ends_with("/.");
        let folder = match settled.found {
            Found::Folder => true,
            Found::Missing => slash,
            Found::Other => false,
        };
        let kind = if folder { Kind::Folder } else { Kind::File };
        let slashed = |text: String| match (folder, text.is_empty()) {
            (true, true) => ROOT.to_owned(),
            (true, false) => text + "/",
            (false, _) => text,
        };
        let plain = slashed(join(&settled.names));
        let key = if self.case_insensitive { names::fold(&plain) } else { plain.clone() };
        let shown = if quote {
            let quoted = settled.names.iter().map(|name| glob::quoted(name));
            slashed(join(&quoted.collect::<Vec<_>>()))
        } else {
            plain
        };
        Target::new(kind, shown, key)
    }

    /// Follows a path that is no pattern to its real name.
    pub(super) fn settle(&self, asked: &str) -> Result<Settled, Why> {
        if asked.len() > NAME_BYTES && asked.split('/').any(|name| name.len() > NAME_BYTES) {
            return Err(Why::NameTooLong);
        }
        let end = self.walk(asked)?;
        if end.up_after_link && self.walk(&collapsed(asked))?.path != end.path {
            return Err(Why::Ambiguous);
        }
        let below = self.below_root(&end.path).ok_or(Why::Outside)?;
        if self.is_git_data(&end.path) {
            return Err(Why::InsideGit);
        }
        let names = below.iter().map(name).collect::<Result<Vec<_>, Why>>()?;
        Ok(Settled { names, found: end.found })
    }

    pub(super) fn walk(&self, asked: &str) -> Result<Walk, Why> {
        if !asked.starts_with('/') {
            return walk(&self.root, asked);
        }
        // Most absolute paths are below the root, which has no links in it.
        let root = self.root.as_os_str().as_bytes();
        let below = asked.as_bytes().strip_prefix(root).filter(|rest| rest.starts_with(b"/"));
        match below.and_then(|rest| asked.get(asked.len() - rest.len()..)) {
            Some(rest) => walk(&self.root, rest),
            None => walk(Path::new("/"), asked),
        }
    }

    fn below_root<'a>(&self, path: &'a Path) -> Option<&'a Path> {
        if let Ok(below) = path.strip_prefix(&self.root) {
            return Some(below);
        }
        // The root may have other names: another case, a mount elsewhere.
        let id = |path: &Path| path.metadata().map(|meta| (meta.dev(), meta.ino())).ok();
        let root = id(&self.root)?;
        let same = path.ancestors().find(|folder| id(folder) == Some(root))?;
        path.strip_prefix(same).ok()
    }

    /// Whether a path lies in a git directory that is not called `.git`.
    fn is_git_data(&self, path: &Path) -> bool {
        let fold = |path: &Path| PathBuf::from(names::fold(&path.to_string_lossy()));
        let dirs = [&self.git_dir, &self.common_dir].into_iter().flatten();
        dirs.filter(|dir| !self.root.starts_with(dir)).any(|dir| {
            path.starts_with(dir) || (self.case_insensitive && fold(path).starts_with(fold(dir)))
        })
    }
}

fn check_text(asked: &str) -> Result<(), Why> {
    if asked.len() > PATH_BYTES {
        return Err(Why::TooLong);
    }
    if asked.trim().is_empty() {
        return Err(Why::Empty);
    }
    if asked.chars().any(char::is_control) {
        return Err(Why::ControlCharacter);
    }
    // What a client makes of bytes that are no text.
    if asked.contains(char::REPLACEMENT_CHARACTER) {
        return Err(Why::NotUtf8);
    }
    Ok(())
}

/// One name of a path that was followed to its end, in its normal form.
fn name(raw: &OsStr) -> Result<String, Why> {
    let name = names::nfc(raw.to_str().ok_or(Why::NotUtf8)?);
    check_name(&name)?;
    Ok(name.into_owned())
}

pub(super) fn check_name(name: &str) -> Result<(), Why> {
    if names::is_git_dir(name) {
        return Err(Why::InsideGit);
    }
    if names::is_disguised_dot(name) || name.chars().any(char::is_control) {
        return Err(Why::ControlCharacter);
    }
    if name.len() > NAME_BYTES { Err(Why::NameTooLong) } else { Ok(()) }
}

/// The path with every `..` taken back by its text alone.
fn collapsed(asked: &str) -> String {
    let mut kept: Vec<&str> = Vec::new();
    for name in asked.split('/') {
        match name {
            ".." if kept.last().is_some_and(|last| !matches!(*last, "" | "..")) => {
                kept.pop();
            }
            "" if !kept.is_empty() => {}
            "." => {}
            name => kept.push(name),
        }
    }
    kept.join("/")
}
