//! The guardrails at work: a person's rules, what agents ask, and what was caught.
//!
//! - The rules that hold are the built-in ones with a person's rows laid over them;
//!   a copy is kept for each store and is never older than the rows.
//! - Every rule that a call's text breaks leaves a row, in the transaction of the
//!   call's audit row, whether or not it stopped anybody.
//! - Only what the engine takes for a command or a statement is judged; prose passes.
//! - Who may change rules is a person; nobody lowers what protects `/`, home and devices.
//!
//! Not here: judging a text (`guardrails`), when a call is screened (`service`).

mod active;
mod check;
mod judge;
mod limits;
mod list;
mod note;
mod people;
mod refusal;
mod screen;
mod sql;
mod state;

use std::sync::{PoisonError, RwLock};

pub use check::{CheckGuardrails, Checked};
pub use judge::{Judged, foresee, judge};
pub use limits::{ADDED_MAX, EXPLANATION_MAX, NAME_MAX, OPERATION_MAX, PATHS_MAX, PATTERN_MAX};
pub use list::{Guardrails, ListGuardrails};
pub use note::{Caught, note};
pub use people::{AddGuardrail, DisableGuardrail, EnableGuardrail, SetGuardrail};
pub use refusal::{Blocked, GuardRefusal};
pub use screen::{Screened, is_screened, screen};
pub use state::Scene;

use crate::config::Config;
use crate::context::Context;
use crate::failure::Outcome;
use crate::profiles;
use crate::store::{Store, Tx};

/// The trust of a person: the highest that anybody has.
const PERSON_TRUST: u8 = 4;

/// The settings about guardrails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Whether the built-in rules stand in when a person's rows cannot be read.
    pub code_fallback: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self { code_fallback: true }
    }
}

impl Settings {
    /// The settings of a configuration.
    #[must_use]
    pub fn of(config: &Config) -> Self {
        Self { code_fallback: config.guardrails_code_fallback() }
    }
}

/// The settings in force in a store.
#[derive(Default)]
struct InForce(RwLock<Settings>);

/// Puts settings in force.
pub fn configure(store: &Store, settings: Settings) {
    *store.kept::<InForce>().0.write().unwrap_or_else(PoisonError::into_inner) = settings;
}

fn settings(tx: &Tx<'_>) -> Settings {
    *tx.kept::<InForce>().0.read().unwrap_or_else(PoisonError::into_inner)
}

/// How far the caller is trusted, 0 to 4, as its profile says.
fn trust(tx: &Tx<'_>, ctx: &Context) -> Outcome<u8> {
    if ctx.caller.person {
        return Ok(PERSON_TRUST);
    }
    Ok(profiles::held(tx, ctx)?.profile.trust)
}
