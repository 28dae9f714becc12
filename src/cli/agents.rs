//! `coord agents`: who is here.

use serde_json::{Map, Value};

use super::Trouble;
use super::desk::Desk;
use super::render::fields;
use super::render::style::of_status;
use super::render::table::{Cell, Fit, Table};
use crate::time::Time;

/// Show the agents of this repository: who is active, what they do and hold.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  coord agents                     everybody
  coord agents --status active     those at work
  coord agents --capability rust   those who can do something")]
pub struct Agents {
    /// Only those with this status
    #[arg(long, value_parser = ["active", "idle", "disconnected"])]
    status: Option<String>,
    /// Only those that said they can do this
    #[arg(long, value_name = "NAME")]
    capability: Option<String>,
}

impl Agents {
    /// Does what the arguments say.
    ///
    /// # Errors
    /// What the daemon refuses.
    pub fn run(self, desk: &mut Desk) -> Result<(), Trouble> {
        let mut arguments = Map::new();
        for (name, value) in [("status", self.status), ("capability", self.capability)] {
            if let Some(value) = value {
                arguments.insert(name.into(), value.into());
            }
        }
        let reply = desk.ask_whole("discover_agents", arguments, "agents")?;
        desk.show(&reply, || show(&reply, desk.now))
    }
}

/// The reply of `discover_agents` as a table.
#[must_use]
pub fn show(reply: &Value, now: Time) -> String {
    let agents = fields::list(reply, "agents");
    if agents.is_empty() {
        return "No agents.\n".into();
    }
    let mut table = Table::new(&[
        ("agent", Fit::Middle),
        ("status", Fit::Whole),
        ("heard", Fit::Whole),
        ("locks", Fit::Whole),
        ("tasks", Fit::Whole),
        ("can", Fit::End),
        ("does", Fit::End),
    ]);
    for agent in agents {
        let status = fields::text(agent, "status");
        table.row([
            Cell::from(fields::text(agent, "agent_id")),
            Cell::styled(&status, of_status(&status)),
            fields::when(agent, "last_heartbeat", now).into(),
            some(fields::amount(agent, "locks")),
            some(fields::amount(agent, "tasks")),
            fields::joined(agent, "capabilities").into(),
            fields::text(agent, "current_task").into(),
        ]);
    }
    table.render()
}

/// A number worth showing.
fn some(n: u64) -> Cell {
    if n == 0 { "".into() } else { n.to_string().into() }
}
