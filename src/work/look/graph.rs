//! What depends on what, for drawing.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{sql, summary};
use crate::context::Context;
use crate::failure::Outcome;
use crate::store::Tx;
use crate::tool::{Access, Audience, Hints, Progress, Tool};
use crate::work::{Status, WorkRefusal, limits};

/// Most nodes of a drawing.
const NODES_MAX: i64 = 500;

/// The dependencies among unfinished tasks, or everything around one task.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct WorkGraph {
    /// Only what comes before or after this task, finished or not.
    task_id: Option<String>,
}

/// Tasks and what must come before what.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Graph {
    /// In order of submission, so that each comes after all it depends on.
    nodes: Vec<Node>,
    edges: Vec<Edge>,
    /// There are more tasks than are shown.
    #[serde(skip_serializing_if = "super::is_false")]
    more: bool,
}

#[derive(Debug, Serialize, JsonSchema)]
struct Node {
    task_id: String,
    task_type: String,
    summary: String,
    /// The task's status; a pending one is `ready`, `pausing`, `blocked` or `parked`.
    state: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    claimed_by: Option<String>,
}

/// `to` depends on `from`.
#[derive(Debug, Serialize, JsonSchema)]
struct Edge {
    from: String,
    to: String,
}

impl Tool for WorkGraph {
    const NAME: &'static str = "work_graph";
    const TITLE: &'static str = "Work graph";
    const ACCESS: Access = Access::Read;
    const AUDIENCE: Audience = Audience::People;
    const HINTS: Hints = Hints { idempotent: true, destructive: false };
    type Reply = Graph;

    fn prepare(&mut self, _: &Context) -> Outcome<()> {
        if let Some(task_id) = &mut self.task_id {
            limits::spell(task_id);
        }
        Ok(())
    }

    fn run(&self, tx: &Tx<'_>, ctx: &Context) -> Outcome<Progress<Graph>> {
        let (rows, more) = match &self.task_id {
            Some(task_id) => around(tx, ctx, task_id)?,
            None => unfinished(tx, ctx)?,
        };
        let edges = sql::edges(tx, &ids(&rows)?)?;
        Ok(Progress::Ended(Graph {
            nodes: rows.into_iter().map(node).collect(),
            edges: edges.into_iter().map(|(from, to)| Edge { from, to }).collect(),
            more,
        }))
    }
}

fn around(tx: &Tx<'_>, ctx: &Context, task_id: &str) -> Outcome<(Vec<sql::Row>, bool)> {
    if sql::one(tx, ctx.project(), task_id)?.is_none() {
        let task_id = task_id.chars().take(40).collect();
        return Err(WorkRefusal::NotFound { task_id }.into());
    }
    Ok(cut(sql::family(tx, ctx.project(), task_id, NODES_MAX + 1)?))
}

/// What is not finished, and what was given up that something unfinished depends on.
fn unfinished(tx: &Tx<'_>, ctx: &Context) -> Outcome<(Vec<sql::Row>, bool)> {
    let (mut rows, more) = cut(sql::open(tx, ctx.project(), None, 0, NODES_MAX + 1)?);
    rows.extend(sql::given_up_before(tx, &ids(&rows)?, NODES_MAX)?);
    rows.sort_by_key(|row| row.seq);
    Ok((rows, more))
}

fn cut(mut rows: Vec<sql::Row>) -> (Vec<sql::Row>, bool) {
    let most = usize::try_from(NODES_MAX).unwrap_or(usize::MAX);
    let more = rows.len() > most;
    rows.truncate(most);
    (rows, more)
}

fn ids(rows: &[sql::Row]) -> Outcome<String> {
    let ids: Vec<&str> = rows.iter().map(|row| row.task_id.as_str()).collect();
    Ok(serde_json::to_string(&ids).map_err(anyhow::Error::from)?)
}

fn node(row: sql::Row) -> Node {
    let state = match row.status {
        Status::Pending if row.parked_reason.is_some() => "parked",
        Status::Pending if row.unmet > 0 => "blocked",
        Status::Pending if row.run_after.ms() > 0 => "pausing",
        Status::Pending => "ready",
        status => status.name(),
    };
    Node {
        summary: summary(&row.description),
        task_id: row.task_id,
        task_type: row.task_type,
        state,
        claimed_by: row.claimed_by,
    }
}
