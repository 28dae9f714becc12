//! `coord policy`: what the policies say, and a person's own.

mod change;
pub mod group;
mod question;
pub mod show;
mod text;
mod trial;

use serde_json::json;

use super::Trouble;
use super::desk::Desk;
use super::render::{count, fields};

/// Ask what the policies say, try them, and add your own.
///
/// Two engines answer alike on the built-in policies; the setting `policy_engine`
/// chooses. What you add is written in Cedar.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  coord policy                                       every policy in force
  coord policy check edit_file src/main.rs --agent codex-1
  coord policy explain network_access github.com --type claude
  coord policy validate new.cedar                    is it right?
  coord policy test expected.toml --with new.cedar   what would it change?
  coord policy add no-release new.cedar              put it in force")]
pub struct Policy {
    #[command(subcommand)]
    deed: Option<Deed>,
}

#[derive(Debug, clap::Subcommand)]
enum Deed {
    Check(question::Check),
    Explain(question::Explain),
    Validate(text::Validate),
    Test(trial::Test),
    List(List),
    Add(change::Add),
    /// Switch off a policy that was added
    #[command(after_help = "Example:\n  coord policy disable no-release")]
    Disable(change::Named),
    /// Switch a policy on again
    #[command(after_help = "Example:\n  coord policy enable no-release")]
    Enable(change::Named),
    /// Remove a policy that was added
    #[command(after_help = "Example:\n  coord policy remove no-release")]
    Remove(change::Named),
    Group(group::Group),
}

/// List the policies: the built-in ones, those that were added, the project's own.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  coord policy list
  coord policy list --text")]
struct List {
    /// Also show how they are written
    #[arg(long)]
    text: bool,
}

impl Policy {
    /// Does what the arguments say.
    ///
    /// # Errors
    /// What the daemon refuses, or that the answer is no.
    pub fn run(self, desk: &mut Desk) -> Result<(), Trouble> {
        match self.deed.unwrap_or(Deed::List(List { text: false })) {
            Deed::Check(check) => check.run(desk),
            Deed::Explain(explain) => explain.run(desk),
            Deed::Validate(validate) => validate.run(desk),
            Deed::Test(test) => test.run(desk),
            Deed::List(List { text }) => {
                let reply = desk.ask("list_policies", json!({}))?;
                desk.show(&reply, || show::list(&reply, text))
            }
            Deed::Add(add) => add.run(desk),
            Deed::Disable(named) => named.run(desk, change::Switch::Off),
            Deed::Enable(named) => named.run(desk, change::Switch::On),
            Deed::Remove(named) => named.run(desk, change::Switch::Away),
            Deed::Group(group) => group.run(desk),
        }
    }
}
