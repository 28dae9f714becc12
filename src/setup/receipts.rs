//! What each file was before it was changed, so that it can be given back to the byte.
//!
//! - Contents are kept under their digest in `kept/`, for ourselves and for a person who looks for a
//!   backup; only the owner may read them.
//! - A user's file that several projects asked for is given back with the last of them.
//!
//! Not here: what is changed (`plan`, `undo`).

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::disk::{self, State};
use super::plan::Change;
use super::problem::Problem;
use crate::home::private_dir;

/// One file that was changed.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Receipt {
    /// Who reads it.
    pub reader: String,
    /// The projects that asked for it.
    pub roots: BTreeSet<PathBuf>,
    /// Folders that were made for it, outermost first.
    pub folders: Vec<PathBuf>,
    /// What was there.
    pub before: Kept,
    /// What was put there.
    pub after: Kept,
}

/// A state whose contents lie elsewhere.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "as in `disk::State`")]
pub enum Kept {
    Missing,
    File { sha256: String, mode: u32 },
    Link { target: PathBuf },
}

/// All receipts of a user, by file.
#[derive(Debug)]
pub struct Receipts {
    folder: PathBuf,
    all: BTreeMap<PathBuf, Receipt>,
}

impl Receipts {
    /// Those in `folder`; none if there is no such folder.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn load(folder: PathBuf) -> Result<Self, Problem> {
        let file = folder.join("receipts.json");
        let all = match disk::look(&file)? {
            State::Missing => BTreeMap::new(),
            state => serde_json::from_str(state.text()?).map_err(|error| Problem::Unreadable {
                line: error.line(),
                column: error.column(),
                why: format!("{} is damaged", file.display()),
            })?,
        };
        Ok(Self { folder, all })
    }

    /// The receipt of a file.
    #[must_use]
    pub fn of(&self, path: &Path) -> Option<&Receipt> {
        self.all.get(path)
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = (&PathBuf, &Receipt)> {
        self.all.iter()
    }

    /// The state that was kept.
    ///
    /// # Errors
    /// When its contents are gone or are not what they were.
    pub fn state(&self, kept: &Kept) -> Result<State, Problem> {
        Ok(match kept {
            Kept::Missing => State::Missing,
            Kept::Link { target } => State::Link(target.clone()),
            Kept::File { sha256, mode } => {
                let bytes = fs::read(self.folder.join("kept").join(sha256))?;
                if digest(&bytes) != *sha256 {
                    return Err(std::io::Error::other("the kept copy is damaged").into());
                }
                State::File { bytes, mode: *mode }
            }
        })
    }

    /// Whether a state is the one that was kept.
    #[must_use]
    pub fn is(kept: &Kept, state: &State) -> bool {
        match (kept, state) {
            (Kept::Missing, State::Missing) => true,
            (Kept::Link { target }, State::Link(now)) => target == now,
            // Permissions are the owner's to change.
            (Kept::File { sha256, .. }, State::File { bytes, .. }) => digest(bytes) == *sha256,
            _ => false,
        }
    }

    /// Notes that a change is about to be made for a project.
    ///
    /// # Errors
    /// When the contents cannot be kept.
    pub fn note(&mut self, change: &Change, root: &Path) -> Result<(), Problem> {
        let (before, after) = (self.keep(&change.base)?, self.keep(&change.to)?);
        let old = self.all.remove(&change.path);
        let (mut roots, folders) = old.map(|old| (old.roots, old.folders)).unwrap_or_default();
        roots.insert(root.to_owned());
        let receipt = Receipt { reader: change.reader.into(), roots, folders, before, after };
        self.all.insert(change.path.clone(), receipt);
        Ok(())
    }

    /// Notes that a project asks for a file that is already as it should be.
    pub fn share(&mut self, path: &Path, root: &Path) {
        if let Some(receipt) = self.all.get_mut(path) {
            receipt.roots.insert(root.to_owned());
        }
    }

    /// Notes folders that were made for a file.
    pub fn made(&mut self, path: &Path, folders: Vec<PathBuf>) {
        if let Some(receipt) = self.all.get_mut(path) {
            receipt.folders.extend(folders);
        }
    }

    /// Forgets that a project asks for a file; whether others still do.
    pub fn forget(&mut self, path: &Path, root: &Path) -> bool {
        let Some(receipt) = self.all.get_mut(path) else { return false };
        receipt.roots.remove(root);
        let others = !receipt.roots.is_empty();
        if !others {
            self.all.remove(path);
        }
        others
    }

    /// Writes them down. Without any left, nothing but the kept contents stays.
    ///
    /// # Errors
    /// When they cannot be written.
    pub fn save(&self) -> Result<(), Problem> {
        let file = self.folder.join("receipts.json");
        if self.all.is_empty() && !file.exists() {
            return Ok(());
        }
        private_dir(&self.folder)?;
        let bytes = serde_json::to_vec_pretty(&self.all).map_err(std::io::Error::other)?;
        disk::put(&file, &State::File { bytes, mode: 0o600 }).map(drop)
    }

    fn keep(&self, state: &State) -> Result<Kept, Problem> {
        Ok(match state {
            State::Missing => Kept::Missing,
            State::Link(target) => Kept::Link { target: target.clone() },
            State::File { bytes, mode } => {
                let sha256 = digest(bytes);
                let file = self.folder.join("kept").join(&sha256);
                if !file.exists() {
                    private_dir(&self.folder.join("kept"))?;
                    disk::put(&file, &State::File { bytes: bytes.clone(), mode: 0o600 })?;
                }
                Kept::File { sha256, mode: *mode }
            }
        })
    }
}

fn digest(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}
