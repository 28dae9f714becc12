//! `coord audit seal`: moves old rows into a file of their own.

use serde_json::{Map, Value};

use super::super::Trouble;
use super::super::desk::Desk;
use super::super::render::{clean, fields};

/// Move old rows of the audit log into a sealed file.
///
/// The rows leave the live database; the chain goes on from the seal, and
/// `coord audit verify` proves the sealed rows too. The daemon does this by itself
/// with rows that are older than `audit_retention_days`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  coord audit seal
  coord audit seal --older-than-days 30")]
pub struct Seal {
    /// Age of the rows that go; by default the setting `audit_retention_days`
    #[arg(long, value_name = "DAYS")]
    older_than_days: Option<u32>,
}

impl Seal {
    /// Does what the arguments say.
    ///
    /// # Errors
    /// What the daemon refuses.
    pub fn run(self, desk: &mut Desk) -> Result<(), Trouble> {
        let days = match self.older_than_days {
            Some(days) => days,
            None => desk.config()?.audit_retention_days(),
        };
        let asked = Map::from_iter([("older_than_days".to_owned(), days.into())]);
        let reply = desk.ask("seal_audit", asked.into())?;
        desk.show(&reply, || show(&reply))
    }
}

fn show(reply: &Value) -> String {
    match fields::number(reply, "rows") {
        0 => "There was nothing to seal.\n".into(),
        rows => format!("Sealed {rows} rows in {}.\n", clean(&fields::text(reply, "file"))),
    }
}
