//! Claude Code: `.mcp.json` and `.claude/settings.json`, or the user's `.claude.json` and settings.
//!
//! - The hooks are those of the plugin, read from its own file, so that the two ways to install them
//!   cannot drift apart.
//! - `timeout` of a server is in milliseconds, of a hook in seconds.

use std::path::PathBuf;

use serde_json::{Value, json};

use super::{Client, server, wish, with};
use crate::setup::command::Command;
use crate::setup::form::{Form, Part};
use crate::setup::{Place, Scope, Wish};

/// The hooks of the plugin.
const HOOKS: &str = include_str!("../plugin/hooks/hooks.json");
/// The events that we listen to, in the order of the file.
const EVENTS: [&str; 9] = [
    "SessionStart",
    "UserPromptSubmit",
    "PreToolUse",
    "PostToolUse",
    "PostToolUseFailure",
    "PreCompact",
    "SubagentStop",
    "Stop",
    "SessionEnd",
];

pub fn folder(place: &Place) -> PathBuf {
    place.moved.claude.clone().unwrap_or_else(|| place.user.join(".claude"))
}

pub fn wishes(place: &Place, scope: Scope, command: &Command) -> Vec<Wish> {
    let (servers, settings) = match scope {
        Scope::Project => (place.root.join(".mcp.json"), place.root.join(".claude/settings.json")),
        Scope::User => {
            let top = place.moved.claude.as_ref().unwrap_or(&place.user);
            (top.join(".claude.json"), folder(place).join("settings.json"))
        }
    };
    // A call may wait in line for 110 s; the limit is there for what hangs. `alwaysLoad`: the tools
    // are known from the start, not only after a search for them.
    let entry = with(
        with(json!({ "type": "stdio" }), &server(command, "claude-code")),
        &json!({ "timeout": 600_000, "alwaysLoad": true }),
    );
    let server = Part::Member(vec!["mcpServers", "coord"], entry);
    let hooks =
        EVENTS.iter().map(|event| Part::Elements(vec!["hooks", event], groups(event, command)));
    vec![
        wish(Client::Claude, servers, "MCP server", Form::Json(vec![server])),
        wish(Client::Claude, settings, "hooks", Form::Json(hooks.collect())),
    ]
}

/// The groups of one event, with the command that is to be run.
fn groups(event: &str, command: &Command) -> Vec<Value> {
    let file: Value = serde_json::from_str(HOOKS).unwrap_or_default();
    let groups = file.pointer(&format!("/hooks/{event}")).and_then(Value::as_array).cloned();
    let (program, args) = command.split(&["hook", "claude"]);
    let mut groups = groups.unwrap_or_default();
    for group in &mut groups {
        let hooks = group.get_mut("hooks").and_then(Value::as_array_mut);
        for hook in hooks.into_iter().flatten() {
            *hook = with(hook.take(), &json!({ "command": program, "args": args }));
        }
    }
    groups
}
