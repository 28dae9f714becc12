//! Claude Code (2.1): `hook_event_name` in, `hookSpecificOutput` out.

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
        "PostToolUse" | "PostToolUseFailure" => Kind::AfterTool,
        "PreCompact" => Kind::BeforeCompaction,
        "Stop" | "StopFailure" => Kind::TurnEnd,
        "SubagentStop" => Kind::SubagentEnd,
        "SessionEnd" => Kind::SessionEnd,
        "SubagentStart" | "PostCompact" | "PermissionRequest" | "PermissionDenied"
        | "Notification" | "TeammateIdle" | "TaskCreated" | "TaskCompleted" | "WorktreeCreate"
        | "WorktreeRemove" | "CwdChanged" | "FileChanged" | "ConfigChange" | "Setup"
        | "InstructionsLoaded" | "Elicitation" | "ElicitationResult" => Kind::Idle,
        _ => Kind::Unknown,
    }
}

pub fn answer(event: &Event, verdict: &Verdict) -> Option<Value> {
    let said = match (event.kind, verdict) {
        (Kind::BeforeTool, Verdict::Deny(reason)) => decision("deny", reason),
        (Kind::BeforeTool, Verdict::Ask(reason)) => decision("ask", reason),
        (
            Kind::SessionStart | Kind::Prompt | Kind::BeforeTool | Kind::AfterTool,
            Verdict::Context(facts),
        ) => json!({ "additionalContext": facts }),
        _ => return None,
    };
    let mut output = json!({ "hookEventName": event.name });
    if let (Value::Object(output), Value::Object(said)) = (&mut output, said) {
        output.extend(said);
    }
    Some(json!({ "hookSpecificOutput": output }))
}

fn decision(word: &str, reason: &str) -> Value {
    json!({ "permissionDecision": word, "permissionDecisionReason": reason })
}
