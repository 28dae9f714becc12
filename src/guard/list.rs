//! The tool that shows the rules that hold.

use std::collections::HashMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::sql::{self, Row};
use crate::context::Context;
use crate::failure::Outcome;
use crate::guardrails::{Category, Severity, rules};
use crate::store::Tx;
use crate::time::Time;
use crate::tool::{Access, Audience, Hints, Progress, Tool};

/// See the guardrails: what each stops, who may pass, and how often it was broken here.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct ListGuardrails {
    /// `git`, `file`, `database`, `credential` or `deployment`.
    category: Option<String>,
    /// Only what a person added, changed or switched off.
    #[serde(default)]
    changed: bool,
}

/// The rules, built-in ones first.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Guardrails {
    guardrails: Vec<Guardrail>,
}

/// A rule as it holds.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Guardrail {
    pattern_name: String,
    category: &'static str,
    severity: &'static str,
    /// From this trust on it stops nobody; 5: nobody passes.
    min_trust: u8,
    /// `off`, or what a person did to it: `added`, `changed`.
    #[serde(skip_serializing_if = "Option::is_none")]
    state: Option<&'static str>,
    explanation: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    safer: Option<&'static str>,
    /// The regular expression of an added rule.
    #[serde(skip_serializing_if = "Option::is_none")]
    pattern: Option<String>,
    /// How often it was broken in this repository.
    #[serde(skip_serializing_if = "is_zero")]
    broken: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_broken: Option<Time>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's signature")]
const fn is_zero(count: &i64) -> bool {
    *count == 0
}

impl Tool for ListGuardrails {
    const NAME: &'static str = "list_guardrails";
    const TITLE: &'static str = "List guardrails";
    const ACCESS: Access = Access::Read;
    const AUDIENCE: Audience = Audience::Unlisted;
    const HINTS: Hints = Hints { idempotent: true, destructive: false };
    type Reply = Guardrails;

    fn run(&self, tx: &Tx<'_>, ctx: &Context) -> Outcome<Progress<Guardrails>> {
        let mut rows: HashMap<String, Row> =
            sql::rows(tx)?.into_iter().map(|row| (row.rule.clone(), row)).collect();
        let built_in: Vec<Guardrail> =
            rules().iter().map(|rule| Guardrail::built_in(rule, rows.remove(rule.id))).collect();
        let mut added: Vec<Guardrail> = rows.into_values().filter_map(Guardrail::added).collect();
        added.sort_by(|a, b| a.pattern_name.cmp(&b.pattern_name));
        let tally: HashMap<String, (i64, Time)> = sql::tally(tx, ctx.project())?
            .into_iter()
            .map(|(rule, count, last)| (rule, (count, last)))
            .collect();
        let wanted = |rule: &Guardrail| {
            self.category.as_ref().is_none_or(|category| *category == rule.category)
                && (!self.changed || rule.state.is_some())
        };
        let mut guardrails: Vec<Guardrail> =
            built_in.into_iter().chain(added).filter(wanted).collect();
        for rule in &mut guardrails {
            if let Some((count, last)) = tally.get(&rule.pattern_name) {
                (rule.broken, rule.last_broken) = (*count, Some(*last));
            }
        }
        Ok(Progress::Ended(Guardrails { guardrails }))
    }
}

impl Guardrail {
    fn built_in(rule: &crate::guardrails::Rule, row: Option<Row>) -> Self {
        let row = row.unwrap_or_else(|| Row::untouched(rule.id));
        let changed = row.severity.is_some() || row.min_trust.is_some();
        Self {
            pattern_name: rule.id.to_owned(),
            category: rule.category.as_str(),
            severity: row.severity.unwrap_or(rule.severity).as_str(),
            min_trust: row.min_trust.unwrap_or(rule.min_trust),
            state: if row.enabled { changed.then_some("changed") } else { Some("off") },
            explanation: rule.explanation.to_owned(),
            safer: rule.safer,
            pattern: None,
            broken: 0,
            last_broken: None,
        }
    }

    /// `None` for what was changed about a rule that this coord does not know.
    fn added(row: Row) -> Option<Self> {
        Some(Self {
            category: row.category.map(Category::as_str)?,
            severity: row.severity.map(Severity::as_str)?,
            min_trust: row.min_trust?,
            state: Some(if row.enabled { "added" } else { "off" }),
            explanation: row.explanation?,
            safer: None,
            pattern: Some(row.pattern?),
            pattern_name: row.rule,
            broken: 0,
            last_broken: None,
        })
    }
}
