//! What has to be changed so that nothing of ours is left.
//!
//! - A file that nobody has touched since gets its old bytes back, whatever they were.
//! - From any other file our entries are taken out; what somebody has changed of them stays.
//! - A file that others ask for stays.
//!
//! Not here: doing it (`carry`).

use std::path::{Path, PathBuf};

use super::disk::State;
use super::form::{self, Form, Known};
use super::plan::{Change, Failed, Files, Plan, take};
use super::receipts::{Receipt, Receipts};
use super::{Problem, Wish, git_hooks, json};

/// What is to be undone, and how.
pub struct Undo<'u> {
    /// Every entry that may be there.
    pub wishes: &'u [Wish],
    /// The project that no longer wants them.
    pub root: &'u Path,
    /// Whether to take out what somebody has changed as well.
    pub force: bool,
}

/// The changes that take everything out.
#[must_use]
pub fn plan(undo: &Undo<'_>, mut files: Files, receipts: &Receipts) -> Plan {
    let mut plan = Plan::default();
    let asked = |reader: &str| undo.wishes.iter().find(|wish| wish.reader == reader);
    let ours = receipts.iter().filter(|(_, receipt)| receipt.roots.contains(undo.root));
    for (path, receipt) in ours {
        let Some(reader) = asked(&receipt.reader).map(|wish| wish.reader) else { continue };
        if receipt.roots.len() > 1 {
            plan.shared.push(path.clone());
            take(&mut files, path).ok();
            continue;
        }
        let wish = undo.wishes.iter().find(|wish| leads_to(wish, path, &files));
        let found = take(&mut files, path);
        let undone = found.and_then(|(_, state)| {
            let given = Given { path, reader, wish, receipt };
            given.back(state, undo.force, receipts, &mut plan)
        });
        if let Err(problem) = undone {
            plan.failed.push(Failed { path: path.clone(), reader, problem });
        }
    }
    for wish in undo.wishes {
        if let Err(problem) = unnoted(wish, undo, &mut files, receipts, &mut plan) {
            plan.failed.push(Failed { path: wish.path.clone(), reader: wish.reader, problem });
        }
    }
    plan
}

/// Whether the wish is for the file at `path`.
fn leads_to(wish: &Wish, path: &Path, files: &Files) -> bool {
    wish.path == path
        || matches!(files.get(&wish.path), Some(Ok((real, _))) if real.as_path() == path)
}

/// A file that there is a receipt of.
struct Given<'g> {
    path: &'g PathBuf,
    reader: &'static str,
    wish: Option<&'g Wish>,
    receipt: &'g Receipt,
}

impl Given<'_> {
    fn back(
        &self,
        now: State,
        force: bool,
        receipts: &Receipts,
        plan: &mut Plan,
    ) -> Result<(), Problem> {
        let before = receipts.state(&self.receipt.before)?;
        if now == State::Missing {
            plan.same.push(self.path.clone());
            return Ok(());
        }
        if Receipts::is(&self.receipt.after, &now) {
            let to = keep_mode(before, &now, &self.receipt.after);
            plan.add(change(self.path, self.reader, now, to));
            return Ok(());
        }
        let (Some(wish), State::File { .. }) = (self.wish, &now) else {
            plan.kept.push((self.path.clone(), "somebody has put another file there".into()));
            return Ok(());
        };
        let written = receipts.state(&self.receipt.after)?;
        let known = Known { before: before.text().ok(), written: written.text().ok() };
        let removed = form::remove(now.text()?, &wish.form, known, force)?;
        plan.kept.extend(removed.kept.into_iter().map(|kept| (self.path.clone(), kept)));
        let gone = before == State::Missing && is_blank(&removed.text, &wish.form);
        let to = if gone { State::Missing } else { with_text(&now, removed.text) };
        plan.add(change(self.path, self.reader, now, to));
        Ok(())
    }
}

/// Takes our entry out of a file that we know nothing of.
fn unnoted(
    wish: &Wish,
    undo: &Undo<'_>,
    files: &mut Files,
    receipts: &Receipts,
    plan: &mut Plan,
) -> Result<(), Problem> {
    let Ok((path, state)) = take(files, &wish.path) else {
        // Nobody has set up what cannot be read.
        return Ok(());
    };
    let State::File { .. } = state else { return Ok(()) };
    let (Ok(text), None) = (state.text(), receipts.of(&path)) else { return Ok(()) };
    let known = Known::default();
    if !form::is_in(text, &wish.form).unwrap_or(false) {
        return Ok(());
    }
    if let Form::Hook(passage) = &wish.form
        && let Some(changes) = git_hooks::unwrap(wish, passage, &state, files)
    {
        changes.into_iter().for_each(|change| plan.add(change));
        return Ok(());
    }
    let removed = form::remove(text, &wish.form, known, undo.force)?;
    plan.kept.extend(removed.kept.into_iter().map(|kept| (path.clone(), kept)));
    let gone = is_blank(&removed.text, &wish.form);
    let to = if gone { State::Missing } else { with_text(&state, removed.text) };
    plan.add(change(&path, wish.reader, state, to));
    Ok(())
}

/// Whether a text without our entry says nothing more.
fn is_blank(text: &str, form: &Form) -> bool {
    match form {
        Form::Json(_) => {
            let plain: String = text.chars().filter(|c| !c.is_whitespace()).collect();
            matches!(plain.trim_start_matches('\u{feff}'), "" | "{}")
                && json::read(text.trim_start_matches('\u{feff}')).is_ok()
        }
        Form::Hook(_) => git_hooks::is_bare(text),
        _ => text.trim().is_empty(),
    }
}

/// The old contents; permissions that somebody has changed since stay changed.
fn keep_mode(before: State, now: &State, written: &super::receipts::Kept) -> State {
    match (before, now, written) {
        (
            State::File { bytes, mode: old },
            State::File { mode: now, .. },
            super::receipts::Kept::File { mode: written, .. },
        ) => State::File { bytes, mode: if now == written { old } else { *now } },
        (before, _, _) => before,
    }
}

fn with_text(state: &State, text: String) -> State {
    let mode = match state {
        State::File { mode, .. } => *mode,
        _ => super::disk::PLAIN,
    };
    State::File { bytes: text.into_bytes(), mode }
}

fn change(path: &Path, reader: &'static str, from: State, to: State) -> Change {
    let (path, base) = (path.to_owned(), from.clone());
    Change { path, reader, what: "taken out", from, to, base }
}
