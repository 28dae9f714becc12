//! `coord guard list|add|set|disable|enable`: the rules and a person's changes.

use serde_json::{Map, Value, json};

use super::{Desk, Trouble};
use crate::cli::render::fields;
use crate::cli::render::style::{BAD, DIM, WARN};
use crate::cli::render::table::{Cell, Fit, Table};

/// List the rules: what each stops, and from which trust on it may be passed.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  coord guard list --category git
  coord guard list --changed")]
pub struct List {
    /// Only one of git, file, database, credential, deployment
    #[arg(long, value_name = "NAME")]
    category: Option<String>,
    /// Only what a person added, changed or switched off
    #[arg(long)]
    changed: bool,
}

/// Add a rule: a regular expression held against every command that would run.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:
  coord guard add no_seed 'rake db:seed' --why 'it fills production too'")]
pub struct Add {
    /// Its name, of a-z, 0-9 and _
    name: String,
    /// The regular expression
    pattern: String,
    /// Why, for the agent that is stopped by it
    #[arg(long, value_name = "TEXT")]
    why: String,
    /// git, file, database, credential or deployment
    #[arg(long, value_name = "NAME", default_value = "file")]
    category: String,
    /// log, warn or block
    #[arg(long, value_name = "NAME", default_value = "block")]
    severity: String,
    /// From which trust on it stops nobody; 5: it stops everybody
    #[arg(long, value_name = "N", default_value_t = 3)]
    trust: i64,
}

/// Change how grave a rule is, or who may pass it.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:
  coord guard set git_force_push --severity warn")]
pub struct Set {
    /// The rule
    name: String,
    /// log, warn or block
    #[arg(long, value_name = "NAME")]
    severity: Option<String>,
    /// From which trust on it stops nobody; 5: it stops everybody
    #[arg(long, value_name = "N")]
    trust: Option<i64>,
}

/// Switch a rule off for every agent of this machine.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:
  coord guard disable npm_publish")]
pub struct Disable {
    /// The rule
    name: String,
}

/// Switch a rule on again.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:
  coord guard enable npm_publish")]
pub struct Enable {
    /// The rule
    name: String,
}

impl List {
    /// Does what the arguments say.
    ///
    /// # Errors
    /// What the daemon refuses.
    pub fn run(self, desk: &mut Desk) -> Result<(), Trouble> {
        let mut asked = Map::from_iter([("changed".to_owned(), self.changed.into())]);
        if let Some(category) = self.category {
            asked.insert("category".into(), category.into());
        }
        let reply = desk.ask("list_guardrails", asked.into())?;
        desk.show(&reply, || show(&reply))
    }
}

impl Add {
    /// Does what the arguments say.
    ///
    /// # Errors
    /// What the daemon refuses.
    pub fn run(self, desk: &mut Desk) -> Result<(), Trouble> {
        let asked = json!({
            "pattern_name": self.name, "pattern": self.pattern, "explanation": self.why,
            "category": self.category, "severity": self.severity, "min_trust": self.trust,
        });
        change(desk, "add_guardrail", asked)
    }
}

impl Set {
    /// Does what the arguments say.
    ///
    /// # Errors
    /// What the daemon refuses.
    pub fn run(self, desk: &mut Desk) -> Result<(), Trouble> {
        let asked = json!({
            "pattern_name": self.name, "severity": self.severity, "min_trust": self.trust,
        });
        change(desk, "set_guardrail", asked)
    }
}

impl Disable {
    /// Does what the arguments say.
    ///
    /// # Errors
    /// What the daemon refuses.
    pub fn run(self, desk: &mut Desk) -> Result<(), Trouble> {
        change(desk, "disable_guardrail", json!({ "pattern_name": self.name }))
    }
}

impl Enable {
    /// Does what the arguments say.
    ///
    /// # Errors
    /// What the daemon refuses.
    pub fn run(self, desk: &mut Desk) -> Result<(), Trouble> {
        change(desk, "enable_guardrail", json!({ "pattern_name": self.name }))
    }
}

fn change(desk: &mut Desk, tool: &str, asked: Value) -> Result<(), Trouble> {
    let reply = desk.ask(tool, asked)?;
    desk.done(&reply, &ruled(&reply))
}

/// A rule after a change, in a sentence.
#[must_use]
pub fn ruled(reply: &Value) -> String {
    let (name, severity) = (fields::text(reply, "pattern_name"), fields::text(reply, "severity"));
    if reply.get("enabled") == Some(&json!(false)) {
        return format!("{name} is off: it stops nobody.");
    }
    let who = match fields::number(reply, "min_trust") {
        5.. => "nobody passes it".to_owned(),
        trust => format!("trust {trust} passes it"),
    };
    format!("{name} is on: {severity}, and {who}.")
}

/// The reply of `list_guardrails` as a table.
#[must_use]
pub fn show(reply: &Value) -> String {
    let rules = fields::list(reply, "guardrails");
    if rules.is_empty() {
        return "No such rules.\n".into();
    }
    let mut table = Table::new(&[
        ("rule", Fit::Whole),
        ("severity", Fit::Whole),
        ("trust", Fit::Whole),
        ("state", Fit::Whole),
        ("broken", Fit::Whole),
        ("why", Fit::End),
    ]);
    for rule in rules {
        let severity = fields::text(rule, "severity");
        let grave = match severity.as_str() {
            "block" => Cell::styled(&severity, BAD),
            "warn" => Cell::styled(&severity, WARN),
            _ => Cell::styled(&severity, DIM),
        };
        let broken = fields::number(rule, "broken");
        table.row([
            Cell::from(fields::text(rule, "pattern_name")),
            grave,
            fields::text(rule, "min_trust").into(),
            Cell::styled(&fields::text(rule, "state"), WARN),
            if broken == 0 { "".into() } else { broken.to_string().into() },
            Cell::styled(&fields::text(rule, "explanation"), DIM),
        ]);
    }
    table.render()
}
