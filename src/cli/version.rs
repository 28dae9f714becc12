//! `coord version`: the versions of everything that has one.

use serde_json::json;

use super::Trouble;
use super::desk::Desk;
use crate::{store, wire};

/// Print the versions of the program, its protocol, its schema and its SQLite.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:
  coord version --json")]
pub struct Version {}

impl Version {
    /// Prints them.
    ///
    /// # Errors
    /// When they cannot be written.
    #[expect(clippy::unused_self, reason = "every command has the same shape")]
    pub fn run(self, desk: &Desk) -> Result<(), Trouble> {
        let (coord, protocol) = (env!("CARGO_PKG_VERSION"), wire::PROTOCOL);
        let (schema, sqlite) = (store::migrate::version(), rusqlite::version());
        desk.show(
            &json!({ "version": coord, "protocol": protocol, "schema": schema, "sqlite": sqlite }),
            || format!("coord {coord} (protocol {protocol}, schema {schema}, SQLite {sqlite})\n"),
        )
    }
}
