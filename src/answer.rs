//! What a caller is told: the wire form of an `Outcome`.
//!
//! - The same answer goes to MCP, to the command line and into the audit log.
//! - A fault tells an incident id and a code, and nothing of our insides.
//!
//! Not here: how an edge dresses an answer (`mcp`, `cli`).

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::failure::{Failure, Refusal};

/// How a request ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// It was done; the tool's reply.
    Done(Value),
    /// The rules said no.
    Refused(Refused),
    /// Our own trouble.
    Fault(Incident),
}

/// A refusal with its facts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Refused {
    /// Stable name of the reason.
    pub code: String,
    /// The fact, in a sentence.
    pub message: String,
    /// What to do next.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// The fact as fields.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub facts: Map<String, Value>,
    /// An expected "no" (`locked_by_other`) rather than an error of the call.
    #[serde(default)]
    pub outcome: bool,
}

/// A fault as the caller learns of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Incident {
    /// `internal`, or a trouble that the caller's person can mend (`disk_full`).
    pub code: String,
    /// Finds the whole story in the log.
    pub incident: String,
}

impl Answer {
    /// Whether the request was done.
    #[must_use]
    pub const fn success(&self) -> bool {
        matches!(self, Self::Done(_))
    }

    /// The code of a refusal or a fault.
    #[must_use]
    pub fn code(&self) -> Option<&str> {
        match self {
            Self::Done(_) => None,
            Self::Refused(refused) => Some(&refused.code),
            Self::Fault(incident) => Some(&incident.code),
        }
    }

    /// The answer as one flat object: `success`, then the reply's or refusal's fields.
    #[must_use]
    pub fn flat(&self) -> Value {
        let mut fields = Map::new();
        fields.insert("success".into(), self.success().into());
        match self {
            Self::Done(Value::Object(reply)) => fields.extend(reply.clone()),
            Self::Done(other) => drop(fields.insert("result".into(), other.clone())),
            Self::Refused(refused) => {
                fields.insert("code".into(), refused.code.clone().into());
                fields.insert("message".into(), refused.message.clone().into());
                if let Some(hint) = &refused.hint {
                    fields.insert("hint".into(), hint.clone().into());
                }
                fields.extend(refused.facts.clone());
            }
            Self::Fault(incident) => {
                fields.insert("code".into(), incident.code.clone().into());
                fields.insert("message".into(), incident.message().into());
                fields.insert("incident".into(), incident.incident.clone().into());
            }
        }
        Value::Object(fields)
    }

    /// One or two plain sentences for a reader of text: the fact, then what to do.
    /// Empty for a success.
    #[must_use]
    pub fn sentence(&self) -> String {
        match self {
            Self::Done(_) => String::new(),
            Self::Refused(Refused { message, hint: Some(hint), .. }) => {
                let stop = if hint.ends_with(['.', '?']) { "" } else { "." };
                format!("{message}. {}{stop}", capitalised(hint))
            }
            Self::Refused(Refused { message, .. }) => format!("{message}."),
            Self::Fault(incident) => incident.message(),
        }
    }
}

impl Incident {
    /// What can be said without telling our insides.
    #[must_use]
    pub fn message(&self) -> String {
        let what = match self.code.as_str() {
            "disk_full" => "the disk is full: free some space, then try again",
            "database_unavailable" => "the database cannot be used: `coord doctor` says why",
            "database_corrupt" => "the database is damaged: `coord doctor` says what to do",
            _ => "something went wrong inside coord; nothing was changed",
        };
        format!("{what} (incident {}; the log has the rest).", self.incident)
    }
}

/// With a capital letter in front, unless it begins with the name of a tool or a field.
fn capitalised(text: &str) -> String {
    if text.split_whitespace().next().is_some_and(|word| word.contains(['_', '`'])) {
        return text.to_owned();
    }
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

impl From<&dyn Refusal> for Refused {
    fn from(refusal: &dyn Refusal) -> Self {
        Self {
            code: refusal.code().into(),
            message: refusal.to_string(),
            hint: refusal.hint(),
            facts: refusal.facts(),
            outcome: refusal.is_outcome(),
        }
    }
}

impl From<Failure> for Answer {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Refused(refusal) => Self::Refused(Refused::from(&*refusal)),
            Failure::Fault(error) => Self::Fault(report(&error)),
        }
    }
}

impl From<Result<Value, Failure>> for Answer {
    fn from(outcome: Result<Value, Failure>) -> Self {
        outcome.map_or_else(Self::from, Self::Done)
    }
}

/// Writes the whole chain to the log and hands out the incident's number.
fn report(error: &anyhow::Error) -> Incident {
    let incident = uuid::Uuid::new_v4().simple().to_string()[..8].to_owned();
    let code = code_of(error);
    tracing::error!(%incident, code, "{error:#}");
    Incident { code: code.into(), incident }
}

fn code_of(error: &anyhow::Error) -> &'static str {
    use rusqlite::ErrorCode;
    let sqlite = error.chain().find_map(|cause| cause.downcast_ref::<rusqlite::Error>());
    match sqlite.and_then(rusqlite::Error::sqlite_error_code) {
        Some(ErrorCode::DiskFull) => "disk_full",
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => "database_corrupt",
        Some(ErrorCode::ReadOnly | ErrorCode::CannotOpen | ErrorCode::SystemIoFailure) => {
            "database_unavailable"
        }
        _ => "internal",
    }
}
