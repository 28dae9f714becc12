//! The ways a request can end without a result.
//!
//! - A *refusal* is an answer: the rules do not grant this, here is which rule
//!   and what to try next. Anything an agent could act on is a refusal.
//! - A *fault* is our own trouble (a full disk, a bug): the caller learns that
//!   it happened and an incident id, the log learns the rest.
//!
//! Not here: what the caller is told (`answer`).

use std::fmt;

use serde_json::{Map, Value};

/// An expected "no". Each domain has one enum of these.
pub trait Refusal: std::error::Error + Send + Sync + 'static {
    /// Stable name of the reason; part of the protocol, never reworded.
    fn code(&self) -> &'static str;

    /// What the caller can do about it. Never contains a destructive command.
    fn hint(&self) -> Option<String> {
        None
    }

    /// The facts as fields, for programs.
    fn facts(&self) -> Map<String, Value> {
        Map::new()
    }

    /// Whether a caller must expect this answer (`locked_by_other`): an outcome
    /// is not an error of the call, merely its "no".
    fn is_outcome(&self) -> bool {
        false
    }
}

/// A request that did not end in a result.
#[derive(Debug)]
pub enum Failure {
    /// The rules said no.
    Refused(Box<dyn Refusal>),
    /// Our own trouble.
    Fault(anyhow::Error),
}

impl Failure {
    /// As a plain error, for those to whom a refusal is trouble like any other.
    #[must_use]
    pub fn into_error(self) -> anyhow::Error {
        match self {
            Self::Fault(error) => error,
            refused @ Self::Refused(_) => anyhow::anyhow!("{refused}"),
        }
    }
}

/// What a request comes to.
pub type Outcome<T> = Result<T, Failure>;

impl<R: Refusal> From<R> for Failure {
    fn from(refusal: R) -> Self {
        Self::Refused(Box::new(refusal))
    }
}

impl From<rusqlite::Error> for Failure {
    fn from(error: rusqlite::Error) -> Self {
        Self::Fault(error.into())
    }
}

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Self {
        Self::Fault(error)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(refusal) => write!(f, "{refusal}"),
            Self::Fault(error) => write!(f, "internal: {error:#}"),
        }
    }
}
