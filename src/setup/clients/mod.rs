//! The clients that can be wired: where each keeps its configuration, and what belongs there.
//!
//! Formats, limits and defaults are those that the clients' own documents and sources gave in late
//! 2026; `docs/clients.md` says which of them were seen with the client itself.
//!
//! Not here: how an entry is put into a file (`form`).

mod claude;
mod codex;
mod copilot;
mod cursor;
mod gemini;
mod opencode;

use std::path::PathBuf;

use serde_json::{Value, json};

use super::command::Command;
use super::form::{Form, Part};
use super::{Place, Scope, Wish};
pub use crate::hooks::Client;

/// As a value of the command line.
impl clap::ValueEnum for Client {
    fn value_variants<'a>() -> &'a [Self] {
        &Self::ALL
    }

    fn to_possible_value(&self) -> Option<clap::builder::PossibleValue> {
        Some(clap::builder::PossibleValue::new(self.name()))
    }
}

/// What wiring it takes to know of it.
impl Client {
    /// Its name for people.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::Claude => "Claude Code",
            Self::Codex => "Codex CLI",
            Self::Gemini => "Gemini CLI",
            Self::Cursor => "Cursor",
            Self::Copilot => "Copilot CLI",
            Self::OpenCode => "OpenCode",
        }
    }

    /// Names under which its executable is found.
    #[must_use]
    pub const fn programs(self) -> &'static [&'static str] {
        match self {
            Self::Claude => &["claude"],
            Self::Codex => &["codex"],
            Self::Gemini => &["gemini"],
            Self::Cursor => &["cursor", "cursor-agent"],
            Self::Copilot => &["copilot"],
            Self::OpenCode => &["opencode"],
        }
    }

    /// The folder that it makes for its user.
    #[must_use]
    pub fn folder(self, place: &Place) -> PathBuf {
        match self {
            Self::Claude => claude::folder(place),
            Self::Codex => codex::folder(place),
            Self::Gemini => place.user.join(".gemini"),
            Self::Cursor => place.user.join(".cursor"),
            Self::Copilot => place.user.join(".copilot"),
            Self::OpenCode => opencode::folder(place),
        }
    }

    /// What it should find in its files.
    #[must_use]
    pub fn wishes(self, place: &Place, scope: Scope, command: &Command) -> Vec<Wish> {
        match self {
            Self::Claude => claude::wishes(place, scope, command),
            Self::Codex => codex::wishes(place, command),
            Self::Gemini => gemini::wishes(place, scope, command),
            Self::Cursor => cursor::wishes(place, scope, command),
            Self::Copilot => copilot::wishes(place, scope, command),
            Self::OpenCode => opencode::wishes(place, scope, command),
        }
    }

    /// What only a person can do before it takes effect.
    #[must_use]
    pub const fn by_hand(self) -> Option<&'static str> {
        match self {
            Self::Claude => {
                Some("approve the project's server `coord` when Claude Code asks for it")
            }
            Self::Codex => {
                Some("type /hooks in Codex and trust the hooks; until then it skips them")
            }
            Self::Gemini => Some(
                "trust the folder when Gemini CLI asks; until then it skips the project's hooks",
            ),
            Self::Cursor => {
                Some("switch the server `coord` on under Settings, MCP, if Cursor asks for it")
            }
            Self::Copilot | Self::OpenCode => None,
        }
    }
}

const SERVER: &str = "MCP server and hooks";

fn wish(client: Client, path: PathBuf, what: &'static str, form: Form) -> Wish {
    Wish { path, reader: client.name(), what, form }
}

/// Groups of hooks as Claude Code has them and others took over: one for each matcher.
fn groups(event: &'static str, matchers: &[Option<&str>], hook: &Value) -> Part {
    let group = |matcher: &Option<&str>| match matcher {
        Some(matcher) => json!({ "matcher": matcher, "hooks": [hook] }),
        None => json!({ "hooks": [hook] }),
    };
    Part::Elements(vec!["hooks", event], matchers.iter().map(group).collect())
}

/// An entry of `mcpServers` that every client understands.
fn server(command: &Command, client: &str) -> Value {
    let (program, args) = command.split(&["mcp"]);
    json!({ "command": program, "args": args, "env": { "COORD_CLIENT": client } })
}

/// `value` with more members.
fn with(mut value: Value, more: &Value) -> Value {
    if let (Value::Object(fields), Value::Object(more)) = (&mut value, more) {
        fields.extend(more.clone());
    }
    value
}
