//! Does what a plan says.
//!
//! - What was there is kept before anything is changed.
//! - A file that cannot be written does not keep the others from it.
//!
//! Not here: what to do (`plan`, `undo`).

use std::path::{Path, PathBuf};

use super::disk::{self, State};
use super::plan::{Change, Failed, Plan};
use super::problem::Problem;
use super::receipts::Receipts;

/// Carries out a plan that puts entries in. The changes that failed leave the plan's list of
/// changes for that of failures.
///
/// # Errors
/// When what was there cannot be kept; then nothing was changed.
pub fn set_up(plan: &mut Plan, receipts: &mut Receipts, root: &Path) -> Result<(), Problem> {
    for change in &plan.changes {
        receipts.note(change, root)?;
    }
    for path in &plan.same {
        receipts.share(path, root);
    }
    receipts.save()?;
    for change in std::mem::take(&mut plan.changes) {
        match disk::put(&change.path, &change.to) {
            Ok(folders) => {
                receipts.made(&change.path, folders);
                plan.changes.push(change);
            }
            Err(problem) => {
                if change.base == change.from {
                    receipts.forget(&change.path, root);
                }
                let (path, reader) = (change.path, change.reader);
                plan.failed.push(Failed { path, reader, problem });
            }
        }
    }
    receipts.save()
}

/// Carries out a plan that takes entries out, and sweeps the folders that were made for them.
///
/// # Errors
/// When the receipts cannot be written.
pub fn take_out(plan: &mut Plan, receipts: &mut Receipts, root: &Path) -> Result<(), Problem> {
    let mut folders = Vec::new();
    for change in std::mem::take(&mut plan.changes) {
        match disk::put(&change.path, &change.to) {
            Ok(_) => {
                if change.to == State::Missing {
                    folders.extend(folders_of(&change, receipts, root));
                }
                plan.changes.push(change);
            }
            Err(problem) => {
                let (path, reader) = (change.path, change.reader);
                plan.failed.push(Failed { path, reader, problem });
            }
        }
    }
    folders.sort();
    disk::sweep(&folders);
    let held: Vec<&PathBuf> = plan.failed.iter().map(|failed| &failed.path).collect();
    let kept: Vec<&PathBuf> = plan.kept.iter().map(|(path, _)| path).collect();
    let gone = plan.changes.iter().map(|change| &change.path).chain(&plan.same);
    for path in gone.chain(&plan.shared) {
        if !held.contains(&path) && !kept.contains(&path) {
            receipts.forget(path, root);
        }
    }
    receipts.save()
}

/// The folders that were made for a file; without a receipt those between it and the root, which
/// no repository keeps when they are empty.
fn folders_of(change: &Change, receipts: &Receipts, root: &Path) -> Vec<PathBuf> {
    if let Some(receipt) = receipts.of(&change.path) {
        return receipt.folders.clone();
    }
    let inside = |folder: &&Path| *folder != root && folder.starts_with(root);
    let own = change.reader != "git";
    let above = change.path.ancestors().skip(1).take_while(inside);
    above.filter(|_| own).map(Path::to_owned).collect()
}
