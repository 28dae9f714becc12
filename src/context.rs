//! Who asks, when, and in which repository.
//!
//! - A `Context` is made once per request, at the edge; the clock is read there
//!   and nowhere below.
//! - What an agent holds belongs to its *session*: two sessions of one agent
//!   name are two holders.
//!
//! Not here: how a connection is given its caller (`agents::identity`).

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::repo::Repo;
use crate::ruling::Ruling;
use crate::time::Time;

/// The one who asks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Caller {
    /// Short and readable; what others see ("claude-1").
    pub agent_id: String,
    /// The kind of client ("claude", "codex", "person").
    pub agent_type: String,
    /// What holds locks and claims; unique for one run of one client.
    pub session_id: String,
    /// Which rule of identity decided, for the audit.
    pub rule: String,
    /// A person at a terminal, not an agent.
    pub person: bool,
}

impl Caller {
    /// A person of this machine.
    #[must_use]
    pub fn person() -> Self {
        Self {
            agent_id: "person".into(),
            agent_type: "person".into(),
            session_id: "person".into(),
            rule: "terminal".into(),
            person: true,
        }
    }

    /// Whether somebody sits there, rather than a script that a person wrote.
    #[must_use]
    pub fn at_terminal(&self) -> bool {
        self.person && self.rule == Self::person().rule
    }

    /// The coordinator itself: its reaper and other workers.
    #[must_use]
    pub fn coordinator() -> Self {
        Self {
            agent_id: "coord".into(),
            agent_type: "coord".into(),
            session_id: "coord".into(),
            rule: "worker".into(),
            person: false,
        }
    }
}

/// A request's circumstances.
#[derive(Clone, Debug)]
pub struct Context {
    /// The one who asks.
    pub caller: Caller,
    /// Where: rows are seen and made within this repository's project.
    pub repo: Arc<Repo>,
    /// The clock's reading for the whole request.
    pub now: Time,
    /// Names the request for ever, so that a repeat is recognised.
    pub request_key: Option<String>,
    /// The request was sent before, to a daemon that did not answer it.
    pub resent: bool,
    /// What is set for this repository.
    pub settings: Settings,
    /// A place in the queue, for a call that may wait, and until when.
    pub ticket: Option<Ticket>,
    /// What the arbiter between machines decided about it.
    pub ruling: Option<Arc<Ruling>>,
}

/// The settings that decide about calls in one repository.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// How long a lock lasts unless its taker says otherwise, in minutes.
    pub lock_ttl_minutes: i64,
    /// A lock that is held in another worktree stops an edit, and is not merely told of.
    pub worktree_locks_block: bool,
    /// A person's commit is stopped like an agent's, and not merely warned.
    pub person_commits_block: bool,
    /// The project trusts unknown agents no further than that.
    pub trust_ceiling: Option<u8>,
    /// The project closes hosts that no list names.
    pub closed_to_unlisted: bool,
    /// What is done here stays on this machine.
    pub local: bool,
    /// Locks and tasks are decided between machines, by the cloud.
    pub arbitrated: bool,
    /// While the cloud cannot be asked, this machine decides for itself.
    pub decides_offline: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            lock_ttl_minutes: 120,
            local: false,
            arbitrated: false,
            decides_offline: false,
            worktree_locks_block: false,
            person_commits_block: false,
            trust_ceiling: None,
            closed_to_unlisted: false,
        }
    }
}

/// A place in a queue: the answer comes when it is this one's turn, or at `until`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ticket {
    /// Names the place.
    pub id: Uuid,
    /// When waiting ends.
    pub until: Time,
}

impl Context {
    /// The repository's name, the first key of every row.
    #[must_use]
    pub fn project(&self) -> &str {
        &self.repo.project
    }
}
