//! `coord init` and `coord uninit`: wiring the clients of a project, and taking the wires out.
//!
//! - Nothing is asked where nobody sits; at a terminal there is one question.
//! - What could not be done for one file does not keep the others from it; the exit code tells.
//!
//! Not here: what belongs into which file, and how it gets there (`setup`).

mod init;
mod show;
mod uninit;

use std::path::PathBuf;

pub use init::Init;
pub use uninit::Uninit;

use super::Trouble;
use super::desk::Desk;
use crate::config::env;
use crate::failure::Refusal;
use crate::repo::hooks::NoHooks;
use crate::repo::{Git, Repo};
use crate::setup::clients::Client;
use crate::setup::command::Command;
use crate::setup::receipts::Receipts;
use crate::setup::{Moved, Place, Problem, Wish, find, git_hooks};

/// Why nothing can be set up at all.
#[derive(Debug, thiserror::Error)]
enum SetupRefusal {
    #[error("HOME is not set, so the clients' own files cannot be found")]
    NoHome,
    #[error("the folder one stands in is gone")]
    Nowhere,
    #[error("what earlier runs have noted cannot be used: {0}")]
    Receipts(#[from] Problem),
}

impl Refusal for SetupRefusal {
    fn code(&self) -> &'static str {
        "cannot_set_up"
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::NoHome => "set HOME to your own directory".into(),
            Self::Nowhere => "go to a folder that exists".into(),
            Self::Receipts(problem) => problem.advice().into(),
        })
    }
}

/// What earlier runs have noted.
fn receipts(desk: &Desk) -> Result<Receipts, Trouble> {
    Ok(Receipts::load(desk.home()?.setup()).map_err(SetupRefusal::Receipts)?)
}

/// Where a command is given.
pub struct Site {
    /// The project and the user.
    pub place: Place,
    repo: Repo,
    command: Command,
    path: Vec<PathBuf>,
}

impl Site {
    /// The project that one stands in; with `here`, the very folder.
    ///
    /// # Errors
    /// When it is not known who the user is, or the folder is gone.
    pub fn find(desk: &Desk, here: bool) -> Result<Self, Trouble> {
        let cwd = std::env::current_dir().map_err(|_gone| SetupRefusal::Nowhere)?;
        let repo = Repo::discover(&cwd);
        let user = env::folder("HOME").ok_or(SetupRefusal::NoHome)?;
        let moved = Moved {
            claude: env::folder("CLAUDE_CONFIG_DIR"),
            codex: env::folder("CODEX_HOME"),
            xdg: env::folder("XDG_CONFIG_HOME"),
        };
        let root = if here { std::fs::canonicalize(&cwd)? } else { repo.root.clone() };
        let path = env::search_path();
        let this = std::env::current_exe()?;
        let command =
            Command { program: find::own_name(&this, &path), home: desk.home_flag().cloned() };
        Ok(Self { place: Place { root, user, moved }, repo, command, path })
    }

    /// The clients that were asked for, else those that are installed.
    #[must_use]
    pub fn clients(&self, asked: &[Client]) -> Vec<Client> {
        if asked.is_empty() { find::installed(&self.place, &self.path) } else { asked.to_vec() }
    }

    /// The scripts that git should run.
    ///
    /// # Errors
    /// When git cannot be asked.
    pub fn git_wishes(&self) -> Result<Vec<Wish>, NoHooks> {
        let folder = self.repo.hooks_folder(&Git::default())?;
        Ok(git_hooks::wishes(&folder, &self.command))
    }
}
