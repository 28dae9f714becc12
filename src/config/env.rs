//! The environment: read here and nowhere else.
//!
//! - A variable that is empty counts as not set.
//! - What must be read before there is a configuration (where home is, whether
//!   to colour) has its own function.

use std::collections::BTreeMap;
use std::io::IsTerminal as _;
use std::path::PathBuf;

use crate::home::{Home, HomeRefusal};

/// Environment variables that tell who an agent is; nothing else is sent.
pub const TELLING: [&str; 14] = [
    "AGENT_ID",
    "AGENT_TYPE",
    "SESSION_ID",
    "COORD_CLIENT",
    "CLAUDECODE",
    "CLAUDE_CODE_SESSION_ID",
    "CLAUDE_PROJECT_DIR",
    "CODEX_THREAD_ID",
    "GEMINI_CLI",
    "GEMINI_SESSION_ID",
    "CURSOR_TRACE_ID",
    "OPENCODE",
    "GROK_SESSION_ID",
    "LOCK_TTL_MINUTES",
];

/// The variables that a configuration is read from.
#[derive(Clone, Debug, Default)]
pub struct Environment(BTreeMap<String, String>);

impl Environment {
    /// Those of this process. What is not UTF-8 is read with replacement
    /// characters, so that the setting is refused rather than overlooked.
    #[must_use]
    pub fn of_process() -> Self {
        let lossy = |text: std::ffi::OsString| text.to_string_lossy().into_owned();
        Self(std::env::vars_os().map(|(name, value)| (lossy(name), lossy(value))).collect())
    }

    /// One made by hand.
    #[must_use]
    pub fn of<'a>(variables: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let owned = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
        Self(variables.into_iter().map(owned).collect())
    }

    /// The variable, if it is set and not empty.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// Names that start with `prefix`.
    pub fn starting<'a>(&'a self, prefix: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.keys().map(String::as_str).filter(move |name| name.starts_with(prefix))
    }
}

/// A variable of this process, if it is set, not empty and UTF-8.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "this is the one place that reads the environment")]
pub fn get(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

#[expect(clippy::disallowed_methods, reason = "this is the one place that reads the environment")]
fn path(name: &str) -> Option<PathBuf> {
    std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from)
}

/// The state directory: `flag`, else `COORD_HOME`, else under HOME.
///
/// # Errors
/// As [`Home::locate`].
pub fn home(flag: Option<PathBuf>) -> Result<Home, HomeRefusal> {
    Home::locate(flag.or_else(|| path("COORD_HOME")), user_home())
}

/// The user's own directory.
#[must_use]
pub fn user_home() -> Option<PathBuf> {
    path("HOME")
}

/// A folder that a variable names, if it is set, not empty and absolute.
#[must_use]
pub fn folder(name: &str) -> Option<PathBuf> {
    path(name).filter(|path| path.is_absolute())
}

/// The folders that a shell looks for programs in.
#[must_use]
pub fn search_path() -> Vec<PathBuf> {
    path("PATH").map(|all| std::env::split_paths(&all).collect()).unwrap_or_default()
}

/// Those of [`TELLING`] that are set.
#[must_use]
pub fn telling_env() -> BTreeMap<String, String> {
    TELLING.iter().filter_map(|name| Some(((*name).to_owned(), get(name)?))).collect()
}

/// Whether a person sits there: both input and output are a terminal.
#[must_use]
pub fn is_terminal() -> bool {
    std::io::stdin().is_terminal() && std::io::stdout().is_terminal()
}

/// Whether a person sees what is said: output is a terminal, and so is input or the stream of
/// errors. An agent that runs a command reads what it prints.
#[must_use]
pub fn is_watched() -> bool {
    std::io::stdout().is_terminal()
        && (std::io::stdin().is_terminal() || std::io::stderr().is_terminal())
}

/// Whether the environment lets us colour what goes to a terminal: neither
/// `NO_COLOR` nor a terminal that cannot.
#[must_use]
pub fn allows_colour() -> bool {
    get("NO_COLOR").is_none() && get("TERM").is_some_and(|term| term != "dumb")
}
