//! An engine's answer, and its words.

use serde::Serialize;

use super::Question;
use crate::tool::Access;

/// Names of the built-in policies, as `cedar/default.cedar` has them.
pub mod id {
    pub const READ: &str = "reading-needs-trust-1";
    pub const WRITE: &str = "writing-needs-trust-2";
    pub const ADMIN: &str = "administering-needs-trust-3";
    pub const POLICY: &str = "editing-policy-needs-trust-4";
    pub const SUSPENDED: &str = "suspended";
    pub const PEOPLE: &str = "for-people";
    pub const BLOCKS: &str = "profile-blocks";
    pub const NOT_LISTED: &str = "profile-does-not-list";
    pub const DOMAIN: &str = "domain-not-allowed";
    pub const ASKS: &str = "profile-asks";
}

/// Yes, no, or ask a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "the names say it")]
pub enum Effect {
    Allow,
    Deny,
    Ask,
}

/// An engine's answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// The answer.
    pub effect: Effect,
    /// The policies that decided, by name; none if nothing permits it.
    pub policies: Vec<String>,
    /// What the policy that decided says about itself, if it does.
    pub told: Option<String>,
    /// What else must be known: policies that could not be used.
    pub diagnostics: Vec<String>,
}

impl Decision {
    /// A decision by these policies.
    #[must_use]
    pub const fn by(effect: Effect, policies: Vec<String>) -> Self {
        Self { effect, policies, told: None, diagnostics: Vec::new() }
    }

    /// The stricter of this and another answer; this one if they are alike.
    pub(super) fn tightened(mut self, other: Self) -> Self {
        let stricter = match (self.effect, other.effect) {
            (Effect::Deny, _) | (_, Effect::Allow) | (Effect::Ask, Effect::Ask) => false,
            (Effect::Allow | Effect::Ask, Effect::Deny) | (Effect::Allow, Effect::Ask) => true,
        };
        if stricter {
            return other;
        }
        let known = |said: &String| self.diagnostics.contains(said);
        let news: Vec<String> = other.diagnostics.into_iter().filter(|one| !known(one)).collect();
        self.diagnostics.extend(news);
        self
    }

    /// Whether it may be done without asking anybody.
    #[must_use]
    pub fn allowed(&self) -> bool {
        self.effect == Effect::Allow
    }

    pub(super) fn has(&self, id: &str) -> bool {
        self.policies.iter().any(|policy| policy == id)
    }
}

/// The trust that an operation of this kind needs.
#[must_use]
pub const fn trust_needed(access: Access) -> u8 {
    match access {
        Access::Read | Access::Presence => 1,
        Access::Write => 2,
        Access::Admin => 3,
        Access::Policy => 4,
    }
}

/// The policy that grants operations of this kind.
#[must_use]
pub const fn grants(access: Access) -> &'static str {
    match access {
        Access::Read | Access::Presence => id::READ,
        Access::Write => id::WRITE,
        Access::Admin => id::ADMIN,
        Access::Policy => id::POLICY,
    }
}

/// The decision in one sentence without its full stop.
#[must_use]
pub fn reason(question: &Question<'_>, decision: &Decision) -> String {
    let (profile, trust) = (&question.profile.name, question.profile.trust);
    let (name, agent) = (question.operation.name, &question.caller.agent_id);
    let needed = trust_needed(question.operation.access);
    if let Some(told) = &decision.told {
        return told.clone();
    }
    match decision.effect {
        Effect::Allow => format!("profile {profile} has trust {trust}, and {name} needs {needed}"),
        Effect::Ask => format!("a person approves each {name} of profile {profile}"),
        Effect::Deny if decision.has(id::SUSPENDED) => {
            format!("{agent} is suspended: profile {profile} has trust 0")
        }
        Effect::Deny if decision.has(id::PEOPLE) => format!("{name} is for a person at a terminal"),
        Effect::Deny if decision.has(id::BLOCKS) => format!("profile {profile} blocks {name}"),
        Effect::Deny if decision.has(id::NOT_LISTED) => {
            format!("{name} is not among the operations of profile {profile}")
        }
        Effect::Deny if decision.has(id::DOMAIN) => match question.resource {
            super::Resource::Domain { name, .. } => format!("{name} is not an allowed host"),
            _ => "the host is not allowed".into(),
        },
        Effect::Deny if decision.policies.is_empty() && trust < needed => {
            format!("{name} needs trust {needed}, and profile {profile} has {trust}")
        }
        Effect::Deny if decision.policies.is_empty() => format!("no policy permits {name}"),
        Effect::Deny => format!("policy {} forbids {name}", decision.policies.join(", ")),
    }
}
