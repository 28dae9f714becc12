//! The languages in which clients tell their events and want to be answered.
//!
//! - Reading never fails for what is merely new: it is an event of unknown kind.
//! - An answer has nothing in it that the client did not define, and "no opinion" is
//!   no answer at all: to allow would skip the person's own permission prompt.
//!
//! Not here: what is answered (`coord hook` decides with the daemon).

mod claude;
mod codex;
mod copilot;
mod cursor;
mod gemini;
mod opencode;

use std::path::PathBuf;

use serde_json::Value;

use super::deed;
use super::event::{Client, Event, Kind, Verdict};
use crate::wire::Subagent;

/// Why an event cannot be read.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "the messages say it")]
pub enum Unread {
    #[error("nothing came on standard input")]
    Empty,
    #[error("what came is no JSON: {0}")]
    NotJson(String),
    #[error("what came is JSON, but no event")]
    NotAnEvent,
}

/// Reads what a client sent.
///
/// # Errors
/// See [`Unread`].
pub fn read(client: Client, bytes: &[u8]) -> Result<Event, Unread> {
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Err(Unread::Empty);
    }
    let sent: Value =
        serde_json::from_slice(bytes).map_err(|error| Unread::NotJson(error.to_string()))?;
    if !sent.is_object() {
        return Err(Unread::NotAnEvent);
    }
    let event = match client {
        Client::Claude => claude::read(&sent),
        Client::Codex => codex::read(&sent),
        Client::Gemini => gemini::read(&sent),
        Client::Cursor => cursor::read(&sent),
        Client::Copilot => copilot::read(&sent),
        Client::OpenCode => opencode::read(&sent),
    };
    event.ok_or(Unread::NotAnEvent)
}

/// What the client is answered; `None` is silence.
#[must_use]
pub fn answer(client: Client, event: &Event, verdict: &Verdict) -> Option<Value> {
    match client {
        Client::Claude => claude::answer(event, verdict),
        Client::Codex => codex::answer(event, verdict),
        Client::Gemini => gemini::answer(event, verdict),
        Client::Cursor => cursor::answer(event, verdict),
        Client::Copilot => copilot::answer(event, verdict),
        Client::OpenCode => opencode::answer(event, verdict),
    }
}

fn text<'v>(sent: &'v Value, key: &str) -> Option<&'v str> {
    sent.get(key)?.as_str().filter(|text| !text.is_empty())
}

/// An event in the envelope that Claude Code has and others took over: its name under
/// `hook_event_name`, everything else under names in snake case.
fn enveloped(sent: &Value, kind: impl Fn(&str) -> Kind) -> Option<Event> {
    let name = text(sent, "hook_event_name")?;
    let mut event = Event::new(kind(name), name);
    event.cwd = text(sent, "cwd").map(PathBuf::from);
    event.tool_use_id = text(sent, "tool_use_id").map(str::to_owned);
    event.why = text(sent, "source").or_else(|| text(sent, "reason")).map(str::to_owned);
    event.subagent = text(sent, "agent_id")
        .map(|id| Subagent { id: id.into(), kind: text(sent, "agent_type").map(str::to_owned) });
    if let Some(tool) = text(sent, "tool_name") {
        event.tool = Some(tool.to_owned());
        event.deed = deed::of(tool, sent.get("tool_input").unwrap_or(&Value::Null));
    }
    Some(event)
}
