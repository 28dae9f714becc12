//! What an argument takes, said in words: read from the schema that clients are given.

use serde_json::{Map, Value};

/// What the field at `path` (`tags[0]`, `details.name`) takes; `None` if the schema does
/// not say.
#[must_use]
pub fn at(input: &Map<String, Value>, path: &str) -> Option<String> {
    let mut parts = path.split(['.', '[']);
    let mut schema = input.get("properties")?.get(parts.next()?)?;
    for part in parts {
        schema = match part.strip_suffix(']') {
            Some(_) => schema.get("items")?,
            None => schema.get("properties")?.get(part)?,
        };
    }
    words(schema)
}

fn words(schema: &Value) -> Option<String> {
    // A field that may be null, or a choice whose words are explained one by one.
    if let Some(choices) = schema.get("anyOf").or_else(|| schema.get("oneOf")) {
        let choices = choices.as_array()?;
        let names: Vec<&str> =
            choices.iter().filter_map(|one| one.get("const")?.as_str()).collect();
        if !names.is_empty() {
            return Some(format!("one of {}", names.join(", ")));
        }
        return choices.iter().find(|one| one["type"] != "null").and_then(words);
    }
    if let Some(choices) = schema.get("enum").and_then(Value::as_array) {
        let names: Vec<&str> = choices.iter().filter_map(Value::as_str).collect();
        return Some(format!("one of {}", names.join(", ")));
    }
    let limit = |name: &str| schema.get(name).and_then(Value::as_i64);
    let bounds = match (limit("minimum"), limit("maximum")) {
        (Some(least), Some(most)) => format!(" from {least} to {most}"),
        (Some(least), None) => format!(" from {least} on"),
        (None, Some(most)) => format!(" up to {most}"),
        (None, None) => String::new(),
    };
    let most = |name: &str, what: &str| {
        limit(name).map(|most| format!(", at most {most}{what}")).unwrap_or_default()
    };
    Some(match kind(schema)? {
        "string" => format!("a text{}", most("maxLength", " characters")),
        "integer" => format!("a whole number{bounds}"),
        "number" => format!("a number{bounds}"),
        "boolean" => "true or false".into(),
        "object" => "an object".into(),
        "array" => {
            let of = match schema.get("items").and_then(kind) {
                Some("string") => " of texts",
                Some("integer" | "number") => " of numbers",
                Some("object") => " of objects",
                _ => "",
            };
            format!("a list{of}{}", most("maxItems", ""))
        }
        _ => return None,
    })
}

/// The type; of a choice with null, the other one.
fn kind(schema: &Value) -> Option<&str> {
    match schema.get("type")? {
        Value::String(one) => Some(one),
        Value::Array(several) => {
            several.iter().filter_map(Value::as_str).find(|name| *name != "null")
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn each_kind_of_field_has_its_words() {
        let schema = json!({ "properties": {
            "n": { "type": "integer", "minimum": 1, "maximum": 9 },
            "r": { "type": ["number", "null"], "minimum": 0 },
            "s": { "type": "string", "maxLength": 5 },
            "l": { "type": "array", "items": { "type": "string" }, "maxItems": 3 },
            "e": { "enum": ["a", "b"] },
            "o": { "type": "object", "properties": { "b": { "type": "boolean" } } },
            "any": {},
            "c": { "oneOf": [{ "const": "x" }, { "const": "y" }] },
            "m": { "anyOf": [{ "enum": ["p", "q"] }, { "type": "null" }] },
        } });
        let input = schema.as_object().expect("an object");
        for (path, said) in [
            ("n", Some("a whole number from 1 to 9")),
            ("r", Some("a number from 0 on")),
            ("s", Some("a text, at most 5 characters")),
            ("l", Some("a list of texts, at most 3")),
            ("l[2]", Some("a text")),
            ("e", Some("one of a, b")),
            ("o.b", Some("true or false")),
            ("o.x", None),
            ("any", None),
            ("c", Some("one of x, y")),
            ("m", Some("one of p, q")),
            ("x", None),
        ] {
            assert_eq!(at(input, path).as_deref(), said, "{path}");
        }
    }
}
