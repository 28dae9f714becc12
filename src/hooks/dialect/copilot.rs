//! Copilot CLI (1.0): events without a name, known by what is in them.
//!
//! - Arguments come as an object or as JSON in a text, by version.

use std::path::PathBuf;

use serde_json::{Value, json};

use crate::hooks::deed;
use crate::hooks::event::{Event, Kind, Verdict};

pub fn read(sent: &Value) -> Option<Event> {
    let (kind, name) = kind(sent)?;
    let mut event = Event::new(kind, name);
    event.cwd = super::text(sent, "cwd").map(PathBuf::from);
    event.why =
        super::text(sent, "source").or_else(|| super::text(sent, "reason")).map(str::to_owned);
    event.tool_use_id = super::text(sent, "toolCallId").map(str::to_owned);
    if let Some(tool) = super::text(sent, "toolName") {
        let input = match sent.get("toolArgs") {
            Some(Value::String(text)) => serde_json::from_str(text).unwrap_or(Value::Null),
            Some(other) => other.clone(),
            None => Value::Null,
        };
        event.deed = deed::of(tool, &input);
        // Tools of a server are called `server-tool`.
        event.deed.ours |= tool.starts_with("coord-");
        event.tool = Some(tool.to_owned());
    }
    Some(event)
}

fn kind(sent: &Value) -> Option<(Kind, &'static str)> {
    let has = |key: &str| sent.get(key).is_some();
    Some(if has("toolResult") {
        (Kind::AfterTool, "postToolUse")
    } else if has("toolName") {
        (Kind::BeforeTool, "preToolUse")
    } else if has("error") {
        (Kind::Idle, "errorOccurred")
    } else if has("source") {
        (Kind::SessionStart, "sessionStart")
    } else if has("reason") {
        (Kind::SessionEnd, "sessionEnd")
    } else if has("prompt") {
        (Kind::Prompt, "userPromptSubmitted")
    } else if has("timestamp") || has("sessionId") {
        (Kind::Unknown, "unknown")
    } else {
        return None;
    })
}

pub fn answer(event: &Event, verdict: &Verdict) -> Option<Value> {
    let decision = |word: &str, reason: &str| {
        Some(json!({ "permissionDecision": word, "permissionDecisionReason": reason }))
    };
    match (event.kind, verdict) {
        (Kind::BeforeTool, Verdict::Deny(reason)) => decision("deny", reason),
        (Kind::BeforeTool, Verdict::Ask(reason)) => decision("ask", reason),
        (Kind::SessionStart | Kind::Prompt | Kind::AfterTool, Verdict::Context(facts)) => {
            Some(json!({ "additionalContext": facts }))
        }
        _ => None,
    }
}
