//! Copilot CLI: the user's `mcp-config.json`, and a file of ours among the hooks.
//!
//! Hooks lie in files of any name in a folder: ours is a whole file, so that no other is touched.

use serde_json::{Map, Value, json};

use super::{Client, server, wish, with};
use crate::setup::command::Command;
use crate::setup::form::{Form, Part};
use crate::setup::{Place, Scope, Wish};

const EVENTS: [&str; 5] =
    ["sessionStart", "userPromptSubmitted", "preToolUse", "postToolUse", "sessionEnd"];

pub fn wishes(place: &Place, scope: Scope, command: &Command) -> Vec<Wish> {
    let servers = Client::Copilot.folder(place).join("mcp-config.json");
    let entry = with(
        with(json!({ "type": "local" }), &server(command, "copilot")),
        &json!({ "tools": ["*"], "timeout": 120_000 }),
    );
    let hooks = match scope {
        Scope::Project => place.root.join(".github/hooks/coord.json"),
        Scope::User => Client::Copilot.folder(place).join("hooks/coord.json"),
    };
    let server = Part::Member(vec!["mcpServers", "coord"], entry);
    vec![
        wish(Client::Copilot, servers, "MCP server", Form::Json(vec![server])),
        wish(Client::Copilot, hooks, "hooks", Form::Own(own(command))),
    ]
}

fn own(command: &Command) -> String {
    let hook = json!({
        "type": "command",
        "bash": command.line(&["hook", "copilot"]),
        "timeoutSec": 10,
    });
    let hooks: Map<String, Value> =
        EVENTS.iter().map(|event| ((*event).to_owned(), json!([hook]))).collect();
    let whole = json!({ "version": 1, "hooks": hooks });
    format!("{whole:#}\n")
}
