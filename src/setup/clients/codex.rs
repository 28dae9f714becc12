//! Codex CLI: `config.toml` and `hooks.json` in the user's folder, whatever the scope.
//!
//! - A project's `.codex` counts only where the user has trusted it, and is not read for hooks by
//!   every version; the user's files always are.
//! - A server is started with few variables: those that it should have besides are named.
//! - All times are in seconds.

use std::path::PathBuf;

use serde_json::json;
use toml_edit::{Array, InlineTable, Value};

use super::{Client, groups, wish};
use crate::setup::command::Command;
use crate::setup::form::Form;
use crate::setup::toml::Wanted;
use crate::setup::{Place, Wish};

/// Variables that decide where home is and who an agent is.
const VARIABLES: [&str; 4] = ["COORD_HOME", "AGENT_ID", "AGENT_TYPE", "SESSION_ID"];

pub fn folder(place: &Place) -> PathBuf {
    place.moved.codex.clone().unwrap_or_else(|| place.user.join(".codex"))
}

pub fn wishes(place: &Place, command: &Command) -> Vec<Wish> {
    let hook = |seconds: u32| json!({ "type": "command", "command": command.line(&["hook", "codex"]), "timeout": seconds });
    let tools = [Some("Bash|apply_patch|mcp__.*")];
    let hooks = vec![
        groups("SessionStart", &[None], &hook(5)),
        groups("UserPromptSubmit", &[None], &hook(5)),
        groups("PreToolUse", &tools, &hook(10)),
        groups("PostToolUse", &tools, &hook(5)),
        groups("PreCompact", &[None], &hook(5)),
        groups("SubagentStop", &[None], &hook(5)),
        groups("Stop", &[None], &hook(5)),
    ];
    vec![
        wish(
            Client::Codex,
            folder(place).join("config.toml"),
            "MCP server",
            Form::Toml(table(command)),
        ),
        wish(Client::Codex, folder(place).join("hooks.json"), "hooks", Form::Json(hooks)),
    ]
}

fn table(command: &Command) -> Wanted {
    let words = command.words(&["mcp"]);
    let (program, args) = words.split_first().map_or(("", &[][..]), |(a, b)| (a.as_str(), b));
    let mut env = InlineTable::new();
    env.insert("COORD_CLIENT", "codex".into());
    let list = |words: Vec<&str>| Value::Array(words.into_iter().collect::<Array>());
    Wanted {
        path: vec!["mcp_servers", "coord"],
        pairs: vec![
            ("command", program.into()),
            ("args", list(args.iter().map(String::as_str).collect())),
            ("env", Value::InlineTable(env)),
            ("env_vars", list(VARIABLES.to_vec())),
            ("startup_timeout_sec", 10.into()),
            ("tool_timeout_sec", 120.into()),
            // With an approval policy of "never" a call fails unless its tools are approved here.
            ("default_tools_approval_mode", "approve".into()),
            // Without it a call that waits for a lock holds up every other one.
            ("supports_parallel_tool_calls", true.into()),
        ],
    }
}
