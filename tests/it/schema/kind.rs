//! The types of columns: what each may hold, in either engine.
//!
//! - What one engine refuses for its type, the other refuses by a CHECK.
//!
//! Not here: the CHECKs themselves (`sqlite`, `postgres`, `layout`).

use coord::ingress::KEY_BYTES;

/// What a column may hold; both engines enforce the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// A UUID; in SQLite lower-case with dashes.
    Id,
    /// 1 to so many bytes of text, compared byte by byte.
    Key(usize),
    /// SHA-256 as 64 lower-case hex digits.
    Sha256,
    /// Text without NUL, of any length.
    Text,
    /// Text whose very bytes matter (they are hashed), so it is text in Postgres too.
    Raw,
    /// Any JSON value, in canonical form.
    Json,
    /// A JSON array.
    JsonArray,
    Bool,
    /// A whole number, within bounds that include both ends.
    Int {
        least: Option<i64>,
        most: Option<i64>,
    },
    /// Unix milliseconds, UTC, from 1970 to 9999.
    Ms,
    /// A finite number.
    Real,
    /// One of these words.
    Enum(Vec<String>),
}

impl Kind {
    /// A type as written (`@i64? 1..10`), and whether NULL is allowed.
    pub fn parse(text: &str) -> Result<(Self, bool), String> {
        let (word, range) = match text.split_once(' ') {
            Some((word, range)) => (word, Some(range.trim())),
            None => (text, None),
        };
        let (word, nullable) = match word.strip_suffix('?') {
            Some(word) => (word, true),
            None => (word, false),
        };
        let (word, argument) = match word.strip_suffix(')').and_then(|w| w.split_once('(')) {
            Some((word, argument)) => (word, Some(argument)),
            None => (word, None),
        };
        let kind = match (word, argument, range) {
            ("@id", None, None) => Self::Id,
            ("@key", None, None) => Self::Key(KEY_BYTES),
            ("@key", Some(n), None) => Self::Key(n.parse().map_err(|e| format!("@key({n}): {e}"))?),
            ("@sha256", None, None) => Self::Sha256,
            ("@text", None, None) => Self::Text,
            ("@raw", None, None) => Self::Raw,
            ("@json", None, None) => Self::Json,
            ("@jsonarr", None, None) => Self::JsonArray,
            ("@bool", None, None) => Self::Bool,
            ("@i64", None, range) => Self::int(range)?,
            ("@ms", None, None) => Self::Ms,
            ("@real", None, None) => Self::Real,
            ("@enum", Some(words), None) => {
                Self::Enum(words.split(',').map(str::to_owned).collect())
            }
            _ => return Err(format!("unknown type {text}")),
        };
        Ok((kind, nullable))
    }

    fn int(range: Option<&str>) -> Result<Self, String> {
        let Some(range) = range else { return Ok(Self::Int { least: None, most: None }) };
        let bound = |text: &str| match text {
            "" => Ok(None),
            number => number.parse().map(Some).map_err(|e| format!("{number}: {e}")),
        };
        let (least, most) = range.split_once("..").ok_or("expected LEAST..MOST")?;
        Ok(Self::Int { least: bound(least)?, most: bound(most)? })
    }

    /// The most bytes a value takes in an index, if there is a most.
    pub fn bytes(&self) -> Option<usize> {
        match self {
            Self::Id => Some(16),
            Self::Key(bytes) => Some(*bytes),
            Self::Sha256 => Some(64),
            Self::Bool | Self::Int { .. } | Self::Ms | Self::Real => Some(8),
            Self::Enum(words) => words.iter().map(String::len).max(),
            Self::Text | Self::Raw | Self::Json | Self::JsonArray => None,
        }
    }
}
