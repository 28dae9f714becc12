//! Which profile a caller has, from a copy of the rows in memory.
//!
//! - The copy is good as long as `profiles_version` stays; triggers change it with
//!   every row, in the same transaction, so each snapshot finds its own truth.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, PoisonError, RwLock};

use super::sql::{self, Row};
use super::{EVERY, Held, PERSON, Profile, Settings, Source, UNKNOWN, built_in};
use crate::context::{Caller, Context};
use crate::failure::Outcome;
use crate::store::{Tx, meta};

/// What the triggers change.
const VERSION: &str = "profiles_version";

/// The copy, and the settings beside it.
#[derive(Default)]
pub struct Cache {
    settings: RwLock<Settings>,
    table: RwLock<Option<Arc<Table>>>,
}

/// All profiles and assignments at one version.
pub struct Table {
    version: String,
    default_trust: u8,
    /// By name.
    pub profiles: BTreeMap<String, Arc<Profile>>,
    by_type: HashMap<String, Arc<Profile>>,
    /// By kind of subject, subject and project.
    assigned: HashMap<(bool, String, String), String>,
}

/// Puts settings in force.
pub fn configure(cache: &Cache, settings: Settings) {
    *cache.settings.write().unwrap_or_else(PoisonError::into_inner) = settings;
    *cache.table.write().unwrap_or_else(PoisonError::into_inner) = None;
}

/// The settings in force.
pub fn settings(tx: &Tx<'_>) -> Settings {
    *tx.kept::<Cache>().settings.read().unwrap_or_else(PoisonError::into_inner)
}

/// The copy as this transaction sees the rows.
pub fn table(tx: &Tx<'_>) -> Outcome<Arc<Table>> {
    let version = meta::get(tx, VERSION)?.unwrap_or_default();
    let cache = tx.kept::<Cache>();
    let known = cache.table.read().unwrap_or_else(PoisonError::into_inner).clone();
    if let Some(known) = known.filter(|known| known.version == version) {
        return Ok(known);
    }
    let default_trust = settings(tx).default_trust;
    let fresh = Arc::new(Table::load(tx, version, default_trust)?);
    *cache.table.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&fresh));
    Ok(fresh)
}

/// The profile that the caller has in this project.
///
/// # Errors
/// Faults only.
pub fn of(tx: &Tx<'_>, caller: &Caller, project: &str) -> Outcome<Held> {
    let table = table(tx)?;
    if caller.person || is_coordinator(caller) {
        return Ok(Held { profile: table.named(PERSON), source: Source::Default });
    }
    let own = table.of(&caller.agent_id, &caller.agent_type, project);
    let parent = match caller.rule.as_str() {
        "subagent" => parent(tx, &caller.session_id)?,
        _ => None,
    };
    let Some((agent_id, agent_type)) = parent else { return Ok(own) };
    let parents = table.of(&agent_id, &agent_type, project);
    let own_stands = own.source == Source::Assignment && own.profile.trust <= parents.profile.trust;
    Ok(if own_stands { own } else { parents })
}

/// The profile that the caller has here, with the trust that the project leaves it.
///
/// # Errors
/// Faults only.
pub fn held(tx: &Tx<'_>, ctx: &Context) -> Outcome<Held> {
    let held = of(tx, &ctx.caller, ctx.project())?;
    let unknown = held.source == Source::Default && held.profile.name == UNKNOWN;
    let ceiling = ctx.settings.trust_ceiling.filter(|most| unknown && *most < held.profile.trust);
    Ok(match ceiling {
        None => held,
        Some(trust) => {
            let profile = Profile { trust, ..Profile::clone(&held.profile) };
            Held { profile: Arc::new(profile), ..held }
        }
    })
}

/// The type that an agent of this name was last seen with.
///
/// # Errors
/// Faults only.
pub fn type_of(tx: &Tx<'_>, agent_id: &str) -> Outcome<Option<String>> {
    Ok(sql::type_of(tx, agent_id)?)
}

/// The coordinator's own workers; no connection is ever given this rule.
pub fn is_coordinator(caller: &Caller) -> bool {
    caller.rule == "worker"
}

/// The agent in whose session a subagent runs.
fn parent(tx: &Tx<'_>, session_id: &str) -> Outcome<Option<(String, String)>> {
    match session_id.rsplit_once('/') {
        Some((parent, _)) => Ok(sql::bearer(tx, parent)?),
        None => Ok(None),
    }
}

impl Table {
    fn load(tx: &Tx<'_>, version: String, default_trust: u8) -> Outcome<Self> {
        let mut profiles: BTreeMap<String, Arc<Profile>> = built_in()
            .map(|mut profile| {
                if profile.name == UNKNOWN {
                    profile.trust = default_trust;
                }
                (profile.name.clone(), Arc::new(profile))
            })
            .collect();
        for Row { profile, .. } in sql::profiles(tx)? {
            profiles.insert(profile.name.clone(), Arc::new(profile));
        }
        // A profile that a person made for a type wins over the built-in one.
        let mut by_type = HashMap::new();
        for own in [false, true] {
            for profile in profiles.values().filter(|profile| profile.own == own) {
                if let Some(kind) = &profile.agent_type {
                    by_type.insert(kind.clone(), Arc::clone(profile));
                }
            }
        }
        let assigned = sql::assignments(tx)?
            .into_iter()
            .map(|row| ((row.subject_kind == "agent", row.subject, row.project), row.profile));
        let assigned = assigned.collect();
        Ok(Self { version, default_trust, profiles, by_type, assigned })
    }

    /// The profile of that name; a name that is gone has the least trust of all.
    fn named(&self, name: &str) -> Arc<Profile> {
        let gone = || Profile { name: name.into(), ..Profile::default() };
        self.profiles.get(name).cloned().unwrap_or_else(|| Arc::new(gone()))
    }

    fn assigned(&self, agent: bool, subject: &str, project: &str) -> Option<Arc<Profile>> {
        if self.assigned.is_empty() {
            return None;
        }
        let at = |project: &str| self.assigned.get(&(agent, subject.into(), project.into()));
        at(project).or_else(|| at(EVERY)).map(|name| self.named(name))
    }

    fn of(&self, agent_id: &str, agent_type: &str, project: &str) -> Held {
        let assigned = self
            .assigned(true, agent_id, project)
            .or_else(|| self.assigned(false, agent_type, project));
        if let Some(profile) = assigned {
            return Held { profile, source: Source::Assignment };
        }
        // Nobody becomes a person by calling itself one.
        let made = self
            .by_type
            .get(agent_type)
            .or_else(|| self.profiles.get(agent_type).filter(|profile| profile.name != PERSON));
        let profile = made.cloned().unwrap_or_else(|| self.named(UNKNOWN));
        Held { profile, source: Source::Default }
    }

    /// Trust of `unknown` unless a row says otherwise.
    pub const fn default_trust(&self) -> u8 {
        self.default_trust
    }
}
