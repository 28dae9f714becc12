//! What was caught, as it is kept and shown.
//!
//! - A matched text is kept without secrets.

use std::collections::BTreeSet;

use super::sql;
use crate::audit::redact::redact_text;
use crate::context::Context;
use crate::failure::Outcome;
use crate::guardrails::{Category, Severity, Violation};
use crate::store::{Topic, Tx};

/// Rows that one call leaves at most: a hostile text is not to fill the disk.
const MOST: usize = 50;

/// A rule that a call's text broke.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caught {
    /// The rule's name.
    pub rule: String,
    /// What it protects.
    pub category: Category,
    /// How grave it was here.
    pub severity: Severity,
    /// What would run, at most 200 characters, without secrets.
    pub matched_text: String,
    /// Whether it stopped the caller.
    pub blocked: bool,
    /// Whether the caller's trust let it pass.
    pub bypassed: bool,
    /// Why the rule exists.
    pub explanation: String,
    /// What to do instead.
    pub safer: Option<String>,
    /// How far the caller was trusted.
    pub trust: u8,
}

impl Caught {
    /// What the engine found, for somebody of this trust.
    #[must_use]
    pub fn of(violation: &Violation, trust: u8) -> Self {
        Self {
            rule: violation.rule.clone().into_owned(),
            category: violation.category,
            severity: violation.severity,
            matched_text: redact_text(&violation.matched_text),
            blocked: violation.blocked,
            bypassed: violation.bypassed_by_trust,
            explanation: violation.explanation.clone().into_owned(),
            safer: violation.safer.clone().map(Into::into),
            trust,
        }
    }
}

/// Keeps what a call's text broke, each rule and text once.
///
/// # Errors
/// Faults only.
pub fn note(tx: &Tx<'_>, ctx: &Context, operation: &str, caught: &[Caught]) -> Outcome<()> {
    let mut seen = BTreeSet::new();
    for one in caught {
        let text = one.matched_text.replace('\0', "\u{FFFD}");
        if seen.len() == MOST || !seen.insert((one.rule.as_str(), text.clone())) {
            continue;
        }
        let violation = sql::Violation {
            operation,
            rule: &one.rule,
            category: one.category,
            severity: one.severity,
            matched_text: &text,
            blocked: one.blocked,
            trust: one.trust,
        };
        sql::append(tx, ctx, &violation)?;
    }
    if !seen.is_empty() {
        tx.changed(Topic::Guardrails);
    }
    Ok(())
}
