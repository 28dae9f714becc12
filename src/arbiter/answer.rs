//! Reading the arbiter's answers: what is not there is nothing.

use serde_json::Value;

use crate::time::Time;

/// A number in an answer; 0 if it is not there.
pub(super) fn number(answer: &Value, field: &str) -> i64 {
    answer[field].as_i64().unwrap_or_default()
}

/// A text in an answer; empty if it is not there.
pub(super) fn text<'a>(answer: &'a Value, field: &str) -> &'a str {
    answer[field].as_str().unwrap_or_default()
}

/// A list in an answer; empty if it is not there.
pub(super) fn list(answer: &Value, field: &str) -> Vec<Value> {
    answer[field].as_array().cloned().unwrap_or_default()
}

/// A moment of the arbiter's clock, told in `answer`, by ours: clocks may differ by hours.
pub(super) fn by_our_clock(answer: &Value, there: i64, now: Time) -> Time {
    now.plus(-(number(answer, "now") - there).max(0))
}
