//! What the watcher of the daemon sees at the moment: in memory, for whoever asks.

use std::sync::{Mutex, PoisonError};

use schemars::JsonSchema;
use serde::Serialize;

/// How much is watched, and what keeps it from being all.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Sight {
    /// Files, folders and patterns that are held.
    pub held: usize,
    /// Folders that are watched for them.
    pub folders: usize,
    /// Why some changes will not be seen, and what to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trouble: Option<String>,
}

/// The latest [`Sight`].
#[derive(Debug, Default)]
pub struct Watching(Mutex<Sight>);

impl Watching {
    /// What is seen now.
    #[must_use]
    pub fn sight(&self) -> Sight {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Tells what is seen from now on.
    pub fn set(&self, sight: Sight) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = sight;
    }
}
