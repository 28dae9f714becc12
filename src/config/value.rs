//! What a setting may be, and reading it from text.

use std::fmt;
use std::path::Path;

/// Longest text of a setting, in bytes.
pub const TEXT_MAX: usize = 4_096;

/// What a setting may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Accepts {
    /// Any text that is not empty and has no control characters.
    Text,
    /// One of these.
    Choice(&'static [&'static str]),
    /// A whole number between these, both included.
    #[expect(missing_docs, reason = "the variant says it")]
    Whole { min: u32, max: u32 },
    /// On or off.
    Switch,
    /// A path, relative to the current directory.
    Path,
    /// A path from the root.
    AbsolutePath,
    /// A URL of one of these schemes.
    Url(&'static [&'static str]),
}

/// A setting's value.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(untagged)]
pub enum Value {
    /// Text, a choice, a path or a URL.
    Text(String),
    /// A number.
    Whole(u32),
    /// On or off.
    Switch(bool),
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => f.write_str(text),
            Self::Whole(number) => number.fmt(f),
            Self::Switch(on) => on.fmt(f),
        }
    }
}

impl Accepts {
    /// Reads a value; `None` if the text is not one.
    #[must_use]
    pub fn read(self, text: &str) -> Option<Value> {
        let text = text.trim();
        if text.is_empty() || text.len() > TEXT_MAX || text.chars().any(char::is_control) {
            return None;
        }
        let as_text = |holds: bool| holds.then(|| Value::Text(text.to_owned()));
        match self {
            Self::Text | Self::Path => as_text(true),
            Self::AbsolutePath => as_text(Path::new(text).is_absolute()),
            Self::Choice(names) => {
                let name = names.iter().find(|name| name.eq_ignore_ascii_case(text))?;
                Some(Value::Text((*name).to_owned()))
            }
            Self::Whole { min, max } => {
                let number = text.parse().ok()?;
                (min..=max).contains(&number).then_some(Value::Whole(number))
            }
            Self::Switch => match text.to_ascii_lowercase().as_str() {
                "true" | "yes" | "on" | "1" => Some(Value::Switch(true)),
                "false" | "no" | "off" | "0" => Some(Value::Switch(false)),
                _ => None,
            },
            Self::Url(schemes) => {
                let (scheme, rest) = text.split_once("://")?;
                as_text(schemes.contains(&scheme) && !rest.is_empty() && !text.contains(' '))
            }
        }
    }
}

impl fmt::Display for Accepts {
    /// Reads after "it must be".
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text => write!(f, "a text of 1 to {TEXT_MAX} bytes on one line"),
            Self::Choice(names) => f.write_str(&names.join(" or ")),
            Self::Whole { min, max } => write!(f, "a whole number from {min} to {max}"),
            Self::Switch => f.write_str("true or false"),
            Self::Path => f.write_str("a path"),
            Self::AbsolutePath => f.write_str("an absolute path"),
            Self::Url(schemes) => {
                write!(f, "a URL that starts with {}://", schemes.join(":// or "))
            }
        }
    }
}
