//! Makes a decision of what was found.
//!
//! - The gravest finding that the agent may not pass decides.
//! - Trust never hides a finding: a bypassed rule is still listed.
//! - Something unknown is at least warned of.
//!
//! Not here: finding (`machine`), the rules (`rules`, `ruleset`).

use std::borrow::Cow;

use serde::Serialize;

use crate::guardrails::effect::{Effect, PathRef, Reach, Verb};
use crate::guardrails::glob::glob_matches;
use crate::guardrails::input::Setting;
use crate::guardrails::parse::Span;
use crate::guardrails::paths;
use crate::guardrails::report::{Hit, Report, Unknown};
use crate::guardrails::rules::{Category, Severity};

/// What is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Decision {
    /// Nothing was found.
    Allow,
    /// Note it and go on.
    Log,
    /// Warn and go on.
    Warn,
    /// Stop.
    Block,
}

impl Decision {
    /// The name as written in answers.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Log => "log",
            Self::Warn => "warn",
            Self::Block => "block",
        }
    }
}

impl From<Severity> for Decision {
    fn from(severity: Severity) -> Self {
        match severity {
            Severity::Log => Self::Log,
            Severity::Warn => Self::Warn,
            Severity::Block => Self::Block,
        }
    }
}

/// A rule that is broken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Violation {
    /// The rule's name.
    pub rule: Cow<'static, str>,
    /// What it protects.
    pub category: Category,
    /// How grave it is, after a person's changes and what is known of the tree.
    pub severity: Severity,
    /// The command as it would run, at most 200 characters.
    pub matched_text: String,
    /// Whether this stops the agent.
    pub blocked: bool,
    /// Whether the agent's trust lets it pass.
    pub bypassed_by_trust: bool,
    /// Why the rule exists.
    pub explanation: Cow<'static, str>,
    /// What to do instead.
    pub safer: Option<Cow<'static, str>>,
    /// Where the command stands, in bytes of the text.
    pub span: Option<Span>,
}

/// The answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Verdict {
    /// What is to be done.
    pub decision: Decision,
    /// Rules broken, gravest first.
    pub violations: Vec<Violation>,
    /// Paths that would be written, created, moved or deleted.
    pub effects: Vec<Effect>,
    /// What could not be known.
    pub unknowns: Vec<Unknown>,
}

/// Weighs what was found.
pub fn weigh(mut report: Report, setting: &Setting<'_>) -> Verdict {
    foreign(&mut report, setting);
    let mut violations: Vec<Violation> =
        report.hits.into_iter().filter_map(|hit| violation(hit, setting)).collect();
    violations.sort_by_key(|violation| {
        (violation.bypassed_by_trust, std::cmp::Reverse(violation.severity))
    });
    let gravest = violations.iter().filter(|violation| !violation.bypassed_by_trust);
    let mut decision = gravest
        .map(|violation| Decision::from(violation.severity))
        .max()
        .unwrap_or(Decision::Allow);
    if !report.unknowns.is_empty() {
        decision = decision.max(Decision::Warn);
    }
    Verdict { decision, violations, effects: report.effects, unknowns: report.unknowns }
}

fn violation(hit: Hit, setting: &Setting<'_>) -> Option<Violation> {
    let rule = setting.rules.get(&hit.rule)?;
    let clean = setting.state.tree_is_clean == Some(true)
        && matches!(&*hit.rule, "git_reset_hard" | "git_discard_tree");
    let severity = if clean { rule.severity.min(Severity::Warn) } else { rule.severity };
    let bypassed =
        setting.trust >= rule.min_trust && rule.min_trust < crate::guardrails::rules::NOBODY;
    Some(Violation {
        rule: hit.rule,
        category: rule.category,
        severity,
        matched_text: paths::shown(hit.text),
        blocked: severity == Severity::Block && !bypassed,
        bypassed_by_trust: bypassed,
        explanation: rule.explanation,
        safer: rule.safer,
        span: hit.span,
    })
}

/// Effects on what other agents hold.
fn foreign(report: &mut Report, setting: &Setting<'_>) {
    for hold in setting.state.foreign {
        let touched = report.effects.iter().find(|effect| touches(effect, hold.path, setting));
        if let Some(effect) = touched {
            let text = format!("{} is held by {}", hold.path, hold.agent);
            let span = effect.span;
            report.hit("foreign_hold", &text, span);
        }
    }
}

fn touches(effect: &Effect, held: &str, setting: &Setting<'_>) -> bool {
    let root = setting.cwd.unwrap_or(paths::REPO);
    let home = setting.home.unwrap_or(paths::HOME);
    let held = paths::resolve(held, root, home);
    let inside = paths::below(&held, root).is_some();
    match (&effect.path, effect.verb) {
        (_, verb) if verb.reach() == Reach::Worktree => inside,
        (PathRef::Unknown, Verb::DeleteTree) => true,
        (PathRef::Unknown, _) => false,
        (PathRef::Literal(path), verb) => {
            let path = paths::resolve(path, root, home);
            path == held
                || (verb.reach() == Reach::Below && paths::below(&held, &path).is_some())
                || paths::below(&path, &held).is_some()
        }
        (PathRef::Pattern(path), _) => glob_matches(&paths::resolve(path, root, home), &held),
    }
}
