//! Every string of every tool, filled with what SQL, FTS5, paths, terminals or Cedar would
//! take for more than text, and with far too much of it.

use coord::answer::Answer;
use coord::context::Caller;
use coord::service::TOOLS;
use coord::service::catalogue::Entry;
use serde_json::{Map, Value, json};

use crate::world::{Actor, World};

/// Texts that want to be more than text.
const TRICKS: [&str; 20] = [
    "'; DROP TABLE file_locks; --",
    "\" OR 1=1 --",
    "a\" OR summary : \"b",
    "NEAR(a b, 10) AND NOT c*",
    "%_%",
    "*",
    "(((((",
    "\\\"\\",
    "$(id)`id`",
    "{{7*7}}",
    "../../etc/passwd",
    "C:\\Windows\\x",
    "\u{0}",
    "\u{202e}\u{200b}\u{feff}x",
    "e\u{301}\u{1f469}\u{200d}\u{1f4bb}",
    "\u{1b}[2J",
    "Agent::\"x\" || true",
    "xn--\u{df}.example",
    "9223372036854775808",
    "2026-02-30T25:61:61Z",
];

/// What a schema's field could hold; of a choice, the first.
fn something(schema: &Value) -> Value {
    if let Some(first) = schema["enum"].get(0) {
        return first.clone();
    }
    match schema["type"].as_str() {
        Some("integer" | "number") => schema.get("minimum").cloned().unwrap_or(json!(1)),
        Some("boolean") => json!(true),
        Some("object") => json!({}),
        Some("array") => json!([something(&schema["items"])]),
        _ => json!("x"),
    }
}

/// The fields that a call must have, filled in.
fn least(input: &Map<String, Value>) -> Map<String, Value> {
    let required = input.get("required").and_then(Value::as_array).cloned().unwrap_or_default();
    let names = required.iter().filter_map(Value::as_str);
    names.map(|name| (name.to_owned(), something(&input["properties"][name]))).collect()
}

/// The same text in each place of this field's kind.
fn filled(schema: &Value, text: &str) -> Vec<Value> {
    match schema["type"].as_str() {
        Some("array") => vec![json!([text])],
        Some("object") => vec![json!({ text: text }), json!({ "a": [[text]] })],
        Some("integer" | "number" | "boolean") => vec![json!(text)],
        _ => vec![json!(text)],
    }
}

/// Calls a tool once for each of its fields with `text` in it.
fn everywhere(actor: &Actor<'_>, tool: &Entry, text: &str, mut judge: impl FnMut(&str, &Answer)) {
    let input = &tool.published().input;
    let Some(fields) = input.get("properties").and_then(Value::as_object) else { return };
    for (name, schema) in fields {
        for value in filled(schema, text) {
            let mut arguments = least(input);
            arguments.insert(name.clone(), value);
            judge(name, &actor.asks(tool.name, arguments.into()));
        }
    }
}

fn tables(world: &World) -> i64 {
    let count = "SELECT count(*) FROM sqlite_master WHERE type IN ('table', 'trigger', 'index')";
    let read = world.service.store().read(|tx| Ok(tx.one(count, [], |row| row.get(0))?));
    read.expect("the store can be read").expect("there is a count")
}

#[test]
fn no_text_in_any_field_of_any_tool_is_more_than_text() {
    let world = World::new();
    let (before, mut faults) = (tables(&world), Vec::new());
    for tool in TOOLS.iter() {
        for actor in [world.agent("ann"), world.person()] {
            for trick in TRICKS {
                everywhere(&actor, tool, trick, |field, answer| {
                    if matches!(answer, Answer::Fault(_)) {
                        faults.push(format!("{}: {field}: {trick:?}", tool.name));
                    }
                });
            }
        }
    }
    assert_eq!(faults, Vec::<String>::new());
    assert_eq!(tables(&world), before);
}

#[test]
fn far_too_much_in_any_field_of_any_tool_is_refused_or_kept_and_never_a_fault() {
    let world = World::new();
    // Memories, policies and tasks of a megabyte have tests of their own.
    let (text, mut wrong) = ("x ".repeat(64 << 10), Vec::new());
    for tool in TOOLS.iter() {
        everywhere(&world.person(), tool, &text, |field, answer| {
            let echoed = !answer.success() && answer.flat().to_string().len() > 4_000;
            if echoed || matches!(answer, Answer::Fault(_)) {
                wrong.push(format!("{}: {field}", tool.name));
            }
        });
    }
    assert_eq!(wrong, Vec::<String>::new());
}

#[test]
fn a_caller_with_any_name_is_only_that_caller() {
    let world = World::new();
    let victim = world.agent("victim");
    assert!(victim.asks("acquire_lock", json!({ "file_path": "a.rs" })).success());
    for trick in TRICKS.iter().filter(|trick| !trick.contains('\0')) {
        let caller = Caller {
            agent_id: (*trick).into(),
            agent_type: (*trick).into(),
            ..world.agent(trick).caller
        };
        let actor = Actor { caller, ..world.agent("x") };
        for tool in TOOLS.iter().filter(|tool| tool.access <= coord::tool::Access::Write) {
            let answer = actor.asks(tool.name, least(&tool.published().input).into());
            assert!(!matches!(answer, Answer::Fault(_)), "{}: {trick:?}", tool.name);
        }
        let taken = actor.asks("acquire_lock", json!({ "file_path": "a.rs" }));
        assert_eq!(taken.code(), Some("locked_by_other"), "{trick:?}");
        assert_eq!(
            actor.asks("check_locks", json!({ "agent_id": "victim" })).flat()["locks"][0]["locked_by"],
            "victim"
        );
        drop(actor.asks("release_lock", json!({})));
    }
}
