//! Who is at the other end of a connection: pure decisions over its hello.
//!
//! - One run of one client is one session. Its server and its hooks have no word
//!   in common but the client process, so the session is named after that:
//!   process id and start time. The type is no part of the name: a client may
//!   rename itself while it runs, and its server and hooks see other variables.
//! - Variables are inherited by every client started inside another one, so the
//!   nearest process decides and a variable only explains a process whose name
//!   says nothing (`node`).
//! - `AGENT_ID`, `AGENT_TYPE` and `SESSION_ID` are somebody's explicit word and
//!   win over both.
//! - A conversation that a call names splits a session only where one client
//!   process serves several at once and no other road leads to the same files
//!   under the session's own name: an agent that meets its own lock as a
//!   stranger's is worse off than two that share one.
//!
//! All of it is cooperation, not security: every process of a user may say what
//! it likes. Not here: rows and readable names (`agents`).

use serde_json::Value;

use super::clients;
use crate::context::Caller;
use crate::os::Process;
use crate::wire::{Hello, Role};

/// Longest name that is taken from a variable or a client, in characters.
pub const NAME_MAX: usize = 128;

/// Who a connection, or one of its calls, belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// What holds locks and claims.
    pub session_id: String,
    /// The agent's name, if somebody chose one.
    pub agent_id: Option<String>,
    /// The kind of client.
    pub agent_type: String,
    /// The client's process, if it is known.
    pub client: Option<Process>,
    /// Which rule decided, for the audit.
    pub rule: String,
    person: bool,
}

impl Identity {
    /// The person at the other end, if it is one.
    #[must_use]
    pub fn person(&self) -> Option<Caller> {
        self.person.then(|| Caller { rule: self.rule.clone(), ..Caller::person() })
    }

    /// The identity of a caller that is known already, for a row that must be made again.
    #[must_use]
    pub fn of_caller(caller: &Caller) -> Self {
        Self {
            session_id: caller.session_id.clone(),
            agent_id: Some(caller.agent_id.clone()),
            agent_type: caller.agent_type.clone(),
            client: None,
            rule: caller.rule.clone(),
            person: caller.person,
        }
    }
}

/// What the hello alone tells.
///
/// On the command line, without a client among the ancestors and without a word
/// of one in the environment, it is a person: rule `terminal` when somebody sits
/// there, `script` when not (a job, a pipe). A script may do what a person may,
/// except take something away from somebody.
#[must_use]
pub fn identify(hello: &Hello) -> Identity {
    let chosen = |name: &str| hello.env.get(name).and_then(|value| tidy(value));
    let (agent_id, session) = (chosen("AGENT_ID"), chosen("SESSION_ID"));
    let found = clients::find(hello);
    let agent_type = chosen("AGENT_TYPE")
        .or_else(|| chosen("COORD_CLIENT").map(|client| clients::usual_name(&client)))
        .or_else(|| found.as_ref().and_then(|found| found.kind).map(Into::into))
        .unwrap_or_else(|| "agent".into());
    let client = found.as_ref().and_then(|found| found.process.clone());

    let (session_id, rule) = match (session, found, &agent_id) {
        (Some(session), _, _) => (session, "SESSION_ID"),
        // A client that we know has its hooks beside its server: both are one session.
        (None, Some(found), _) if found.kind.is_some() => (found.session, found.rule),
        // Any other program may be several agents at once: it tells them apart by name,
        // or each of its connections stands for itself.
        (None, Some(found), Some(name)) => (format!("{}/{name}", found.session), "AGENT_ID"),
        (None, Some(found), None) if hello.role == Role::Mcp => {
            (format!("{}/{}", found.session, hello.instance), "connection")
        }
        (None, Some(found), None) => (found.session, found.rule),
        // Each command is a process of its own; what they share is the name.
        (None, None, Some(name)) => (format!("named-{name}"), "AGENT_ID"),
        (None, None, None) => {
            let rule = if hello.terminal { "terminal" } else { "script" };
            return Identity {
                session_id: Caller::person().session_id,
                agent_id: None,
                agent_type: Caller::person().agent_type,
                client: None,
                rule: rule.into(),
                person: true,
            };
        }
    };
    Identity { session_id, agent_id, agent_type, client, rule: rule.into(), person: false }
}

/// Conversations that clients name in a call's `_meta`, where one process serves
/// several of them and nothing but these calls acts for them.
const CONVERSATIONS: [&str; 2] = ["ai.opencode/sessionID", "antigravity.google/conversation_id"];

/// The conversation that this call belongs to, if it is one apart from the
/// connection's own session.
#[must_use]
pub fn within(hello: &Hello, caller: &Caller, meta: &Value) -> Option<Identity> {
    let (rule, conversation) =
        CONVERSATIONS.iter().find_map(|key| Some((*key, tidy(meta.get(*key)?.as_str()?)?)))?;
    let whole = identify(hello);
    Some(Identity {
        session_id: format!("{}/{conversation}", caller.session_id),
        agent_type: caller.agent_type.clone(),
        rule: rule.into(),
        person: false,
        ..whole
    })
}

/// The client's own id of this call, which its hooks know it by too.
#[must_use]
pub fn tool_use(meta: &Value) -> Option<&str> {
    ["claudecode/toolUseId", "callId"].iter().find_map(|key| meta.get(*key)?.as_str())
}

/// A subagent inside the session of `parent`, as the client's hooks tell it.
#[must_use]
pub fn subagent(parent: &Identity, id: &str, kind: Option<&str>) -> Identity {
    let Some(id) = tidy(id) else { return parent.clone() };
    Identity {
        session_id: format!("{}/{id}", parent.session_id),
        agent_id: parent.agent_id.as_ref().map(|name| format!("{name}/{id}")),
        agent_type: kind.and_then(tidy).unwrap_or_else(|| parent.agent_type.clone()),
        rule: "subagent".into(),
        ..parent.clone()
    }
}

/// A name fit for a row and for a line of a table; `None` if nothing is left.
fn tidy(text: &str) -> Option<String> {
    let kept: String = text.trim().chars().filter(|c| !c.is_control()).take(NAME_MAX).collect();
    (!kept.is_empty()).then_some(kept)
}
