//! The rules that hold: the built-in ones with a person's changes.
//!
//! - Without changes this is the built-in table itself; there is no weaker set.
//! - An added pattern is compiled when it is first needed, never at start.
//!
//! Not here: where changes are stored.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

use regex::Regex;

use crate::guardrails::rules::{self, Category, Severity};

/// Largest compiled pattern, in bytes.
const PATTERN_LIMIT: usize = 1 << 20;

/// A person's change of a built-in rule.
#[derive(Clone, Copy, Debug, Default)]
pub struct Change {
    /// The new severity, if changed.
    pub severity: Option<Severity>,
    /// The new minimum trust, if changed.
    pub min_trust: Option<u8>,
}

/// A rule that a person added: a pattern against what would run.
#[derive(Debug)]
pub struct AddedRule {
    /// Its name.
    pub id: String,
    /// What it protects.
    pub category: Category,
    /// How grave it is.
    pub severity: Severity,
    /// The trust from which it no longer stops anybody.
    pub min_trust: u8,
    /// The regular expression, matched without regard to case.
    pub pattern: String,
    /// Why it exists.
    pub explanation: String,
    compiled: OnceLock<Option<Regex>>,
}

impl AddedRule {
    /// A rule from its parts; [`AddedRule::problem`] says whether the pattern is one.
    #[must_use]
    pub fn new(
        id: &str,
        category: Category,
        grave: (Severity, u8),
        pattern: &str,
        explanation: &str,
    ) -> Self {
        Self {
            id: id.to_owned(),
            category,
            severity: grave.0,
            min_trust: grave.1,
            pattern: pattern.to_owned(),
            explanation: explanation.to_owned(),
            compiled: OnceLock::new(),
        }
    }

    /// What is wrong with the pattern, if anything.
    #[must_use]
    pub fn problem(&self) -> Option<String> {
        build(&self.pattern).err().map(|error| error.to_string())
    }

    fn regex(&self) -> Option<&Regex> {
        self.compiled.get_or_init(|| build(&self.pattern).ok()).as_ref()
    }
}

fn build(pattern: &str) -> Result<Regex, regex::Error> {
    regex::RegexBuilder::new(pattern).case_insensitive(true).size_limit(PATTERN_LIMIT).build()
}

/// A person's changes.
#[derive(Debug, Default)]
pub struct Overrides {
    /// Rules that are switched off.
    pub disabled: BTreeSet<String>,
    /// Rules that are changed.
    pub changed: BTreeMap<String, Change>,
    /// Rules that are added.
    pub added: Vec<AddedRule>,
}

/// The rules that hold.
#[derive(Debug, Default)]
pub struct RuleSet {
    overrides: Overrides,
}

/// A rule as it holds.
#[derive(Clone, Debug)]
pub struct Active<'r> {
    /// What it protects.
    pub category: Category,
    /// How grave it is.
    pub severity: Severity,
    /// The trust from which it no longer stops anybody.
    pub min_trust: u8,
    /// Why it exists.
    pub explanation: Cow<'static, str>,
    /// What to do instead.
    pub safer: Option<Cow<'static, str>>,
    /// The added rule behind it, if it is none of the built-in ones.
    pub added: Option<&'r AddedRule>,
}

static BUILTIN: RuleSet = RuleSet {
    overrides: Overrides { disabled: BTreeSet::new(), changed: BTreeMap::new(), added: Vec::new() },
};

impl RuleSet {
    /// The built-in rules, unchanged.
    #[must_use]
    pub fn builtin() -> &'static Self {
        &BUILTIN
    }

    /// The built-in rules with a person's changes.
    #[must_use]
    pub const fn with_overrides(overrides: Overrides) -> Self {
        Self { overrides }
    }

    /// The rule of that name as it holds; `None` if unknown or switched off.
    #[must_use]
    pub fn get(&self, id: &str) -> Option<Active<'_>> {
        if self.overrides.disabled.contains(id) {
            return None;
        }
        let change = self.overrides.changed.get(id).copied().unwrap_or_default();
        if let Some(rule) = rules::find(id) {
            return Some(Active {
                category: rule.category,
                severity: change.severity.unwrap_or(rule.severity),
                min_trust: change.min_trust.unwrap_or(rule.min_trust),
                explanation: Cow::Borrowed(rule.explanation),
                safer: rule.safer.map(Cow::Borrowed),
                added: None,
            });
        }
        let rule = self.overrides.added.iter().find(|rule| rule.id == id)?;
        Some(Active {
            category: rule.category,
            severity: change.severity.unwrap_or(rule.severity),
            min_trust: change.min_trust.unwrap_or(rule.min_trust),
            explanation: Cow::Owned(rule.explanation.clone()),
            safer: None,
            added: Some(rule),
        })
    }

    /// Whether a person added rules.
    #[must_use]
    pub const fn has_added(&self) -> bool {
        !self.overrides.added.is_empty()
    }

    /// Names of the added rules whose pattern matches.
    #[must_use]
    pub fn added_matching(&self, text: &str) -> Vec<String> {
        let rules = self.overrides.added.iter();
        rules
            .filter(|rule| rule.regex().is_some_and(|regex| regex.is_match(text)))
            .map(|rule| rule.id.clone())
            .collect()
    }
}
