//! The tools by which a person changes the rules.
//!
//! - Every change needs a person at a terminal.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::GuardRefusal;
use super::limits::{self, ADDED_MAX, EXPLANATION_MAX, NAME_MAX, PATTERN_MAX};
use super::sql::{self, Row};
use crate::context::Context;
use crate::failure::Outcome;
use crate::guardrails::{Category, NOBODY, Rule, Severity, rules};
use crate::store::{Topic, Tx};
use crate::tool::{Access, Audience, Hints, Progress, Tool};

/// What a rule protects.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
pub enum Area {
    Git,
    File,
    Database,
    Credential,
    Deployment,
}

/// How grave a broken rule is.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
pub enum Weight {
    Log,
    Warn,
    Block,
}

impl From<Area> for Category {
    fn from(area: Area) -> Self {
        match area {
            Area::Git => Self::Git,
            Area::File => Self::File,
            Area::Database => Self::Database,
            Area::Credential => Self::Credential,
            Area::Deployment => Self::Deployment,
        }
    }
}

impl From<Weight> for Severity {
    fn from(weight: Weight) -> Self {
        match weight {
            Weight::Log => Self::Log,
            Weight::Warn => Self::Warn,
            Weight::Block => Self::Block,
        }
    }
}

/// A rule after the change.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Ruled {
    pattern_name: String,
    enabled: bool,
    severity: &'static str,
    min_trust: u8,
}

/// Add a guardrail: a regular expression that is held against every command that would run.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct AddGuardrail {
    /// Its name, for answers and for changing it.
    #[schemars(length(min = 1, max = NAME_MAX))]
    pattern_name: String,
    /// Matched without regard to case against each command as it would run.
    #[schemars(length(min = 1, max = PATTERN_MAX))]
    pattern: String,
    /// Why, for the agent that is stopped by it.
    #[schemars(length(min = 1, max = EXPLANATION_MAX))]
    explanation: String,
    #[serde(default = "file")]
    category: Area,
    #[serde(default = "block")]
    severity: Weight,
    /// From this trust on it stops nobody.
    #[serde(default = "three")]
    #[schemars(range(min = 0, max = 5))]
    min_trust: i64,
}

const fn file() -> Area {
    Area::File
}

const fn block() -> Weight {
    Weight::Block
}

const fn three() -> i64 {
    3
}

impl Tool for AddGuardrail {
    const NAME: &'static str = "add_guardrail";
    const TITLE: &'static str = "Add a guardrail";
    const ACCESS: Access = Access::Policy;
    const AUDIENCE: Audience = Audience::People;
    const GROWS: bool = true;
    type Reply = Ruled;

    fn prepare(&mut self, _: &Context) -> Outcome<()> {
        limits::name(&self.pattern_name)?;
        limits::pattern(&self.pattern)?;
        if self.explanation.trim().is_empty() {
            return Err(GuardRefusal::NoExplanation.into());
        }
        limits::text("explanation", &self.explanation, EXPLANATION_MAX)?;
        limits::trust(self.min_trust)?;
        Ok(())
    }

    fn run(&self, tx: &Tx<'_>, ctx: &Context) -> Outcome<Progress<Ruled>> {
        let name = &self.pattern_name;
        if built_in(name).is_some() || sql::find(tx, name)?.is_some() {
            return Err(GuardRefusal::Exists { name: name.clone() }.into());
        }
        if sql::added_count(tx)? >= ADDED_MAX {
            return Err(GuardRefusal::Full.into());
        }
        let row = Row {
            rule: name.clone(),
            enabled: true,
            category: Some(self.category.into()),
            severity: Some(self.severity.into()),
            min_trust: Some(limits::trust(self.min_trust)?),
            pattern: Some(self.pattern.clone()),
            explanation: Some(self.explanation.trim().to_owned()),
        };
        keep(tx, ctx, &row)
    }
}

/// Switch a guardrail off.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct DisableGuardrail {
    pattern_name: String,
}

impl Tool for DisableGuardrail {
    const NAME: &'static str = "disable_guardrail";
    const TITLE: &'static str = "Switch a guardrail off";
    const ACCESS: Access = Access::Policy;
    const AUDIENCE: Audience = Audience::People;
    const HINTS: Hints = Hints { idempotent: true, destructive: true };
    type Reply = Ruled;

    fn run(&self, tx: &Tx<'_>, ctx: &Context) -> Outcome<Progress<Ruled>> {
        let row = Row { enabled: false, ..row_of(tx, &self.pattern_name)? };
        keep(tx, ctx, &row)
    }
}

/// Switch a guardrail on again.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct EnableGuardrail {
    pattern_name: String,
}

impl Tool for EnableGuardrail {
    const NAME: &'static str = "enable_guardrail";
    const TITLE: &'static str = "Switch a guardrail on";
    const ACCESS: Access = Access::Policy;
    const AUDIENCE: Audience = Audience::People;
    const HINTS: Hints = Hints { idempotent: true, destructive: false };
    type Reply = Ruled;

    fn run(&self, tx: &Tx<'_>, ctx: &Context) -> Outcome<Progress<Ruled>> {
        let row = Row { enabled: true, ..row_of(tx, &self.pattern_name)? };
        keep(tx, ctx, &row)
    }
}

/// Change how grave a guardrail is, or who may pass it.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct SetGuardrail {
    pattern_name: String,
    severity: Option<Weight>,
    /// From this trust on it stops nobody.
    #[schemars(range(min = 0, max = 5))]
    min_trust: Option<i64>,
}

impl Tool for SetGuardrail {
    const NAME: &'static str = "set_guardrail";
    const TITLE: &'static str = "Change a guardrail";
    const ACCESS: Access = Access::Policy;
    const AUDIENCE: Audience = Audience::People;
    const HINTS: Hints = Hints { idempotent: true, destructive: true };
    type Reply = Ruled;

    fn prepare(&mut self, _: &Context) -> Outcome<()> {
        if self.severity.is_none() && self.min_trust.is_none() {
            return Err(GuardRefusal::NothingToSet.into());
        }
        Ok(())
    }

    fn run(&self, tx: &Tx<'_>, ctx: &Context) -> Outcome<Progress<Ruled>> {
        let row = row_of(tx, &self.pattern_name)?;
        let min_trust = self.min_trust.map(limits::trust).transpose()?;
        let fixed = built_in(&row.rule).is_some_and(|rule| rule.min_trust == NOBODY);
        if fixed && min_trust.is_some_and(|trust| trust < NOBODY) {
            return Err(GuardRefusal::Fixed { name: row.rule }.into());
        }
        let severity = self.severity.map(Severity::from).or(row.severity);
        let row = Row { severity, min_trust: min_trust.or(row.min_trust), ..row };
        keep(tx, ctx, &row)
    }
}

fn built_in(name: &str) -> Option<&'static Rule> {
    rules().iter().find(|rule| rule.id == name)
}

/// The row of a rule that exists, whether or not anything was changed about it.
fn row_of(tx: &Tx<'_>, name: &str) -> Outcome<Row> {
    if let Some(row) = sql::find(tx, name)? {
        return Ok(row);
    }
    if built_in(name).is_some() {
        return Ok(Row::untouched(name));
    }
    let nearest = rules()
        .iter()
        .map(|rule| (strsim::jaro_winkler(name, rule.id), rule.id))
        .filter(|(likeness, _)| *likeness > 0.8)
        .max_by(|a, b| a.0.total_cmp(&b.0));
    let nearest = nearest.map(|(_, id)| id.to_owned());
    Err(GuardRefusal::Unknown { name: name.chars().take(NAME_MAX).collect(), nearest }.into())
}

fn keep(tx: &Tx<'_>, ctx: &Context, row: &Row) -> Outcome<Progress<Ruled>> {
    sql::keep(tx, row, ctx.now)?;
    tx.changed(Topic::Guardrails);
    // A rule without a row of its own is as built in, and one that was added is whole.
    let rule = built_in(&row.rule);
    let severity = row.severity.or(rule.map(|rule| rule.severity)).unwrap_or(Severity::Block);
    let min_trust = row.min_trust.or(rule.map(|rule| rule.min_trust)).unwrap_or(NOBODY);
    Ok(Progress::Ended(Ruled {
        pattern_name: row.rule.clone(),
        enabled: row.enabled,
        severity: severity.as_str(),
        min_trust,
    }))
}
