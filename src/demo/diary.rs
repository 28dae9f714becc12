//! What an agent of the demonstration says it did, one JSON line each.

use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use anyhow::Context as _;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::time::Clock;

/// An agent's diary.
pub struct Diary {
    agent: String,
    file: Mutex<File>,
}

/// One entry.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Entry {
    /// Unix milliseconds.
    pub at: i64,
    /// Whose.
    pub agent: String,
    /// What happened.
    pub what: String,
    /// To what.
    pub about: Value,
}

impl Diary {
    /// Goes on with the file, or begins it.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn open(path: &Path, agent: &str) -> anyhow::Result<Self> {
        let file = OpenOptions::new()
            .create(true)
            .append(true)
            .open(path)
            .context("failed to open a diary")?;
        Ok(Self { agent: agent.to_owned(), file: Mutex::new(file) })
    }

    /// Writes an entry; a killed agent leaves whole lines behind.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn note(&self, what: &str, about: &Value) -> anyhow::Result<()> {
        let entry = Entry {
            at: Clock::System.now().ms(),
            agent: self.agent.clone(),
            what: what.to_owned(),
            about: about.clone(),
        };
        let line = format!("{}\n", serde_json::to_string(&entry)?);
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        file.write_all(line.as_bytes()).context("failed to write a diary")
    }
}

impl Entry {
    /// A text field of what it is about.
    #[must_use]
    pub fn text(&self, field: &str) -> &str {
        self.about[field].as_str().unwrap_or_default()
    }
}

/// All entries of a diary, in order.
///
/// # Errors
/// When it cannot be read.
pub fn read(path: &Path) -> anyhow::Result<Vec<Entry>> {
    let text = std::fs::read_to_string(path).context("failed to read a diary")?;
    text.lines()
        .map(|line| serde_json::from_str(line).context("a diary has a broken line"))
        .collect()
}
