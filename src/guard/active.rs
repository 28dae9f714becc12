//! The rules that hold in a store, ready to be applied.
//!
//! - The copy is known by the revisions of all its rows, so each snapshot finds the
//!   rules that it sees, also after a restore.
//! - Without rows it is the built-in table, which is also what stands in when the
//!   rows cannot be read: there is no weaker set.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, PoisonError, RwLock};

use super::settings;
use super::sql::{self, Row};
use crate::failure::Outcome;
use crate::guardrails::{AddedRule, Category, Change, Overrides, RuleSet, Severity};
use crate::store::Tx;

/// The newest copy.
#[derive(Default)]
struct Copy(RwLock<Option<(String, Arc<RuleSet>)>>);

/// The rules as this transaction sees them.
///
/// # Errors
/// Faults, unless the built-in rules may stand in.
pub fn rules(tx: &Tx<'_>) -> Outcome<Arc<RuleSet>> {
    match kept(tx) {
        Err(failure) if settings(tx).code_fallback => {
            tracing::warn!(
                "the guardrails of this store cannot be read, so the built-in ones hold: {failure}"
            );
            Ok(Arc::new(RuleSet::default()))
        }
        rules => rules,
    }
}

fn kept(tx: &Tx<'_>) -> Outcome<Arc<RuleSet>> {
    let revision = sql::revision(tx)?;
    let copy = tx.kept::<Copy>();
    let known = copy.0.read().unwrap_or_else(PoisonError::into_inner).clone();
    if let Some((_, rules)) = known.filter(|(at, _)| *at == revision) {
        return Ok(rules);
    }
    let fresh = Arc::new(RuleSet::with_overrides(overrides(sql::rows(tx)?)));
    *copy.0.write().unwrap_or_else(PoisonError::into_inner) = Some((revision, Arc::clone(&fresh)));
    Ok(fresh)
}

fn overrides(rows: Vec<Row>) -> Overrides {
    let (mut disabled, mut changed, mut added) = (BTreeSet::new(), BTreeMap::new(), Vec::new());
    for row in rows {
        if !row.enabled {
            disabled.insert(row.rule.clone());
        }
        match added_rule(&row) {
            Some(rule) => added.push(rule),
            None => {
                let change = Change { severity: row.severity, min_trust: row.min_trust };
                changed.insert(row.rule, change);
            }
        }
    }
    Overrides { disabled, changed, added }
}

fn added_rule(row: &Row) -> Option<AddedRule> {
    let grave = (row.severity?, row.min_trust?);
    let (pattern, why) = (row.pattern.as_deref()?, row.explanation.as_deref()?);
    Some(AddedRule::new(&row.rule, row.category?, grave, pattern, why))
}

/// The category behind a word in the database.
pub fn category(word: &str) -> Option<Category> {
    use Category::{Credential, Database, Deployment, File, Git};
    [Git, File, Database, Credential, Deployment].into_iter().find(|one| one.as_str() == word)
}

/// The severity behind a word in the database.
pub fn severity(word: &str) -> Option<Severity> {
    [Severity::Log, Severity::Warn, Severity::Block].into_iter().find(|one| one.as_str() == word)
}
