//! Gemini CLI (0.61): its own names of events, `decision` out.

use serde_json::{Value, json};

use crate::hooks::event::{Event, Kind, Verdict};

pub fn read(sent: &Value) -> Option<Event> {
    let mut event = super::enveloped(sent, kind)?;
    let server = sent.get("mcp_context").and_then(|context| super::text(context, "server_name"));
    if server == Some("coord") {
        event.deed.ours = true;
        event.deed.files.clear();
    }
    Some(event)
}

fn kind(name: &str) -> Kind {
    match name {
        "SessionStart" => Kind::SessionStart,
        "BeforeAgent" => Kind::Prompt,
        "BeforeTool" => Kind::BeforeTool,
        "AfterTool" => Kind::AfterTool,
        "PreCompress" => Kind::BeforeCompaction,
        "AfterAgent" => Kind::TurnEnd,
        "SessionEnd" => Kind::SessionEnd,
        "BeforeModel" | "AfterModel" | "BeforeToolSelection" | "Notification" => Kind::Idle,
        _ => Kind::Unknown,
    }
}

pub fn answer(event: &Event, verdict: &Verdict) -> Option<Value> {
    match (event.kind, verdict) {
        (Kind::BeforeTool, Verdict::Deny(reason) | Verdict::Ask(reason)) => {
            Some(json!({ "decision": "deny", "reason": reason }))
        }
        (Kind::SessionStart | Kind::Prompt | Kind::AfterTool, Verdict::Context(facts)) => {
            let said = json!({ "hookEventName": event.name, "additionalContext": facts });
            Some(json!({ "hookSpecificOutput": said }))
        }
        _ => None,
    }
}
