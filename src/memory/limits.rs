//! What an argument may be, before it is looked at any closer.

use serde_json::{Map, Value};

use super::MemoryRefusal;
use crate::ingress::{self, JSON_DEPTH};

/// Characters of a summary, at most.
pub const SUMMARY_MAX: usize = 2_000;
/// Bytes of details as JSON, at most.
pub const DETAILS_MAX: usize = 8 << 10;
/// Lessons of one memory, at most.
pub const LESSONS_MAX: usize = 10;
/// Characters of one lesson, at most.
pub const LESSON_MAX: usize = 500;
/// Tags of one memory or one question, at most.
pub const TAGS_MAX: usize = 20;
/// Characters of one tag, at most.
pub const TAG_MAX: usize = 64;
/// Characters of a query, at most.
pub const QUERY_MAX: usize = 1_000;

type Checked<T> = Result<T, MemoryRefusal>;

/// Text of at most `max` characters that both databases can keep; trimmed.
pub fn text<'t>(field: &'static str, value: &'t str, max: usize) -> Checked<&'t str> {
    let chars = value.chars().count();
    if chars > max {
        let sent = format!("has {chars} characters");
        return Err(MemoryRefusal::invalid(field, sent, format!("at most {max}")));
    }
    if ingress::text(value).is_err() {
        let sent = "contains a NUL character";
        return Err(MemoryRefusal::invalid(field, sent, "text without NUL"));
    }
    Ok(value.trim())
}

/// [`text`] that says something.
pub fn some_text<'t>(field: &'static str, value: &'t str, max: usize) -> Checked<&'t str> {
    let value = text(field, value, max)?;
    if value.is_empty() {
        let accepted = format!("1 to {max} characters");
        return Err(MemoryRefusal::invalid(field, "is empty", accepted));
    }
    Ok(value)
}

/// A list of texts, each once; those that say nothing are dropped.
pub fn texts(
    field: &'static str,
    values: &[String],
    most: usize,
    max: usize,
) -> Checked<Vec<String>> {
    if values.len() > most {
        let sent = format!("has {} entries", values.len());
        return Err(MemoryRefusal::invalid(field, sent, format!("at most {most}")));
    }
    let mut kept: Vec<String> = Vec::with_capacity(values.len());
    for value in values {
        let value = text(field, value, max)?;
        if !value.is_empty() && !kept.iter().any(|one| one == value) {
            kept.push(value.to_owned());
        }
    }
    Ok(kept)
}

/// Tags, in lower case so that nobody misses one for its spelling.
pub fn tags(values: &[String]) -> Checked<Vec<String>> {
    let lower: Vec<String> = values.iter().map(|tag| tag.to_lowercase()).collect();
    texts("tags", &lower, TAGS_MAX, TAG_MAX)
}

/// An object's JSON text, if it is neither too large nor too deep.
pub fn details(value: &Map<String, Value>) -> Checked<String> {
    let text = ingress::json(&Value::Object(value.clone())).map_err(|irregular| {
        let accepted = format!("an object of at most {JSON_DEPTH} levels without NUL");
        MemoryRefusal::invalid("details", irregular.to_string(), accepted)
    })?;
    if text.len() > DETAILS_MAX {
        let sent = format!("has {} bytes of JSON", text.len());
        let accepted = format!("at most {DETAILS_MAX}; put more into a file and name it");
        return Err(MemoryRefusal::invalid("details", sent, accepted));
    }
    Ok(text)
}

/// A number within bounds that include both ends.
pub fn range(field: &'static str, asked: i64, least: i64, most: i64) -> Checked<()> {
    if (least..=most).contains(&asked) {
        return Ok(());
    }
    Err(MemoryRefusal::invalid(field, format!("was {asked}"), format!("{least} to {most}")))
}
