//! The tools by which people look at the lists of hosts.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::builtin::built_in;
use super::refusal::NetworkRefusal;
use super::rules::{Effect, Rule};
use super::{Host, decide, sql};
use crate::context::Context;
use crate::failure::Outcome;
use crate::profiles::{self, EVERY};
use crate::store::Tx;
use crate::time::Time;
use crate::tool::{Access, Audience, Hints, Progress, Tool};

/// Entries of the log on one page, at most.
const LOG_MAX: i64 = 500;

/// List the hosts that are allowed and blocked.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct ListDomains {}

/// The rules, those of people first.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Domains {
    domains: Vec<Domain>,
}

/// One rule.
#[derive(Debug, Serialize, JsonSchema)]
struct Domain {
    domain: String,
    effect: Effect,
    priority: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    profile: Option<String>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    everywhere: bool,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    built_in: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

impl Domain {
    fn of(rule: Rule, built_in: bool) -> Self {
        Self {
            domain: rule.pattern,
            effect: rule.effect,
            priority: rule.priority,
            profile: Some(rule.profile).filter(|profile| profile != EVERY),
            everywhere: rule.project == EVERY,
            built_in,
            reason: rule.reason,
        }
    }
}

impl Tool for ListDomains {
    const NAME: &'static str = "list_domains";
    const TITLE: &'static str = "Allowed and blocked hosts";
    const ACCESS: Access = Access::Read;
    const AUDIENCE: Audience = Audience::People;
    const HINTS: Hints = Hints { idempotent: true, destructive: false };
    type Reply = Domains;

    fn run(&self, tx: &Tx<'_>, ctx: &Context) -> Outcome<Progress<Domains>> {
        let mut rules = sql::rules(tx)?;
        rules.retain(|rule| rule.project == EVERY || rule.project == ctx.project());
        let own = rules.into_iter().map(|rule| Domain::of(rule, false));
        let domains = own.chain(built_in().map(|rule| Domain::of(rule, true))).collect();
        Ok(Progress::Ended(Domains { domains }))
    }
}

/// Say whether a host may be reached, and by which rule, without noting the question.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct CheckDomain {
    /// A host or a URL.
    host: String,
    /// As an agent with this profile.
    profile: Option<String>,
}

/// What the rules say.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Checked {
    host: String,
    allowed: bool,
    /// `allowed`, `blocked`, `unlisted` or `address`.
    reason: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    rule: Option<String>,
}

impl Tool for CheckDomain {
    const NAME: &'static str = "check_domain";
    const TITLE: &'static str = "Check a host";
    const ACCESS: Access = Access::Read;
    const AUDIENCE: Audience = Audience::People;
    const HINTS: Hints = Hints { idempotent: true, destructive: false };
    type Reply = Checked;

    fn run(&self, tx: &Tx<'_>, ctx: &Context) -> Outcome<Progress<Checked>> {
        let host = Host::read(&self.host)?;
        let profile = self.profile.as_deref().unwrap_or(profiles::UNKNOWN);
        profiles::known(tx, profile)?;
        let verdict = decide(tx, ctx, profile, &host)?;
        Ok(Progress::Ended(Checked {
            host: host.name,
            allowed: verdict.allowed,
            reason: verdict.reason,
            rule: verdict.rule,
        }))
    }
}

/// Show which hosts agents asked for lately.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct DomainLog {
    /// Only this host.
    host: Option<String>,
    /// Only what was allowed, or only what was not.
    allowed: Option<bool>,
    #[serde(default = "page")]
    #[schemars(range(min = 1, max = LOG_MAX))]
    limit: i64,
}

const fn page() -> i64 {
    50
}

/// The newest questions first.
#[derive(Debug, Serialize, JsonSchema)]
pub struct LogPage {
    entries: Vec<LogEntry>,
}

/// One question.
#[derive(Debug, Serialize, JsonSchema)]
struct LogEntry {
    at: Time,
    agent_id: String,
    host: String,
    allowed: bool,
    reason: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    rule: Option<String>,
}

impl Tool for DomainLog {
    const NAME: &'static str = "domain_log";
    const TITLE: &'static str = "Hosts asked for";
    const ACCESS: Access = Access::Read;
    const AUDIENCE: Audience = Audience::People;
    const HINTS: Hints = Hints { idempotent: true, destructive: false };
    type Reply = LogPage;

    fn prepare(&mut self, _ctx: &Context) -> Outcome<()> {
        if !(1..=LOG_MAX).contains(&self.limit) {
            let (field, sent) = ("limit", self.limit.to_string());
            return Err(NetworkRefusal::Bad { field, sent, accepts: "1 to 500" }.into());
        }
        if let Some(host) = &mut self.host {
            *host = Host::read(host)?.name;
        }
        Ok(())
    }

    fn run(&self, tx: &Tx<'_>, ctx: &Context) -> Outcome<Progress<LogPage>> {
        let host = self.host.as_deref();
        let found = sql::newest(tx, ctx.project(), host, self.allowed, self.limit)?;
        let entries = found.into_iter().map(|entry| LogEntry {
            at: entry.at,
            agent_id: entry.agent_id,
            host: entry.host,
            allowed: entry.allowed,
            reason: entry.reason,
            rule: entry.rule,
        });
        Ok(Progress::Ended(LogPage { entries: entries.collect() }))
    }
}
