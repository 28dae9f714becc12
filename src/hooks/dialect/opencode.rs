//! The client of that name, whose hooks are functions of a plugin: the plugin passes on what it is told
//! and throws what it is answered.
//!
//! - In: `{"event": "tool.execute.before", "sessionID", "callID", "tool", "args",
//!   "directory"}`; other events are `tool.execute.after`, `session.created`,
//!   `session.compacting`, `session.idle`, `session.deleted`, `chat.message`.
//! - Out: `{"deny": reason}`, which the plugin throws, or `{"context": facts}`.

use std::path::PathBuf;

use serde_json::{Value, json};

use crate::hooks::deed;
use crate::hooks::event::{Event, Kind, Verdict};

pub fn read(sent: &Value) -> Option<Event> {
    let name = super::text(sent, "event")?;
    let mut event = Event::new(kind(name), name);
    event.cwd = super::text(sent, "directory").map(PathBuf::from);
    event.tool_use_id = super::text(sent, "callID").map(str::to_owned);
    if let Some(tool) = super::text(sent, "tool") {
        event.deed = deed::of(tool, sent.get("args").unwrap_or(&Value::Null));
        // Tools of a server are called `server_tool`.
        event.deed.ours |= tool.starts_with("coord_");
        event.tool = Some(tool.to_owned());
    }
    Some(event)
}

fn kind(name: &str) -> Kind {
    match name {
        "session.created" => Kind::SessionStart,
        "chat.message" => Kind::Prompt,
        "tool.execute.before" => Kind::BeforeTool,
        "tool.execute.after" => Kind::AfterTool,
        "session.compacting" => Kind::BeforeCompaction,
        "session.idle" => Kind::TurnEnd,
        "session.deleted" => Kind::SessionEnd,
        _ => Kind::Unknown,
    }
}

pub fn answer(event: &Event, verdict: &Verdict) -> Option<Value> {
    match (event.kind, verdict) {
        (Kind::BeforeTool, Verdict::Deny(reason) | Verdict::Ask(reason)) => {
            Some(json!({ "deny": reason }))
        }
        (Kind::SessionStart | Kind::Prompt | Kind::AfterTool, Verdict::Context(facts)) => {
            Some(json!({ "context": facts }))
        }
        _ => None,
    }
}
