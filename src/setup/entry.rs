//! Which entries of a JSON configuration are ours.

use serde_json::{Map, Value};

use super::command;

/// Whether an element of a list of hooks runs one of ours, alone or in a group.
pub fn is_ours(element: &Value) -> bool {
    let Some(fields) = element.as_object() else { return false };
    runs_ours(fields) || inner(element).any(|hook| hook.as_object().is_some_and(runs_ours))
}

/// Whether nothing but ours is in it.
pub fn is_all_ours(element: &Value) -> bool {
    element.as_object().is_some_and(runs_ours)
        || inner(element).all(|hook| hook.as_object().is_some_and(runs_ours))
}

fn inner(element: &Value) -> impl Iterator<Item = &Value> {
    element.get("hooks").and_then(Value::as_array).into_iter().flatten()
}

fn runs_ours(fields: &Map<String, Value>) -> bool {
    let text = |name: &str| fields.get(name).and_then(Value::as_str);
    let first = fields.get("args").and_then(|args| args.get(0)).and_then(Value::as_str);
    match (text("command").or_else(|| text("bash")), first) {
        (Some(program), Some(first)) => command::is_hook(program, first),
        (Some(line), None) => command::runs_hook(line),
        (None, _) => false,
    }
}

/// `old` with everything of `wanted` in it; what only `old` has stays.
pub fn merged(old: &Value, wanted: &Value) -> Value {
    match (old, wanted) {
        (Value::Object(old), Value::Object(wanted)) => {
            let mut all = old.clone();
            for (name, value) in wanted {
                let value = old.get(name).map_or_else(|| value.clone(), |old| merged(old, value));
                all.insert(name.clone(), value);
            }
            all.into()
        }
        (_, wanted) => wanted.clone(),
    }
}
