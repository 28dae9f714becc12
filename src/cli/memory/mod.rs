//! `coord memory`: what agents learned.

pub mod show;
mod transfer;

use serde_json::{Map, Value, json};

use super::Trouble;
use super::desk::Desk;
use super::ending::{self, Kind};
use super::render::fields;

const MEMORIES: Kind =
    Kind { tool: "list_memories", limit: 200, list: "memories", id: "memory_id" };

/// Search what agents learned, pin or forget it, carry it elsewhere.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  coord memory                       the newest
  coord memory search 'flaky test'   what is known about something
  coord memory pin 2e3f4a5b          keep one from ageing
  coord memory export all.jsonl      all of this repository, into a file")]
pub struct Memory {
    #[command(subcommand)]
    deed: Option<Deed>,
}

#[derive(Debug, clap::Subcommand)]
enum Deed {
    Search(Search),
    /// Show everything about one memory
    #[command(after_help = "Example:\n  coord memory show 2e3f4a5b")]
    Show(One),
    Forget(Forget),
    Pin(Pin),
    Export(transfer::Export),
    Import(transfer::Import),
}

/// Search memories in your own words; without any, the newest are shown.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  coord memory search 'flaky test'
  coord memory search --type decision --tag database
  coord memory search 'slow build' --min 0.4")]
struct Search {
    /// What you want to know
    query: Vec<String>,
    /// Only of this kind
    #[arg(long = "type", value_parser = EVENT_TYPES)]
    event_type: Option<String>,
    /// Only with this tag; may be repeated: one of them is enough
    #[arg(long = "tag", value_name = "TAG")]
    tags: Vec<String>,
    /// Only by this agent
    #[arg(long, value_name = "NAME")]
    agent: Option<String>,
    /// At most this many
    #[arg(long, value_name = "N", default_value_t = 10)]
    limit: u32,
    /// Only what is at least this relevant, 0 to 1
    #[arg(long = "min", value_name = "RELEVANCE", default_value_t = 0.0)]
    min_relevance: f64,
}

const EVENT_TYPES: [&str; 5] = ["error", "success", "decision", "discovery", "optimization"];

#[derive(Debug, clap::Args)]
struct One {
    /// Which memory; the end of its id is enough
    #[arg(value_name = "MEMORY_ID")]
    memory: String,
}

/// Forget a memory for good: its words are taken away.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:
  coord memory forget 2e3f4a5b")]
struct Forget {
    /// Which memory; the end of its id is enough
    #[arg(value_name = "MEMORY_ID")]
    memory: String,
    /// Do not ask
    #[arg(long)]
    yes: bool,
}

/// Keep a memory from ageing, so that it is found as if it were new.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  coord memory pin 2e3f4a5b
  coord memory pin 2e3f4a5b --off")]
struct Pin {
    /// Which memory; the end of its id is enough
    #[arg(value_name = "MEMORY_ID")]
    memory: String,
    /// Let it age again
    #[arg(long)]
    off: bool,
}

impl Memory {
    /// Does what the arguments say.
    ///
    /// # Errors
    /// What the daemon refuses.
    pub fn run(self, desk: &mut Desk) -> Result<(), Trouble> {
        match self.deed {
            None => {
                let reply = desk.ask("list_memories", json!({}))?;
                desk.show(&reply, || show::table(&reply, desk.now))
            }
            Some(Deed::Search(search)) => {
                let reply = desk.ask("recall", search.arguments())?;
                desk.show(&reply, || show::table(&reply, desk.now))
            }
            Some(Deed::Show(One { memory })) => {
                let reply = shown(desk, &memory)?;
                desk.show(&reply, || show::one(&reply, desk.now))
            }
            Some(Deed::Forget(forget)) => forget.run(desk),
            Some(Deed::Pin(Pin { memory, off })) => {
                let id = ending::whole(desk, &MEMORIES, &memory)?;
                let reply = desk.ask("pin_memory", json!({ "memory_id": id, "pinned": !off }))?;
                let what = if off { "ages again" } else { "is pinned" };
                desk.done(&reply, &format!("{id} {what}."))
            }
            Some(Deed::Export(export)) => export.run(desk),
            Some(Deed::Import(import)) => import.run(desk),
        }
    }
}

fn shown(desk: &mut Desk, given: &str) -> Result<Value, Trouble> {
    let id = ending::whole(desk, &MEMORIES, given)?;
    desk.ask("show_memory", json!({ "memory_id": id }))
}

impl Search {
    fn arguments(self) -> Value {
        let mut asked = Map::from_iter([
            ("limit".to_owned(), json!(self.limit)),
            ("min_relevance".to_owned(), json!(self.min_relevance)),
            ("tags".to_owned(), json!(self.tags)),
        ]);
        let query = (!self.query.is_empty()).then(|| self.query.join(" "));
        for (name, value) in
            [("query", query), ("event_type", self.event_type), ("agent_id", self.agent)]
        {
            if let Some(value) = value {
                asked.insert(name.into(), value.into());
            }
        }
        asked.into()
    }
}

impl Forget {
    fn run(self, desk: &mut Desk) -> Result<(), Trouble> {
        let memory = shown(desk, &self.memory)?;
        let summary = fields::text(&memory, "summary");
        desk.confirm(&format!("Forget {summary:?} for good?"), self.yes)?;
        let reply = desk.ask("forget_memory", json!({ "memory_id": memory["memory_id"] }))?;
        desk.done(&reply, &format!("Forgot {}.", fields::text(&reply, "memory_id")))
    }
}
