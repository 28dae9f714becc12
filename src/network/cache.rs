//! The rules in memory, found by the labels of a host.
//!
//! - Good as long as `network_version` stays, which triggers change with every row.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use super::builtin::built_in;
use super::host::Host;
use super::rules::{Rule, Verdict, verdict};
use super::{NetworkPolicy, sql};
use crate::context::Context;
use crate::failure::Outcome;
use crate::store::{Tx, meta};

const VERSION: &str = "network_version";
/// Every project, or every profile.
const EVERY: &str = "*";

/// The copy, and the setting beside it.
#[derive(Default)]
pub struct Cache {
    default: RwLock<NetworkPolicy>,
    table: RwLock<Option<Arc<Table>>>,
}

struct Table {
    version: String,
    exact: HashMap<String, Vec<Rule>>,
    below: HashMap<String, Vec<Rule>>,
}

/// Puts a default in force.
pub fn configure(cache: &Cache, default: NetworkPolicy) {
    *cache.default.write().unwrap_or_else(PoisonError::into_inner) = default;
}

/// What the rules of this project say about a host for this profile. A project may close
/// what no rule names, and never open it.
///
/// # Errors
/// Faults only.
pub fn decide(tx: &Tx<'_>, ctx: &Context, profile: &str, host: &Host) -> Outcome<Verdict> {
    let table = table(tx)?;
    let cache = tx.kept::<Cache>();
    let default = *cache.default.read().unwrap_or_else(PoisonError::into_inner);
    let exact = table.exact.get(&host.name).into_iter().flatten();
    let levels = if host.address.is_some() { 0 } else { usize::MAX };
    let below = host.suffixes().skip(1).take(levels);
    let below = below.filter_map(|suffix| table.below.get(suffix)).flatten();
    let concerns = |rule: &&Rule| {
        (rule.project == EVERY || rule.project == ctx.project())
            && (rule.profile == EVERY || rule.profile == profile)
    };
    let open = default == NetworkPolicy::Allow && !ctx.settings.closed_to_unlisted;
    let matching: Vec<&Rule> = exact.chain(below).filter(concerns).collect();
    Ok(verdict(&matching, host.address.is_some(), open))
}

fn table(tx: &Tx<'_>) -> Outcome<Arc<Table>> {
    let version = meta::get(tx, VERSION)?.unwrap_or_default();
    let cache = tx.kept::<Cache>();
    let known = cache.table.read().unwrap_or_else(PoisonError::into_inner).clone();
    if let Some(known) = known.filter(|known| known.version == version) {
        return Ok(known);
    }
    let mut fresh = Table { version, exact: HashMap::new(), below: HashMap::new() };
    for rule in built_in().chain(sql::rules(tx)?) {
        let (map, name) = match rule.pattern.strip_prefix("*.") {
            Some(rest) => (&mut fresh.below, rest.to_owned()),
            None => (&mut fresh.exact, rule.pattern.clone()),
        };
        map.entry(name).or_default().push(rule);
    }
    let fresh = Arc::new(fresh);
    *cache.table.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&fresh));
    Ok(fresh)
}
