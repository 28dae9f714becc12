//! What an argument may be, before it is looked at any closer.

use serde_json::{Map, Value};

use super::WorkRefusal;
use crate::agents::CAPABILITY_MAX;
use crate::ingress::{self, JSON_DEPTH};

/// Longest `task_type`, in bytes.
pub const TASK_TYPE_MAX: usize = 100;
/// Longest `description`, in bytes.
pub const DESCRIPTION_MAX: usize = 8 << 10;
/// Largest `input_data` or `result` as JSON text, in bytes.
pub const JSON_MAX: usize = 256 << 10;
/// Most dependencies of one task.
pub const DEPENDS_ON_MAX: usize = 1_000;
/// Most attempts that a task may be given.
pub const ATTEMPTS_MAX: i64 = 100;
/// Longest `dedupe_key`, in bytes.
pub const DEDUPE_KEY_MAX: usize = 200;
/// Most capabilities that a task may require.
pub const CAPABILITIES_MAX: usize = 10;
/// Most types that `get_work` asks for at once.
pub const TASK_TYPES_MAX: usize = 50;
/// Longest `error_message` or `reason`, in bytes.
pub const MESSAGE_MAX: usize = 8 << 10;
/// Longest time that `get_work` waits, in seconds.
pub const WAIT_MAX: u32 = 110;

type Checked = Result<(), WorkRefusal>;

fn invalid(field: &'static str, sent: impl Into<String>, accepted: impl Into<String>) -> Checked {
    Err(WorkRefusal::InvalidArgument { field, sent: sent.into(), accepted: accepted.into() })
}

/// Text that says something, is not too long, and that both databases can keep.
pub fn text(field: &'static str, value: &str, max: usize) -> Checked {
    if value.len() > max {
        return invalid(
            field,
            format!("is {} bytes long", value.len()),
            format!("at most {max} bytes"),
        );
    }
    if value.trim().is_empty() {
        return invalid(field, "is empty", format!("1 to {max} bytes of text"));
    }
    if value.contains('\0') {
        return invalid(field, "has a NUL character", "text without NUL");
    }
    Ok(())
}

/// A list that is not too long.
pub fn count(field: &'static str, sent: usize, max: usize) -> Checked {
    if sent > max {
        return invalid(field, format!("has {sent} entries"), format!("at most {max}"));
    }
    Ok(())
}

/// A number within bounds that include both ends.
pub fn range(field: &'static str, sent: i64, least: i64, most: i64) -> Checked {
    if (least..=most).contains(&sent) {
        return Ok(());
    }
    invalid(field, format!("was {sent}"), format!("{least} to {most}"))
}

/// A capability's name: it is compared as part of a JSON list, so it must look the same there.
pub fn capability(field: &'static str, value: &str) -> Checked {
    text(field, value, CAPABILITY_MAX)?;
    if value.chars().any(|c| c.is_control() || c == '"' || c == '\\') {
        return invalid(
            field,
            "has a quote, a backslash or a control character",
            "names without them",
        );
    }
    Ok(())
}

/// An object's JSON text, if it is neither too large nor too deep.
pub fn object(field: &'static str, value: &Map<String, Value>) -> Result<String, WorkRefusal> {
    let text = ingress::json(&Value::Object(value.clone())).map_err(|irregular| {
        let accepted = format!("an object of at most {JSON_DEPTH} levels, without NUL in any text");
        WorkRefusal::InvalidArgument { field, sent: irregular.to_string(), accepted }
    })?;
    if text.len() > JSON_MAX {
        invalid(
            field,
            format!("is {} bytes of JSON", text.len()),
            format!("at most {JSON_MAX}; put more into a file and name it"),
        )?;
    }
    Ok(text)
}

/// Writes an id in its one spelling; what is no id is left alone, and will not be found.
pub fn spell(id: &mut String) {
    if let Ok(spelt) = ingress::id(id) {
        *id = spelt;
    }
}
