//! Which of the matching rules decides: pure.

use serde::{Deserialize, Serialize};

/// What a rule does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Effect {
    Allow,
    Block,
}

impl Effect {
    /// As rows have it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Block => "block",
        }
    }
}

/// A rule about hosts.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the columns of network_domains")]
pub struct Rule {
    pub project: String,
    pub profile: String,
    pub pattern: String,
    pub effect: Effect,
    pub priority: i64,
    pub reason: Option<String>,
}

/// What the rules say about a host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// Whether it may be reached.
    pub allowed: bool,
    /// `allowed`, `blocked`, `unlisted` or `address`.
    pub reason: &'static str,
    /// The pattern that decided.
    pub rule: Option<String>,
}

/// The verdict of the rules that match a host.
pub fn verdict(matching: &[&Rule], is_address: bool, open: bool) -> Verdict {
    let decides = matching.iter().max_by_key(|rule| (rule.priority, rule.effect == Effect::Block));
    match decides {
        Some(rule) => Verdict {
            allowed: rule.effect == Effect::Allow,
            reason: if rule.effect == Effect::Allow { "allowed" } else { "blocked" },
            rule: Some(rule.pattern.clone()),
        },
        // No list of names can vouch for a bare address.
        None if is_address => Verdict { allowed: false, reason: "address", rule: None },
        None => Verdict { allowed: open, reason: "unlisted", rule: None },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(effect: Effect, priority: i64) -> Rule {
        Rule {
            project: "*".into(),
            profile: "*".into(),
            pattern: format!("{priority}.example"),
            effect,
            priority,
            reason: None,
        }
    }

    #[test]
    fn the_highest_priority_decides_and_between_equals_a_block() {
        use Effect::{Allow, Block};
        let cases = [
            (vec![], false),
            (vec![rule(Allow, 1)], true),
            (vec![rule(Allow, 1), rule(Block, 1)], false),
            (vec![rule(Block, 1), rule(Allow, 1)], false),
            (vec![rule(Block, 1), rule(Allow, 2)], true),
            (vec![rule(Allow, 2), rule(Block, 3), rule(Allow, 1)], false),
        ];
        for (rules, allowed) in cases {
            assert_eq!(
                verdict(&rules.iter().collect::<Vec<_>>(), false, false).allowed,
                allowed,
                "{rules:?}"
            );
        }
    }

    #[test]
    fn what_nobody_named_is_as_the_default_says_but_never_an_address() {
        assert!(verdict(&[], false, true).allowed);
        assert!(!verdict(&[], true, true).allowed);
        assert!(verdict(&[&rule(Effect::Allow, 1)], true, false).allowed);
    }
}
