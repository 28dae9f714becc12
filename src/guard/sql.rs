//! The statements on a person's rules and on what was caught.

use rusqlite::named_params;

use super::active::{category, severity};
use crate::context::Context;
use crate::failure::Outcome;
use crate::guardrails::{Category, Severity};
use crate::store::Tx;
use crate::time::Time;

/// What a person changed about a rule, or the rule that a person added.
#[derive(Clone, Debug)]
pub struct Row {
    pub rule: String,
    pub enabled: bool,
    pub category: Option<Category>,
    pub severity: Option<Severity>,
    pub min_trust: Option<u8>,
    pub pattern: Option<String>,
    pub explanation: Option<String>,
}

impl Row {
    /// A built-in rule that nothing was changed about.
    pub fn untouched(rule: &str) -> Self {
        Self {
            rule: rule.to_owned(),
            enabled: true,
            category: None,
            severity: None,
            min_trust: None,
            pattern: None,
            explanation: None,
        }
    }
}

/// Names the state of all rows: any change of any of them gives another one.
pub fn revision(tx: &Tx<'_>) -> Outcome<String> {
    let found = tx.one(
        "SELECT coalesce(group_concat(revision), '')
           FROM (SELECT revision FROM operation_guardrails ORDER BY rule)",
        [],
        |row| row.get(0),
    )?;
    Ok(found.unwrap_or_default())
}

/// Every row, by the rule's name.
pub fn rows(tx: &Tx<'_>) -> Outcome<Vec<Row>> {
    let found = tx.all(
        "SELECT rule, enabled, category, severity, min_trust, pattern, explanation
           FROM operation_guardrails ORDER BY rule",
        [],
        row,
    )?;
    Ok(found)
}

/// The row of one rule.
pub fn find(tx: &Tx<'_>, rule: &str) -> Outcome<Option<Row>> {
    let found = tx.one(
        "SELECT rule, enabled, category, severity, min_trust, pattern, explanation
           FROM operation_guardrails WHERE rule = :rule",
        named_params! { ":rule": rule },
        row,
    )?;
    Ok(found)
}

/// How many rules were added.
pub fn added_count(tx: &Tx<'_>) -> Outcome<i64> {
    let count =
        tx.one("SELECT count(*) FROM operation_guardrails WHERE pattern IS NOT NULL", [], |row| {
            row.get(0)
        })?;
    Ok(count.unwrap_or_default())
}

/// Keeps a row under a revision of its own.
pub fn keep(tx: &Tx<'_>, row: &Row, now: Time) -> Outcome<()> {
    tx.run(
        "INSERT INTO operation_guardrails (rule, enabled, category, severity, min_trust, pattern,
                explanation, revision, created_at, updated_at)
         VALUES (:rule, :enabled, :category, :severity, :trust, :pattern, :explanation, :revision,
                :now, :now)
         ON CONFLICT (rule) DO UPDATE
            SET enabled = excluded.enabled, severity = excluded.severity,
                min_trust = excluded.min_trust, revision = excluded.revision,
                updated_at = excluded.updated_at",
        named_params! {
            ":rule": row.rule,
            ":enabled": row.enabled,
            ":category": row.category.map(Category::as_str),
            ":severity": row.severity.map(Severity::as_str),
            ":trust": row.min_trust,
            ":pattern": row.pattern,
            ":explanation": row.explanation,
            ":revision": uuid::Uuid::new_v4().to_string(),
            ":now": now,
        },
    )?;
    Ok(())
}

/// One rule that a text broke.
pub struct Violation<'a> {
    pub operation: &'a str,
    pub rule: &'a str,
    pub category: Category,
    pub severity: Severity,
    pub matched_text: &'a str,
    pub blocked: bool,
    pub trust: u8,
}

/// Appends what was caught.
pub fn append(tx: &Tx<'_>, ctx: &Context, violation: &Violation<'_>) -> Outcome<()> {
    tx.run(
        "INSERT INTO guardrail_violations (violation_id, project, agent_id, agent_type, session_id,
                operation, rule, category, severity, matched_text, blocked, trust, at)
         VALUES (:id, :project, :agent_id, :agent_type, :session, :operation, :rule, :category,
                :severity, :text, :blocked, :trust, :now)",
        named_params! {
            ":id": uuid::Uuid::now_v7().to_string(),
            ":project": ctx.project(),
            ":agent_id": ctx.caller.agent_id,
            ":agent_type": ctx.caller.agent_type,
            ":session": ctx.caller.session_id,
            ":operation": violation.operation,
            ":rule": violation.rule,
            ":category": violation.category.as_str(),
            ":severity": violation.severity.as_str(),
            ":text": violation.matched_text,
            ":blocked": violation.blocked,
            ":trust": violation.trust,
            ":now": ctx.now,
        },
    )?;
    Ok(())
}

/// How often each rule was broken in a repository, and when last.
pub fn tally(tx: &Tx<'_>, project: &str) -> Outcome<Vec<(String, i64, Time)>> {
    let found = tx.all(
        "SELECT rule, count(*), max(at) FROM guardrail_violations
          WHERE project = :project GROUP BY rule",
        named_params! { ":project": project },
        |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
    )?;
    Ok(found)
}

fn row(row: &rusqlite::Row<'_>) -> rusqlite::Result<Row> {
    let word = |at: usize| row.get::<_, Option<String>>(at);
    Ok(Row {
        rule: row.get(0)?,
        enabled: row.get(1)?,
        category: word(2)?.as_deref().and_then(category),
        severity: word(3)?.as_deref().and_then(severity),
        min_trust: row.get(4)?,
        pattern: row.get(5)?,
        explanation: row.get(6)?,
    })
}
