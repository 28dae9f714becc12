//! Why something about guardrails is not done.

use std::fmt;

use serde_json::{Map, Value, json};

use super::limits::{ADDED_MAX, NAME_MAX};
use crate::failure::Refusal;

/// A text that was handed on and would destroy something.
#[derive(Debug)]
#[expect(missing_docs, reason = "the message says it")]
pub struct Blocked {
    pub operation: &'static str,
    pub field: String,
    pub rule: String,
    pub matched_text: String,
    pub explanation: String,
    pub safer: Option<String>,
}

impl fmt::Display for Blocked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { operation, field, rule, matched_text, explanation, .. } = self;
        write!(
            f,
            "{operation}: {field} holds `{matched_text}`, which {rule} blocks because it {explanation}"
        )
    }
}

/// See the messages.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the messages say it")]
pub enum GuardRefusal {
    #[error("{0}")]
    Blocked(Box<Blocked>),
    #[error("{field} has {sent} bytes; at most {most} are accepted")]
    TooLong { field: &'static str, sent: usize, most: usize },
    #[error("{field} contains a NUL character")]
    Nul { field: &'static str },
    #[error("file_paths has {sent} entries; at most {most} are accepted")]
    TooMany { sent: usize, most: usize },
    #[error("pattern_name was {sent:?}; it takes 1 to {NAME_MAX} of a-z, 0-9 and _")]
    BadName { sent: String },
    #[error("min_trust was {sent}; it takes 0 to 5")]
    BadTrust { sent: i64 },
    #[error("pattern is no usable regular expression: {why}")]
    BadPattern { why: String },
    #[error("explanation is missing")]
    NoExplanation,
    #[error("there is no guardrail {name:?}")]
    Unknown { name: String, nearest: Option<String> },
    #[error("there is a guardrail {name:?} already")]
    Exists { name: String },
    #[error("{ADDED_MAX} guardrails were added already, which is as many as there may be")]
    Full,
    #[error("nothing was said to change")]
    NothingToSet,
    #[error("{name} protects what no trust may touch, so its trust cannot be lowered")]
    Fixed { name: String },
}

impl Refusal for GuardRefusal {
    fn code(&self) -> &'static str {
        match self {
            Self::Blocked { .. } => "guardrail_blocked",
            Self::Unknown { .. } => "guardrail_not_found",
            Self::Exists { .. } => "guardrail_exists",
            Self::Full => "too_many_guardrails",
            Self::Fixed { .. } => "guardrail_fixed",
            _ => "invalid_argument",
        }
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Blocked(blocked) => match &blocked.safer {
                Some(safer) => format!("rather: {safer}"),
                None => "say in words what is to be reached, and leave out the command".into(),
            },
            Self::Unknown { nearest: Some(name), .. } => format!("did you mean {name}?"),
            Self::Unknown { .. } => "`coord guard list` shows them all".into(),
            Self::Exists { .. } => "change it with set_guardrail, or take another name".into(),
            Self::Full => "put several patterns into one, with | between them".into(),
            Self::NoExplanation => "say why, for the agent that is stopped by it".into(),
            Self::NothingToSet => "give severity or min_trust".into(),
            Self::Fixed { .. } => "a person can switch it off altogether".into(),
            Self::TooMany { .. } => "check them in several calls".into(),
            _ => return None,
        })
    }

    fn facts(&self) -> Map<String, Value> {
        let facts = match self {
            Self::Blocked(blocked) => return blocked.facts(),
            Self::TooLong { field, sent, most } => {
                json!({ "field": field, "sent": sent, "max": most })
            }
            Self::Nul { field } => json!({ "field": field }),
            Self::TooMany { sent, most } => {
                json!({ "field": "file_paths", "sent": sent, "max": most })
            }
            Self::BadName { .. } => json!({ "field": "pattern_name" }),
            Self::BadTrust { .. } => json!({ "field": "min_trust" }),
            Self::BadPattern { .. } => json!({ "field": "pattern" }),
            Self::NoExplanation => json!({ "field": "explanation" }),
            Self::NothingToSet => json!({ "field": "severity" }),
            Self::Unknown { name, .. } | Self::Exists { name } | Self::Fixed { name } => {
                json!({ "pattern_name": name })
            }
            Self::Full => json!({ "max": ADDED_MAX }),
        };
        match facts {
            Value::Object(fields) => fields,
            _ => Map::new(),
        }
    }
}

impl Blocked {
    fn facts(&self) -> Map<String, Value> {
        let mut facts = Map::from_iter([
            ("field".to_owned(), self.field.clone().into()),
            ("pattern_name".to_owned(), self.rule.clone().into()),
            ("matched_text".to_owned(), self.matched_text.clone().into()),
            ("explanation".to_owned(), self.explanation.clone().into()),
        ]);
        if let Some(safer) = &self.safer {
            facts.insert("safer".into(), safer.clone().into());
        }
        facts
    }
}
