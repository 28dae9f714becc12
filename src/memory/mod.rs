//! Memory: what agents learned, found again by meaning rather than by spelling.
//!
//! - A memory's words never change; it can be pinned or forgotten, by a person.
//! - Each knows who learned it, when, in which project, on which branch and commit.
//! - It is seen in its own project only.
//! - Relevance is computed when asked for and never written back (`score`).
//! - User text reaches the full-text index as quoted words only.
//!
//! Not here: what one agent hands to the next (`handoffs`), what was done (`audit`).

mod limits;
mod list;
mod people;
mod query;
mod recall;
mod refusal;
mod remember;
pub mod score;
mod search;
mod sql;
pub mod stem;
mod synonyms;
mod transfer;
pub mod words;

use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSql, ToSqlOutput, ValueRef};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

pub use limits::{DETAILS_MAX, LESSON_MAX, LESSONS_MAX, QUERY_MAX, SUMMARY_MAX, TAG_MAX, TAGS_MAX};
pub use list::{ListMemories, ShowMemory};
pub use people::{ForgetMemory, PinMemory};
pub use recall::Recall;
pub use refusal::MemoryRefusal;
pub use remember::{DEDUP_WINDOW, Remember};
pub use transfer::{ExportMemories, IMPORT_MAX, ImportMemories};

use crate::time::Time;

/// What kind of thing was learned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
#[expect(missing_docs, reason = "a description of each would cost every model tokens")]
pub enum EventType {
    Error,
    Success,
    Decision,
    Discovery,
    Optimization,
}

impl EventType {
    /// Its name in the store and in answers.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Success => "success",
            Self::Decision => "decision",
            Self::Discovery => "discovery",
            Self::Optimization => "optimization",
        }
    }
}

impl ToSql for EventType {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(self.name().into())
    }
}

impl FromSql for EventType {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        match value.as_str()? {
            "error" => Ok(Self::Error),
            "success" => Ok(Self::Success),
            "decision" => Ok(Self::Decision),
            "discovery" => Ok(Self::Discovery),
            "optimization" => Ok(Self::Optimization),
            _ => Err(FromSqlError::InvalidType),
        }
    }
}

/// How what was learned turned out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
#[expect(missing_docs, reason = "a description of each would cost every model tokens")]
pub enum Outcome {
    Positive,
    Negative,
    Neutral,
}

impl Outcome {
    const fn name(self) -> &'static str {
        match self {
            Self::Positive => "positive",
            Self::Negative => "negative",
            Self::Neutral => "neutral",
        }
    }
}

impl ToSql for Outcome {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(self.name().into())
    }
}

impl FromSql for Outcome {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        match value.as_str()? {
            "positive" => Ok(Self::Positive),
            "negative" => Ok(Self::Negative),
            "neutral" => Ok(Self::Neutral),
            _ => Err(FromSqlError::InvalidType),
        }
    }
}

/// A memory as it is kept and shown.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "a description of each would cost every model tokens")]
pub struct Memory {
    pub memory_id: String,
    pub event_type: EventType,
    pub summary: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub details: Option<Map<String, Value>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<Outcome>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lessons: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    pub agent_id: String,
    pub agent_type: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub branch: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub pinned: bool,
    pub created_at: Time,
}

impl Memory {
    /// Every text in it, names of fields in its details too.
    fn texts(&self) -> Vec<&str> {
        let mut texts = vec![self.summary.as_str()];
        texts.extend(self.lessons.iter().map(String::as_str));
        texts.extend(self.tags.iter().map(String::as_str));
        for (name, value) in self.details.iter().flatten() {
            texts.push(name);
            texts.extend(words::texts_of(value));
        }
        texts
    }
}
