//! Handing in tasks, and hearing what became of them.
//!
//! - A task that was submitted here is handed in as soon as somebody answers; it is claimed through the arbiter alone.
//! - What the arbiter has forgotten is handed in again, with all that it waits for.
//!
//! Not here: claims (`work`), when all this is done (`keeper`).

use serde_json::{Value, json};

use super::answer::{list, text};
use super::{Arbiter, Ledger};
use crate::failure::Outcome;
use crate::locks::{self, TaskLost};
use crate::store::Tx;
use crate::time::Time;
use crate::work::elsewhere::{self, Elsewhere, Shown};
use crate::work::shared::{self, SharedClaim, SharedEnd};

/// Tasks that are handed in between two looks, at most.
const AT_ONCE: usize = 200;

impl Arbiter {
    /// Tells the arbiter of tasks that it does not know.
    pub(super) async fn hand_in(&self, project: &str) -> Outcome<()> {
        // One after the other: the next finds that it was done.
        let _alone = self.handing_in.lock().await;
        loop {
            let after = self.state().handed_in.get(project).copied().unwrap_or_default();
            let (tasks, newest) = self.read(|tx| shared::unknown(tx, project, after, AT_ONCE))?;
            for task in &tasks {
                let Ok(answer) = self.ask("coord_task_submit", task).await else { return Ok(()) };
                let (project, id) = (project.to_owned(), text(task, "task_id").to_owned());
                let over = match text(&answer, "status") {
                    "duplicate" => {
                        let twin = text(&answer, "task_id");
                        Some(format!("the same was submitted on another machine as {twin}"))
                    }
                    "cycle" => {
                        Some("through tasks of other machines it would wait for itself".into())
                    }
                    _ => None,
                };
                let now = self.clock.now();
                self.store
                    .write(move |tx| {
                        shared::know(tx, &project, &id)?;
                        over.iter().try_for_each(|why| shared::call_off(tx, &id, why, now))
                    })
                    .await?;
            }
            if tasks.len() < AT_ONCE {
                self.state().handed_in.insert(project.to_owned(), newest);
                return Ok(());
            }
        }
    }

    /// Tasks whose end on another machine would be news here.
    pub(super) fn open_tasks(&self, projects: &[String]) -> Outcome<Vec<String>> {
        let of = |project: &String| self.read(|tx| shared::open(tx, project, AT_ONCE));
        Ok(projects.iter().map(of).collect::<Outcome<Vec<_>>>()?.concat())
    }

    /// Asks what became of these tasks, and notes which came to their end on another machine.
    pub(super) async fn ask_after(&self, ids: &[&String]) -> Outcome<()> {
        if ids.is_empty() {
            return Ok(());
        }
        match self.ask("coord_arbiter_state", &json!({"projects": {}, "tasks": ids})).await {
            Ok(answer) => self.note_ends(&answer).await,
            Err(_later) => Ok(()),
        }
    }

    /// Notes which tasks came to their end on another machine.
    pub(super) async fn note_ends(&self, answer: &Value) -> Outcome<()> {
        let ends: Vec<SharedEnd> = list(answer, "finished")
            .into_iter()
            .filter_map(|end| serde_json::from_value(end).ok())
            .collect();
        if ends.is_empty() {
            return Ok(());
        }
        let (ledger, now) = (self.ledger, self.clock.now());
        self.store
            .write(move |tx| {
                ends.iter().try_for_each(|end| match shared::finish(tx, end, now)? {
                    Some(claim) => tell_cancelled(tx, ledger, &claim, end, now),
                    None => Ok(()),
                })
            })
            .await
    }

    /// Notes which tasks that had ended here are to be done again: a person had them tried again elsewhere.
    pub(super) async fn note_retries(&self, answer: &Value) -> Outcome<()> {
        let again = list(answer, "again").into_iter();
        let again: Vec<(String, Vec<String>)> = again
            .map(|task| {
                (text(&task, "project").to_owned(), vec![text(&task, "task_id").to_owned()])
            })
            .collect();
        if again.is_empty() {
            return Ok(());
        }
        self.store
            .write(move |tx| {
                again.iter().try_for_each(|(project, ids)| shared::follow_retry(tx, project, ids))
            })
            .await
    }

    /// Tasks that ended here and that the arbiter was last told to have open.
    pub(super) fn doubted(&self, projects: &[String]) -> Outcome<Vec<String>> {
        let of = |project: &String| self.read(|tx| elsewhere::ended_here(tx, project));
        Ok(projects.iter().map(of).collect::<Outcome<Vec<_>>>()?.concat())
    }

    /// Tasks that the arbiter knew and does not know any more are handed in anew: it went back to a copy.
    pub(super) async fn hand_in_again(&self, answer: &Value) -> Outcome<()> {
        let unknown: Vec<String> = list(answer, "unknown")
            .iter()
            .filter_map(|id| id.as_str().map(str::to_owned))
            .collect();
        if unknown.is_empty() {
            return Ok(());
        }
        tracing::warn!(
            tasks = unknown.len(),
            "the arbiter has forgotten tasks; they are handed in again"
        );
        self.store
            .write(move |tx| unknown.iter().try_for_each(|id| shared::forget(tx, id)))
            .await?;
        self.state().handed_in.clear();
        Ok(())
    }

    /// Keeps what the queue is beyond this machine.
    pub(super) fn note_work(&self, answer: &Value) -> Outcome<()> {
        let beyond = self.store.kept::<Elsewhere>();
        for (project, told) in answer["work"].as_object().into_iter().flatten() {
            let tasks = list(told, "tasks").into_iter();
            let tasks = tasks.filter_map(|task| serde_json::from_value::<Shown>(task).ok());
            let device = self.court.device();
            let (ours, others): (Vec<Shown>, Vec<Shown>) =
                tasks.partition(|task| task.device.as_deref() == Some(device.as_str()));
            beyond.keep(project, others);
            let here = self.claims_here(std::slice::from_ref(project))?;
            let written = |task: &Shown| here.iter().any(|claim| claim.task_id == task.task_id);
            // An earlier daemon may have claimed it and died before it was written here.
            let unwritten = ours.into_iter().filter(|task| !written(task));
            let mut state = self.state();
            state.uncertain.extend(unwritten.filter_map(|task| task.session));
            state.marks.insert(project.clone(), text(told, "mark").to_owned());
        }
        Ok(())
    }
}

/// A claim came to nothing because the task was cancelled on another machine; its holder is told, and it is on record.
fn tell_cancelled(
    tx: &Tx<'_>,
    ledger: Ledger,
    claim: &SharedClaim,
    end: &SharedEnd,
    now: Time,
) -> Outcome<()> {
    let why = end.error_message.as_deref().unwrap_or_default();
    locks::tell(tx, &claim.session_id, TaskLost::cancelled(&claim.task_id, why, now).into())?;
    let facts = json!({
        "task_id": claim.task_id, "session_id": claim.session_id, "fence": claim.fence,
        "reason": format!("it was cancelled on another machine: {why}"),
    });
    ledger(tx, Some(&claim.project), "lease_lost", facts, now)
}
