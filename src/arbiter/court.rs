//! Whom the arbiter's side of this machine talks to.
//!
//! Not here: HTTP (the crate `sync`), what is asked (`locks`, `work`).

use std::pin::Pin;
use std::time::Duration;

use serde_json::Value;

/// Why there was no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Silence {
    /// Nobody answered, or what answered was not the arbiter; it may have carried the request out.
    #[error("the arbiter cannot be reached: {0}")]
    Unreachable(String),
    /// It answered, and wants nothing to do with this machine.
    #[error("the arbiter refuses this machine: {0}")]
    ShutOut(String),
}

impl Silence {
    /// No answer came in time.
    #[must_use]
    pub fn late(limit: Duration) -> Self {
        Self::Unreachable(format!("no answer within {limit:?}"))
    }
}

/// An answer to come.
pub type Answering<'a> = Pin<Box<dyn Future<Output = Result<Value, Silence>> + Send + 'a>>;

/// Carries a question to the arbiter.
pub trait Court: Send + Sync {
    /// Calls a function and gives its answer, which has a `status`.
    fn ask<'a>(&'a self, function: &'static str, p: &'a Value) -> Answering<'a>;

    /// This machine's name there.
    fn device(&self) -> String;
}
