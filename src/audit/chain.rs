//! The hash chain over audit rows.
//!
//! `hash = SHA-256(hash of the row before ‖ canonical text of the row)`, in hex;
//! the first row follows [`GENESIS`]. The canonical text is the row's columns in
//! order as one JSON array, so that no two rows share a text.

use serde_json::json;
use sha2::{Digest as _, Sha256};

use super::Row;

/// What the first row follows.
pub const GENESIS: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// The row's hash, given the one before.
#[must_use]
pub fn hash(before: &str, row: &Row) -> String {
    digest(&format!("{before}{}", canonical(row)))
}

/// SHA-256 of a text, in lower-case hex.
#[must_use]
pub fn digest(text: &str) -> String {
    Sha256::digest(text).iter().map(|byte| format!("{byte:02x}")).collect()
}

fn canonical(row: &Row) -> String {
    json!([
        row.seq,
        row.at.ms(),
        row.project,
        row.agent_id,
        row.agent_type,
        row.session_id,
        row.operation,
        row.arguments,
        row.success,
        row.code,
        row.result,
        row.request_key,
    ])
    .to_string()
}

/// Where a chain does not hold.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Break {
    /// The first row that does not fit.
    pub seq: i64,
    /// What is wrong with it.
    pub why: &'static str,
}

/// Follows a chain row by row.
pub struct Walk {
    seq: i64,
    hash: String,
}

impl Walk {
    /// A walk that starts after row `seq`, whose hash was `hash`.
    #[must_use]
    pub const fn after(seq: i64, hash: String) -> Self {
        Self { seq, hash }
    }

    /// Takes the next row.
    ///
    /// # Errors
    /// The break, if the row does not follow.
    pub fn step(&mut self, row: &Row) -> Result<(), Break> {
        if row.seq != self.seq + 1 {
            return Err(Break { seq: self.seq + 1, why: "the row is missing" });
        }
        if hash(&self.hash, row) != row.hash {
            return Err(Break { seq: row.seq, why: "the row or one before it was altered" });
        }
        self.seq = row.seq;
        self.hash.clone_from(&row.hash);
        Ok(())
    }
}
