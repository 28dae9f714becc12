//! What a tool is: a request that can be read, permitted, run and audited.
//!
//! - A tool's type is its argument list; its doc comment is the description
//!   that agents read; its reply's type is its output schema.
//! - `prepare` may look at the file system; `run` may not: it holds up every
//!   other request while it runs.
//!
//! Not here: the list of tools and the path they take (`service`).

use schemars::JsonSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::context::{Context, Ticket};
use crate::failure::{Outcome, Refusal};
use crate::ruling::Asked;
use crate::store::Tx;

/// What a tool does to the world; the policy grants by this.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Access {
    /// Looks.
    Read,
    /// Tells of the caller itself, that it is here and what it is busy with.
    Presence,
    /// Changes what is the caller's own.
    Write,
    /// Changes what is others'.
    Admin,
    /// Changes who may do what; for a person at a terminal alone.
    Policy,
}

/// Who may call it at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Audience {
    /// Agents over MCP, and people.
    Everybody,
    /// Everybody, but not in MCP's list of tools: what resources and the command
    /// line read.
    Unlisted,
    /// People at a terminal; never over MCP.
    People,
}

/// What a client may assume (MCP's tool annotations).
#[derive(Clone, Copy, Debug, Default)]
pub struct Hints {
    /// Asking twice is as asking once.
    pub idempotent: bool,
    /// It may take something away from somebody.
    pub destructive: bool,
}

/// A call that did not end, because it waits in a queue under its ticket.
pub enum Progress<T> {
    /// It ended.
    Ended(T),
    /// It ended with a "no" that keeps what was done on the way (a late result).
    Declined(Box<dyn Refusal>),
    /// Its place in the queue is kept; the answer will be settled by whoever
    /// makes way, or by [`Tool::give_up`].
    Waits,
}

/// One tool.
pub trait Tool: DeserializeOwned + JsonSchema + Send + 'static {
    /// Its public name.
    const NAME: &'static str;
    /// A few words for people.
    const TITLE: &'static str;
    /// What it does to the world.
    const ACCESS: Access;
    /// Who may call it.
    const AUDIENCE: Audience = Audience::Everybody;
    /// What a client may assume.
    const HINTS: Hints = Hints { idempotent: false, destructive: false };
    /// It needs room on the disk, so it is refused when there is none. What
    /// frees, renews or finishes something does not count.
    const GROWS: bool = false;

    /// What it answers.
    type Reply: Serialize + JsonSchema;

    /// Checks arguments and resolves paths, outside any transaction.
    ///
    /// # Errors
    /// The domain's refusals.
    fn prepare(&mut self, ctx: &Context) -> Outcome<()> {
        let _ = ctx;
        Ok(())
    }

    /// How long the caller is willing to wait for its turn, in seconds.
    fn wait_seconds(&self) -> u32 {
        0
    }

    /// What an arbiter between machines has to decide before the call is run, in a project that has one.
    fn arbitrated(&self) -> Option<Asked> {
        None
    }

    /// Does the deed. May be run twice, and sees none of the first run's effects.
    ///
    /// # Errors
    /// The domain's refusals; a refusal undoes what was done.
    fn run(&self, tx: &Tx<'_>, ctx: &Context) -> Outcome<Progress<Self::Reply>>;

    /// Keeps what a look found and must not be lost, in the transaction of its audit
    /// row; after [`Tool::run`].
    ///
    /// # Errors
    /// Faults only.
    fn note(&self, tx: &Tx<'_>, ctx: &Context) -> Outcome<()> {
        let _ = (tx, ctx);
        Ok(())
    }

    /// Leaves the queue without having had its turn, and says why.
    ///
    /// # Errors
    /// The refusal that the call would have met without waiting.
    fn give_up(&self, tx: &Tx<'_>, ctx: &Context, ticket: Ticket) -> Outcome<Self::Reply> {
        let _ = (tx, ctx, ticket);
        Err(anyhow::anyhow!("{} does not wait", Self::NAME).into())
    }

    /// Serves those who stood behind a place that was given up.
    ///
    /// # Errors
    /// Faults only.
    fn left(&self, tx: &Tx<'_>, ctx: &Context) -> Outcome<()> {
        let _ = (tx, ctx);
        Ok(())
    }

    /// Takes back what was `granted` to a caller that has stopped listening.
    ///
    /// # Errors
    /// Faults only.
    fn take_back(&self, tx: &Tx<'_>, ctx: &Context, granted: &Value) -> Outcome<()> {
        let _ = (tx, ctx, granted);
        Ok(())
    }
}
