//! Cursor: an event for each sort of tool, `permission` out.
//!
//! - Older versions tell of commands alone before they run, and of edits after they were
//!   made; `preToolUse` tells of every tool.
//! - "ask" is honoured for commands and MCP calls only; elsewhere it is a denial.

use std::path::PathBuf;

use serde_json::{Value, json};

use crate::hooks::deed;
use crate::hooks::event::{Event, Kind, Verdict};

pub fn read(sent: &Value) -> Option<Event> {
    let mut event = super::enveloped(sent, kind)?;
    if event.cwd.is_none() {
        let root = sent.get("workspace_roots").and_then(|roots| roots.get(0)?.as_str());
        event.cwd = root.map(PathBuf::from);
    }
    match event.name.as_str() {
        "beforeShellExecution" | "afterShellExecution" => {
            let command = super::text(sent, "command");
            event.deed = command.map(|text| deed::of_command(text, None)).unwrap_or_default();
        }
        "beforeMCPExecution" => event.deed = of_server(sent),
        _ => {}
    }
    Some(event)
}

/// A call of an MCP server, whose arguments come as JSON in a text.
fn of_server(sent: &Value) -> deed::Deed {
    let tool = super::text(sent, "tool_name").unwrap_or_default();
    let input = match sent.get("tool_input") {
        Some(Value::String(text)) => serde_json::from_str(text).unwrap_or(Value::Null),
        Some(other) => other.clone(),
        None => Value::Null,
    };
    let told = super::text(sent, "server").or_else(|| super::text(sent, "command"));
    let ours =
        told.is_some_and(|server| server.rsplit('/').next().unwrap_or(server).starts_with("coord"));
    let server = if ours { "coord" } else { "other" };
    deed::of(&format!("mcp__{server}__{tool}"), &input)
}

fn kind(name: &str) -> Kind {
    match name {
        "sessionStart" => Kind::SessionStart,
        "beforeSubmitPrompt" => Kind::Prompt,
        "preToolUse" | "beforeShellExecution" | "beforeMCPExecution" => Kind::BeforeTool,
        "postToolUse"
        | "postToolUseFailure"
        | "afterShellExecution"
        | "afterMCPExecution"
        | "afterFileEdit" => Kind::AfterTool,
        "preCompact" => Kind::BeforeCompaction,
        "stop" => Kind::TurnEnd,
        "subagentStop" => Kind::SubagentEnd,
        "sessionEnd" => Kind::SessionEnd,
        "beforeReadFile" | "subagentStart" | "afterAgentResponse" | "afterAgentThought"
        | "beforeTabFileRead" | "afterTabFileEdit" => Kind::Idle,
        _ => Kind::Unknown,
    }
}

pub fn answer(event: &Event, verdict: &Verdict) -> Option<Value> {
    match (event.kind, verdict) {
        (Kind::BeforeTool, Verdict::Deny(reason)) => Some(permission("deny", reason)),
        (Kind::BeforeTool, Verdict::Ask(reason)) => {
            let asks = event.name != "preToolUse";
            Some(permission(if asks { "ask" } else { "deny" }, reason))
        }
        (Kind::SessionStart, Verdict::Context(facts)) => {
            Some(json!({ "additional_context": facts }))
        }
        (Kind::AfterTool, Verdict::Context(facts)) if event.name == "postToolUse" => {
            Some(json!({ "additional_context": facts }))
        }
        _ => None,
    }
}

fn permission(word: &str, reason: &str) -> Value {
    json!({ "permission": word, "user_message": reason, "agent_message": reason })
}
