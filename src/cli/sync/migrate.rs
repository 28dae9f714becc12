//! `coord sync migrate`: the mirror's tables and functions.

use std::path::PathBuf;

use serde_json::json;

use super::service::MirrorRefusal;
use crate::cli::Trouble;
use crate::cli::desk::Desk;
use crate::cli::render::count;
use crate::cloud::{connect, migrate};

/// Make or update the mirror's tables and functions in a database.
///
/// Needed once for each project, and when a newer coord asks for it. Applying what is there
/// already changes nothing.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  SUPABASE_DB_URL=postgres://… coord sync migrate
  coord sync migrate --db-url postgres://localhost/coord --ca server.pem")]
pub struct Migrate {
    /// The database, instead of `SUPABASE_DB_URL`, which others cannot see in a list of processes
    #[arg(long, value_name = "URL")]
    db_url: Option<String>,
    /// A file of certificates that may vouch for the server as well
    #[arg(long, value_name = "FILE")]
    ca: Option<PathBuf>,
}

impl Migrate {
    /// Applies what is missing.
    ///
    /// # Errors
    /// That nobody answers there, or which migration failed.
    pub fn run(self, desk: &Desk) -> Result<(), Trouble> {
        let config = desk.config()?;
        let url = self.db_url.as_deref().or_else(|| config.supabase_db_url());
        let url = url.ok_or(MirrorRefusal::NoDatabase)?;
        let mut client =
            connect::connect(url, self.ca.as_deref()).map_err(MirrorRefusal::Database)?;
        let done = migrate::migrate(&mut client).map_err(MirrorRefusal::Migration)?;
        let sentence = match done.applied.len() {
            0 => "Nothing was missing.".to_owned(),
            some => format!("Applied {}.", count(some, "migration")),
        };
        desk.done(&json!(done), &sentence)
    }
}
