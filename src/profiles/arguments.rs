//! What the tools for profiles accept.

use std::collections::BTreeSet;

use super::refusal::ProfileRefusal;
use super::{PERSON, TRUST_MAX};
use crate::failure::Outcome;
use crate::operations;

/// Bytes of a profile's name, at most.
pub const NAME_MAX: usize = 64;
/// Operations in one list, at most.
pub const OPERATIONS_MAX: usize = 200;
/// Bytes of a description, at most.
pub const DESCRIPTION_MAX: usize = 500;
/// Bytes of an agent's name or type, at most.
pub const SUBJECT_MAX: usize = 256;

/// Refuses names that could be mistaken for others.
pub fn check_name(name: &str) -> Outcome<()> {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_' || c == '-';
    if name.is_empty() || name.len() > NAME_MAX || !name.chars().all(plain) {
        let sent = name.chars().take(80).collect();
        return Err(ProfileRefusal::BadName { sent }.into());
    }
    if name == PERSON {
        return Err(ProfileRefusal::Reserved { name: name.to_owned() }.into());
    }
    Ok(())
}

/// Refuses a trust that does not exist.
pub fn check_trust(trust: i64) -> Outcome<u8> {
    let known = u8::try_from(trust).ok().filter(|trust| *trust <= TRUST_MAX);
    known.ok_or_else(|| {
        ProfileRefusal::Bad {
            field: "trust_level",
            sent: trust.to_string(),
            accepts: "0 (suspended), 1 (reads), 2 (writes), 3 (administers) or 4 (edits policy)",
        }
        .into()
    })
}

/// Refuses a limit below nothing.
pub fn check_limit(field: &'static str, limit: Option<i64>) -> Outcome<()> {
    match limit {
        Some(limit) if limit < -1 => {
            let accepts = "a number from 0 on, or -1 for no limit";
            Err(ProfileRefusal::Bad { field, sent: limit.to_string(), accepts }.into())
        }
        _ => Ok(()),
    }
}

/// Refuses text that is too long for its column.
pub fn check_length(field: &'static str, text: &str, most: usize) -> Outcome<()> {
    if text.len() <= most && !text.contains('\0') {
        return Ok(());
    }
    let accepts = match most {
        DESCRIPTION_MAX => "at most 500 bytes",
        _ => "at most 256 bytes",
    };
    Err(ProfileRefusal::Bad { field, sent: format!("{} bytes long", text.len()), accepts }.into())
}

/// The operations of a list, each of which must exist.
pub fn operations(field: &'static str, names: &[String]) -> Outcome<BTreeSet<String>> {
    if names.len() > OPERATIONS_MAX {
        return Err(ProfileRefusal::Crowded { field, count: names.len() }.into());
    }
    for name in names {
        if operations::find(name).is_none() {
            return Err(ProfileRefusal::UnknownOperation {
                field,
                name: name.chars().take(80).collect(),
                nearest: operations::nearest(name),
            }
            .into());
        }
    }
    Ok(names.iter().cloned().collect())
}
