//! Why a file is left as it is.

use std::io;

/// What keeps us from changing one file; the others are still set up.
#[derive(Debug, thiserror::Error)]
pub enum Problem {
    /// It is not in the format that its client reads.
    #[error("line {line}, column {column}: {why}")]
    #[expect(missing_docs, reason = "the message says it")]
    Unreadable { line: usize, column: usize, why: String },
    /// It is no text.
    #[error("it is not UTF-8 text")]
    NotText,
    /// It is larger than any configuration.
    #[error("it is larger than {} MiB", .0 >> 20)]
    TooLarge(u64),
    /// Its owner has made it read-only.
    #[error("it is read-only")]
    ReadOnly,
    /// It is a folder, a pipe or a link to nowhere.
    #[error("it is not a file")]
    NotAFile,
    /// The change would have touched something else as well.
    #[error("the change cannot be made without touching something else in it")]
    Entangled,
    /// What the file system says.
    #[error("{0}")]
    Io(#[from] io::Error),
}

impl Problem {
    /// What a person can do about it.
    #[must_use]
    pub const fn advice(&self) -> &'static str {
        match self {
            Self::Unreadable { .. } => "correct it, then run the command again",
            Self::NotText => "save it as UTF-8, then run the command again",
            Self::TooLarge(_) | Self::NotAFile => "move it away, then run the command again",
            Self::ReadOnly => "make it writable, or put the entry there by hand",
            Self::Entangled => "put the entry there by hand",
            Self::Io(_) => "see to it that you may read and write it",
        }
    }
}
