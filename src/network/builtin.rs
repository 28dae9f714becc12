//! The rules that need no row: where code is hosted.
//!
//! Not here: where packages come from; that is read from the user's own settings
//! (`import`).

use super::rules::{Effect, Rule};

/// A person's rules are above these unless they say otherwise.
pub const PRIORITY: i64 = 10;

const ALLOWED: [&str; 10] = [
    "github.com",
    "api.github.com",
    "codeload.github.com",
    "gist.github.com",
    "ssh.github.com",
    "uploads.github.com",
    "raw.githubusercontent.com",
    "objects.githubusercontent.com",
    "gist.githubusercontent.com",
    "*.supabase.co",
];

/// Every built-in rule.
pub fn built_in() -> impl Iterator<Item = Rule> {
    ALLOWED.iter().map(|pattern| Rule {
        project: "*".into(),
        profile: "*".into(),
        pattern: (*pattern).into(),
        effect: Effect::Allow,
        priority: PRIORITY,
        reason: None,
    })
}
