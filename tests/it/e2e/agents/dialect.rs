//! The three makers' ways to ask a model and to be answered, as far as a list of
//! tool calls needs them: Anthropic's Messages, `OpenAI`'s Responses, Gemini's
//! generateContent.

use std::fmt::Write as _;
use std::sync::atomic::{AtomicU32, Ordering};

use serde_json::{Value, json};

/// Calls of one client bear different numbers.
static NEXT: AtomicU32 = AtomicU32::new(1);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    Messages,
    Responses,
    Gemini,
}

/// A tool call as the client at hand names it.
#[derive(Clone, Debug)]
pub struct Call {
    pub name: String,
    /// Codex keeps the tools of a server apart by this.
    pub namespace: Option<String>,
    pub input: Value,
}

impl Call {
    pub fn new(name: &str, input: Value) -> Self {
        Self { name: name.into(), namespace: None, input }
    }
}

impl Dialect {
    pub fn of(path: &str) -> Option<Self> {
        if path.ends_with("/messages") {
            Some(Self::Messages)
        } else if path.ends_with("/responses") {
            Some(Self::Responses)
        } else if path.contains("enerateContent") {
            Some(Self::Gemini)
        } else {
            None
        }
    }

    /// The content type and the body of an answer.
    pub fn reply(self, path: &str, asked: &Value, calls: &[Call]) -> (&'static str, String) {
        match self {
            Self::Messages => messages(asked, calls),
            Self::Responses => (STREAM, events(&responses(calls))),
            Self::Gemini => {
                let reply = gemini(calls);
                if path.contains("stream") {
                    (STREAM, format!("data: {reply}\n\n"))
                } else {
                    (JSON, reply.to_string())
                }
            }
        }
    }

    /// The texts of a request that came after the model's last word.
    pub fn shown(self, body: &Value) -> String {
        let (list, is_models): (&str, fn(&Value) -> bool) = match self {
            Self::Messages => ("messages", |turn| turn["role"] == "assistant"),
            Self::Responses => ("input", |item| {
                let kind = item["type"].as_str().unwrap_or_default();
                kind.ends_with("_call") || item["role"] == "assistant"
            }),
            Self::Gemini => ("contents", |turn| turn["role"] == "model"),
        };
        let turns = body[list].as_array().cloned().unwrap_or_default();
        let after = turns.iter().rposition(is_models).map_or(0, |at| at + 1);
        texts(&Value::from(turns.get(after..).unwrap_or_default().to_vec()))
    }
}

const STREAM: &str = "text/event-stream";
const JSON: &str = "application/json";

/// Every string in a value, a line each.
pub fn texts(value: &Value) -> String {
    match value {
        Value::String(text) => format!("{text}\n"),
        Value::Array(all) => all.iter().map(texts).collect(),
        Value::Object(fields) => fields.values().map(texts).collect(),
        _ => String::new(),
    }
}

fn number() -> u32 {
    NEXT.fetch_add(1, Ordering::Relaxed)
}

fn events(events: &[Value]) -> String {
    events.iter().fold(String::new(), |mut text, event| {
        let name = event["type"].as_str().unwrap_or_default();
        writeln!(text, "event: {name}\ndata: {event}\n").expect("a string takes it");
        text
    })
}

fn messages(asked: &Value, calls: &[Call]) -> (&'static str, String) {
    let stop = if calls.is_empty() { "end_turn" } else { "tool_use" };
    let blocks: Vec<Value> = if calls.is_empty() {
        vec![json!({ "type": "text", "text": "done" })]
    } else {
        let block = |call: &Call| json!({ "type": "tool_use", "id": format!("toolu_{:04}", number()), "name": call.name, "input": call.input });
        calls.iter().map(block).collect()
    };
    let mut message = json!({
        "id": format!("msg_{}", number()), "type": "message", "role": "assistant",
        "model": asked["model"], "content": [], "stop_reason": null, "stop_sequence": null,
        "usage": { "input_tokens": 1, "output_tokens": 1 },
    });
    if asked["stream"] != true {
        message["content"] = blocks.into();
        message["stop_reason"] = stop.into();
        return (JSON, message.to_string());
    }
    let mut all = vec![json!({ "type": "message_start", "message": message })];
    for (index, block) in blocks.iter().enumerate() {
        let (start, delta) = if block["type"] == "text" {
            (
                json!({ "type": "text", "text": "" }),
                json!({ "type": "text_delta", "text": block["text"] }),
            )
        } else {
            let mut start = block.clone();
            start["input"] = json!({});
            (
                start,
                json!({ "type": "input_json_delta", "partial_json": block["input"].to_string() }),
            )
        };
        all.push(json!({ "type": "content_block_start", "index": index, "content_block": start }));
        all.push(json!({ "type": "content_block_delta", "index": index, "delta": delta }));
        all.push(json!({ "type": "content_block_stop", "index": index }));
    }
    all.push(json!({ "type": "message_delta", "delta": { "stop_reason": stop, "stop_sequence": null }, "usage": { "output_tokens": 1 } }));
    all.push(json!({ "type": "message_stop" }));
    (STREAM, events(&all))
}

fn responses(calls: &[Call]) -> Vec<Value> {
    let mut items: Vec<Value> = calls.iter().map(item).collect();
    if items.is_empty() {
        let text = json!({ "type": "output_text", "text": "done", "annotations": [] });
        items.push(json!({ "type": "message", "id": format!("msg_{}", number()), "role": "assistant", "status": "completed", "content": [text] }));
    }
    let mut response = json!({ "id": format!("resp_{}", number()), "object": "response", "status": "in_progress", "output": [] });
    let mut all = vec![json!({ "type": "response.created", "response": response })];
    for (index, item) in items.iter().enumerate() {
        for what in ["added", "done"] {
            all.push(json!({ "type": format!("response.output_item.{what}"), "output_index": index, "item": item }));
        }
    }
    response["status"] = "completed".into();
    response["output"] = items.into();
    response["usage"] = json!({
        "input_tokens": 1, "input_tokens_details": { "cached_tokens": 0 },
        "output_tokens": 1, "output_tokens_details": { "reasoning_tokens": 0 }, "total_tokens": 2,
    });
    all.push(json!({ "type": "response.completed", "response": response }));
    all
}

fn item(call: &Call) -> Value {
    let n = number();
    let mut item = json!({ "type": "function_call", "id": format!("fc_{n}"), "call_id": format!("call_{n}"), "name": call.name, "arguments": call.input.to_string(), "status": "completed" });
    if let Some(namespace) = &call.namespace {
        item["namespace"] = namespace.as_str().into();
    }
    item
}

fn gemini(calls: &[Call]) -> Value {
    let mut parts: Vec<Value> = calls
        .iter()
        .map(|call| json!({ "functionCall": { "name": call.name, "args": call.input } }))
        .collect();
    if parts.is_empty() {
        parts.push(json!({ "text": "done" }));
    }
    json!({
        "candidates": [{ "content": { "role": "model", "parts": parts }, "finishReason": "STOP", "index": 0 }],
        "usageMetadata": { "promptTokenCount": 1, "candidatesTokenCount": 1, "totalTokenCount": 2 },
    })
}
