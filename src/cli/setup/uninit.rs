//! `coord uninit`.

use super::{SetupRefusal, Site, receipts, show};
use crate::cli::Trouble;
use crate::cli::desk::Desk;
use crate::config;
use crate::setup::clients::Client;
use crate::setup::plan::survey;
use crate::setup::undo::{self, Undo};
use crate::setup::{Scope, Wish, carry, notes};

/// Take out what `coord init` has put into the clients' files and git's hooks
///
/// A file that nobody has touched since is given back to the byte; from any
/// other one our entries are taken out. What somebody has changed of them stays
/// unless `--force` is given. Your own files that other projects still ask for
/// stay as they are. Locks, work and memory are not touched.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  coord uninit --dry-run           show what would be taken out, as a diff
  coord uninit
  coord uninit --client gemini     one client; the others and git stay wired
  coord uninit --force             also what was changed by hand")]
pub struct Uninit {
    /// Only this client; may be given several times (default: all, and git)
    #[arg(long = "client", value_name = "NAME", value_enum)]
    clients: Vec<Client>,
    /// Show what would be taken out, as a diff, and change nothing
    #[arg(long)]
    dry_run: bool,
    /// Do not ask
    #[arg(long, short)]
    yes: bool,
    /// Take the folder one stands in, not the root of its repository
    #[arg(long)]
    here: bool,
    /// Take out entries of ours that somebody has changed as well
    #[arg(long)]
    force: bool,
}

impl Uninit {
    /// Does what the arguments say.
    ///
    /// # Errors
    /// [`Trouble::Found`] when something was left.
    pub fn run(self, desk: &Desk) -> Result<(), Trouble> {
        let site = Site::find(desk, self.here)?;
        let mut receipts = receipts(desk)?;
        let wishes = self.wishes(&site);
        let undo = Undo { wishes: &wishes, root: &site.place.root, force: self.force };
        let mut plan = undo::plan(&undo, survey(&wishes, &receipts), &receipts);
        if self.dry_run {
            show::dry_undo(desk, &plan, &site)?;
        } else {
            let asks = !self.yes && !desk.json && config::is_terminal();
            if asks && !plan.changes.is_empty() {
                desk.print(&show::undo_intent(&plan, &site))?;
                desk.confirm("Take this out?", false)?;
            }
            carry::take_out(&mut plan, &mut receipts, &site.place.root)
                .map_err(SetupRefusal::Receipts)?;
            show::undone(desk, &plan, &site)?;
        }
        let whole = plan.failed.is_empty() && plan.kept.is_empty();
        if whole { Ok(()) } else { Err(Trouble::Found) }
    }

    /// Every entry that may be there, of both scopes.
    fn wishes(&self, site: &Site) -> Vec<Wish> {
        let all = self.clients.is_empty();
        let clients = if all { Client::ALL.to_vec() } else { self.clients.clone() };
        let scopes = [Scope::Project, Scope::User];
        let each = |client: Client| {
            scopes
                .into_iter()
                .flat_map(move |scope| client.wishes(&site.place, scope, &site.command))
        };
        let mut wishes: Vec<Wish> = clients.into_iter().flat_map(each).collect();
        if all {
            wishes.extend(notes::wishes(&site.place.root));
            wishes.extend(site.git_wishes().unwrap_or_default());
        }
        wishes
    }
}
