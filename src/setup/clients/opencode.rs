//! `OpenCode`: `opencode.json` or `opencode.jsonc`, and a small plugin of ours for the hooks.
//!
//! Hooks are functions of a plugin, which lies in a folder of plugins as a file of its own.

use std::path::{Path, PathBuf};

use serde_json::json;

use super::{Client, wish};
use crate::setup::command::Command;
use crate::setup::form::{Form, Part};
use crate::setup::{Place, Scope, Wish};

/// The plugin; `["coord", "hook", "opencode"]` stands for the command that it runs.
const PLUGIN: &str = include_str!("opencode.js");
const COMMAND: &str = r#"["coord", "hook", "opencode"]"#;

pub fn folder(place: &Place) -> PathBuf {
    let config = place.moved.xdg.clone().unwrap_or_else(|| place.user.join(".config"));
    config.join("opencode")
}

pub fn wishes(place: &Place, scope: Scope, command: &Command) -> Vec<Wish> {
    let (config, plugins) = match scope {
        Scope::Project => (settings(&place.root), place.root.join(".opencode/plugins")),
        Scope::User => (settings(&folder(place)), folder(place).join("plugins")),
    };
    let entry = json!({
        "type": "local",
        "command": command.words(&["mcp"]),
        "enabled": true,
        "timeout": 30_000,
        "environment": { "COORD_CLIENT": "opencode" },
    });
    let server = Part::Member(vec!["mcp", "coord"], entry);
    let plugin = PLUGIN.replace(COMMAND, &json!(command.words(&["hook", "opencode"])).to_string());
    vec![
        wish(Client::OpenCode, config, "MCP server", Form::Json(vec![server])),
        wish(
            Client::OpenCode,
            plugins.join("coord.js"),
            "plugin with the hooks",
            Form::Own(plugin),
        ),
    ]
}

/// The file that is there already, else the plain one.
fn settings(folder: &Path) -> PathBuf {
    let commented = folder.join("opencode.jsonc");
    if commented.exists() { commented } else { folder.join("opencode.json") }
}
