//! Cursor: `.cursor/mcp.json` and `.cursor/hooks.json`, the project's or the user's.
//!
//! Older versions know `beforeShellExecution` alone, newer ones tell of every tool in `preToolUse`;
//! a command that comes twice gets the same answer twice.

use serde_json::json;

use super::{Client, server, wish};
use crate::setup::command::Command;
use crate::setup::form::{Form, Part};
use crate::setup::{Place, Scope, Wish};

const EVENTS: [&str; 9] = [
    "sessionStart",
    "preToolUse",
    "beforeShellExecution",
    "beforeMCPExecution",
    "postToolUse",
    "afterFileEdit",
    "preCompact",
    "stop",
    "sessionEnd",
];

pub fn wishes(place: &Place, scope: Scope, command: &Command) -> Vec<Wish> {
    let top = match scope {
        Scope::Project => &place.root,
        Scope::User => &place.user,
    };
    let hook = json!({ "command": command.line(&["hook", "cursor"]), "timeout": 10 });
    let each = |event| Part::Elements(vec!["hooks", event], vec![hook.clone()]);
    let mut hooks = vec![Part::Needed(vec!["version"], json!(1))];
    hooks.extend(EVENTS.map(each));
    let server = Part::Member(vec!["mcpServers", "coord"], server(command, "cursor"));
    vec![
        wish(Client::Cursor, top.join(".cursor/mcp.json"), "MCP server", Form::Json(vec![server])),
        wish(Client::Cursor, top.join(".cursor/hooks.json"), "hooks", Form::Json(hooks)),
    ]
}
