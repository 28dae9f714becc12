//! Reads a tool's arguments, and says exactly what is wrong with bad ones.

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::accepted;
use super::catalogue::Entry;
use crate::failure::{Outcome, Refusal};

/// Longest piece of a caller's own value that a message repeats.
const ECHO_MAX: usize = 80;

/// What is wrong with the arguments.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the messages say it")]
pub enum ArgumentRefusal {
    #[error("there is no tool {name:?}")]
    UnknownTool { name: String, nearest: Option<String> },
    #[error("{tool} takes an object of named arguments, not {sent}")]
    NotAnObject { tool: &'static str, sent: String },
    #[error("{tool} has no argument {field:?}")]
    Unknown { tool: &'static str, field: String, nearest: Option<String>, known: Vec<String> },
    #[error("{tool}: {field} is missing")]
    Missing { tool: &'static str, field: String, accepts: Option<String> },
    #[error("{tool}: {field} was {sent}")]
    Wrong { tool: &'static str, field: String, sent: String, accepts: String },
    #[error("{tool}: {field} was {sent}: {why}")]
    Invalid { tool: &'static str, field: String, sent: String, why: String },
}

impl Refusal for ArgumentRefusal {
    fn code(&self) -> &'static str {
        match self {
            Self::UnknownTool { .. } => "unknown_tool",
            _ => "invalid_argument",
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::UnknownTool { nearest: Some(name), .. } => Some(format!("did you mean {name}?")),
            Self::UnknownTool { .. } => Some("`tools/list` and the README name them all".into()),
            Self::Unknown { nearest: Some(name), .. } => Some(format!("did you mean {name}?")),
            Self::Unknown { known, .. } if known.is_empty() => Some("it takes no arguments".into()),
            Self::Unknown { known, .. } => Some(format!("it takes {}", known.join(", "))),
            Self::Missing { accepts: Some(accepts), .. } | Self::Wrong { accepts, .. } => {
                Some(format!("it takes {accepts}"))
            }
            Self::NotAnObject { .. } | Self::Missing { .. } | Self::Invalid { .. } => None,
        }
    }

    fn facts(&self) -> Map<String, Value> {
        let field = match self {
            Self::UnknownTool { .. } | Self::NotAnObject { .. } => return Map::new(),
            Self::Unknown { field, .. }
            | Self::Missing { field, .. }
            | Self::Wrong { field, .. }
            | Self::Invalid { field, .. } => field,
        };
        Map::from_iter([("field".to_owned(), field.clone().into())])
    }
}

/// Reads the arguments of one tool.
///
/// # Errors
/// See [`ArgumentRefusal`].
pub fn read<T: DeserializeOwned>(entry: &Entry, asked: &Value) -> Outcome<T> {
    let tool = entry.name;
    let empty = Map::new();
    let fields = match asked {
        Value::Object(fields) => fields,
        Value::Null => &empty,
        other => return Err(ArgumentRefusal::NotAnObject { tool, sent: echo(other) }.into()),
    };
    known_only(entry, fields)?;
    // A client that sends null for what it leaves out means just that.
    let present: Map<String, Value> = fields
        .iter()
        .filter(|(_, value)| !value.is_null())
        .map(|(k, v)| (k.clone(), v.clone()))
        .collect();
    let value = Value::Object(present);
    serde_path_to_error::deserialize(&value).map_err(|error| explain(entry, &value, &error).into())
}

fn known_only(entry: &Entry, fields: &Map<String, Value>) -> Outcome<()> {
    let known: Vec<String> = match entry.published().input.get("properties") {
        Some(Value::Object(properties)) => properties.keys().cloned().collect(),
        _ => Vec::new(),
    };
    match fields.keys().find(|name| !known.contains(name)) {
        None => Ok(()),
        Some(field) => Err(ArgumentRefusal::Unknown {
            tool: entry.name,
            nearest: nearest(field, &known.iter().map(String::as_str).collect::<Vec<_>>()),
            field: shorten(field),
            known,
        }
        .into()),
    }
}

/// What serde says of a value of another type than it wants, in its own words.
const MISFITS: [&str; 3] = ["invalid type", "invalid value", "unknown variant"];

fn explain(
    entry: &Entry,
    value: &Value,
    error: &serde_path_to_error::Error<serde_json::Error>,
) -> ArgumentRefusal {
    let (tool, input) = (entry.name, &entry.published().input);
    let why = error.inner().to_string();
    if let Some(field) = why.strip_prefix("missing field `").and_then(|rest| rest.split('`').next())
    {
        let (field, accepts) = (field.to_owned(), accepted::at(input, field));
        return ArgumentRefusal::Missing { tool, field, accepts };
    }
    let field = error.path().to_string();
    let pointer = format!("/{}", field.replace(['.', '['], "/").replace(']', ""));
    let sent = value.pointer(&pointer).map_or_else(|| "not usable".into(), echo);
    match accepted::at(input, &field) {
        Some(accepts) if MISFITS.iter().any(|words| why.starts_with(words)) => {
            ArgumentRefusal::Wrong { tool, field, sent, accepts }
        }
        _ => ArgumentRefusal::Invalid { tool, field, sent, why: shorten(&why) },
    }
}

/// The known name that is most like `wrong`, if one is like it at all.
pub fn nearest(wrong: &str, known: &[&str]) -> Option<String> {
    known
        .iter()
        .map(|name| (strsim::jaro_winkler(wrong, name), name))
        .filter(|(likeness, _)| *likeness > 0.8)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, name)| (*name).to_owned())
}

fn echo(value: &Value) -> String {
    shorten(&value.to_string())
}

fn shorten(text: &str) -> String {
    if text.chars().count() <= ECHO_MAX {
        return text.to_owned();
    }
    text.chars().take(ECHO_MAX).chain("…".chars()).collect()
}
