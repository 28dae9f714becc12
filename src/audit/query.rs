//! The tools that read the log: entries for agents, raw rows for who checks the chain.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::{Row, chain, sql};
use crate::context::Context;
use crate::failure::{Outcome, Refusal};
use crate::store::Tx;
use crate::time::Time;
use crate::tool::{Access, Audience, Hints, Progress, Tool};

/// Entries on one page at most.
pub const LIMIT_MAX: u32 = 200;
/// Entries on one page, unless asked otherwise.
const LIMIT: u32 = 20;
/// Raw rows in one answer at most.
pub const ROWS_MAX: u32 = 1_000;

/// Why the log is not read or sealed.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the messages say it")]
pub enum AuditRefusal {
    #[error("limit was {sent}; 1 to {max} are accepted")]
    LimitOutOfRange { sent: u32, max: u32 },
    #[error("cursor was {sent:?}, which no answer of query_audit has given")]
    BadCursor { sent: String },
    #[error("{file} is no whole segment of the audit log: {why}")]
    BadSegment { file: String, why: String },
    #[error("{file} does not continue the sealed part of the log: {why}")]
    Discontinuous { file: String, why: &'static str },
}

impl Refusal for AuditRefusal {
    fn code(&self) -> &'static str {
        match self {
            Self::LimitOutOfRange { .. } | Self::BadCursor { .. } => "invalid_argument",
            Self::BadSegment { .. } => "segment_damaged",
            Self::Discontinuous { .. } => "segment_does_not_fit",
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::BadCursor { .. } => Some("leave it out to start at the newest entry".into()),
            Self::LimitOutOfRange { .. } => None,
            Self::BadSegment { .. } | Self::Discontinuous { .. } => {
                Some("nothing was sealed or removed; write the segment again".into())
            }
        }
    }

    fn facts(&self) -> Map<String, Value> {
        let facts = match self {
            Self::LimitOutOfRange { max, .. } => json!({ "field": "limit", "max": max }),
            Self::BadCursor { .. } => json!({ "field": "cursor" }),
            Self::BadSegment { file, .. } | Self::Discontinuous { file, .. } => {
                json!({ "file": file })
            }
        };
        match facts {
            Value::Object(fields) => fields,
            _ => Map::new(),
        }
    }
}

/// Look up what was done here, newest first: by agent, operation, time or success.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct QueryAudit {
    agent_id: Option<String>,
    /// The tool's name.
    operation: Option<String>,
    since: Option<Time>,
    until: Option<Time>,
    /// Only what succeeded, or only what did not.
    success: Option<bool>,
    /// 1 to 200.
    #[serde(default = "limit")]
    #[schemars(range(min = 1, max = 200))]
    limit: u32,
    /// Where the page before ended.
    cursor: Option<String>,
}

const fn limit() -> u32 {
    LIMIT
}

/// Part of the log, newest first.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Entries {
    /// One page.
    pub entries: Vec<Entry>,
    /// Where the next page starts, if there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}

/// One call.
#[derive(Debug, Serialize, JsonSchema)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Entry {
    pub seq: i64,
    pub at: Time,
    pub agent_id: String,
    pub agent_type: String,
    pub operation: String,
    #[serde(skip_serializing_if = "Value::is_null")]
    pub arguments: Value,
    pub success: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
}

impl Tool for QueryAudit {
    const NAME: &'static str = "query_audit";
    const TITLE: &'static str = "Query audit log";
    const ACCESS: Access = Access::Read;
    const HINTS: Hints = Hints { idempotent: true, destructive: false };

    type Reply = Entries;

    fn prepare(&mut self, _ctx: &Context) -> Outcome<()> {
        in_range(self.limit, LIMIT_MAX)
    }

    fn run(&self, tx: &Tx<'_>, ctx: &Context) -> Outcome<Progress<Entries>> {
        let before = match &self.cursor {
            None => i64::MAX,
            Some(cursor) => cursor.parse().map_err(|_not_a_number| AuditRefusal::BadCursor {
                sent: cursor.chars().take(80).collect(),
            })?,
        };
        let mut entries = sql::entries(tx, &Query { tool: self, project: ctx.project(), before })?;
        let page = usize::try_from(self.limit).unwrap_or(usize::MAX);
        let more = entries.len() > page;
        entries.truncate(page);
        let last = entries.last().filter(|_| more);
        let next_cursor = last.map(|last| last.seq.to_string());
        Ok(Progress::Ended(Entries { entries, next_cursor }))
    }
}

/// What is asked of the log.
pub(super) struct Query<'a> {
    tool: &'a QueryAudit,
    pub project: &'a str,
    pub before: i64,
}

impl Query<'_> {
    pub fn agent_id(&self) -> Option<&str> {
        self.tool.agent_id.as_deref()
    }

    pub fn operation(&self) -> Option<&str> {
        self.tool.operation.as_deref()
    }

    pub const fn span(&self) -> (Option<Time>, Option<Time>) {
        (self.tool.since, self.tool.until)
    }

    pub const fn success(&self) -> Option<bool> {
        self.tool.success
    }

    /// One more than a page, which shows that there is another.
    pub const fn limit(&self) -> u32 {
        self.tool.limit + 1
    }
}

/// Rows of the audit log as they are hashed, of all projects, oldest first.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct AuditRows {
    /// Rows after this one; left out, from the start of the live log.
    after: Option<i64>,
    /// 1 to 1000.
    #[serde(default = "rows_limit")]
    #[schemars(range(min = 1, max = 1000))]
    limit: u32,
}

const fn rows_limit() -> u32 {
    ROWS_MAX
}

/// Part of the log as it is hashed.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct Rows {
    /// The rows, oldest first.
    pub rows: Vec<Row>,
    /// Number of the row that these follow.
    pub after: i64,
    /// Its hash: where a walk over them starts. Absent if the row is in a sealed segment.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hash: Option<String>,
    /// Number of the newest row.
    pub last: i64,
    /// Segments that have left the database, oldest first.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub seals: Vec<Seal>,
}

/// A segment of the log that has left the database.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[expect(missing_docs, reason = "the columns of audit_seals")]
pub struct Seal {
    pub seq_from: i64,
    pub seq_to: i64,
    pub hash: String,
    pub file: String,
    pub sealed_at: Time,
}

impl Tool for AuditRows {
    const NAME: &'static str = "audit_rows";
    const TITLE: &'static str = "Raw audit rows";
    const ACCESS: Access = Access::Read;
    const AUDIENCE: Audience = Audience::People;
    const HINTS: Hints = Hints { idempotent: true, destructive: false };

    type Reply = Rows;

    fn prepare(&mut self, _ctx: &Context) -> Outcome<()> {
        in_range(self.limit, ROWS_MAX)
    }

    fn run(&self, tx: &Tx<'_>, _ctx: &Context) -> Outcome<Progress<Rows>> {
        let sealed = sql::sealed_head(tx)?.unwrap_or_else(|| (0, chain::GENESIS.to_owned()));
        let after = self.after.unwrap_or(sealed.0);
        let hash = if after == sealed.0 { Some(sealed.1) } else { sql::hash_of(tx, after)? };
        Ok(Progress::Ended(Rows {
            rows: sql::rows_after(tx, after, self.limit)?,
            after,
            hash,
            last: sql::head(tx)?.0,
            seals: sql::seals(tx)?,
        }))
    }
}

fn in_range(sent: u32, max: u32) -> Outcome<()> {
    if (1..=max).contains(&sent) {
        return Ok(());
    }
    Err(AuditRefusal::LimitOutOfRange { sent, max }.into())
}
