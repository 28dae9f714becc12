//! Gemini CLI: `.gemini/settings.json`, the project's or the user's, for server and hooks alike.
//!
//! - All times are in milliseconds.
//! - Hooks of a project run only where the user has trusted the folder.

use serde_json::json;

use super::{Client, SERVER, groups, server, wish, with};
use crate::setup::command::Command;
use crate::setup::form::{Form, Part};
use crate::setup::{Place, Scope, Wish};

pub fn wishes(place: &Place, scope: Scope, command: &Command) -> Vec<Wish> {
    let top = match scope {
        Scope::Project => &place.root,
        Scope::User => &place.user,
    };
    let hook = |milliseconds: u32| {
        json!({
            "name": "coord",
            "type": "command",
            "command": command.line(&["hook", "gemini"]),
            "timeout": milliseconds,
        })
    };
    // `trust`: the server's tools need no confirmation; what they may do is coord's own policy.
    let entry = with(server(command, "gemini"), &json!({ "timeout": 120_000, "trust": true }));
    let tools = [Some("write_file|replace|run_shell_command|mcp_.*")];
    let parts = vec![
        Part::Member(vec!["mcpServers", "coord"], entry),
        groups("SessionStart", &[None], &hook(5_000)),
        groups("BeforeAgent", &[None], &hook(5_000)),
        groups("BeforeTool", &tools, &hook(10_000)),
        groups("AfterTool", &tools, &hook(5_000)),
        groups("PreCompress", &[None], &hook(5_000)),
        groups("AfterAgent", &[None], &hook(5_000)),
        groups("SessionEnd", &[None], &hook(5_000)),
    ];
    vec![wish(Client::Gemini, top.join(".gemini/settings.json"), SERVER, Form::Json(parts))]
}
