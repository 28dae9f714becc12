//! Policy: may this caller do this to that? Asked for every call, in its transaction.
//!
//! - Two engines answer one question, native and Cedar; on the built-in policies they
//!   answer alike, down to which policy decided.
//! - What no policy permits is refused; a forbid wins over every permit; a forbid with
//!   `@ask` is a question to a person.
//! - A project's own files may only forbid, never permit; they hold with either engine.
//! - A set of policies that is broken never takes the place of one that works.
//!
//! Not here: trust and limits (`profiles`), lists of hosts (`network`), what becomes of
//! a question to a person (`approvals`).

mod cedar;
mod change;
mod check;
mod decision;
mod explain;
mod groups;
mod limits;
mod list;
mod native;
mod problem;
mod refusal;
mod schema;
mod sets;
mod source;
mod sql;
mod validate;
mod watch;

use std::path::PathBuf;
use std::sync::{PoisonError, RwLock};

use serde_json::{Map, Value};

pub use change::{AddPolicy, DisablePolicy, PolicyChanged};
pub use check::{CheckPolicy, Verdict};
pub use decision::{Decision, Effect, reason};
pub use explain::{ExplainPolicy, Explained};
pub use groups::{ChangeGroup, GroupChanged, ListGroups, Listing, MEMBERS_MAX};
pub use limits::{NESTING_MAX, OPERATORS_MAX, POLICIES_MAX, TEXT_MAX};
pub use list::{ListPolicies, Policies};
pub use problem::Problem;
pub use refusal::PolicyRefusal;
pub use validate::{ValidateCedarPolicy, Validated};
pub use watch::project_files;

use crate::config::{Config, PolicyEngine};
use crate::context::{Caller, Context};
use crate::failure::Outcome;
use crate::operations::Operation;
use crate::profiles::{Held, Profile};
use crate::store::{Store, Tx};

/// What is asked about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Resource {
    /// The repository as a whole.
    Project,
    /// A path in it.
    File(String),
    /// A piece of work.
    Task(String),
    /// A host, and whether the lists let it be reached.
    Domain {
        /// As it was understood.
        name: String,
        /// What the lists say.
        permitted: bool,
    },
}

/// A question to an engine.
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    /// Who asks.
    pub caller: &'a Caller,
    /// With this profile.
    pub profile: &'a Profile,
    /// In this project.
    pub project: &'a str,
    /// To do what.
    pub operation: Operation,
    /// To what.
    pub resource: &'a Resource,
    /// What else was told: `command`, `method`, `branch`, `reason`.
    pub context: &'a Map<String, Value>,
}

/// The settings about policy that are in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Which engine answers.
    pub engine: PolicyEngine,
    /// An own Cedar schema.
    pub schema_path: Option<PathBuf>,
    /// Whether the built-in policies stand in when others cannot be used.
    pub fallback: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self { engine: PolicyEngine::Native, schema_path: None, fallback: true }
    }
}

impl Settings {
    /// As configured.
    #[must_use]
    pub fn of(config: &Config) -> Self {
        Self {
            engine: config.policy_engine(),
            schema_path: config.cedar_schema_path(),
            fallback: config.policy_code_fallback(),
        }
    }
}

#[derive(Default)]
struct InForce(RwLock<Settings>);

/// Puts settings in force for this store.
pub fn configure(store: &Store, settings: Settings) {
    sets::configure(&store.kept(), &settings);
    *store.kept::<InForce>().0.write().unwrap_or_else(PoisonError::into_inner) = settings;
}

/// Which engine is in force.
#[must_use]
pub fn engine(tx: &Tx<'_>) -> PolicyEngine {
    tx.kept::<InForce>().0.read().unwrap_or_else(PoisonError::into_inner).engine
}

/// Reads the files of the caller's project, if they are not known yet. To be called before
/// the transaction, because it looks at the file system.
pub fn prepare(store: &Store, ctx: &Context) {
    watch::know(&store.kept(), &ctx.repo.root);
}

/// What the engine in force says.
///
/// # Errors
/// Faults only: a "no" is a decision.
pub fn decide(
    tx: &Tx<'_>,
    ctx: &Context,
    held: &Held,
    (operation, resource): (Operation, &Resource),
    context: &Map<String, Value>,
) -> Outcome<Decision> {
    let question = Question {
        caller: &ctx.caller,
        profile: &held.profile,
        project: ctx.project(),
        operation,
        resource,
        context,
    };
    match engine(tx) {
        PolicyEngine::Native => {
            let own = native::decide(&question);
            Ok(match sets::of_files(tx, ctx)? {
                Some(files) => own.tightened(files.decide(&question)),
                None => own,
            })
        }
        PolicyEngine::Cedar => Ok(sets::of(tx, ctx)?.decide(&question)),
    }
}
