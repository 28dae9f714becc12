//! `coord policy group`: agents, paths and hosts under names that policies can use.

use serde_json::{Value, json};

use super::{Desk, Trouble, fields};
use crate::cli::render::style::DIM;
use crate::cli::render::table::{Cell, Fit, Table};

/// List groups, put something into one, or take it out.
///
/// A policy says `principal in AgentGroup::"NAME"`, `resource in
/// PathGroup::"NAME"` or `resource in DomainGroup::"NAME"`. A folder or pattern
/// that lies partly in a group is held to the stricter of both answers.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  coord policy group                                  every group and its members
  coord policy group release --path 'release/**'      put a pattern into one
  coord policy group guests --type gemini --everywhere
  coord policy group internal --domain '*.corp.example'
  coord policy group guests --agent codex-2 --remove  take it out again")]
pub struct Group {
    /// The group, of a-z, 0-9, - and _; without it, all are listed
    #[arg(value_name = "NAME", requires = "member")]
    name: Option<String>,
    #[command(flatten)]
    member: Member,
    /// In every repository, not in this one alone
    #[arg(long, requires = "name")]
    everywhere: bool,
    /// Take it out
    #[arg(long, requires = "name")]
    remove: bool,
}

/// What goes into a group: one at a time.
#[derive(Debug, clap::Args)]
#[group(id = "member", multiple = false, requires = "name")]
struct Member {
    /// An agent
    #[arg(long, value_name = "NAME")]
    agent: Option<String>,
    /// All agents of a type
    #[arg(long = "type", value_name = "TYPE")]
    kind: Option<String>,
    /// A file, a folder (`src/`) or a pattern
    #[arg(long, value_name = "PATH")]
    path: Option<String>,
    /// A host, or `*.` and a host for everything below it
    #[arg(long, value_name = "DOMAIN")]
    domain: Option<String>,
}

impl Group {
    /// Does what the arguments say.
    ///
    /// # Errors
    /// What the daemon refuses.
    pub fn run(self, desk: &mut Desk) -> Result<(), Trouble> {
        let Some(name) = self.name else {
            let reply = desk.ask("list_groups", json!({}))?;
            return desk.show(&reply, || list(&reply));
        };
        let Member { agent, kind, path, domain } = self.member;
        let asked = json!({
            "group": name, "agent_id": agent, "agent_type": kind, "path": path, "domain": domain,
            "everywhere": self.everywhere, "remove": self.remove,
        });
        let reply = desk.ask("change_group", asked)?;
        desk.done(&reply, &changed(&reply))
    }
}

/// The reply of `list_groups` as a table.
#[must_use]
pub fn list(reply: &Value) -> String {
    let rows = fields::list(reply, "members");
    if rows.is_empty() {
        return "No groups.\n".into();
    }
    let mut table = Table::new(&[
        ("group", Fit::Middle),
        ("kind", Fit::Whole),
        ("member", Fit::Middle),
        ("where", Fit::Whole),
    ]);
    for row in rows {
        let place = if row["everywhere"] == true { "everywhere" } else { "" };
        table.row([
            Cell::from(fields::text(row, "group")),
            Cell::styled(&fields::text(row, "kind").replace('_', " "), DIM),
            fields::text(row, "member").into(),
            Cell::styled(place, DIM),
        ]);
    }
    table.render()
}

/// The reply of `change_group` in a sentence.
#[must_use]
pub fn changed(reply: &Value) -> String {
    let (member, group) = (fields::text(reply, "member"), fields::text(reply, "group"));
    let place = if reply["everywhere"] == true { ", in every repository" } else { "" };
    match fields::text(reply, "action").as_str() {
        "removed" => format!("{member} is no longer in {group}{place}."),
        "unchanged" => format!("{member} is in {group} already{place}."),
        _ => format!("{member} is in {group}{place}."),
    }
}
