//! `coord sync enrol`: an invitation for another machine.

use serde_json::json;

use super::service::{self, Invitation, MirrorRefusal};
use crate::cli::Trouble;
use crate::cli::desk::Desk;
use crate::mirror::keys::Keys;

/// Make a code with which another machine can log in, once.
///
/// This needs the project's service key (`SUPABASE_SERVICE_KEY`); the other machine does not.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  coord sync enrol --minutes 30
  coord sync enrol --workspace team --new")]
pub struct Enrol {
    /// Which workspace the machine joins, if not `default`
    #[arg(long)]
    workspace: Option<String>,
    /// Make that workspace if there is none of that name
    #[arg(long)]
    new: bool,
    /// What it may do there
    #[arg(long, default_value = "writer", value_parser = ["writer", "reader"])]
    role: String,
    /// How long the code can be used
    #[arg(long, default_value_t = 60, value_parser = clap::value_parser!(u32).range(1..=10_080))]
    minutes: u32,
}

impl Enrol {
    /// Makes the code and prints it.
    ///
    /// # Errors
    /// The mirror's refusal, or that there is no key.
    pub fn run(self, desk: &Desk) -> Result<(), Trouble> {
        let key = Keys::of(&desk.config()?).service.ok_or(MirrorRefusal::NoServiceKey)?;
        let address = service::address(desk, None, key)?;
        let wanted = Invitation {
            workspace: self.workspace.as_deref(),
            role: &self.role,
            minutes: self.minutes,
            new: self.new,
        };
        let (code, made) = service::invite(desk, &address, &wanted)?;
        let workspace = self.workspace.as_deref().unwrap_or(service::USUAL);
        let facts = json!({
            "code": code, "workspace": workspace, "made": made, "minutes": self.minutes,
        });
        let fresh =
            if made { format!("The workspace {workspace} is new.\n") } else { String::new() };
        let sentence = format!(
            "{fresh}On the other machine, within {} minutes:\n  coord sync login --url {} --code {code}",
            self.minutes, address.url
        );
        desk.done(&facts, &sentence)
    }
}
