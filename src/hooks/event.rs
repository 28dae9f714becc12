//! What a client tells before, after and between an agent's deeds, whoever the client is.
//!
//! Not here: how each client says it (`dialect`).

use std::path::PathBuf;

use super::deed::Deed;
use crate::wire::Subagent;

/// A client whose hooks we understand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Client {
    Claude,
    Codex,
    Gemini,
    Cursor,
    Copilot,
    OpenCode,
}

impl Client {
    /// Every client, in the order of the help.
    pub const ALL: [Self; 6] =
        [Self::Claude, Self::Codex, Self::Gemini, Self::Cursor, Self::Copilot, Self::OpenCode];

    /// Its name on the command line: `coord hook NAME`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Claude => "claude",
            Self::Codex => "codex",
            Self::Gemini => "gemini",
            Self::Cursor => "cursor",
            Self::Copilot => "copilot",
            Self::OpenCode => "opencode",
        }
    }

    /// The client of that name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|client| client.name() == name)
    }
}

/// When in the life of a session an event comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// It begins, goes on after a pause, or has forgotten what came before.
    SessionStart,
    /// A person has said something.
    Prompt,
    /// A tool is about to run; it can be stopped.
    BeforeTool,
    /// A tool has run.
    AfterTool,
    /// The agent is about to forget most of what it knows.
    BeforeCompaction,
    /// The agent has nothing more to say for now.
    TurnEnd,
    /// A subagent has done its part.
    SubagentEnd,
    /// The session is over.
    SessionEnd,
    /// An event that we know of and have nothing to do with.
    Idle,
    /// An event of a name that we do not know.
    Unknown,
}

/// One event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// What it is.
    pub kind: Kind,
    /// The client's own word for it, which some answers must repeat.
    pub name: String,
    /// Which subagent it is about, if it is about one.
    pub subagent: Option<Subagent>,
    /// Where the agent stands.
    pub cwd: Option<PathBuf>,
    /// The client's id of the tool call.
    pub tool_use_id: Option<String>,
    /// The tool's name.
    pub tool: Option<String>,
    /// What the tool does to the world.
    pub deed: Deed,
    /// Why a session starts or ends, in the client's word.
    pub why: Option<String>,
}

impl Event {
    /// An event about nothing in particular.
    #[must_use]
    pub fn new(kind: Kind, name: &str) -> Self {
        Self {
            kind,
            name: name.to_owned(),
            subagent: None,
            cwd: None,
            tool_use_id: None,
            tool: None,
            deed: Deed::default(),
            why: None,
        }
    }
}

/// What we have to say to an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// No opinion.
    Nothing,
    /// The tool must not run, for this reason.
    Deny(String),
    /// A person must decide whether the tool runs.
    Ask(String),
    /// Facts for the model.
    Context(String),
}
