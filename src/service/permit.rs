//! What is asked before a tool runs: may this caller, is there room.

use crate::agents;
use crate::context::Context;
use crate::failure::{Outcome, Refusal};
use crate::locks;
use crate::store::{Store, Tx};
use crate::tool::{Access, Audience, Tool as _};
use crate::work;

use super::catalogue::Entry;

/// Why a call is not made.
#[derive(Debug, thiserror::Error)]
pub enum PermitRefusal {
    #[error("{tool} is for a person at a terminal")]
    PersonRequired { tool: &'static str },
    #[error("{tool} takes something away from somebody, so it needs a person at a terminal")]
    TerminalRequired { tool: &'static str },
    #[error("{tool} changes who may do what, so it needs a person at a terminal")]
    PolicyAtTerminal { tool: &'static str },
    #[error("the disk is full, so {tool} cannot be kept")]
    DiskFull { tool: &'static str },
}

impl Refusal for PermitRefusal {
    fn code(&self) -> &'static str {
        match self {
            Self::PersonRequired { .. }
            | Self::TerminalRequired { .. }
            | Self::PolicyAtTerminal { .. } => "person_required",
            Self::DiskFull { .. } => "disk_full",
        }
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::PersonRequired { .. } => "ask the person who runs you to do it".into(),
            Self::TerminalRequired { .. } | Self::PolicyAtTerminal { .. } => {
                "run it yourself in a terminal that no agent has opened".into()
            }
            Self::DiskFull { .. } => {
                "free some space on the disk; locks can still be released and work completed".into()
            }
        })
    }
}

/// Whether the call may be made.
///
/// # Errors
/// See [`PermitRefusal`].
pub fn permit(entry: &Entry, ctx: &Context, store: &Store) -> Outcome<()> {
    if entry.audience == Audience::People && !ctx.caller.person {
        return Err(PermitRefusal::PersonRequired { tool: entry.name }.into());
    }
    // A script may do a person's work, but not take something away from somebody.
    if entry.audience == Audience::People && entry.hints.destructive && !ctx.caller.at_terminal() {
        return Err(PermitRefusal::TerminalRequired { tool: entry.name }.into());
    }
    if entry.access == Access::Policy && !ctx.caller.at_terminal() {
        return Err(PermitRefusal::PolicyAtTerminal { tool: entry.name }.into());
    }
    if entry.grows && store.is_short_of_room() {
        return Err(PermitRefusal::DiskFull { tool: entry.name }.into());
    }
    Ok(())
}

/// Notes that the caller is alive; whatever it holds is renewed by that.
pub fn seen(tx: &Tx<'_>, ctx: &Context, operation: &str) -> Outcome<()> {
    // A heartbeat of a session that was ended must be told so, not revive it in silence.
    if operation == agents::Heartbeat::NAME && !agents::is_live(tx, &ctx.caller.session_id)? {
        return Ok(());
    }
    if agents::seen(tx, ctx)? {
        locks::renew(tx, &ctx.caller.session_id, ctx.now)?;
        work::renew(tx, &ctx.caller.session_id, ctx.now)?;
    }
    Ok(())
}
