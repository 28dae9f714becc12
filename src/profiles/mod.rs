//! Profiles: how far an agent is trusted, which operations it has, and what it may use up.
//!
//! - An agent has the profile assigned to its name, else to its type, else the one
//!   made for its type, else `unknown`.
//! - A subagent has its parent's profile, or an assigned one that is trusted no further.
//! - Decisions read a copy in memory; a change of a row makes it stale by itself (`schema/006`).
//! - Only a person raises trust: the tools that change profiles are for people.
//!
//! Not here: what a profile allows (`policy`), when counters are asked (`service`).

mod arguments;
mod builtin;
mod cache;
mod change;
mod people;
mod refusal;
mod sql;
mod tools;
mod usage;

use std::collections::BTreeSet;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::Serialize;

pub use arguments::{NAME_MAX, OPERATIONS_MAX};
pub use builtin::{PERSON, UNKNOWN, built_in};
pub use cache::{held, of, type_of};
pub use change::{AssignProfile, Assigned, Changed, SetProfile, known};
pub use people::{Assignment, ListProfiles, Profiles, ShowProfile, Shown};
pub use refusal::{Limit, ProfileRefusal};
pub use tools::{GetMyProfile, MyProfile, ProfileView, UsageView};
pub use usage::{Usage, charge, note_files, usage};

use crate::config::Config;
use crate::store::Store;

/// Every repository, or every profile, where a row names one.
pub const EVERY: &str = "*";
/// The trust of whoever edits policy, and the most there is.
pub const TRUST_MAX: u8 = 4;
/// Trust of an agent without a profile of its own, unless set otherwise.
pub const TRUST_DEFAULT: u8 = 2;

/// What an agent may use up; `None` is no limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Limits {
    /// Different files changed or locked for changing, in a day (UTC).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub files_per_day: Option<i64>,
    /// Time of being active, in a day (UTC).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seconds_per_day: Option<i64>,
    /// Calls in an hour.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub calls_per_hour: Option<i64>,
}

/// How far an agent is trusted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Profile {
    /// Its name.
    pub name: String,
    /// Agents of this type have it unless another is assigned.
    pub agent_type: Option<String>,
    /// For people.
    pub description: String,
    /// 0 suspended, 1 reads, 2 writes, 3 administers, 4 edits policy.
    pub trust: u8,
    /// These operations and no others; `None`: all that the trust allows.
    pub allowed: Option<BTreeSet<String>>,
    /// Never these.
    pub blocked: BTreeSet<String>,
    /// A person approves each call of these.
    pub ask: BTreeSet<String>,
    /// What may be used up.
    pub limits: Limits,
    /// A person made or changed it.
    pub own: bool,
}

/// Where an agent's profile comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
#[expect(missing_docs, reason = "a description of each would cost every model tokens")]
pub enum Source {
    Assignment,
    Default,
}

/// The profile that an agent has.
#[derive(Clone, Debug)]
pub struct Held {
    /// The profile.
    pub profile: Arc<Profile>,
    /// Where it comes from.
    pub source: Source,
}

/// The settings about profiles that are in force.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Trust of an agent without a profile of its own (0–4).
    pub default_trust: u8,
    /// Hold agents to their limits.
    pub enforce_limits: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self { default_trust: TRUST_DEFAULT, enforce_limits: true }
    }
}

impl Settings {
    /// As configured.
    #[must_use]
    pub fn of(config: &Config) -> Self {
        let trust = u8::try_from(config.profiles_default_trust()).unwrap_or(TRUST_DEFAULT);
        Self {
            default_trust: trust.min(TRUST_MAX),
            enforce_limits: config.profiles_enforce_limits(),
        }
    }
}

/// Puts settings in force for this store.
pub fn configure(store: &Store, settings: Settings) {
    cache::configure(&store.kept(), settings);
}
