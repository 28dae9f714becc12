//! What a word becomes and what a command writes.
//!
//! - [`HOLE`] stands for text that nobody can know beforehand.
//!
//! Not here: how words are expanded (`machine::expand`).

/// Stands for an unknown piece of text inside a known one.
pub const HOLE: char = '\u{1}';

/// Marks, behind a hole, that the unknown text was decoded from something.
pub const OPAQUE: char = '\u{3}';

/// Longest text that is followed; longer ones become unknown.
pub const LONGEST_VALUE: usize = 64 * 1024;

/// One argument after expansion.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Arg {
    /// Its text, with [`HOLE`]s.
    pub text: String,
    /// Whether the shell would still expand it to file names.
    pub glob: bool,
}

impl Arg {
    /// A literal argument.
    pub fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), glob: false }
    }

    /// An argument of which nothing is known.
    #[must_use]
    pub fn unknown() -> Self {
        Self::new(HOLE)
    }

    /// Whether a part of it is unknown.
    #[must_use]
    pub fn dynamic(&self) -> bool {
        self.text.contains(HOLE)
    }

    /// The text without its holes.
    #[must_use]
    pub fn known(&self) -> &str {
        self.text.trim_matches(HOLE)
    }
}

impl From<&str> for Arg {
    fn from(text: &str) -> Self {
        Self::new(text)
    }
}

/// What flows through a pipe or stands in a file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Data {
    /// Not known, and not suspicious.
    #[default]
    Unknown,
    /// Names of files, all of which match a pattern; beyond it, not known.
    Listed(String),
    /// Decoded from something that was not seen.
    Opaque,
    /// Known text, perhaps with holes.
    Text(String),
}

impl Data {
    /// No text at all.
    #[must_use]
    pub const fn nothing() -> Self {
        Self::Text(String::new())
    }

    /// The text with a hole for what is unknown.
    #[must_use]
    pub fn as_text(&self) -> &str {
        match self {
            Self::Text(text) => text,
            _ => "\u{1}",
        }
    }

    /// The text, if all of it was seen.
    #[must_use]
    pub fn known(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// This followed by `next`.
    #[must_use]
    pub fn then(self, next: Self) -> Self {
        match (self, next) {
            (Self::Opaque, _) | (_, Self::Opaque) => Self::Opaque,
            (Self::Text(a), b) if a.is_empty() => b,
            (a, Self::Text(b)) if b.is_empty() => a,
            (Self::Unknown | Self::Listed(_), Self::Unknown | Self::Listed(_)) => Self::Unknown,
            (a, b) => {
                let mut text = a.as_text().to_owned();
                if matches!(a, Self::Unknown | Self::Listed(_)) {
                    text.push('\n');
                }
                text.push_str(b.as_text());
                Self::text(text)
            }
        }
    }

    /// Known text, unless it is too long to follow.
    #[must_use]
    pub fn text(text: String) -> Self {
        if text.len() > LONGEST_VALUE { Self::Unknown } else { Self::Text(text) }
    }
}
