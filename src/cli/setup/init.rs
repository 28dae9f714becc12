//! `coord init`.

use std::path::PathBuf;

use super::show::{self, Told};
use super::{SetupRefusal, Site, receipts};
use crate::cli::Trouble;
use crate::cli::desk::Desk;
use crate::config;
use crate::repo::hooks::NoHooks;
use crate::setup::clients::Client;
use crate::setup::plan::{Plan, plan, survey};
use crate::setup::{Scope, Wish, carry, notes};

/// Wire the agents' clients and git of this project to coord
///
/// Finds the installed clients and puts two things into each one's own files:
/// the MCP server `coord`, and the hooks that take and renew locks, stop what
/// would hurt another agent's work, and tell what is going on. Git gets a
/// pre-commit and a pre-push hook beside those that are there.
///
/// Nothing else in a file is touched, a copy of it is kept in the state
/// directory, and a second run changes nothing. At a terminal you are shown
/// what would be written and asked once; a program is not asked.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  coord init --dry-run               show what would be written, as a diff
  coord init                         wire what is installed
  coord init --client codex --yes    one client, without a question
  coord init --user                  for all your projects, not for this one
  coord doctor --clients             see that it works")]
pub struct Init {
    /// Only this client; may be given several times (default: all that are
    /// installed)
    #[arg(long = "client", value_name = "NAME", value_enum)]
    clients: Vec<Client>,
    /// Show what would be written, as a diff, and write nothing
    #[arg(long)]
    dry_run: bool,
    /// Do not ask
    #[arg(long, short)]
    yes: bool,
    /// Put everything into your own files instead of the project's
    #[arg(long)]
    user: bool,
    /// Set up the folder one stands in, not the root of its repository
    #[arg(long)]
    here: bool,
    /// Add a short passage for agents to AGENTS.md and CLAUDE.md
    #[arg(long)]
    notes: bool,
    /// Leave git's hooks alone
    #[arg(long)]
    no_git: bool,
}

impl Init {
    /// Does what the arguments say.
    ///
    /// # Errors
    /// [`Trouble::Found`] when something could not be set up.
    pub fn run(self, desk: &Desk) -> Result<(), Trouble> {
        let site = Site::find(desk, self.here)?;
        let mut receipts = receipts(desk)?;
        let clients = site.clients(&self.clients);
        let (wishes, no_git) = self.wishes(&site, &clients, self.asks(desk))?;
        let mut plan = plan(&wishes, survey(&wishes, &receipts), &receipts);
        let ignored = ignored(&site, &plan);
        let told = Told { clients: &clients, no_git, ignored, site: &site };
        if self.dry_run {
            show::dry_run(desk, &plan, &told)?;
        } else {
            if self.asks(desk) && !plan.changes.is_empty() {
                desk.print(&show::intent(&plan, &told))?;
                desk.confirm("Write these files?", false)?;
            }
            desk.home()?.prepare()?;
            // Without a change the project still counts as one that asks for the files.
            carry::set_up(&mut plan, &mut receipts, &site.place.root)
                .map_err(SetupRefusal::Receipts)?;
            show::done(desk, &plan, &told)?;
        }
        if plan.failed.is_empty() { Ok(()) } else { Err(Trouble::Found) }
    }

    /// Whether a person is there to be asked.
    fn asks(&self, desk: &Desk) -> bool {
        !self.yes && !self.dry_run && !desk.json && config::is_terminal()
    }

    fn wishes(
        &self,
        site: &Site,
        clients: &[Client],
        asks: bool,
    ) -> Result<(Vec<Wish>, Option<NoHooks>), Trouble> {
        let scope = if self.user { Scope::User } else { Scope::Project };
        let mut wishes: Vec<Wish> = clients
            .iter()
            .flat_map(|client| client.wishes(&site.place, scope, &site.command))
            .collect();
        let root = &site.place.root;
        if self.notes || notes::are_there(root) || (asks && show::wants_notes()?) {
            wishes.extend(notes::wishes(root));
        }
        let mut no_git = None;
        if !self.no_git {
            match site.git_wishes() {
                Ok(hooks) => wishes.extend(hooks),
                Err(why) => no_git = Some(why),
            }
        }
        Ok((wishes, no_git))
    }
}

/// Files of the project that git does not keep: they are on this machine alone.
fn ignored(site: &Site, plan: &Plan) -> Vec<PathBuf> {
    let paths = plan.changes.iter().map(|change| change.path.as_path());
    let paths: Vec<_> = paths.filter(|path| path.starts_with(&site.place.root)).collect();
    site.repo.ignored(&crate::repo::Git::default(), &paths)
}
