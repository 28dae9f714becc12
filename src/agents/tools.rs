//! The tools about sessions: register, look around, say "I am still there".

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{AgentRefusal, sql};
use crate::audit::redact;
use crate::context::Context;
use crate::failure::Outcome;
use crate::store::{Topic, Tx};
use crate::time::{SECOND, Time};
use crate::tool::{Access, Hints, Progress, Tool};

/// Most capabilities of one session.
pub const CAPABILITIES_MAX: usize = 32;
/// Longest capability, in bytes.
pub const CAPABILITY_MAX: usize = 64;
/// Longest `current_task`, in bytes.
pub const TASK_MAX: usize = 500;
/// Agents on one page.
pub const PAGE: usize = 100;

/// Announce yourself and learn who else works here, what you have claimed and
/// the latest handoff. Call it once at the start; calling again updates it.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct RegisterSession {
    /// What you can do, for work that requires it; replaces what was said before.
    #[schemars(length(max = 32), inner(length(min = 1, max = 64)))]
    capabilities: Option<Vec<String>>,
    /// What you are busy with, in a few words.
    #[schemars(length(max = 500))]
    current_task: Option<String>,
}

/// What a newcomer needs to know.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Registered {
    /// Your session.
    pub session_id: String,
    /// The name others see.
    pub agent_id: String,
    /// Who else is active.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub agents: Vec<Peer>,
    /// What you have claimed and not finished.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub claims: Vec<Claim>,
    /// The newest handoff in this repository.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub latest_handoff: Option<String>,
}

/// Another agent, in short.
#[derive(Debug, Serialize, JsonSchema)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Peer {
    pub agent_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub current_task: Option<String>,
    #[serde(skip_serializing_if = "is_zero")]
    pub locks: u32,
    #[serde(skip_serializing_if = "is_zero")]
    pub tasks: u32,
}

/// A task that a session has claimed.
#[derive(Debug, Serialize, JsonSchema)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Claim {
    pub task_id: String,
    pub task_type: String,
    pub description: String,
    pub lease_expires_at: Time,
}

impl Tool for RegisterSession {
    const NAME: &'static str = "register_session";
    const TITLE: &'static str = "Register session";
    const ACCESS: Access = Access::Presence;
    const HINTS: Hints = Hints { idempotent: true, destructive: false };

    type Reply = Registered;

    fn prepare(&mut self, _ctx: &Context) -> Outcome<()> {
        let capabilities = self.capabilities.as_deref().unwrap_or_default();
        within("capabilities", capabilities.len(), CAPABILITIES_MAX, "entries")?;
        for capability in capabilities {
            within("capabilities", capability.len(), CAPABILITY_MAX, "bytes in one entry")?;
            if capability.trim().is_empty() {
                return Err(AgentRefusal::Empty { field: "capabilities" }.into());
            }
        }
        prepare_task(&mut self.current_task)
    }

    fn run(&self, tx: &Tx<'_>, ctx: &Context) -> Outcome<Progress<Registered>> {
        let session = &ctx.caller.session_id;
        if let Some(capabilities) = &self.capabilities {
            sql::drop_capabilities(tx, session)?;
            for capability in capabilities {
                sql::add_capability(tx, session, capability.trim())?;
            }
        }
        if let Some(task) = &self.current_task {
            sql::set_task(tx, session, task)?;
        }
        tx.changed(Topic::Agents);
        let query = Query { status: Some(Status::Active), limit: 21, ..Query::of(tx, ctx)? };
        let mut peers = sql::around(tx, &query)?;
        peers.retain(|agent| agent.session_id != *session);
        Ok(Progress::Ended(Registered {
            session_id: session.clone(),
            agent_id: ctx.caller.agent_id.clone(),
            agents: peers.into_iter().map(Peer::from).collect(),
            claims: sql::claims(tx, session)?,
            latest_handoff: sql::latest_handoff(tx, ctx.project())?,
        }))
    }
}

/// List the agents that work in this repository: what they do, can do and hold.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct DiscoverAgents {
    /// Only those that can do this.
    capability: Option<String>,
    /// Only those in this state.
    status: Option<Status>,
    /// Where the page before ended.
    cursor: Option<String>,
}

/// How alive an agent is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
pub enum Status {
    /// Heard lately.
    Active,
    /// Alive, but quiet.
    Idle,
    /// Gone: ended, or silent for too long.
    Disconnected,
}

impl Status {
    /// As answers have it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Idle => "idle",
            Self::Disconnected => "disconnected",
        }
    }

    pub(super) fn named(name: &str) -> Self {
        match name {
            "active" => Self::Active,
            "idle" => Self::Idle,
            _ => Self::Disconnected,
        }
    }
}

/// An agent as others see it.
#[derive(Debug, Serialize, JsonSchema)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Agent {
    pub agent_id: String,
    pub agent_type: String,
    pub session_id: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub capabilities: Vec<String>,
    pub status: Status,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub current_task: Option<String>,
    pub last_heartbeat: Time,
    pub started_at: Time,
    /// How many paths it holds.
    #[serde(skip_serializing_if = "is_zero")]
    pub locks: u32,
    /// How many tasks it works on.
    #[serde(skip_serializing_if = "is_zero")]
    pub tasks: u32,
    /// This is you.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub me: bool,
}

impl From<Agent> for Peer {
    fn from(agent: Agent) -> Self {
        Self {
            agent_id: agent.agent_id,
            current_task: agent.current_task,
            locks: agent.locks,
            tasks: agent.tasks,
        }
    }
}

/// The agents of a repository, latest first.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Agents {
    /// One page.
    pub agents: Vec<Agent>,
    /// Where the next page starts, if there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}

impl Tool for DiscoverAgents {
    const NAME: &'static str = "discover_agents";
    const TITLE: &'static str = "Discover agents";
    const ACCESS: Access = Access::Read;
    const HINTS: Hints = Hints { idempotent: true, destructive: false };

    type Reply = Agents;

    fn run(&self, tx: &Tx<'_>, ctx: &Context) -> Outcome<Progress<Agents>> {
        let after = self.cursor.as_deref().map(parse_cursor).transpose()?;
        let query = Query {
            capability: self.capability.as_deref().map(str::trim),
            status: self.status,
            after,
            limit: PAGE + 1,
            ..Query::of(tx, ctx)?
        };
        let mut agents = sql::around(tx, &query)?;
        let more = agents.len() > PAGE;
        agents.truncate(PAGE);
        for agent in &mut agents {
            agent.me = agent.session_id == ctx.caller.session_id;
        }
        let next_cursor = agents
            .last()
            .filter(|_| more)
            .map(|last| format!("{}:{}", last.started_at.ms(), last.session_id));
        Ok(Progress::Ended(Agents { agents, next_cursor }))
    }
}

/// Say that you are still there. Only needed in long pauses: every call says so too.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct Heartbeat {
    /// What you are busy with, in a few words.
    #[schemars(length(max = 500))]
    current_task: Option<String>,
}

/// When to be heard again.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Heartbeaten {
    /// Your session.
    pub session_id: String,
    /// Be heard again within this time.
    pub next_heartbeat_seconds: u32,
}

impl Tool for Heartbeat {
    const NAME: &'static str = "heartbeat";
    const TITLE: &'static str = "Heartbeat";
    const ACCESS: Access = Access::Presence;
    const HINTS: Hints = Hints { idempotent: true, destructive: false };

    type Reply = Heartbeaten;

    fn prepare(&mut self, _ctx: &Context) -> Outcome<()> {
        prepare_task(&mut self.current_task)
    }

    fn run(&self, tx: &Tx<'_>, ctx: &Context) -> Outcome<Progress<Heartbeaten>> {
        let session_id = ctx.caller.session_id.clone();
        if !super::is_live(tx, &session_id)? {
            return Err(AgentRefusal::SessionNotFound { session_id }.into());
        }
        if let Some(task) = &self.current_task {
            sql::set_task(tx, &session_id, task)?;
            tx.changed(Topic::Agents);
        }
        // Three chances before silence counts as death.
        let next = super::stale(tx)? / 3 / SECOND;
        let next_heartbeat_seconds = u32::try_from(next).unwrap_or(u32::MAX);
        Ok(Progress::Ended(Heartbeaten { session_id, next_heartbeat_seconds }))
    }
}

/// What is asked of the sessions of a project.
pub(super) struct Query<'a> {
    pub project: &'a str,
    pub now: Time,
    pub stale: i64,
    pub capability: Option<&'a str>,
    pub status: Option<Status>,
    pub after: Option<(i64, String)>,
    pub limit: usize,
}

impl<'a> Query<'a> {
    fn of(tx: &Tx<'_>, ctx: &'a Context) -> Outcome<Self> {
        let (project, now, stale) = (ctx.project(), ctx.now, super::stale(tx)?);
        Ok(Self { project, now, stale, capability: None, status: None, after: None, limit: PAGE })
    }
}

fn parse_cursor(text: &str) -> Outcome<(i64, String)> {
    let parsed = text
        .split_once(':')
        .and_then(|(at, session)| at.parse().ok().map(|at: i64| (at, session.to_owned())));
    let sent = || text.chars().take(80).collect();
    Ok(parsed.ok_or_else(|| AgentRefusal::BadCursor { sent: sent() })?)
}

/// The task is shown to everybody, so secrets have no business in it.
fn prepare_task(task: &mut Option<String>) -> Outcome<()> {
    if let Some(task) = task {
        within("current_task", task.len(), TASK_MAX, "bytes")?;
        *task = redact::redact_text(&task.replace('\0', " "));
    }
    Ok(())
}

fn within(field: &'static str, sent: usize, max: usize, unit: &'static str) -> Outcome<()> {
    if sent > max {
        return Err(AgentRefusal::TooLong { field, sent, max, unit }.into());
    }
    Ok(())
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's signature")]
const fn is_zero(count: &u32) -> bool {
    *count == 0
}
