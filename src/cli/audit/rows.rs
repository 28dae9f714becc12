//! The rows of the audit log as they are hashed, page by page.

use serde_json::{Value, json};

use super::super::Trouble;
use super::super::desk::Desk;
use crate::audit::Rows;

/// Rows asked for at once: few enough that even rows of the greatest size are
/// far from what one line of the wire may hold.
const PAGE: usize = 200;

/// The rows after number `after`; without it, from the start of the live log.
///
/// # Errors
/// What the daemon refuses.
pub fn page(desk: &mut Desk, after: Option<i64>) -> Result<Rows, Trouble> {
    let mut asked = json!({ "limit": PAGE });
    if let (Some(after), Value::Object(fields)) = (after, &mut asked) {
        fields.insert("after".into(), after.into());
    }
    Ok(serde_json::from_value(desk.ask("audit_rows", asked)?)?)
}

/// A row's number as a position on a progress bar.
#[must_use]
pub fn position(seq: i64) -> u64 {
    u64::try_from(seq).unwrap_or_default()
}
