//! What can be wrong with a setting, where it stands, and the way out.

use std::path::PathBuf;

use serde_json::{Map, Value as Json};

use super::value::Accepts;
use crate::failure::Refusal;

/// Where a value came from.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(tag = "layer", rename_all = "lowercase")]
#[expect(missing_docs, reason = "the layers say it")]
pub enum Origin {
    Flag,
    Environment { variable: &'static str },
    Project { file: PathBuf, line: usize },
    User { file: PathBuf, line: usize },
    Default,
}

impl std::fmt::Display for Origin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Flag => f.write_str("the command line"),
            Self::Environment { variable } => write!(f, "the environment ({variable})"),
            Self::Project { file, line } | Self::User { file, line } => {
                write!(f, "{}:{line}", file.display())
            }
            Self::Default => f.write_str("the default"),
        }
    }
}

/// Why the settings cannot be used.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the messages say it")]
pub enum ConfigRefusal {
    #[error("{origin}: there is no setting {key:?}")]
    Unknown { key: String, origin: Origin, nearest: Option<&'static str> },
    #[error("{origin}: {key} is {sent}")]
    Bad { key: &'static str, origin: Origin, sent: String, accepts: Accepts },
    #[error("{origin}: {key} cannot stand in this file")]
    Misplaced { key: &'static str, variable: &'static str, origin: Origin, private: bool },
    #[error("{origin}: a project may make {key} stricter than {own}, not loosen it to {sent}")]
    Looser { key: &'static str, origin: Origin, sent: String, own: String },
    #[error("{}:{line}: {why}", .file.display())]
    NotToml { file: PathBuf, line: usize, why: String },
    #[error("{} cannot be read: {why}", .file.display())]
    Unreadable { file: PathBuf, why: String },
}

impl Refusal for ConfigRefusal {
    fn code(&self) -> &'static str {
        match self {
            Self::Unknown { .. } => "unknown_setting",
            Self::Bad { .. } => "invalid_setting",
            Self::Misplaced { .. } | Self::Looser { .. } => "setting_not_allowed_here",
            Self::NotToml { .. } | Self::Unreadable { .. } => "config_unreadable",
        }
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Unknown { nearest: Some(key), .. } => format!("did you mean {key}?"),
            Self::Unknown { nearest: None, .. } => "`coord config` lists every setting".into(),
            Self::Bad { accepts, .. } => format!("it must be {accepts}"),
            Self::Misplaced { variable, private: true, .. } => format!(
                "others read and edit a project's file: set {variable} in the environment, or put it into your own config.toml"
            ),
            Self::Misplaced { variable, .. } => {
                format!("set {variable} in the environment of the process that it is meant for")
            }
            Self::Looser { key, .. } => {
                format!("if you want that, set {key} in your own config.toml")
            }
            Self::NotToml { .. } => "write one `key = value` to a line, texts in quotes".into(),
            Self::Unreadable { .. } => "make the file readable, or move it away".into(),
        })
    }

    fn facts(&self) -> Map<String, Json> {
        let mut facts = Map::new();
        let mut fact = |name: &str, value: Json| drop(facts.insert(name.to_owned(), value));
        match self {
            Self::Unknown { key, origin, .. } => {
                fact("setting", key.clone().into());
                fact("where", origin.to_string().into());
            }
            Self::Bad { key, origin, .. }
            | Self::Misplaced { key, origin, .. }
            | Self::Looser { key, origin, .. } => {
                fact("setting", (*key).into());
                fact("where", origin.to_string().into());
            }
            Self::NotToml { file, line, .. } => {
                fact("where", format!("{}:{line}", file.display()).into());
            }
            Self::Unreadable { file, .. } => fact("where", file.display().to_string().into()),
        }
        facts
    }
}
