//! Wiring the agents' clients and git to `coord`, and taking the wires out again.
//!
//! - [`plan`] is a pure function of what is on the disk and what is wanted; [`carry`] does what a
//!   plan says and decides nothing.
//! - What was added is taken out to the byte: [`receipts`] remember each file as it was, and without
//!   them [`form`] knows its own.
//! - A file that cannot be read is left alone, and the others are still set up.
//!
//! Not here: questions and output (`cli::setup`), whether it works (`prove`), what a hook answers.

pub mod carry;
pub mod clients;
pub mod command;
pub mod configured;
pub mod disk;
mod entry;
pub mod find;
pub mod form;
pub mod git_hooks;
pub mod json;
pub mod notes;
mod parts;
pub mod passage;
pub mod plan;
pub mod prove;
mod problem;
pub mod receipts;
pub mod toml;
pub mod undo;

use std::path::PathBuf;

pub use problem::Problem;

/// Whose files are changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// The project's, where the client reads them; the user's where it does not.
    Project,
    /// The user's alone.
    User,
}

/// Where things lie.
#[derive(Clone, Debug)]
pub struct Place {
    /// The folder that clients are started in.
    pub root: PathBuf,
    /// The user's own directory.
    pub user: PathBuf,
    /// Folders that the environment has moved away from the user's directory.
    pub moved: Moved,
}

/// Configuration folders that a variable names.
#[derive(Clone, Debug, Default)]
pub struct Moved {
    /// `CLAUDE_CONFIG_DIR`.
    pub claude: Option<PathBuf>,
    /// `CODEX_HOME`.
    pub codex: Option<PathBuf>,
    /// `XDG_CONFIG_HOME`.
    pub xdg: Option<PathBuf>,
}

/// What should be in one file.
#[derive(Clone, Debug)]
pub struct Wish {
    /// The file.
    pub path: PathBuf,
    /// The client that reads it, or `git`.
    pub reader: &'static str,
    /// What is put there, in a few words.
    pub what: &'static str,
    /// The entry itself.
    pub form: form::Form,
}
