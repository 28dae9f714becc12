//! The rows of the audit log as they are hashed, page by page.

use serde_json::{Value, json};

use super::super::Trouble;
use super::super::desk::Desk;
use super::super::render::fields;
use crate::audit::Row;
use crate::time::Time;

/// Rows asked for at once.
const PAGE: usize = 500;

/// What a page of rows comes with.
pub struct Page {
    /// The rows as they came.
    pub rows: Vec<Value>,
    /// Number of the newest row there is; what the progress is measured by.
    pub last: u64,
    /// The sealed segments, oldest first.
    pub seals: Vec<Value>,
}

/// The rows after number `after`.
///
/// # Errors
/// What the daemon refuses.
pub fn page(desk: &mut Desk, after: i64) -> Result<Page, Trouble> {
    let mut reply = desk.ask("audit_rows", json!({ "after": after, "limit": PAGE }))?;
    let last = fields::number(&reply, "last");
    let mut take = |name: &str| match reply.get_mut(name).map(Value::take) {
        Some(Value::Array(items)) => items,
        _ => Vec::new(),
    };
    Ok(Page { rows: take("rows"), seals: take("seals"), last })
}

/// A row's number; 0 if it has none.
#[must_use]
pub fn seq(row: &Value) -> i64 {
    row.get("seq").and_then(Value::as_i64).unwrap_or(0)
}

/// A row as it is hashed; `None` if it lacks something.
#[must_use]
pub fn parse(row: &Value) -> Option<Row> {
    let text = |name: &str| Some(row.get(name)?.as_str()?.to_owned());
    Some(Row {
        seq: row.get("seq")?.as_i64()?,
        at: Time::from_ms(row.get("at")?.as_i64()?),
        project: text("project"),
        agent_id: text("agent_id")?,
        agent_type: text("agent_type")?,
        session_id: text("session_id")?,
        operation: text("operation")?,
        arguments: text("arguments")?,
        success: row.get("success")?.as_bool()?,
        code: text("code"),
        result: text("result")?,
        request_key: text("request_key"),
        hash: text("hash")?,
    })
}
