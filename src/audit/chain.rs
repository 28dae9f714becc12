//! The hash chain over audit rows.
//!
//! `hash = SHA-256(hash of the row before ‖ canonical text of the row)`, in hex;
//! the first row follows [`GENESIS`]. The canonical text is the row's columns in
//! order as one JSON array, so that no two rows share a text.

use sha2::{Digest as _, Sha256};

use super::Row;

/// What the first row follows.
pub const GENESIS: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// The row's hash, given the one before.
#[must_use]
pub fn hash(before: &str, row: &Row) -> String {
    let mut text = Vec::with_capacity(512 + row.arguments.len() + row.result.len());
    text.extend_from_slice(before.as_bytes());
    let columns = (
        row.seq,
        row.at.ms(),
        &row.project,
        &row.agent_id,
        &row.agent_type,
        &row.session_id,
        &row.operation,
        &row.arguments,
        row.success,
        &row.code,
        &row.result,
        &row.request_key,
    );
    if serde_json::to_writer(&mut text, &columns).is_err() {
        // Plain columns can always be written; a hash of less fits no row.
        text.clear();
    }
    digest(&text)
}

/// SHA-256 of a text, in lower-case hex.
#[must_use]
pub fn digest(text: impl AsRef<[u8]>) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut hex = String::with_capacity(64);
    for byte in Sha256::digest(text) {
        hex.push(char::from(DIGITS[usize::from(byte >> 4)]));
        hex.push(char::from(DIGITS[usize::from(byte & 15)]));
    }
    hex
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
    /// Number and hash of the last row that held.
    #[must_use]
    pub fn stands_at(&self) -> (i64, &str) {
        (self.seq, &self.hash)
    }

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
        if row.seq <= self.seq {
            return Err(Break { seq: row.seq, why: "the row was slipped in" });
        }
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
