//! Adding a task.
//!
//! - What a task depends on exists before it does, so its dependencies cannot
//!   form a ring. A `dedupe_key` is the one way to ask for one: the live task it
//!   names may come before what the new one depends on. That is refused.
//!
//! Not here: what happens to those who depend on it (`dependencies`).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use uuid::Uuid;

use super::limits::{
    ATTEMPTS_MAX, CAPABILITIES_MAX, DEDUPE_KEY_MAX, DEPENDS_ON_MAX, DESCRIPTION_MAX, TASK_TYPE_MAX,
};
use super::{Status, WorkRefusal, dependencies, limits, line, sql};
use crate::context::Context;
use crate::failure::Outcome;
use crate::ingress;
use crate::store::{Topic, Tx};
use crate::time::Time;
use crate::tool::{Access, Progress, Tool};

/// Most ids that a refusal repeats.
const NAMED_MAX: usize = 10;

/// Add a task for any agent to take with `get_work`; it is handed out once everything in
/// `depends_on` is completed.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct SubmitWork {
    /// Kind of work, for agents that take only certain kinds.
    #[schemars(length(min = 1, max = TASK_TYPE_MAX))]
    task_type: String,
    /// What to do, complete enough for another agent.
    #[schemars(length(min = 1, max = DESCRIPTION_MAX))]
    description: String,
    /// Data for whoever takes it, at most 256 KiB.
    input_data: Option<Map<String, Value>>,
    /// 1 is taken first.
    #[serde(default = "middling")]
    #[schemars(range(min = 1, max = 10))]
    priority: i64,
    /// `task_ids` that must be completed before.
    #[serde(default)]
    #[schemars(length(max = DEPENDS_ON_MAX))]
    depends_on: Vec<String>,
    /// When it should be done; for information.
    deadline: Option<Time>,
    /// Tries before it counts as failed.
    #[serde(default = "three")]
    #[schemars(range(min = 1, max = ATTEMPTS_MAX))]
    max_attempts: i64,
    /// While a task with this key is unfinished, submitting again returns that one.
    #[schemars(length(min = 1, max = DEDUPE_KEY_MAX))]
    dedupe_key: Option<String>,
    /// Only agents that registered all of these get it.
    #[serde(default)]
    #[schemars(length(max = CAPABILITIES_MAX))]
    required_capabilities: Vec<String>,
}

const fn middling() -> i64 {
    5
}

const fn three() -> i64 {
    3
}

/// What became of a submission.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Submitted {
    task_id: String,
    /// `pending`, or `blocked` if something must come first.
    status: &'static str,
    /// `deduplicated` if the task was there already.
    #[serde(skip_serializing_if = "Option::is_none")]
    action: Option<&'static str>,
    /// Why it cannot become ready by itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

impl Tool for SubmitWork {
    const NAME: &'static str = "submit_work";
    const TITLE: &'static str = "Submit work";
    const ACCESS: Access = Access::Write;
    const GROWS: bool = true;
    type Reply = Submitted;

    fn prepare(&mut self, ctx: &Context) -> Outcome<()> {
        self.check(ctx.now)?;
        self.required_capabilities.sort_unstable();
        self.required_capabilities.dedup();
        self.depends_on = dependency_ids(&self.depends_on)?;
        Ok(())
    }

    fn run(&self, tx: &Tx<'_>, ctx: &Context) -> Outcome<Progress<Submitted>> {
        let found = self.dependencies(tx, ctx)?;
        if let Some(live) = self.live_twin(tx, ctx)? {
            return Ok(Progress::Ended(live));
        }
        let unmet = found.iter().filter(|one| one.status != Status::Completed).count();
        let parked = found.iter().find_map(dependencies::reason);
        let task_id = self.insert(tx, ctx, (i64::try_from(unmet).unwrap_or(i64::MAX), &parked))?;
        tx.changed(Topic::Work);
        let blocked = unmet > 0 || parked.is_some();
        if !blocked {
            line::serve(tx, ctx.project(), ctx.now)?;
        }
        let status = if blocked { "blocked" } else { "pending" };
        Ok(Progress::Ended(Submitted { task_id, status, action: None, reason: parked }))
    }
}

impl SubmitWork {
    fn check(&self, now: Time) -> Result<(), WorkRefusal> {
        limits::text("task_type", &self.task_type, TASK_TYPE_MAX)?;
        limits::text("description", &self.description, DESCRIPTION_MAX)?;
        if let Some(data) = &self.input_data {
            limits::object("input_data", data)?;
        }
        if !(1..=10).contains(&self.priority) {
            return Err(WorkRefusal::InvalidPriority { sent: self.priority });
        }
        limits::count("depends_on", self.depends_on.len(), DEPENDS_ON_MAX)?;
        limits::range("max_attempts", self.max_attempts, 1, ATTEMPTS_MAX)?;
        if let Some(key) = &self.dedupe_key {
            limits::text("dedupe_key", key, DEDUPE_KEY_MAX)?;
        }
        limits::count("required_capabilities", self.required_capabilities.len(), CAPABILITIES_MAX)?;
        for one in &self.required_capabilities {
            limits::capability("required_capabilities", one)?;
        }
        match self.deadline {
            Some(at) if at <= now => Err(WorkRefusal::InvalidArgument {
                field: "deadline",
                sent: format!("was {at}, which is past"),
                accepted: "a time to come".into(),
            }),
            _ => Ok(()),
        }
    }

    /// The tasks it depends on, in order of submission; all of them must be known here.
    fn dependencies(&self, tx: &Tx<'_>, ctx: &Context) -> Outcome<Vec<sql::Task>> {
        let found = sql::tasks(tx, ctx.project(), &self.depends_on)?;
        let missing: Vec<_> = self
            .depends_on
            .iter()
            .filter(|id| !found.iter().any(|task| task.task_id == **id))
            .take(NAMED_MAX)
            .cloned()
            .collect();
        if !missing.is_empty() {
            return Err(WorkRefusal::DependencyNotFound { missing }.into());
        }
        Ok(found)
    }

    /// The unfinished task with the same `dedupe_key`.
    fn live_twin(&self, tx: &Tx<'_>, ctx: &Context) -> Outcome<Option<Submitted>> {
        let Some(key) = &self.dedupe_key else { return Ok(None) };
        let Some(twin) = sql::live_twin(tx, ctx.project(), key)? else { return Ok(None) };
        if let Some(depends_on) = sql::first_after(tx, &twin.task_id, &self.depends_on)? {
            return Err(WorkRefusal::DependencyCycle { task_id: twin.task_id, depends_on }.into());
        }
        let status = if twin.is_blocked() { "blocked" } else { twin.status.name() };
        Ok(Some(Submitted {
            task_id: twin.task_id,
            status,
            action: Some("deduplicated"),
            reason: twin.parked_reason,
        }))
    }

    fn insert(
        &self,
        tx: &Tx<'_>,
        ctx: &Context,
        (unmet, parked): (i64, &Option<String>),
    ) -> Outcome<String> {
        let seq = sql::next_seq(tx)?;
        let task_id = id_at(ctx.now, seq);
        let data = self.input_data.as_ref();
        let input = data.map(|data| limits::object("input_data", data)).transpose()?;
        sql::insert(
            tx,
            &sql::NewTask {
                task_id: &task_id,
                project: ctx.project(),
                seq,
                task_type: &self.task_type,
                description: &self.description,
                input_data: input.as_deref(),
                priority: self.priority,
                unmet,
                parked_reason: parked.as_deref(),
                max_attempts: self.max_attempts,
                dedupe_key: self.dedupe_key.as_deref(),
                capability_key: &Value::from(self.required_capabilities.clone()).to_string(),
                deadline: self.deadline,
                submitted_by: &ctx.caller.agent_id,
                submitted_at: ctx.now,
            },
        )?;
        sql::depend(tx, &task_id, &self.depends_on)?;
        Ok(task_id)
    }
}

/// The ids in their one spelling, each once. What is no id cannot be a task's.
fn dependency_ids(asked: &[String]) -> Result<Vec<String>, WorkRefusal> {
    let mut ids = Vec::with_capacity(asked.len());
    let mut missing = Vec::new();
    for text in asked {
        match ingress::id(text) {
            Ok(id) => ids.push(id),
            Err(_no_id) => missing.push(text.chars().take(40).collect()),
        }
    }
    if !missing.is_empty() {
        missing.truncate(NAMED_MAX);
        return Err(WorkRefusal::DependencyNotFound { missing });
    }
    ids.sort_unstable();
    ids.dedup();
    Ok(ids)
}

/// A `UUIDv7` of the request's time whose counter follows the order of submission.
fn id_at(now: Time, seq: i64) -> String {
    // 18 bits of the counter fit before the random part; more are not needed within a millisecond.
    let count = u32::try_from(seq & 0x3_FFFF).unwrap_or_default();
    let [_, _, high, low] = (count >> 6).to_be_bytes();
    let [.., last] = (count & 0x3F).to_be_bytes();
    let mut rest = [high, low, last, 0, 0, 0, 0, 0, 0, 0];
    rest[3..].copy_from_slice(&Uuid::new_v4().as_bytes()[..7]);
    let ms = u64::try_from(now.ms()).unwrap_or_default();
    uuid::Builder::from_unix_timestamp_millis(ms, &rest).into_uuid().hyphenated().to_string()
}
