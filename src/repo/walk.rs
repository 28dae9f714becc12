//! Follows a path through the file system, as opening it would.
//!
//! - The path that comes out holds no symbolic link, `.` or `..`.
//! - What does not exist is taken as it is written.
//! - One look at the file system for each name, none below a missing folder.
//!
//! Not here: whether the path may be named (`path`).

use std::borrow::Cow;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};

use super::names;
use super::refusal::Why;

/// As many as Linux follows.
const LINKS: u32 = 40;

/// Where a path ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Found {
    Folder,
    Other,
    Missing,
}

/// The end of the way.
pub(super) struct Walk {
    pub path: PathBuf,
    pub found: Found,
    /// A `..` as asked came after a link, so reading the text alone would end
    /// elsewhere.
    pub up_after_link: bool,
}

struct Walker<'a> {
    at: PathBuf,
    /// Names below where the walk (or the last absolute link) started.
    depth: i64,
    /// Once a name was missing: how deep the last one that exists is, and what
    /// it is (a file has nothing below it).
    exists_to: Option<(i64, Found)>,
    links: u32,
    up_after_link: bool,
    found: Found,
    /// What is left to walk, the next one last.
    steps: Vec<Step<'a>>,
}

struct Step<'a> {
    name: Cow<'a, OsStr>,
    of_link: bool,
}

/// Walks from `base`, which must exist and be free of links.
///
/// A name with `\` is taken as it is if there is one, else `\` separates.
pub(super) fn walk(base: &Path, asked: &str) -> Result<Walk, Why> {
    let mut at = PathBuf::with_capacity(base.as_os_str().len() + asked.len() + 16);
    at.push(base);
    let mut walker = Walker {
        at,
        depth: 0,
        exists_to: None,
        links: 0,
        up_after_link: false,
        found: Found::Folder,
        steps: Vec::with_capacity(16),
    };
    walker.plan(asked.split('/'));
    while let Some(step) = walker.steps.pop() {
        walker.take(&step)?;
    }
    Ok(Walk { path: walker.at, found: walker.found, up_after_link: walker.up_after_link })
}

impl<'a> Walker<'a> {
    fn plan(&mut self, names: impl DoubleEndedIterator<Item = &'a str>) {
        let steps = names.rev().filter(|name| !matches!(*name, "" | "."));
        self.steps.extend(steps.map(|name| Step { name: OsStr::new(name).into(), of_link: false }));
    }

    fn take(&mut self, step: &Step<'a>) -> Result<(), Why> {
        if *step.name == *".." {
            self.up(step.of_link);
            return Ok(());
        }
        if self.exists_to.is_some() {
            self.miss(step);
            return Ok(());
        }
        self.at.push(&*step.name);
        match fs::symlink_metadata(&self.at) {
            Ok(meta) if meta.is_symlink() => self.follow(),
            Ok(meta) => {
                self.depth += 1;
                self.found = if meta.is_dir() { Found::Folder } else { Found::Other };
                Ok(())
            }
            Err(error) => {
                self.at.pop();
                match error.kind() {
                    io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => {
                        self.look_otherwise(step);
                        Ok(())
                    }
                    io::ErrorKind::InvalidFilename => Err(Why::NameTooLong),
                    _ => Err(Why::Unreadable),
                }
            }
        }
    }

    fn up(&mut self, of_link: bool) {
        self.at.pop();
        self.depth -= 1;
        self.found = match self.exists_to {
            Some((depth, _)) if self.depth > depth => Found::Missing,
            Some((depth, last)) if self.depth == depth => last,
            _ => Found::Folder,
        };
        if self.found != Found::Missing {
            self.exists_to = None;
        }
        self.up_after_link |= self.links > 0 && !of_link;
    }

    fn follow(&mut self) -> Result<(), Why> {
        self.links += 1;
        if self.links > LINKS {
            return Err(Why::LinkLoop);
        }
        let target = fs::read_link(&self.at).map_err(|error| match error.kind() {
            io::ErrorKind::PermissionDenied => Why::Unreadable,
            _ => Why::LinkLoop, // it changed under our feet
        })?;
        self.at.pop();
        if target.is_absolute() {
            self.at = PathBuf::from("/");
            self.depth = 0;
        }
        let names = target.components().rev().filter_map(|part| match part {
            Component::Normal(name) => Some(name.to_owned()),
            Component::ParentDir => Some(OsString::from("..")),
            Component::CurDir | Component::RootDir | Component::Prefix(_) => None,
        });
        self.steps.extend(names.map(|name| Step { name: Cow::Owned(name), of_link: true }));
        self.found = Found::Folder;
        Ok(())
    }

    /// The name is not there; perhaps it is under another spelling.
    fn look_otherwise(&mut self, step: &Step<'a>) {
        let name = step.name.to_str().filter(|name| !step.of_link && !name.is_ascii());
        let spelled = name.and_then(|name| {
            let forms = [names::nfc(name).into_owned(), names::nfd(name)];
            let other = forms.into_iter().filter(|form| form != name);
            other.into_iter().find(|form| self.at.join(form).symlink_metadata().is_ok())
        });
        match spelled {
            Some(form) => {
                self.steps.push(Step { name: Cow::Owned(form.into()), of_link: false });
            }
            None => self.miss(step),
        }
    }

    fn miss(&mut self, step: &Step<'a>) {
        if !step.of_link && self.split_at_backslashes(&step.name) {
            return;
        }
        self.exists_to.get_or_insert((self.depth, self.found));
        self.depth += 1;
        self.found = Found::Missing;
        match step.name.to_str() {
            Some(name) => self.at.push(&*names::nfc(name)),
            None => self.at.push(&*step.name),
        }
    }

    fn split_at_backslashes(&mut self, name: &OsStr) -> bool {
        let Some(name) = name.to_str().filter(|name| name.contains('\\')) else { return false };
        let parts = name.rsplit('\\').filter(|part| !matches!(*part, "" | "."));
        let owned = parts.map(OsString::from);
        self.steps.extend(owned.map(|name| Step { name: Cow::Owned(name), of_link: false }));
        true
    }
}
