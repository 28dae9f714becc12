//! Why a text does not name a path of the repository.

use serde_json::{Map, Value, json};

use super::names::echo;
use crate::failure::Refusal;

/// Longest path, in bytes: what the operating systems take.
pub const PATH_BYTES: usize = 4096;
/// Longest name between two slashes, in bytes.
pub const NAME_BYTES: usize = 255;
/// Most patterns that the braces of one glob may stand for.
pub const ALTERNATIVES: usize = 64;

/// A text that names nothing here; `path` is safe to print.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", .why.fact(.path))]
pub struct PathRefusal {
    /// What was asked, shortened, with control characters escaped.
    pub path: String,
    /// What is wrong with it.
    pub why: Why,
}

/// What is wrong with a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// Nothing, or blanks alone.
    Empty,
    /// More than [`PATH_BYTES`].
    TooLong,
    /// A name of more than [`NAME_BYTES`].
    NameTooLong,
    /// NUL, line feed, escape and their kind.
    ControlCharacter,
    /// Text that stands for bytes which are not UTF-8, here or behind a link.
    NotUtf8,
    /// Not below the root, once links and `..` are resolved.
    Outside,
    /// A part of git's own folder, under whatever spelling.
    InsideGit,
    /// Symbolic links that lead nowhere but to each other.
    LinkLoop,
    /// `..` behind a link, or braces over one: two readings, two files.
    Ambiguous,
    /// The file system does not let us look.
    Unreadable,
    /// `~`, which only a shell expands.
    Home,
    /// An address with `://`.
    Url,
    /// A pattern in a language other than ours.
    UnknownPattern,
    /// Braces that stand for more than [`ALTERNATIVES`] patterns.
    TooManyAlternatives,
    /// `scheme:` with no name after it.
    ResourceWithoutName,
    /// `port:` with something else than a port.
    NoPort,
}

impl PathRefusal {
    pub(super) fn new(asked: &str, why: Why) -> Self {
        Self { path: echo(asked), why }
    }
}

impl Why {
    /// Stable word for programs.
    pub fn reason(self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::TooLong => "too_long",
            Self::NameTooLong => "name_too_long",
            Self::ControlCharacter => "control_character",
            Self::NotUtf8 => "not_utf8",
            Self::Outside => "outside_repository",
            Self::InsideGit => "inside_git",
            Self::LinkLoop => "link_loop",
            Self::Ambiguous => "ambiguous",
            Self::Unreadable => "unreadable",
            Self::Home => "home_not_expanded",
            Self::Url => "url",
            Self::UnknownPattern => "unknown_pattern",
            Self::TooManyAlternatives => "too_many_alternatives",
            Self::ResourceWithoutName => "resource_without_name",
            Self::NoPort => "no_port",
        }
    }

    fn fact(self, path: &str) -> String {
        match self {
            Self::Empty => "the path is empty".into(),
            Self::TooLong => format!("the path is longer than {PATH_BYTES} bytes: {path}"),
            Self::NameTooLong => {
                format!("the path has a name longer than {NAME_BYTES} bytes: {path}")
            }
            Self::ControlCharacter => format!("the path has a control character: {path}"),
            Self::NotUtf8 => format!("{path} is not a UTF-8 name"),
            Self::Outside => format!("{path} is outside the repository"),
            Self::InsideGit => format!("{path} is inside the repository's .git"),
            Self::LinkLoop => format!("{path} leads through a loop of symbolic links"),
            Self::Ambiguous => format!("{path} can mean two files, because of a symbolic link"),
            Self::Unreadable => format!("{path} lies in a folder that cannot be read"),
            Self::Home => format!("{path} starts with ~, which only a shell expands"),
            Self::Url => format!("{path} is a URL, not a path"),
            Self::UnknownPattern => format!("{path} is a pattern of an unknown kind"),
            Self::TooManyAlternatives => {
                format!("{path} stands for more than {ALTERNATIVES} patterns")
            }
            Self::ResourceWithoutName => format!("{path} names no resource after the colon"),
            Self::NoPort => format!("{path} is not a port"),
        }
    }

    fn advice(self) -> &'static str {
        match self {
            Self::Empty => "give a path relative to the repository's root, or ./ for all of it",
            Self::TooLong | Self::TooManyAlternatives => "name a folder instead, such as src/",
            Self::NameTooLong | Self::ControlCharacter | Self::NotUtf8 => {
                "check the path for a typing or quoting error"
            }
            Self::Outside | Self::Home | Self::Url => {
                "give a path relative to the repository's root"
            }
            Self::InsideGit => "git's own files are changed by git commands and need no lock",
            Self::LinkLoop | Self::Ambiguous => "name the real file, without the link",
            Self::Unreadable => "check the permissions of the folder",
            Self::UnknownPattern => {
                "*, ?, [a-z], {a,b} and ** are understood; to exclude files, name the others"
            }
            Self::ResourceWithoutName => {
                "write scheme:name, such as db:test; for a file of this name put ./ before it"
            }
            Self::NoPort => "write port:1 to port:65535",
        }
    }
}

impl Refusal for PathRefusal {
    fn code(&self) -> &'static str {
        "invalid_file_path"
    }

    fn hint(&self) -> Option<String> {
        Some(self.why.advice().into())
    }

    fn facts(&self) -> Map<String, Value> {
        let facts = [("path", json!(self.path)), ("reason", json!(self.why.reason()))];
        facts.into_iter().map(|(name, fact)| (name.to_owned(), fact)).collect()
    }
}
