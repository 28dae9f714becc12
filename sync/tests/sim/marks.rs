//! Digests of rows, for both sides.

use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash as _, Hasher as _};

use coord_sync::wire::Digests;
use serde_json::Value;

/// What stands for the digest of a row here.
pub fn mark(body: &Value) -> String {
    let mut hasher = DefaultHasher::new();
    body.to_string().hash(&mut hasher);
    format!("{:016x}", hasher.finish())
}

/// Digests of rows, by table, in one bucket.
pub fn sums(rows: &[(&str, String)]) -> Digests {
    let mut sums = Digests::new();
    for (table, mark) in rows {
        let bucket = sums.entry((*table).to_owned()).or_default();
        let sum = bucket.entry("00".into()).or_insert((0, format!("{:016x}", 0)));
        let number = |text: &str| u64::from_str_radix(text, 16).unwrap();
        *sum = (sum.0 + 1, format!("{:016x}", number(&sum.1) ^ number(mark)));
    }
    sums
}
