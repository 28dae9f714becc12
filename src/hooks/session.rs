//! The tools that hooks call at the start of a session, between its turns, and before the
//! agent forgets.
//!
//! - Each call is a sign of life, which renews what the session holds.
//! - News is told once: what was told is not told again.
//!
//! Not here: the end (`life`), the words (`brief`).

use schemars::JsonSchema;
use serde::Deserialize;

use super::edit::{Cleared, note_tool_use};
use super::{brief, farewell, sql};
use crate::breaches::Hands;
use crate::context::Context;
use crate::failure::Outcome;
use crate::repo::Head;
use crate::store::Tx;
use crate::tool::{Access, Audience, Progress, Tool};

/// Tell an agent at the start of its session who is here and what is open, as its hook does.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct StartSession {}

impl Tool for StartSession {
    const NAME: &'static str = "start_session";
    const TITLE: &'static str = "Start a session";
    const ACCESS: Access = Access::Presence;
    const AUDIENCE: Audience = Audience::Unlisted;
    type Reply = Cleared;

    fn run(&self, tx: &Tx<'_>, ctx: &Context) -> Outcome<Progress<Cleared>> {
        let context = brief::brief(tx, ctx)?;
        if !ctx.caller.person {
            sql::put_told(tx, &ctx.caller.session_id, ctx.now)?;
        }
        Ok(Progress::Ended(Cleared { context: Some(context) }))
    }
}

/// Give a sign of life, and learn what has happened since the last time, as a hook does.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct SessionNews {
    /// Only a sign of life: the client could not show news now.
    #[serde(default)]
    silent: bool,
    /// A subagent's call that is about to be made, by the client's id.
    tool_use_id: Option<String>,
    /// What has just ended: a tool call, or the whole turn.
    ended: Option<Done>,
}

/// What has ended.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
enum Done {
    /// A tool call, by the client's id if it has one.
    Call(Option<String>),
    /// The agent has nothing more to say for now.
    Turn,
}

impl Tool for SessionNews {
    const NAME: &'static str = "session_news";
    const TITLE: &'static str = "News for a session";
    const ACCESS: Access = Access::Presence;
    const AUDIENCE: Audience = Audience::Unlisted;
    type Reply = Cleared;

    fn run(&self, tx: &Tx<'_>, ctx: &Context) -> Outcome<Progress<Cleared>> {
        note_tool_use(tx, ctx, self.tool_use_id.as_deref())?;
        let (hands, session) = (tx.kept::<Hands>(), &ctx.caller.session_id);
        match &self.ended {
            Some(Done::Call(id)) => hands.end(session, id.as_deref(), ctx.now),
            Some(Done::Turn) => hands.rest(session, ctx.now),
            None => {}
        }
        let context = if self.silent { None } else { news(tx, ctx)? };
        Ok(Progress::Ended(Cleared { context }))
    }
}

/// What is new to the caller, which is thereby told. Nothing is, to one that has just come.
pub fn news(tx: &Tx<'_>, ctx: &Context) -> Outcome<Option<String>> {
    if ctx.caller.person {
        return Ok(None);
    }
    let session = &ctx.caller.session_id;
    let news = match sql::told_at(tx, session)? {
        Some(since) => brief::news(tx, ctx, since)?,
        None => None,
    };
    sql::put_told(tx, session, ctx.now)?;
    Ok(news)
}

/// Keep what is known of an agent's work before it forgets, as its hook does.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct CheckpointSession {
    #[serde(skip)]
    head: Head,
}

impl Tool for CheckpointSession {
    const NAME: &'static str = "checkpoint_session";
    const TITLE: &'static str = "Keep a session's work";
    const ACCESS: Access = Access::Presence;
    const AUDIENCE: Audience = Audience::Unlisted;
    type Reply = Cleared;

    fn prepare(&mut self, ctx: &Context) -> Outcome<()> {
        self.head = ctx.repo.head();
        Ok(())
    }

    fn run(&self, tx: &Tx<'_>, ctx: &Context) -> Outcome<Progress<Cleared>> {
        if !ctx.caller.person {
            let of = farewell::Leaver::of_caller(ctx);
            farewell::leave(tx, &of, farewell::Occasion::Compaction, Some(&self.head), ctx.now)?;
        }
        Ok(Progress::Ended(Cleared::default()))
    }
}
