//! The tools by which a person allows and blocks hosts.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::pattern::Pattern;
use super::refusal::NetworkRefusal;
use super::rules::{Effect, Rule};
use super::sql;
use crate::context::Context;
use crate::failure::Outcome;
use crate::profiles::EVERY;
use crate::store::{Topic, Tx};
use crate::tool::{Access, Audience, Hints, Progress, Tool};

/// Priority of a rule unless it is told.
pub const PRIORITY: i64 = 100;
/// The highest priority.
pub const PRIORITY_MAX: i64 = 1_000;
/// Bytes of a reason, at most.
const REASON_MAX: usize = 500;

/// What both tools take.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
struct Asked {
    /// A host, or `*.` and a host for everything below it.
    domain: String,
    /// Only for agents with this profile.
    profile: Option<String>,
    /// The highest that matches decides; between equals, a block.
    #[serde(default = "priority")]
    #[schemars(range(min = 0, max = PRIORITY_MAX))]
    priority: i64,
    reason: Option<String>,
    /// In every repository instead of this one.
    #[serde(default)]
    everywhere: bool,
    /// Take the rule back.
    #[serde(default)]
    remove: bool,
}

const fn priority() -> i64 {
    PRIORITY
}

/// The rule that was made or taken back.
#[derive(Debug, Serialize, JsonSchema)]
pub struct RuleSet {
    /// `allowed`, `blocked` or `removed`.
    action: &'static str,
    domain: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    profile: Option<String>,
    priority: i64,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    everywhere: bool,
}

impl Asked {
    fn check(&self) -> Outcome<()> {
        Pattern::read(&self.domain)?;
        if !(0..=PRIORITY_MAX).contains(&self.priority) {
            let (field, sent) = ("priority", self.priority.to_string());
            return Err(NetworkRefusal::Bad { field, sent, accepts: "0 to 1000" }.into());
        }
        for (field, text) in [("reason", &self.reason), ("profile", &self.profile)] {
            let text = text.as_deref().unwrap_or_default();
            if text.len() > REASON_MAX || text.contains('\0') {
                let sent = format!("{} bytes long", text.len());
                return Err(
                    NetworkRefusal::Bad { field, sent, accepts: "at most 500 bytes" }.into()
                );
            }
        }
        Ok(())
    }

    fn rule(&self, ctx: &Context, effect: Effect) -> Outcome<Rule> {
        Ok(Rule {
            project: if self.everywhere { EVERY.into() } else { ctx.project().into() },
            profile: self.profile.clone().unwrap_or_else(|| EVERY.into()),
            pattern: Pattern::read(&self.domain)?.text,
            effect,
            priority: self.priority,
            reason: self.reason.clone(),
        })
    }

    fn apply(&self, tx: &Tx<'_>, ctx: &Context, effect: Effect) -> Outcome<RuleSet> {
        let rule = self.rule(ctx, effect)?;
        if let Some(profile) = &self.profile {
            crate::profiles::known(tx, profile)?;
        }
        let action = if self.remove {
            if sql::remove(tx, &rule)? == 0 {
                return Err(NetworkRefusal::NoRule { pattern: rule.pattern }.into());
            }
            "removed"
        } else {
            sql::put(tx, &rule, &ctx.caller.agent_id, ctx.now)?;
            if effect == Effect::Allow { "allowed" } else { "blocked" }
        };
        tx.changed(Topic::Profiles);
        Ok(RuleSet {
            action,
            domain: rule.pattern,
            profile: self.profile.clone(),
            priority: rule.priority,
            everywhere: self.everywhere,
        })
    }
}

/// Let agents reach a host, or take that back.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(transparent)]
#[schemars(transparent)]
pub struct AllowDomain(Asked);

impl Tool for AllowDomain {
    const NAME: &'static str = "allow_domain";
    const TITLE: &'static str = "Allow a host";
    const ACCESS: Access = Access::Policy;
    const AUDIENCE: Audience = Audience::People;
    const HINTS: Hints = Hints { idempotent: true, destructive: false };
    const GROWS: bool = true;
    type Reply = RuleSet;

    fn prepare(&mut self, _ctx: &Context) -> Outcome<()> {
        self.0.check()
    }

    fn run(&self, tx: &Tx<'_>, ctx: &Context) -> Outcome<Progress<RuleSet>> {
        self.0.apply(tx, ctx, Effect::Allow).map(Progress::Ended)
    }
}

/// Keep agents from a host, or take that back.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(transparent)]
#[schemars(transparent)]
pub struct BlockDomain(Asked);

impl Tool for BlockDomain {
    const NAME: &'static str = "block_domain";
    const TITLE: &'static str = "Block a host";
    const ACCESS: Access = Access::Policy;
    const AUDIENCE: Audience = Audience::People;
    const HINTS: Hints = Hints { idempotent: true, destructive: false };
    const GROWS: bool = true;
    type Reply = RuleSet;

    fn prepare(&mut self, _ctx: &Context) -> Outcome<()> {
        self.0.check()
    }

    fn run(&self, tx: &Tx<'_>, ctx: &Context) -> Outcome<Progress<RuleSet>> {
        self.0.apply(tx, ctx, Effect::Block).map(Progress::Ended)
    }
}
