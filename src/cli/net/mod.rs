//! `coord net`: which hosts agents may reach.

pub mod show;

use serde_json::{Value, json};

use super::Trouble;
use super::desk::Desk;
use super::render::fields;

/// See and change which hosts agents may reach.
///
/// Of the rules that match a host the highest priority decides, and between
/// equals a block. What no rule names is as the setting `network_default_policy`
/// says. coord answers questions about hosts; it keeps no process from the
/// network by itself.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  coord net                              the rules
  coord net check https://example.org/x  may it be reached, and by which rule
  coord net allow '*.example.org' --why 'our services'
  coord net import                       what your package managers use")]
pub struct Net {
    #[command(subcommand)]
    deed: Option<Deed>,
}

#[derive(Debug, clap::Subcommand)]
enum Deed {
    /// Let agents reach a host
    #[command(after_help = "Examples:
  coord net allow docs.example.org
  coord net allow '*.example.org' --profile codex_cloud_worker --priority 200
  coord net allow docs.example.org --remove")]
    Allow(Rule),
    /// Keep agents from a host
    #[command(after_help = "Examples:
  coord net block '*.example.net' --why 'no telemetry'
  coord net block '*.example.net' --remove")]
    Block(Rule),
    List(List),
    Check(Check),
    Log(Log),
    Import(Import),
}

/// A rule about hosts.
#[derive(Debug, clap::Args)]
struct Rule {
    /// A host, or `*.` and a host for everything below it
    #[arg(value_name = "DOMAIN")]
    domain: String,
    /// Only for agents with this profile
    #[arg(long, value_name = "NAME")]
    profile: Option<String>,
    /// The highest that matches decides, 0 to 1000
    #[arg(long, value_name = "N", default_value_t = crate::network::PRIORITY)]
    priority: i64,
    /// Why, for whoever reads the list
    #[arg(long, value_name = "TEXT")]
    why: Option<String>,
    /// In every repository, not in this one alone
    #[arg(long)]
    everywhere: bool,
    /// Take the rule back
    #[arg(long)]
    remove: bool,
}

/// List the rules: yours first, then the built-in ones.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:
  coord net list")]
struct List {}

/// Say whether a host may be reached, and by which rule; the exit code is 1 if not.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  coord net check github.com
  coord net check https://api.example.org/v1 --profile codex_cloud_worker")]
struct Check {
    /// A host or a URL
    #[arg(value_name = "HOST")]
    host: String,
    /// For agents with this profile
    #[arg(long, value_name = "NAME")]
    profile: Option<String>,
}

/// Show which hosts agents asked for lately, newest first.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  coord net log
  coord net log --refused --limit 200
  coord net log api.example.org")]
struct Log {
    /// Only this host
    #[arg(value_name = "HOST")]
    host: Option<String>,
    /// Only what was refused
    #[arg(long)]
    refused: bool,
    /// At most this many
    #[arg(long, value_name = "N", default_value_t = 50)]
    limit: u32,
}

/// Allow the hosts that your package managers' settings name, in every repository.
///
/// Nothing but hosts is read from those files: users, passwords and paths stay
/// where they are.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  coord net import --dry-run
  coord net import")]
struct Import {
    /// Where the settings lie, instead of your home
    #[arg(long = "from", value_name = "DIR")]
    home_of_settings: Option<std::path::PathBuf>,
    /// Only say what would be allowed
    #[arg(long)]
    dry_run: bool,
}

impl Net {
    /// Does what the arguments say.
    ///
    /// # Errors
    /// What the daemon refuses, or that a host may not be reached.
    pub fn run(self, desk: &mut Desk) -> Result<(), Trouble> {
        match self.deed.unwrap_or(Deed::List(List {})) {
            Deed::Allow(rule) => rule.run(desk, "allow_domain"),
            Deed::Block(rule) => rule.run(desk, "block_domain"),
            Deed::List(List {}) => {
                let reply = desk.ask("list_domains", json!({}))?;
                desk.show(&reply, || show::list(&reply))
            }
            Deed::Check(check) => check.run(desk),
            Deed::Log(log) => {
                let allowed = log.refused.then_some(false);
                let asked = json!({ "host": log.host, "allowed": allowed, "limit": log.limit });
                let reply = desk.ask("domain_log", asked)?;
                desk.show(&reply, || show::log(&reply, desk.now))
            }
            Deed::Import(import) => import.run(desk),
        }
    }
}

impl Rule {
    fn run(self, desk: &mut Desk, tool: &str) -> Result<(), Trouble> {
        let asked = json!({
            "domain": self.domain, "profile": self.profile, "priority": self.priority,
            "reason": self.why, "everywhere": self.everywhere, "remove": self.remove,
        });
        let reply = desk.ask(tool, asked)?;
        desk.done(&reply, &show::ruled(&reply))
    }
}

impl Check {
    fn run(self, desk: &mut Desk) -> Result<(), Trouble> {
        let reply =
            desk.ask("check_domain", json!({ "host": self.host, "profile": self.profile }))?;
        desk.show(&reply, || show::checked(&reply))?;
        if reply["allowed"] == Value::Bool(true) { Ok(()) } else { Err(Trouble::Found) }
    }
}

impl Import {
    fn run(self, desk: &mut Desk) -> Result<(), Trouble> {
        let home = self.home_of_settings.map(std::path::absolute).transpose()?;
        let reply = desk.ask("import_domains", json!({ "home": home, "dry_run": self.dry_run }))?;
        desk.show(&reply, || show::imported(&reply, self.dry_run))
    }
}
