//! `coord audit`: what was done, by whom, and whether the record of it holds.

mod export;
pub mod rows;
mod seal;
pub mod show;
pub mod verify;

use serde_json::{Map, Value};

use super::Trouble;
use super::desk::Desk;
use crate::time::{DAY, HOUR, MINUTE, SECOND, Time};

/// Show, prove and keep the record of every call.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  coord audit                                 the latest calls
  coord audit query --agent claude-1 --failed --since 2h
  coord audit verify                          prove that nothing was changed
  coord audit export audit.jsonl              every row, one to a line")]
pub struct Audit {
    #[command(subcommand)]
    deed: Option<Deed>,
}

#[derive(Debug, clap::Subcommand)]
enum Deed {
    Tail(Tail),
    Query(Query),
    Verify(verify::Verify),
    Export(export::Export),
    Seal(seal::Seal),
}

/// Show the latest calls, oldest first (what `coord audit` alone does).
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:
  coord audit tail -n 50")]
struct Tail {
    /// How many
    #[arg(short = 'n', long, value_name = "N", default_value_t = 20)]
    lines: u32,
}

/// Search the record.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  coord audit query --operation acquire_lock --failed
  coord audit query --since 2h --until 30min
  coord audit query --since 2026-01-31T18:00:00Z --json")]
struct Query {
    /// Only this agent's calls
    #[arg(long, value_name = "AGENT_ID")]
    agent: Option<String>,
    /// Only calls of this tool
    #[arg(long, value_name = "TOOL")]
    operation: Option<String>,
    /// Only later ones: a time, or how long ago (90s, 30min, 2h, 7d)
    #[arg(long, value_name = "TIME")]
    since: Option<String>,
    /// Only earlier ones: a time, or how long ago
    #[arg(long, value_name = "TIME")]
    until: Option<String>,
    /// Only those that were refused or failed
    #[arg(long, conflicts_with = "done")]
    failed: bool,
    /// Only those that were done
    #[arg(long)]
    done: bool,
    /// At most this many
    #[arg(short = 'n', long, value_name = "N", default_value_t = 20)]
    limit: u32,
    /// Go on where the page before ended
    #[arg(long)]
    cursor: Option<String>,
}

impl Audit {
    /// Does what the arguments say.
    ///
    /// # Errors
    /// What the daemon refuses, or a break in the chain.
    pub fn run(self, desk: &mut Desk) -> Result<(), Trouble> {
        match self.deed.unwrap_or(Deed::Tail(Tail { lines: 20 })) {
            Deed::Tail(Tail { lines }) => {
                let asked = Map::from_iter([("limit".to_owned(), lines.into())]);
                let reply = desk.ask("query_audit", asked.into())?;
                desk.show(&reply, || show::entries(&reply, desk.now))
            }
            Deed::Query(query) => {
                let asked = query.arguments(desk.now)?;
                let reply = desk.ask("query_audit", asked)?;
                desk.show(&reply, || show::entries(&reply, desk.now))
            }
            Deed::Verify(verify) => verify.run(desk),
            Deed::Export(export) => export.run(desk),
            Deed::Seal(seal) => seal.run(desk),
        }
    }
}

impl Query {
    fn arguments(self, now: Time) -> Result<Value, Trouble> {
        let mut asked = Map::new();
        let mut put = |name: &str, value: Option<Value>| {
            if let Some(value) = value {
                asked.insert(name.to_owned(), value);
            }
        };
        let at = |text: Option<String>| text.map(|text| point(&text, now)).transpose();
        put("since", at(self.since)?.map(|at| at.to_string().into()));
        put("until", at(self.until)?.map(|at| at.to_string().into()));
        put("agent_id", self.agent.map(Into::into));
        put("operation", self.operation.map(Into::into));
        put("success", (self.failed || self.done).then(|| self.done.into()));
        put("limit", Some(self.limit.into()));
        put("cursor", self.cursor.map(Into::into));
        Ok(asked.into())
    }
}

/// A point in time as people write it: RFC 3339, or how long ago.
///
/// # Errors
/// When it is neither.
pub fn point(text: &str, now: Time) -> Result<Time, Trouble> {
    const UNITS: [(&str, i64); 9] = [
        ("s", SECOND),
        ("sec", SECOND),
        ("m", MINUTE),
        ("min", MINUTE),
        ("h", HOUR),
        ("d", DAY),
        ("day", DAY),
        ("days", DAY),
        ("w", 7 * DAY),
    ];
    let text = text.trim().trim_end_matches(" ago");
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let unit = UNITS.iter().find(|(name, _)| *name == unit.trim());
    if let (Ok(number), Some((_, unit))) = (number.parse::<i64>(), unit) {
        return Ok(now.plus(-number.saturating_mul(*unit)));
    }
    text.parse().map_err(|_not_rfc_3339| Trouble::Usage {
        message: format!("{text:?} is no time"),
        hint: "write it as 2026-01-31T18:00:00Z, or as how long ago: 90s, 30min, 2h, 7d".into(),
    })
}
