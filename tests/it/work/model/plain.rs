//! The queue as one would explain it: a list of tasks and a line of agents.
//!
//! What the store keeps (counts of what is not met, reasons for being parked) is worked out anew
//! here each time it is needed.

use std::collections::HashMap;

use coord::work::LEASE_MS;

use super::AGENTS;
use super::history::End;

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Task {
    pub id: String,
    pub depends_on: Vec<usize>,
    pub priority: i64,
    pub kind: u8,
    pub gpu: bool,
    pub max_attempts: i64,
    pub status: &'static str,
    pub attempt: i64,
    pub fence: i64,
    pub run_after: i64,
    /// The last to claim it, and until when; kept by those that ended with it.
    pub holder: Option<usize>,
    pub lease: Option<i64>,
    /// Whether an agent's last attempt was taken from it.
    pub lost: HashMap<usize, bool>,
}

/// A place in the line.
#[derive(Debug)]
pub struct Place {
    pub ticket: usize,
    pub agent: usize,
    pub kind: Option<u8>,
    pub until: i64,
}

#[derive(Debug, Default)]
pub struct Model {
    pub tasks: Vec<Task>,
    pub line: Vec<Place>,
    /// Who was served with what, by ticket, until somebody has looked.
    pub served: Vec<(usize, usize)>,
    /// The line before anybody in `served` left it.
    before: Vec<usize>,
    tickets: usize,
    fence: i64,
}

type Ended = Result<(&'static str, Vec<usize>), &'static str>;

impl Task {
    fn is_held(&self) -> bool {
        matches!(self.status, "claimed" | "running")
    }

    fn is_given_up(&self) -> bool {
        matches!(self.status, "failed" | "cancelled")
    }

    fn let_go(&mut self) {
        self.holder = None;
        self.lease = None;
    }
}

impl Model {
    fn unmet(&self, task: usize) -> usize {
        let before = &self.tasks[task].depends_on;
        before.iter().filter(|&&one| self.tasks[one].status != "completed").count()
    }

    fn is_parked(&self, task: usize) -> bool {
        self.tasks[task].status == "pending"
            && self.tasks[task]
                .depends_on
                .iter()
                .any(|&one| self.tasks[one].is_given_up() || self.is_parked(one))
    }

    fn is_ready(&self, task: usize) -> bool {
        let one = &self.tasks[task];
        one.status == "pending" && one.run_after == 0 && self.unmet(task) == 0
    }

    pub fn held_by(&self, agent: usize) -> Vec<usize> {
        let held =
            |&one: &usize| self.tasks[one].is_held() && self.tasks[one].holder == Some(agent);
        (0..self.tasks.len()).filter(held).collect()
    }

    /// True if the new task is blocked.
    pub fn submit(&mut self, task: Task) -> bool {
        self.tasks.push(Task { status: "pending", ..task });
        self.unmet(self.tasks.len() - 1) > 0
    }

    /// A sign of life renews what is half over.
    pub fn heard(&mut self, agent: usize, now: i64) {
        for task in self.held_by(agent) {
            let task = &mut self.tasks[task];
            let left = task.lease.unwrap_or_default() - now;
            if left > 0 && 2 * left < LEASE_MS {
                task.lease = Some(now + LEASE_MS);
                task.status = "running";
            }
        }
    }

    pub fn claim(&mut self, agent: usize, kind: Option<u8>, now: i64) -> Option<usize> {
        let fits = |&one: &usize| {
            let task = &self.tasks[one];
            self.is_ready(one)
                && kind.is_none_or(|kind| kind == task.kind)
                && (!task.gpu || agent == 0)
        };
        let best =
            (0..self.tasks.len()).filter(fits).min_by_key(|&one| self.tasks[one].priority)?;
        self.fence += 1;
        let task = &mut self.tasks[best];
        task.status = "claimed";
        task.attempt += 1;
        task.fence = self.fence;
        task.holder = Some(agent);
        task.lease = Some(now + LEASE_MS);
        Some(best)
    }

    /// Leases that ran out, oldest first, and pauses that are over.
    pub fn expire(&mut self, now: i64) {
        for task in &mut self.tasks {
            if task.run_after <= now {
                task.run_after = 0;
            }
        }
        let over = |&one: &usize| {
            self.tasks[one].is_held() && self.tasks[one].lease.is_some_and(|lease| lease <= now)
        };
        for one in (0..self.tasks.len()).filter(over).collect::<Vec<_>>() {
            self.lose(one);
        }
    }

    /// A claim is taken from its holder.
    fn lose(&mut self, task: usize) {
        let task = &mut self.tasks[task];
        let holder = task.holder.expect("somebody held it");
        task.lost.insert(holder, true);
        if task.attempt < task.max_attempts {
            task.status = "pending";
            task.let_go();
        } else {
            task.status = "failed";
            task.lease = None;
        }
    }

    pub fn end(&mut self, agent: usize, at: usize, how: End, now: i64) -> Ended {
        let was_lost = self.tasks[at].lost.get(&agent).copied().unwrap_or_default();
        if !(self.tasks[at].is_held() && self.tasks[at].holder == Some(agent)) {
            return Err(if was_lost {
                "lease_lost"
            } else {
                "task_not_found_or_not_claimed_by_agent"
            });
        }
        let task = &mut self.tasks[at];
        task.lost.insert(agent, false);
        task.lease = None;
        match how {
            End::Success => {
                task.status = "completed";
                let next =
                    |&one: &usize| self.tasks[one].depends_on.contains(&at) && self.is_ready(one);
                Ok(("completed", (0..self.tasks.len()).filter(next).collect()))
            }
            End::Retry if task.attempt < task.max_attempts => {
                task.status = "pending";
                task.run_after = now + 10_000 * (1 << (task.attempt - 1));
                task.let_go();
                Ok(("pending", Vec::new()))
            }
            End::Failure | End::Retry => {
                task.status = "failed";
                Ok(("failed", Vec::new()))
            }
        }
    }

    pub fn die(&mut self, agent: usize) {
        self.line.retain(|place| place.agent != agent);
        for task in self.held_by(agent) {
            self.lose(task);
        }
    }

    pub fn cancel(&mut self, task: usize) -> Result<(), &'static str> {
        let task = &mut self.tasks[task];
        match task.status {
            "pending" => {}
            "claimed" | "running" => {
                let holder = task.holder.expect("somebody held it");
                task.lost.insert(holder, true);
            }
            _ => return Err("task_already_finished"),
        }
        task.status = "cancelled";
        task.run_after = 0;
        task.let_go();
        Ok(())
    }

    pub fn retry(&mut self, at: usize) -> Result<(), &'static str> {
        let task = &mut self.tasks[at];
        if task.status == "pending" && task.run_after > 0 {
            task.run_after = 0;
            return Ok(());
        }
        if !(task.is_given_up() || self.is_parked(at)) {
            return Err("task_not_retryable");
        }
        let mut above = vec![at];
        while let Some(one) = above.pop() {
            let task = &mut self.tasks[one];
            if task.is_given_up() {
                task.status = "pending";
                task.attempt = 0;
                task.let_go();
            }
            let before = self.tasks[one].depends_on.clone();
            above.extend(before.into_iter().filter(|&one| self.tasks[one].status != "completed"));
        }
        Ok(())
    }

    pub fn enqueue(&mut self, agent: usize, kind: Option<u8>, until: i64) {
        self.tickets += 1;
        self.line.push(Place { ticket: self.tickets, agent, kind, until });
    }

    /// Gives what is ready to those who wait, first come first served.
    pub fn serve(&mut self, now: i64) {
        if self.served.is_empty() {
            self.before = self.line.iter().map(|place| place.ticket).collect();
        }
        for place in std::mem::take(&mut self.line) {
            let served = self.claim(place.agent, place.kind, now);
            match served {
                Some(task) => self.served.push((place.ticket, task)),
                None => self.line.push(place),
            }
        }
    }

    /// Where in the line a ticket that was served had stood.
    pub fn place_of(&self, ticket: usize) -> usize {
        self.before.iter().position(|&one| one == ticket).expect("it stood in line")
    }

    pub fn forget_served(&mut self) {
        self.served.clear();
        self.before.clear();
    }

    /// The rows as the store should have them.
    pub fn rows(&self) -> Vec<Row> {
        let row = |at: usize| {
            let task = &self.tasks[at];
            Row {
                id: task.id.clone(),
                status: task.status.into(),
                unmet: i64::try_from(self.unmet(at)).expect("few"),
                parked: self.is_parked(at),
                attempt: task.attempt,
                fence: task.fence,
                run_after: task.run_after,
                holder: task.holder.map(|agent| AGENTS[agent].to_owned()),
                lease: task.lease,
            }
        };
        (0..self.tasks.len()).map(row).collect()
    }
}

/// A row of the store, as far as the model knows it.
#[derive(Debug, PartialEq)]
pub struct Row {
    id: String,
    status: String,
    unmet: i64,
    parked: bool,
    attempt: i64,
    fence: i64,
    run_after: i64,
    holder: Option<String>,
    lease: Option<i64>,
}

impl Row {
    pub const SQL: &str =
        "SELECT task_id, status, unmet, parked_reason IS NOT NULL, attempt, fence,
            run_after, claimed_by, lease_expires_at FROM work_queue ORDER BY seq";

    pub fn from_row(row: &rusqlite::Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            id: row.get(0)?,
            status: row.get(1)?,
            unmet: row.get(2)?,
            parked: row.get(3)?,
            attempt: row.get(4)?,
            fence: row.get(5)?,
            run_after: row.get(6)?,
            holder: row.get(7)?,
            lease: row.get(8)?,
        })
    }
}
