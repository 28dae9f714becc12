//! The tool by which a hook says that its session, or a subagent's, is over.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Ended;
use crate::agents::{self, Reason};
use crate::context::Context;
use crate::failure::Outcome;
use crate::hooks;
use crate::repo::Head;
use crate::store::Tx;
use crate::tool::{Access, Audience, Progress, Tool};

/// End an agent's session, as its hook does: locks are released, claims returned, and a
/// handoff is written if the agent left none.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct EndSession {
    /// The client goes on: only the conversation is over, and another one follows.
    #[serde(default)]
    goes_on: bool,
    #[serde(skip)]
    head: Head,
}

/// What was set free.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Over {
    /// Files that are free now.
    released: Vec<String>,
    /// Tasks that others can claim.
    returned: Vec<String>,
}

impl Tool for EndSession {
    const NAME: &'static str = "end_session";
    const TITLE: &'static str = "End a session";
    const ACCESS: Access = Access::Presence;
    const AUDIENCE: Audience = Audience::Unlisted;
    type Reply = Over;

    fn prepare(&mut self, ctx: &Context) -> Outcome<()> {
        self.head = ctx.repo.head();
        Ok(())
    }

    fn run(&self, tx: &Tx<'_>, ctx: &Context) -> Outcome<Progress<Over>> {
        let session = &ctx.caller.session_id;
        let mut over = Over { released: Vec::new(), returned: Vec::new() };
        if ctx.caller.person {
            return Err(hooks::HookRefusal::NoSession.into());
        }
        let mut sessions = agents::subagents(tx, session)?;
        sessions.push(session.clone());
        for one in sessions {
            let head = Some(&self.head);
            let ended = match agents::find_live(tx, &one)? {
                Some(live) if self.goes_on && one == *session => {
                    Some(super::rest(tx, live, Reason::Finished, head, ctx.now)?)
                }
                _ => super::end_at(tx, &one, Reason::Finished, head, ctx.now)?,
            };
            if let Some(Ended { released, returned, .. }) = ended {
                over.released.extend(released.into_iter().map(|lock| lock.path));
                over.returned.extend(returned.into_iter().map(|task| task.task_id));
            }
        }
        Ok(Progress::Ended(over))
    }
}
