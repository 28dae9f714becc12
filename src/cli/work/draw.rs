//! Draws what waits for what, as far as text can.
//!
//! - A task is drawn once: under the last of those that it waits for. The others
//!   point to it by its number.
//! - A chain is drawn straight down, only a fork is indented.

use std::collections::{BTreeMap, HashSet};

use serde_json::Value;

use super::super::ending::short;
use super::super::render::style::{DIM, of_status, paint};
use super::super::render::{WIDTH, fields, start, width};
use crate::time::Time;

/// Forks deeper than this many columns are not indented further.
const INDENT_MAX: usize = 40;

/// The graph as a forest of which each task is drawn once.
struct Forest<'a> {
    tasks: BTreeMap<&'a str, &'a Value>,
    /// What each task waits for.
    needs: BTreeMap<&'a str, Vec<&'a str>>,
    /// What waits for each task.
    dependents: BTreeMap<&'a str, Vec<&'a str>>,
    drawn: HashSet<&'a str>,
    text: String,
}

/// The reply of `work_graph` as a drawing.
#[must_use]
pub fn graph(reply: &Value, _: Time) -> String {
    let nodes = fields::list(reply, "nodes");
    if nodes.is_empty() {
        return "No tasks.\n".into();
    }
    let mut forest = Forest::of(nodes, fields::list(reply, "edges"));
    for id in nodes.iter().filter_map(id) {
        if forest.is_due(id) && !forest.needs.contains_key(id) {
            if !forest.text.is_empty() {
                forest.text.push('\n');
            }
            forest.draw(id, "", "");
        }
    }
    let mut text = forest.text;
    if reply.get("more").and_then(Value::as_bool).unwrap_or(false) {
        text +=
            &format!("{}\n", paint(DIM, "There are more; name a task to see what is around it."));
    }
    text
}

fn id(row: &Value) -> Option<&str> {
    row.get("task_id")?.as_str()
}

impl<'a> Forest<'a> {
    fn of(nodes: &'a [Value], edges: &'a [Value]) -> Self {
        let mut forest = Self {
            tasks: nodes.iter().filter_map(|row| Some((id(row)?, row))).collect(),
            needs: BTreeMap::new(),
            dependents: BTreeMap::new(),
            drawn: HashSet::new(),
            text: String::new(),
        };
        for edge in edges {
            let end = |name: &str| edge.get(name).and_then(Value::as_str);
            let (Some(from), Some(to)) = (end("from"), end("to")) else { continue };
            if forest.tasks.contains_key(from) && forest.tasks.contains_key(to) {
                forest.needs.entry(to).or_default().push(from);
                forest.dependents.entry(from).or_default().push(to);
            }
        }
        forest
    }

    /// Draws a task and what waits for it: a chain straight down, forks indented.
    fn draw(&mut self, first: &'a str, lead: &str, below: &str) {
        let (mut id, mut lead) = (first, lead.to_owned());
        loop {
            let Some(task) = self.tasks.get(id).copied() else { return };
            self.drawn.insert(id);
            self.text += &line(task, &lead);
            let next = self.dependents.get(id).cloned().unwrap_or_default();
            match next.as_slice() {
                [only] if self.is_due(only) => {
                    self.text += &format!("{below}│\n");
                    (id, lead) = (*only, below.to_owned());
                }
                several => return self.fork(several, below),
            }
        }
    }

    fn fork(&mut self, next: &[&'a str], below: &str) {
        let last = next.len().saturating_sub(1);
        for (at, dependent) in next.iter().enumerate() {
            let (branch, under) = if at == last { ("└─", "  ") } else { ("├─", "│ ") };
            let under = if width(below) < INDENT_MAX { under } else { "" };
            let (lead, deeper) = (format!("{below}{branch}"), format!("{below}{under}"));
            if self.is_due(dependent) {
                self.draw(dependent, &lead, &deeper);
            } else {
                self.text += &pointer(dependent, &lead, self.drawn.contains(dependent));
            }
        }
    }

    /// Whether everything that the task waits for stands above already.
    fn is_due(&self, id: &str) -> bool {
        let needed = self.needs.get(id).map_or(&[][..], Vec::as_slice);
        !self.drawn.contains(id) && needed.iter().all(|needed| self.drawn.contains(needed))
    }
}

fn line(task: &Value, lead: &str) -> String {
    let status = fields::text(task, "state");
    let mark = match status.as_str() {
        "completed" => "●",
        "claimed" | "running" => "◐",
        "failed" | "cancelled" => "✗",
        _ => "○",
    };
    let who = fields::text(task, "claimed_by");
    let state = if who.is_empty() { status.clone() } else { format!("{status} by {who}") };
    let head = format!("{} ", short(&fields::text(task, "task_id")));
    let room = WIDTH.saturating_sub(width(lead) + 2 + width(&head) + 2 + width(&state));
    let what = start(&fields::text(task, "summary"), room.max(10));
    let style = of_status(&status);
    format!("{lead}{} {}{what}  {}\n", paint(style, mark), paint(DIM, &head), paint(style, &state))
}

fn pointer(id: &str, lead: &str, above: bool) -> String {
    let place = if above { "above" } else { "below" };
    format!("{lead}{}\n", paint(DIM, &format!("→ {} ({place})", short(id))))
}
