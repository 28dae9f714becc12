//! Which clients are installed, and how `coord` is best called.
//!
//! Not here: their files (`clients`).

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use super::Place;
use super::clients::Client;
use super::disk;

/// The clients that are here: by an executable in one of `folders` (those of `PATH`), or by the
/// folder that a client makes for its user.
#[must_use]
pub fn installed(place: &Place, folders: &[PathBuf]) -> Vec<Client> {
    let here = |client: &Client| {
        client.programs().iter().any(|name| program(name, folders).is_some())
            || client.folder(place).is_dir()
    };
    Client::ALL.into_iter().filter(here).collect()
}

/// The executable of that name that a shell would start.
#[must_use]
pub fn program(name: impl AsRef<OsStr>, folders: &[PathBuf]) -> Option<PathBuf> {
    let name = Path::new(name.as_ref());
    folders.iter().map(|folder| folder.join(name)).find(|path| {
        let real = disk::follow(path).and_then(|real| disk::look_at_mode(&real));
        real.is_ok_and(|mode| mode & 0o111 != 0)
    })
}

/// The word that starts this very program: its name if `PATH` leads to it, else its path.
#[must_use]
pub fn own_name(this: &Path, folders: &[PathBuf]) -> String {
    let real = std::fs::canonicalize(this).unwrap_or_else(|_| this.to_owned());
    let found = program("coord", folders).and_then(|path| std::fs::canonicalize(path).ok());
    if found.as_ref() == Some(&real) { "coord".into() } else { real.display().to_string() }
}
