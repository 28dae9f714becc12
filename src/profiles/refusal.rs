//! Why a profile says no, and why one is not changed.

use serde_json::{Map, Value, json};

use super::{NAME_MAX, OPERATIONS_MAX};
use crate::failure::Refusal;
use crate::time::Time;

/// What a limit is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "as the fields of Limits")]
pub enum Limit {
    Files,
    Seconds,
    Calls,
}

impl Limit {
    const fn name(self) -> &'static str {
        match self {
            Self::Files => "files_per_day",
            Self::Seconds => "seconds_per_day",
            Self::Calls => "calls_per_hour",
        }
    }

    const fn words(self) -> &'static str {
        match self {
            Self::Files => "files changed in a day",
            Self::Seconds => "seconds of work in a day",
            Self::Calls => "calls in an hour",
        }
    }
}

/// A "no" of the profiles.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the messages say it")]
pub enum ProfileRefusal {
    #[error("profile {profile} allows {limit} {}, and {used} are used up", what.words())]
    LimitReached { what: Limit, limit: i64, used: i64, resets_at: Time, profile: String },
    #[error("there is no profile {name:?}")]
    Unknown { name: String, nearest: Option<String> },
    #[error("there is no operation {name:?}")]
    UnknownOperation { field: &'static str, name: String, nearest: Option<&'static str> },
    #[error("{field} was {sent}; it takes {accepts}")]
    Bad { field: &'static str, sent: String, accepts: &'static str },
    #[error("{field} has {count} entries; it takes at most {OPERATIONS_MAX}")]
    Crowded { field: &'static str, count: usize },
    #[error("a profile's name has 1 to {NAME_MAX} of a-z, 0-9, _ and -, not {sent:?}")]
    BadName { sent: String },
    #[error("profile {name} is built in and no agent can have it")]
    Reserved { name: String },
    #[error("neither an agent nor a type of agents was named, or both were")]
    Nobody,
    #[error("nothing is assigned to {subject}")]
    NotAssigned { subject: String },
    #[error("profile {name} is still assigned to {subject}")]
    InUse { name: String, subject: String },
}

impl Refusal for ProfileRefusal {
    fn code(&self) -> &'static str {
        match self {
            Self::LimitReached { .. } => "resource_limit_exceeded",
            Self::Unknown { .. } => "profile_not_found",
            Self::NotAssigned { .. } => "assignment_not_found",
            Self::InUse { .. } => "profile_in_use",
            Self::UnknownOperation { .. }
            | Self::Bad { .. }
            | Self::Crowded { .. }
            | Self::BadName { .. }
            | Self::Reserved { .. }
            | Self::Nobody => "invalid_argument",
        }
    }

    fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::LimitReached { resets_at, .. } => {
                return Some(format!(
                    "finish and release what you hold; more is possible from {resets_at} on, or when a person raises the limit"
                ));
            }
            Self::Unknown { nearest: Some(name), .. } => {
                return Some(format!("did you mean {name}?"));
            }
            Self::UnknownOperation { nearest: Some(name), .. } => {
                return Some(format!("did you mean {name}?"));
            }
            Self::Unknown { .. } => "`coord profile list` shows all of them",
            Self::UnknownOperation { .. } => "an operation is the name of a tool",
            Self::Crowded { .. } => "lower the trust instead",
            Self::Nobody => "give agent_id or agent_type",
            Self::Reserved { .. } => "choose another profile or another name",
            Self::NotAssigned { .. } => "`coord profile list` shows the assignments",
            Self::InUse { .. } => "assign that another profile first",
            Self::Bad { .. } | Self::BadName { .. } => return None,
        };
        Some(hint.into())
    }

    fn facts(&self) -> Map<String, Value> {
        let facts = match self {
            Self::LimitReached { what, limit, used, resets_at, profile } => vec![
                ("resource", json!(what.name())),
                ("limit", json!(limit)),
                ("used", json!(used)),
                ("resets_at", json!(resets_at)),
                ("profile", json!(profile)),
            ],
            Self::Unknown { name, .. } | Self::InUse { name, .. } => vec![("name", json!(name))],
            Self::UnknownOperation { field, .. }
            | Self::Bad { field, .. }
            | Self::Crowded { field, .. } => vec![("field", json!(field))],
            Self::BadName { .. } | Self::Reserved { .. } => vec![("field", json!("name"))],
            Self::Nobody => vec![("field", json!("agent_id"))],
            Self::NotAssigned { subject } => vec![("subject", json!(subject))],
        };
        facts.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
    }
}
