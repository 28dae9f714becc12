//! Why a lock is not granted or released.

use serde_json::{Map, Value, json};

use super::arguments::TTL_MINUTES_MAX;
use super::deadlock::Link;
use super::queue::Waiter;
use super::rules::{Block, By, Claim, Survey};
use super::{Lock, Mode};
use crate::failure::Refusal;
use crate::ingress::PATH_KEY_BYTES;
use crate::time::Time;

/// A "no" of the rules.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the messages say it")]
pub enum LockRefusal {
    #[error("{0}")]
    LockedByOther(Box<Blocked>),
    #[error("a lock lasts 1 to {TTL_MINUTES_MAX} minutes, not {asked}")]
    TtlOutOfRange { asked: i64 },
    #[error("a path to lock has at most {PATH_KEY_BYTES} bytes; this one has {bytes}")]
    LongPath { bytes: usize },
    #[error("waiting for {path} would never end: {}", told(cycle))]
    WouldDeadlock { path: String, cycle: Vec<Link> },
    #[error("{path} is not locked by you{}", other(held_by.as_deref()))]
    NotYours { path: String, held_by: Option<String> },
    #[error("nobody holds a lock on {path}")]
    NotLocked { path: String, overlapping: Option<(String, String)> },
    #[error("{agent} holds no lock here")]
    HoldsNothing { agent: String },
    #[error("the wait for {path} ended just as it became free")]
    JustFree { path: String },
}

/// What stands in the way of a lock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Blocked {
    /// The path that was asked for.
    pub path: String,
    /// The one who is in the way: the holder, or who asked first.
    pub locked_by: String,
    /// That one's kind of client.
    pub agent_type: String,
    /// The holder's lock, if it is held already.
    pub held: Option<Held>,
    /// Who gets it before the caller does, if that is not the holder.
    pub promised_to: Option<String>,
    /// The caller's place in the line, 1 being the next to be served.
    pub position: usize,
}

/// A lock in the way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    pub path: String,
    pub mode: Mode,
    pub locked_at: Time,
    pub expires_at: Time,
    pub reason: Option<String>,
    /// The worktree it was taken in, unless it is the caller's.
    pub worktree: Option<String>,
}

impl Blocked {
    /// The story behind what `Survey::blocks` found; `None` if it found nothing.
    pub fn tell(
        claim: &Claim,
        survey: &Survey<'_>,
        ahead: &[Waiter],
        now: Time,
    ) -> Option<Box<Self>> {
        let blocks = survey.blocks(claim, ahead, now);
        let held = blocks.iter().filter_map(|block| match block.by {
            By::Holder(lock) => Some((block.target, lock)),
            By::Waiter(_) => None,
        });
        // The caller cannot have it before the last of the holders is gone.
        let last = held.max_by_key(|(_, lock)| lock.expires_at);
        let position = 1 + ahead.iter().filter(|waiter| waiter.claim.conflicts(claim)).count();
        let told = match (last, blocks.first()?) {
            (Some((target, lock)), _) => Self::held(claim, &target.shown, lock),
            (None, Block { target, by: By::Waiter(waiter) }) => {
                let around = survey.around.iter().filter(|(near, _)| near == target);
                let mut others = around
                    .flat_map(|(_, locks)| locks)
                    .filter(|lock| lock.is_live(now) && lock.session_id != claim.caller.session_id);
                let first = &waiter.claim.caller;
                let told = others.next().map_or_else(
                    || Self {
                        path: target.shown.clone(),
                        locked_by: first.agent_id.clone(),
                        agent_type: first.agent_type.clone(),
                        held: None,
                        promised_to: None,
                        position: 0,
                    },
                    |lock| Self::held(claim, &target.shown, lock),
                );
                Self { promised_to: Some(first.agent_id.clone()), ..told }
            }
            (None, Block { by: By::Holder(_), .. }) => return None,
        };
        Some(Box::new(Self { position, ..told }))
    }

    fn held(claim: &Claim, path: &str, lock: &Lock) -> Self {
        Self {
            path: path.to_owned(),
            locked_by: lock.agent_id.clone(),
            agent_type: lock.agent_type.clone(),
            held: Some(Held {
                path: lock.target.shown.clone(),
                mode: lock.mode,
                locked_at: lock.acquired_at,
                expires_at: lock.expires_at,
                reason: lock.reason.clone(),
                worktree: lock.worktree.clone().filter(|root| *root != claim.worktree),
            }),
            promised_to: None,
            position: 0,
        }
    }

    /// The story as fields.
    #[must_use]
    pub fn facts(&self) -> Map<String, Value> {
        let mut facts = Map::new();
        let mut put = |name: &str, value: Value| drop(facts.insert(name.to_owned(), value));
        put("file_path", json!(self.path));
        put("locked_by", json!(self.locked_by));
        put("agent_type", json!(self.agent_type));
        if let Some(held) = &self.held {
            put("locked_at", json!(held.locked_at));
            put("expires_at", json!(held.expires_at));
            if let Some(reason) = &held.reason {
                put("lock_reason", json!(reason));
            }
            if held.path != self.path {
                put("held_path", json!(held.path));
            }
            if held.mode == Mode::Shared {
                put("mode", json!(held.mode));
            }
            if let Some(worktree) = &held.worktree {
                put("worktree", json!(worktree));
            }
        }
        if let Some(next) = &self.promised_to {
            put("promised_to", json!(next));
        }
        put("position", json!(self.position));
        facts
    }
}

impl std::fmt::Display for Blocked {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { path, locked_by, .. } = self;
        match (&self.held, &self.promised_to) {
            (Some(held), _) => {
                write!(f, "{path} is locked by {locked_by} until {}", held.expires_at)?;
                if held.path != self.path {
                    write!(f, ", who holds {}", held.path)?;
                }
            }
            (None, _) => write!(f, "{path} is promised to {locked_by}, who asked first")?,
        }
        match (&self.held, &self.promised_to) {
            (Some(_), Some(next)) => write!(f, ", and {next} asked for it first"),
            _ => Ok(()),
        }
    }
}

fn told(cycle: &[Link]) -> String {
    let one =
        |link: &Link| format!("{} waits for {} ({})", link.agent_id, link.held_by, link.waits_for);
    cycle.iter().map(one).collect::<Vec<_>>().join(", ")
}

fn other(held_by: Option<&str>) -> String {
    held_by.map(|agent| format!(" but by {agent}")).unwrap_or_default()
}

impl Refusal for LockRefusal {
    fn code(&self) -> &'static str {
        match self {
            Self::LockedByOther(_) => "locked_by_other",
            Self::TtlOutOfRange { .. } => "ttl_out_of_range",
            Self::LongPath { .. } => "invalid_file_path",
            Self::WouldDeadlock { .. } => "would_deadlock",
            Self::NotYours { .. } => "lock_not_found_or_not_owner",
            Self::NotLocked { .. } | Self::HoldsNothing { .. } => "lock_not_found",
            Self::JustFree { .. } => "wait_ended",
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::LockedByOther(blocked) => Some(format!(
                "work on something else, wait for your turn with wait_seconds, or ask {} for it",
                blocked.locked_by
            )),
            Self::TtlOutOfRange { .. } => {
                Some("leave ttl_minutes out; being active renews the lock".into())
            }
            Self::LongPath { .. } => Some("lock a folder above it".into()),
            Self::WouldDeadlock { cycle, .. } => cycle.last().map(|link| {
                format!("release {} first, then ask for everything at once", link.waits_for)
            }),
            Self::NotYours { .. } => Some("see who holds what with check_locks".into()),
            Self::NotLocked { overlapping: Some((path, agent)), .. } => {
                Some(format!("{agent} holds {path}; name that"))
            }
            Self::NotLocked { .. } | Self::HoldsNothing { .. } => {
                Some("see who holds what with check_locks".into())
            }
            Self::JustFree { .. } => Some("ask again".into()),
        }
    }

    fn facts(&self) -> Map<String, Value> {
        let facts = match self {
            Self::LockedByOther(blocked) => return blocked.facts(),
            Self::TtlOutOfRange { asked } => {
                vec![("field", json!("ttl_minutes")), ("sent", json!(asked))]
            }
            Self::LongPath { .. } => vec![("reason", json!("too_long"))],
            Self::WouldDeadlock { path, cycle } => {
                vec![("file_path", json!(path)), ("cycle", json!(cycle))]
            }
            Self::NotYours { path, held_by: Some(agent) } => {
                vec![("file_path", json!(path)), ("locked_by", json!(agent))]
            }
            Self::NotYours { path, .. }
            | Self::NotLocked { path, .. }
            | Self::JustFree { path } => {
                vec![("file_path", json!(path))]
            }
            Self::HoldsNothing { agent } => vec![("agent_id", json!(agent))],
        };
        facts.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
    }

    fn is_outcome(&self) -> bool {
        matches!(self, Self::LockedByOther(_) | Self::JustFree { .. })
    }
}
