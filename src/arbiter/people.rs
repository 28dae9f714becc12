//! What a person does to a task that machines share: calling it off, and having it tried again.
//!
//! - A task that the arbiter does not know is decided here, and is not handed in meanwhile. That it was never told of
//!   one is no proof: its answer may have been lost. So it is asked, or told later.
//! - Who cannot ask changes nothing: called off here alone, a task would be done elsewhere all the same.
//!
//! Not here: what becomes of the row on this machine (`work`).

use std::sync::Arc;

use serde_json::{Value, json};
use uuid::Uuid;

use super::answer::{list, number, text};
use super::work::unavailable;
use super::{Arbiter, Permit};
use crate::context::Context;
use crate::failure::{Failure, Outcome};
use crate::ruling::{Asked, Ruling};
use crate::work::shared::{self, Standing};
use crate::work::{Status, WorkRefusal};

impl Arbiter {
    pub(super) async fn rule_on_person(&self, ctx: &Context, asked: &Asked) -> Outcome<Permit> {
        let (function, task_id, reason) = match asked {
            Asked::Cancel { task_id, reason } => ("coord_task_cancel", task_id, Some(reason)),
            Asked::Retry { task_id } => ("coord_task_retry", task_id, None),
            _ => return Err(anyhow::anyhow!("no task was named").into()),
        };
        let project = ctx.project();
        if self.recent_silence().is_none() {
            self.hand_in(project).await?;
        }
        let alone = Arc::clone(&self.handing_in).lock_owned().await;
        let standing = self.read(|tx| shared::standing(tx, project, task_id))?;
        // What is no id is no task of anybody.
        if Uuid::parse_str(task_id).is_err() {
            return Ok(Permit::new(Ruling::Here, alone));
        }
        let ask = json!({
            "req": Uuid::now_v7().to_string(), "project": project, "task_id": task_id, "reason": reason,
            "cancel": reason.is_some(),
        });
        let answer = match self.recent_silence() {
            Some(silence) => Err(silence),
            None => self.ask_twice(function, &ask).await,
        };
        let answer = match answer {
            Ok(answer) => answer,
            Err(_later) if standing == Standing::Here => {
                if reason.is_some() {
                    self.tell_later(project, task_id, ask).await?;
                }
                return Ok(Permit::new(Ruling::Here, alone));
            }
            Err(silence) => return Err(unavailable(&silence).into()),
        };
        if text(&answer, "status") == "unknown" {
            // It went back to a copy, or the task is of this machine's past.
            let id = task_id.clone();
            self.store.write(move |tx| shared::forget(tx, &id)).await?;
            return Ok(Permit::new(Ruling::Here, alone));
        }
        Ok(Permit::new(ruling(task_id, &answer)?, alone))
    }

    /// The task may have been handed in, and the answer lost.
    async fn tell_later(&self, project: &str, task_id: &str, cancel: Value) -> Outcome<()> {
        let (project, id) = (project.to_owned(), task_id.to_owned());
        self.store
            .write(move |tx| {
                shared::know(tx, &project, &id)?;
                shared::keep_report(tx, &id, &cancel)
            })
            .await
    }
}

fn ruling(task_id: &str, answer: &Value) -> Outcome<Ruling> {
    let there = || serde_json::from_value(answer["task_status"].clone()).unwrap_or(Status::Pending);
    let task_id = task_id.to_owned();
    match text(answer, "status") {
        "ok" if answer["retried"].is_array() => {
            let ids = list(answer, "retried");
            let ids = ids.iter().filter_map(|id| id.as_str().map(str::to_owned));
            let blocked = answer["blocked"].as_bool().unwrap_or_default();
            Ok(Ruling::Revived { retried: ids.collect(), blocked })
        }
        "ok" => Ok(Ruling::Cancelled {
            was_claimed_by: answer["was_claimed_by"].as_str().map(str::to_owned),
            parked: usize::try_from(number(answer, "parked")).unwrap_or_default(),
        }),
        "finished" => Err(WorkRefusal::AlreadyFinished { task_id, status: there() }.into()),
        "not_retryable" => Err(WorkRefusal::NotRetryable { task_id, status: there() }.into()),
        "duplicate" => {
            let (task_id, live) = (text(answer, "task_id").into(), text(answer, "live").into());
            Err(WorkRefusal::DuplicateTask { task_id, live }.into())
        }
        other => Err(Failure::Fault(anyhow::anyhow!("the arbiter answered {other}"))),
    }
}
