//! The profiles that need no row.
//!
//! Not here: profiles that people made (`agent_profiles`); one of the same name
//! takes the place of one of these.

use std::collections::BTreeSet;

use super::{Limits, Profile, TRUST_DEFAULT, TRUST_MAX};

/// The profile of an agent that nobody said anything about.
pub const UNKNOWN: &str = "unknown";
/// The profile of a person.
pub const PERSON: &str = "person";

/// Work without anybody watching ends one day, should it go round in circles.
const UNATTENDED: Limits = Limits {
    files_per_day: Some(500),
    seconds_per_day: Some(8 * 3_600),
    calls_per_hour: Some(2_000),
};
const NO_LIMITS: Limits =
    Limits { files_per_day: None, seconds_per_day: None, calls_per_hour: None };

struct Row {
    name: &'static str,
    agent_type: Option<&'static str>,
    trust: u8,
    limits: Limits,
    description: &'static str,
}

/// Clients in which a person sits are trusted alike; what runs elsewhere is
/// trusted as far as its work needs.
const ROWS: [Row; 10] = [
    Row {
        name: "claude_code_cli",
        agent_type: Some("claude"),
        trust: 3,
        limits: NO_LIMITS,
        description: "Claude Code in a terminal",
    },
    Row {
        name: "claude_code_web_reviewer",
        agent_type: None,
        trust: 1,
        limits: UNATTENDED,
        description: "Claude Code in the cloud, reading and judging",
    },
    Row {
        name: "claude_code_web_implementer",
        agent_type: None,
        trust: 2,
        limits: UNATTENDED,
        description: "Claude Code in the cloud, changing files",
    },
    Row {
        name: "codex_cloud_worker",
        agent_type: None,
        trust: 2,
        limits: UNATTENDED,
        description: "Codex in the cloud, changing files",
    },
    Row {
        name: "strands_orchestrator",
        agent_type: None,
        trust: 3,
        limits: NO_LIMITS,
        description: "An orchestrator that hands out work",
    },
    Row {
        name: "codex_cli",
        agent_type: Some("codex"),
        trust: 3,
        limits: NO_LIMITS,
        description: "Codex in a terminal",
    },
    Row {
        name: "gemini_cli",
        agent_type: Some("gemini"),
        trust: 3,
        limits: NO_LIMITS,
        description: "Gemini CLI in a terminal",
    },
    Row {
        name: "cursor",
        agent_type: Some("cursor"),
        trust: 3,
        limits: NO_LIMITS,
        description: "Cursor, in its editor or a terminal",
    },
    Row {
        name: PERSON,
        agent_type: None,
        trust: TRUST_MAX,
        limits: NO_LIMITS,
        description: "A person of this machine",
    },
    Row {
        name: UNKNOWN,
        agent_type: None,
        trust: TRUST_DEFAULT,
        limits: NO_LIMITS,
        description: "An agent that nobody said anything about",
    },
];

/// Every built-in profile.
pub fn built_in() -> impl Iterator<Item = Profile> {
    ROWS.iter().map(|row| Profile {
        name: row.name.into(),
        agent_type: row.agent_type.map(Into::into),
        description: row.description.into(),
        trust: row.trust,
        allowed: None,
        blocked: BTreeSet::new(),
        ask: BTreeSet::new(),
        limits: row.limits,
        own: false,
    })
}
