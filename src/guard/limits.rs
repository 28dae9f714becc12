//! What the tools for guardrails accept.

use super::GuardRefusal;
use crate::guardrails::{AddedRule, Category, Severity};

/// Bytes of a text to be checked, at most; the engine itself gives up earlier, and
/// says so in its answer.
pub const OPERATION_MAX: usize = 1 << 20;
/// Paths in one check, at most.
pub const PATHS_MAX: usize = 100;
/// Bytes of a path in a check, at most.
pub const PATH_MAX: usize = 4096;
/// Bytes of a rule's name, at most.
pub const NAME_MAX: usize = 64;
/// Bytes of a pattern, at most.
pub const PATTERN_MAX: usize = 1_000;
/// Characters of an explanation, at most.
pub const EXPLANATION_MAX: usize = 300;
/// Rules that people can add, at most: each is held against every command.
pub const ADDED_MAX: i64 = 200;

/// Refuses text that is too long or cannot be stored.
pub fn text(field: &'static str, value: &str, most: usize) -> Result<(), GuardRefusal> {
    if value.len() > most {
        return Err(GuardRefusal::TooLong { field, sent: value.len(), most });
    }
    if value.contains('\0') {
        return Err(GuardRefusal::Nul { field });
    }
    Ok(())
}

/// Refuses what is no name of a rule.
pub fn name(value: &str) -> Result<(), GuardRefusal> {
    let good = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    if value.is_empty() || value.len() > NAME_MAX || !value.chars().all(good) {
        let sent = value.chars().take(NAME_MAX).collect();
        return Err(GuardRefusal::BadName { sent });
    }
    Ok(())
}

/// Refuses what is no trust.
pub fn trust(value: i64) -> Result<u8, GuardRefusal> {
    let trust = u8::try_from(value).ok().filter(|trust| *trust <= crate::guardrails::NOBODY);
    trust.ok_or(GuardRefusal::BadTrust { sent: value })
}

/// Refuses a pattern that is none, or that would match everything.
pub fn pattern(value: &str) -> Result<(), GuardRefusal> {
    text("pattern", value, PATTERN_MAX)?;
    let probe = AddedRule::new("probe", Category::File, (Severity::Log, 0), value, "");
    if let Some(why) = probe.problem() {
        return Err(GuardRefusal::BadPattern { why: last_line(&why) });
    }
    let everything = regex::Regex::new(value).is_ok_and(|regex| regex.is_match(""));
    if everything {
        let why = "it matches the empty text, and so every command".to_owned();
        return Err(GuardRefusal::BadPattern { why });
    }
    Ok(())
}

/// The part of a long explanation that says what is wrong.
fn last_line(why: &str) -> String {
    why.lines().last().unwrap_or(why).trim_start_matches("error: ").trim().to_owned()
}
