//! `coord sync`: the mirror in Supabase.

mod enrol;
pub mod follow;
mod key;
mod login;
mod migrate;
pub mod notes;
mod service;
pub mod show;

use serde_json::json;

use super::Trouble;
use super::desk::Desk;

/// Mirror this coordinator to Supabase, and exchange rows with your other machines.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  coord sync login --url https://abc.supabase.co   enrol this machine
  coord sync status                                how far it has come
  coord sync conflicts                             what waits for a decision")]
pub struct Sync {
    #[command(subcommand)]
    deed: Deed,
}

#[derive(Debug, clap::Subcommand)]
enum Deed {
    Login(login::Login),
    Enrol(enrol::Enrol),
    /// Show how far the mirror has come, and what keeps it from going on
    #[command(
        after_help = "Examples:\n  coord sync status\n  coord sync status --json | jq .stall"
    )]
    Status,
    Now(follow::Now),
    /// Stop for now; changes are still written down
    #[command(after_help = "Example:\n  coord sync pause")]
    Pause,
    /// Go on after a pause
    #[command(after_help = "Example:\n  coord sync resume")]
    Resume,
    /// List the changes that the mirror did not take
    #[command(after_help = "Example:\n  coord sync conflicts --json")]
    Conflicts,
    Resolve(show::Resolve),
    Key(key::Key),
    Migrate(migrate::Migrate),
    Logout(login::Logout),
}

impl Sync {
    /// Does what the arguments say.
    ///
    /// # Errors
    /// The daemon's refusal, the mirror's, or that one of them is not there.
    pub fn run(self, desk: &mut Desk) -> Result<(), Trouble> {
        match self.deed {
            Deed::Login(login) => login.run(desk),
            Deed::Enrol(enrol) => enrol.run(desk),
            Deed::Status => {
                let mut reply = desk.ask("sync_status", json!({}))?;
                let notes = notes::notes(&desk.config()?, &reply);
                if !notes.is_empty() {
                    reply["notes"] = notes.into();
                }
                desk.show(&reply, || show::status(&reply, desk.now))
            }
            Deed::Now(now) => now.run(desk),
            Deed::Pause => switch(desk, "pause", "Sync pauses; changes are still written down."),
            Deed::Resume => switch(desk, "resume", "Sync goes on."),
            Deed::Conflicts => {
                let reply = desk.ask("list_conflicts", json!({}))?;
                desk.show(&reply, || show::conflicts(&reply, desk.now))
            }
            Deed::Resolve(resolve) => resolve.run(desk),
            Deed::Key(key) => key.run(desk),
            Deed::Migrate(migrate) => migrate.run(desk),
            Deed::Logout(logout) => logout.run(desk),
        }
    }
}

fn switch(desk: &mut Desk, action: &str, sentence: &str) -> Result<(), Trouble> {
    let reply = desk.ask("sync_switch", json!({ "action": action }))?;
    desk.done(&reply, sentence)
}
