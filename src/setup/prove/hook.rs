//! Playing a client's own hook protocol: an edit of a file that another agent holds.

use std::process::Command;

use serde_json::{Value, json};

use super::scratch::{HOLDER, Scratch};
use super::{complaint, run};
use crate::setup::clients::Client;
use crate::setup::configured::Hook;

/// The tool that edits, in the client's word.
#[must_use]
pub const fn editor(client: Client) -> &'static str {
    match client {
        Client::Claude | Client::Cursor => "Write",
        Client::Codex => "apply_patch",
        Client::Gemini => "write_file",
        Client::Copilot | Client::OpenCode => "edit",
    }
}

/// Whether a client runs the hook before an edit.
#[must_use]
pub fn matches(hook: &Hook, client: Client) -> bool {
    match hook.matcher.as_deref() {
        None | Some("" | "*") => true,
        Some(matcher) => {
            let whole = regex::Regex::new(&format!("^(?:{matcher})$"));
            whole.is_ok_and(|matcher| matcher.is_match(editor(client)))
        }
    }
}

/// Tells the hook of an edit of the held file; the reason by which it was stopped.
///
/// # Errors
/// In a sentence, why it was not.
pub fn denies(client: Client, hook: &Hook, scratch: &Scratch) -> Result<String, String> {
    let mut command = match hook.words.as_slice() {
        // A line is for a shell to take apart, as the client has it done.
        [line] => {
            let mut shell = Command::new("sh");
            shell.args(["-c", line]);
            shell
        }
        [program, arguments @ ..] => {
            let mut command = Command::new(program);
            command.args(arguments);
            command
        }
        [] => return Err("it has no command".into()),
    };
    command.env("COORD_HOME", scratch.home()).current_dir(scratch.repo());
    for name in ["AGENT_ID", "SESSION_ID", "AGENT_TYPE"] {
        command.env_remove(name);
    }
    if client == Client::Claude {
        command.env("CLAUDE_PROJECT_DIR", scratch.repo());
    }
    let said = run(&mut command, &event(client, scratch).to_string())
        .map_err(|error| format!("it could not be run: {error}"))?;
    if said.stdout.trim().is_empty() {
        return Err(match said.code {
            Some(0) => "it had nothing to say against an edit of a file that is held".into(),
            _ => format!("it did not answer: {}", complaint(&said)),
        });
    }
    let answer: Value = serde_json::from_str(&said.stdout)
        .map_err(|error| format!("its answer is no JSON: {error}"))?;
    let reason = denial(client, &answer)
        .ok_or_else(|| format!("its answer does not stop the edit: {answer}"))?;
    if reason.contains(HOLDER) {
        Ok(reason)
    } else {
        Err(format!("it stopped the edit for another reason: {reason}"))
    }
}

/// The reason in an answer that stops the tool, as the client reads it.
fn denial(client: Client, answer: &Value) -> Option<String> {
    let (decision, reason) = match client {
        Client::Claude | Client::Codex => (
            "/hookSpecificOutput/permissionDecision",
            "/hookSpecificOutput/permissionDecisionReason",
        ),
        Client::Gemini => ("/decision", "/reason"),
        Client::Cursor => ("/permission", "/agent_message"),
        Client::Copilot => ("/permissionDecision", "/permissionDecisionReason"),
        Client::OpenCode => return Some(answer.get("deny")?.as_str()?.to_owned()),
    };
    let denied = answer.pointer(decision).and_then(Value::as_str) == Some("deny");
    let reason = answer.pointer(reason).and_then(Value::as_str);
    denied.then(|| reason.unwrap_or_default().to_owned())
}

/// The event that the client sends before the edit.
fn event(client: Client, scratch: &Scratch) -> Value {
    let (cwd, file, tool) = (scratch.repo(), scratch.held(), editor(client));
    let named = |event: &str, input: Value| {
        json!({
            "session_id": "coord-doctor",
            "cwd": cwd,
            "hook_event_name": event,
            "tool_name": tool,
            "tool_input": input,
            "tool_use_id": "coord-doctor-1",
        })
    };
    match client {
        Client::Claude => named("PreToolUse", json!({ "file_path": file, "content": "x" })),
        Client::Codex => {
            let patch = format!(
                "*** Begin Patch\n*** Update File: {}\n@@\n-as it was\n+x\n*** End Patch\n",
                super::scratch::HELD
            );
            named("PreToolUse", json!({ "command": patch }))
        }
        Client::Gemini => named("BeforeTool", json!({ "file_path": file, "content": "x" })),
        Client::Cursor => {
            let mut event = named("preToolUse", json!({ "file_path": file, "content": "x" }));
            if let Some(fields) = event.as_object_mut() {
                fields.insert("conversation_id".into(), "coord-doctor".into());
                fields.insert("workspace_roots".into(), json!([cwd]));
            }
            event
        }
        Client::Copilot => json!({
            "timestamp": 0,
            "cwd": cwd,
            "toolName": tool,
            "toolArgs": json!({ "path": file }).to_string(),
        }),
        Client::OpenCode => json!({
            "event": "tool.execute.before",
            "sessionID": "coord-doctor",
            "callID": "coord-doctor-1",
            "tool": tool,
            "args": { "filePath": file, "newString": "x" },
            "directory": cwd,
        }),
    }
}
