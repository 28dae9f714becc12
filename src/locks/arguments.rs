//! What the tools for locks accept, and their limits.

use serde_json::{Map, Value, json};

use super::refusal::LockRefusal;
use crate::context::Context;
use crate::failure::{Outcome, Refusal};
use crate::ingress::{self, PATH_KEY_BYTES};
use crate::repo::Target;

/// Paths in one call, at most.
pub const PATHS_MAX: usize = 100;
/// Characters of a reason, at most.
pub const REASON_MAX: usize = 500;
/// How long a lock lasts if nothing else is asked, in minutes.
pub const TTL_MINUTES: i64 = 120;
/// How long a lock may last, in minutes.
pub const TTL_MINUTES_MAX: i64 = 480;
/// How long a call may wait, in seconds; a client that cannot show progress
/// gives up earlier, which its edge knows.
pub const WAIT_MAX: i64 = 110;

/// Arguments that make no sense.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the messages say it")]
pub enum ArgumentRefusal {
    #[error("file_path is missing")]
    NoPath,
    #[error("file_path and file_paths were both given")]
    BothPaths,
    #[error("file_paths has {count} entries; it takes 1 to {PATHS_MAX}")]
    PathCount { count: usize },
    #[error("reason has {chars} characters; it takes at most {REASON_MAX}")]
    LongReason { chars: usize },
    #[error("reason was {sent:?}, which explains nothing")]
    ShortReason { sent: String },
    #[error("reason contains a NUL character")]
    NulInReason,
    #[error("wait_seconds was {asked}; a call waits 0 to {WAIT_MAX} seconds")]
    Wait { asked: i64 },
    #[error("limit was {asked}; a page has 1 to {most} locks")]
    Limit { asked: i64, most: usize },
    #[error("cursor is not one that check_locks gave out")]
    Cursor,
    #[error("neither a path nor an agent was named")]
    Nobody,
}

impl Refusal for ArgumentRefusal {
    fn code(&self) -> &'static str {
        "invalid_argument"
    }

    fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::NoPath => "give file_path, or file_paths for several at once",
            Self::BothPaths => "give file_path for one path, file_paths for several",
            Self::PathCount { .. } => "name a folder or a glob instead, such as src/",
            Self::LongReason { .. } => "say it in a sentence",
            Self::ShortReason { .. } => "say why, for the agent that loses its lock",
            Self::NulInReason | Self::Wait { .. } | Self::Limit { .. } => return None,
            Self::Cursor => "leave cursor out to start from the beginning",
            Self::Nobody => "give file_path, file_paths or agent_id",
        };
        Some(hint.into())
    }

    fn facts(&self) -> Map<String, Value> {
        let field = match self {
            Self::NoPath | Self::Nobody => "file_path",
            Self::BothPaths | Self::PathCount { .. } => "file_paths",
            Self::LongReason { .. } | Self::ShortReason { .. } | Self::NulInReason => "reason",
            Self::Wait { .. } => "wait_seconds",
            Self::Limit { .. } => "limit",
            Self::Cursor => "cursor",
        };
        Map::from_iter([("field".to_owned(), json!(field))])
    }
}

/// The targets behind `file_path` or `file_paths`, each once, in the order asked;
/// `None` if neither was given.
pub fn targets(
    ctx: &Context,
    one: Option<&String>,
    many: Option<&Vec<String>>,
) -> Outcome<Option<Vec<Target>>> {
    let asked = match (one, many) {
        (Some(_), Some(_)) => return Err(ArgumentRefusal::BothPaths.into()),
        (Some(one), None) => std::slice::from_ref(one),
        (None, Some(many)) => many.as_slice(),
        (None, None) => return Ok(None),
    };
    if !(1..=PATHS_MAX).contains(&asked.len()) {
        return Err(ArgumentRefusal::PathCount { count: asked.len() }.into());
    }
    let mut targets: Vec<Target> = Vec::with_capacity(asked.len());
    for path in asked {
        let target = ctx.repo.resolve(path)?;
        if target.key.len() > PATH_KEY_BYTES {
            return Err(LockRefusal::LongPath { bytes: target.key.len() }.into());
        }
        if !targets.contains(&target) {
            targets.push(target);
        }
    }
    Ok(Some(targets))
}

/// Refuses a reason that is too long to be read, or cannot be stored.
pub fn check_reason(reason: &str) -> Outcome<()> {
    let chars = reason.chars().count();
    if chars > REASON_MAX {
        return Err(ArgumentRefusal::LongReason { chars }.into());
    }
    ingress::text(reason).map_err(|_nul| ArgumentRefusal::NulInReason)?;
    Ok(())
}
