//! Codex CLI (0.169): Claude Code's envelope, and a stricter reader of answers.
//!
//! - It refuses an answer with a field that it does not know, and knows no "ask": what a
//!   person must decide is denied, with the command by which the person does so.
//! - There is no event for a session's end; the daemon watches the process.

use serde_json::{Value, json};

use crate::hooks::event::{Event, Kind, Verdict};

pub fn read(sent: &Value) -> Option<Event> {
    super::enveloped(sent, kind)
}

fn kind(name: &str) -> Kind {
    match name {
        "SessionStart" => Kind::SessionStart,
        "UserPromptSubmit" => Kind::Prompt,
        "PreToolUse" => Kind::BeforeTool,
        "PostToolUse" => Kind::AfterTool,
        "PreCompact" => Kind::BeforeCompaction,
        "Stop" | "StopFailure" | "Interrupt" => Kind::TurnEnd,
        "SubagentStop" => Kind::SubagentEnd,
        "SessionEnd" => Kind::SessionEnd,
        "PermissionRequest" | "PostCompact" | "SubagentStart" => Kind::Idle,
        _ => Kind::Unknown,
    }
}

pub fn answer(event: &Event, verdict: &Verdict) -> Option<Value> {
    let said = match (event.kind, verdict) {
        (Kind::BeforeTool, Verdict::Deny(reason) | Verdict::Ask(reason)) => json!({
            "hookEventName": event.name,
            "permissionDecision": "deny",
            "permissionDecisionReason": reason,
        }),
        (Kind::SessionStart | Kind::Prompt, Verdict::Context(facts)) => {
            json!({ "hookEventName": event.name, "additionalContext": facts })
        }
        _ => return None,
    };
    Some(json!({ "hookSpecificOutput": said }))
}
