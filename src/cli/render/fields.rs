//! Reads the fields of a reply, which need not all be there.

use serde_json::Value;

use super::clean;
use crate::time::{Time, relative};

/// A field as clean text; empty if it is not there.
#[must_use]
pub fn text(row: &Value, field: &str) -> String {
    match row.get(field) {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => clean(text),
        Some(other) => clean(&other.to_string()),
    }
}

/// A field as a number; 0 if it is not there.
#[must_use]
pub fn number(row: &Value, field: &str) -> u64 {
    row.get(field).and_then(Value::as_u64).unwrap_or(0)
}

/// How many something is: a list's length, or a number.
#[must_use]
pub fn amount(row: &Value, field: &str) -> u64 {
    match row.get(field) {
        Some(Value::Array(items)) => u64::try_from(items.len()).unwrap_or(u64::MAX),
        _ => number(row, field),
    }
}

/// A field as a list; empty if it is not there.
#[must_use]
pub fn list<'a>(row: &'a Value, field: &str) -> &'a [Value] {
    row.get(field).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// A list of texts, with commas between them.
#[must_use]
pub fn joined(row: &Value, field: &str) -> String {
    let plain = |item: &Value| item.as_str().map_or_else(|| item.to_string(), ToOwned::to_owned);
    clean(&list(row, field).iter().map(plain).collect::<Vec<_>>().join(", "))
}

/// A point in time, if the field has one.
#[must_use]
pub fn time(row: &Value, field: &str) -> Option<Time> {
    row.get(field)?.as_str()?.parse().ok()
}

/// A point in time as people read it; empty if it is not there.
#[must_use]
pub fn when(row: &Value, field: &str, now: Time) -> String {
    time(row, field).map_or_else(|| text(row, field), |at| relative(at, now))
}
