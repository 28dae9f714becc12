//! `coord profile`: how far agents are trusted, and who has which profile.

mod change;
pub mod show;

use serde_json::json;

use super::Trouble;
use super::desk::Desk;

/// See how far agents are trusted, and change it.
///
/// A profile says what its agents may do: their trust (0 suspended, 1 reads,
/// 2 writes, 3 administers, 4 edits policy), their operations and their limits.
/// An agent has the profile that is assigned to it, else that of its type, else
/// the one for unknown agents. Changing any of it needs a person at a terminal.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  coord profile                                        every profile, and who has it
  coord profile show claude_code_cli                   what it allows and limits
  coord profile assign codex_cloud_worker --agent codex-1
  coord profile set claude_code_cli --ask submit_work  be asked before each")]
pub struct Profile {
    #[command(subcommand)]
    deed: Option<Deed>,
}

#[derive(Debug, clap::Subcommand)]
enum Deed {
    List(List),
    Show(Show),
    Assign(change::Assign),
    Set(change::Set),
}

/// List the profiles, and who has which.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:
  coord profile list")]
struct List {}

/// Show one profile in full, and who has it.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:
  coord profile show claude_code_web_reviewer")]
struct Show {
    /// The profile
    name: String,
}

impl Profile {
    /// Does what the arguments say.
    ///
    /// # Errors
    /// What the daemon refuses.
    pub fn run(self, desk: &mut Desk) -> Result<(), Trouble> {
        match self.deed.unwrap_or(Deed::List(List {})) {
            Deed::List(List {}) => {
                let reply = desk.ask("list_profiles", json!({}))?;
                desk.show(&reply, || show::list(&reply))
            }
            Deed::Show(Show { name }) => {
                let reply = desk.ask("show_profile", json!({ "name": name }))?;
                desk.show(&reply, || show::one(&reply))
            }
            Deed::Assign(assign) => assign.run(desk),
            Deed::Set(set) => set.run(desk),
        }
    }
}
