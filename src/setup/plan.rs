//! What has to be changed so that every wish is granted.
//!
//! Pure: it looks at what was [surveyed](survey) and at nothing else.
//!
//! Not here: doing it (`carry`), undoing it (`undo`).

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::disk::{self, PLAIN, State};
use super::form::{self, Form, Known};
use super::receipts::Receipts;
use super::{Problem, Wish, git_hooks};

/// One file that becomes another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The file, links followed.
    pub path: PathBuf,
    /// Who reads it.
    pub reader: &'static str,
    /// What is put there or taken away, in a few words.
    pub what: &'static str,
    /// What is there.
    pub from: State,
    /// What will be there.
    pub to: State,
    /// What will be given back when it is undone.
    pub base: State,
}

/// A file that is left alone though something was wanted of it.
#[derive(Debug)]
pub struct Failed {
    /// The file.
    pub path: PathBuf,
    /// Who reads it.
    pub reader: &'static str,
    /// Why.
    pub problem: Problem,
}

/// What is to be done.
#[derive(Debug, Default)]
pub struct Plan {
    /// In this order.
    pub changes: Vec<Change>,
    /// Files that are as they should be.
    pub same: Vec<PathBuf>,
    /// Files that are left alone.
    pub failed: Vec<Failed>,
    /// Parts that are left because somebody has changed them, by file.
    pub kept: Vec<(PathBuf, String)>,
    /// Files that other projects still ask for.
    pub shared: Vec<PathBuf>,
}

/// A file as it was found: where it really lies, and what it is.
pub type Found = Result<(PathBuf, State), Problem>;

/// What was found at each path.
pub type Files = BTreeMap<PathBuf, Found>;

/// Reads everything that a plan for `wishes` looks at.
#[must_use]
pub fn survey(wishes: &[Wish], receipts: &Receipts) -> Files {
    let mut files = Files::new();
    for wish in wishes {
        let follows = !matches!(wish.form, Form::Hook(_));
        for path in git_hooks::paths(wish) {
            files.insert(path.clone(), find(&path, follows));
        }
    }
    for (path, _) in receipts.iter() {
        files.entry(path.clone()).or_insert_with(|| find(path, false));
    }
    files
}

fn find(path: &Path, follows: bool) -> Found {
    let real = if follows { disk::follow(path)? } else { path.to_owned() };
    let state = disk::look(&real)?;
    Ok((real, state))
}

/// The changes that grant `wishes`.
#[must_use]
pub fn plan(wishes: &[Wish], mut files: Files, receipts: &Receipts) -> Plan {
    let mut plan = Plan::default();
    for wish in wishes {
        let changes = match &wish.form {
            Form::Hook(passage) => git_hooks::plan(wish, passage, &mut files),
            _ => whole(wish, &mut files).map(|change| vec![change]),
        };
        let settled: Result<Vec<Change>, Problem> = changes.and_then(|changes| {
            changes.into_iter().map(|change| settle(change, wish, receipts)).collect()
        });
        match settled {
            Ok(changes) => changes.into_iter().for_each(|change| plan.add(change)),
            Err(problem) => {
                let (path, reader) = (wish.path.clone(), wish.reader);
                plan.failed.push(Failed { path, reader, problem });
            }
        }
    }
    plan
}

impl Plan {
    /// Takes a change in, unless it is none or one that is in already.
    pub(super) fn add(&mut self, change: Change) {
        if change.from == change.to {
            self.same.push(change.path);
        } else if !self.changes.contains(&change) {
            self.changes.push(change);
        }
    }

    /// Whether there is nothing to do and nothing to tell.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty() && self.failed.is_empty() && self.kept.is_empty()
    }
}

/// What was found, which is used up by whoever asks.
///
/// # Errors
/// What was in the way.
pub(super) fn take(files: &mut Files, path: &Path) -> Found {
    files.remove(path).unwrap_or_else(|| Ok((path.to_owned(), State::Missing)))
}

fn whole(wish: &Wish, files: &mut Files) -> Result<Change, Problem> {
    let (path, from) = take(files, &wish.path)?;
    let text = from.text()?;
    let merged = form::merge(text, &wish.form)?;
    if !form::same_besides(text, &merged, &wish.form) {
        return Err(Problem::Entangled);
    }
    let mode = match &from {
        State::File { mode, .. } => *mode,
        _ => PLAIN,
    };
    let to = State::File { bytes: merged.into_bytes(), mode };
    Ok(Change { path, reader: wish.reader, what: wish.what, base: from.clone(), from, to })
}

/// Refuses what may not be changed, and says what will be given back.
fn settle(mut change: Change, wish: &Wish, receipts: &Receipts) -> Result<Change, Problem> {
    if change.from == change.to {
        return Ok(change);
    }
    if matches!(change.from, State::File { mode, .. } if mode & 0o200 == 0) {
        return Err(Problem::ReadOnly);
    }
    if let Some(receipt) = receipts.of(&change.path) {
        let written = receipts.state(&receipt.after)?;
        let before = receipts.state(&receipt.before)?;
        if Receipts::is(&receipt.after, &change.from) {
            change.base = before;
        } else if let State::File { bytes: _, mode } = change.from {
            let known = Known { before: before.text().ok(), written: written.text().ok() };
            let rest = form::remove(change.from.text()?, &wish.form, known, true)?.text;
            change.base = State::File { bytes: rest.into_bytes(), mode };
        }
    }
    Ok(change)
}
