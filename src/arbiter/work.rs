//! Asking for tasks, and saying how they ended.
//!
//! - How a task ended is told at once, or kept until somebody answers; the fence decides whether it still counts.
//!
//! Not here: when all this is done (`keeper`), handing tasks in and hearing of their ends elsewhere (`queue`).

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::answer::{list, number, text};
use super::{Arbiter, ArbiterRefusal, LEASE_MS, Ledger, Permit, Silence};
use crate::audit::chain::digest;
use crate::context::Context;
use crate::failure::Outcome;
use crate::locks::{self, TaskLost};
use crate::ruling::{Asked, Ruling, SharedTask};
use crate::store::Tx;
use crate::time::Time;
use crate::work::shared::{self, SharedClaim};

/// Who waits for a task asks again after so long.
const AGAIN_MS: i64 = 500;

impl Arbiter {
    pub(super) async fn rule_on_task(
        &self,
        ctx: &Context,
        types: &[String],
        patience: i64,
        stop: &CancellationToken,
    ) -> Outcome<Permit> {
        let until = self.uptime() + patience;
        loop {
            let turn = self.turn(&ctx.caller.session_id).await;
            self.hand_in(ctx.project()).await?;
            let answer = match self.claim(ctx, types).await? {
                Ok(answer) => answer,
                Err(silence) => {
                    self.state().uncertain.insert(ctx.caller.session_id.clone());
                    return Err(unavailable(&silence).into());
                }
            };
            if text(&answer, "status") == "claimed" {
                let task: SharedTask =
                    serde_json::from_value(answer["task"].clone()).map_err(anyhow::Error::from)?;
                let session = ctx.caller.session_id.clone();
                self.state().tasks.insert(task.task_id.clone(), (session, task.fence));
                return Ok(Permit::new(Ruling::Task(Box::new(task)), turn));
            }
            drop(turn);
            let left = until - self.uptime();
            if left <= 0 || stop.is_cancelled() {
                return Err(ArbiterRefusal::NoTask {
                    ready: number(&answer, "ready"),
                    blocked: number(&answer, "blocked"),
                    claimed: number(&answer, "claimed"),
                }
                .into());
            }
            let pause = u64::try_from(left.min(AGAIN_MS)).unwrap_or_default();
            tokio::select! {
                () = stop.cancelled() => {}
                () = tokio::time::sleep(Duration::from_millis(pause)) => {}
            }
        }
    }

    /// Claims; asks twice, because an answer may have been lost after the claim.
    async fn claim(&self, ctx: &Context, types: &[String]) -> Outcome<Result<Value, Silence>> {
        let session = ctx.caller.session_id.clone();
        let (able, seen) = self.read(|tx| {
            Ok((shared::capabilities(tx, &session)?, locks::shared::last_fence(tx, ctx.project())?))
        })?;
        let ask = json!({
            "req": name_of(ctx), "project": ctx.project(), "session": session,
            "agent_id": ctx.caller.agent_id, "capabilities": able, "seen": seen, "lease_ms": LEASE_MS,
            "types": if types.is_empty() { Value::Null } else { json!(types) },
        });
        Ok(self.ask_twice("coord_task_claim", &ask).await)
    }

    pub(super) async fn rule_on_end(&self, ctx: &Context, asked: &Asked) -> Outcome<Permit> {
        let turn = self.turn(&ctx.caller.session_id).await;
        let Asked::End { task_id, success, retry, result, error_message } = asked else {
            return Ok(Permit::new(Ruling::Ended, turn));
        };
        let claims = self.read(|tx| shared::claims(tx, ctx.project()))?;
        let mine = claims
            .into_iter()
            .find(|claim| claim.task_id == *task_id && claim.session_id == ctx.caller.session_id);
        let lost = self.read(|tx| shared::lost_fence(tx, task_id, &ctx.caller.session_id))?;
        // What was never the caller's, or never shared, is judged here.
        let Some(fence) = mine.as_ref().map(|claim| claim.fence).or(lost) else {
            // What waits for it may be handed in from now on.
            self.state().handed_in.remove(ctx.project());
            return Ok(Permit::new(Ruling::Ended, turn));
        };
        let report = json!({
            "task_id": task_id, "project": ctx.project(), "fence": fence, "success": success,
            "retry": retry, "result": result, "error_message": error_message,
        });
        match mine {
            Some(claim) => self.report(claim, &report).await?,
            // It comes too late to count, and is kept beside the task.
            None => drop(self.ask("coord_task_complete", &report).await),
        }
        Ok(Permit::new(Ruling::Ended, turn))
    }

    async fn report(&self, claim: SharedClaim, report: &Value) -> Outcome<()> {
        let answer = self.ask_twice("coord_task_complete", report).await;
        let now = self.clock.now();
        match answer {
            Ok(answer) if matches!(text(&answer, "status"), "ok" | "dup") => {
                self.state().tasks.remove(&claim.task_id);
                Ok(())
            }
            Ok(answer) => {
                let task_id = claim.task_id.clone();
                let cancelled = text(&answer, "task_status") == "cancelled";
                self.state().tasks.remove(&task_id);
                if cancelled {
                    self.ask_after(&[&task_id]).await?;
                } else {
                    let ledger = self.ledger;
                    self.store
                        .write(move |tx| lose(tx, ledger, &claim, Told::Already, now))
                        .await?;
                }
                Err(ArbiterRefusal::Lost { task_id, cancelled }.into())
            }
            Err(_later) => {
                let (task_id, report) = (claim.task_id, report.clone());
                self.store.write(move |tx| shared::keep_report(tx, &task_id, &report)).await
            }
        }
    }

    pub(super) async fn look_after_work(&self, projects: &[String], renew: bool) -> Outcome<()> {
        for project in projects {
            self.hand_in(project).await?;
            for report in self.read(|tx| shared::reports(tx, project))? {
                let cancel = report["cancel"] == true;
                let function = if cancel { "coord_task_cancel" } else { "coord_task_complete" };
                let Ok(answer) = self.ask(function, &report).await else { break };
                let id = text(&report, "task_id").to_owned();
                if text(&answer, "status") == "fenced" {
                    tracing::warn!(
                        task = id,
                        "a task had been given to somebody else; its result is kept beside it"
                    );
                }
                self.state().tasks.remove(&id);
                self.store.write(move |tx| shared::reported(tx, &id)).await?;
            }
        }
        let here = self.claims_here(projects)?;
        let gone: BTreeSet<String> = {
            let state = self.state();
            let held = state.tasks.iter();
            held.filter(|(id, _)| !here.iter().any(|c| c.task_id == **id))
                .map(|(_, (s, _))| s.clone())
                .collect()
        };
        let mut sessions: BTreeSet<String> = if renew {
            here.iter().map(|claim| claim.session_id.clone()).collect()
        } else {
            BTreeSet::new()
        };
        sessions.extend(gone);
        sessions.extend(self.state().uncertain.iter().cloned());
        for session in sessions {
            self.renew_work(&session, projects).await?;
        }
        Ok(())
    }

    /// Renews a session's claims; finds out which it has lost, and gives back what it does not hold here any more.
    async fn renew_work(&self, session: &str, projects: &[String]) -> Outcome<()> {
        let _turn = self.turn(session).await;
        let Ok(answer) = self.ask("coord_task_renew", &json!({"sessions": [session]})).await else {
            return Ok(());
        };
        self.state().uncertain.remove(session);
        let held = list(&answer, "held");
        let here: Vec<SharedClaim> = self
            .claims_here(projects)?
            .into_iter()
            .filter(|claim| claim.session_id == session)
            .collect();
        let pending: BTreeSet<String> = projects
            .iter()
            .map(|project| self.read(|tx| shared::reports(tx, project)))
            .collect::<Outcome<Vec<_>>>()?
            .into_iter()
            .flatten()
            .map(|report| text(&report, "task_id").to_owned())
            .collect();
        for told in &held {
            let id = text(told, "task_id");
            if here.iter().any(|claim| claim.task_id == id) || pending.contains(id) {
                continue;
            }
            let back = json!({
                "task_id": id, "fence": number(told, "fence"), "success": false, "retry": true, "result": null,
                "error_message": "its worker is gone",
            });
            self.ask("coord_task_complete", &back).await.map(drop).unwrap_or_default();
        }
        let gone = |claim: &SharedClaim| {
            !held.iter().any(|told| {
                text(told, "task_id") == claim.task_id && number(told, "fence") == claim.fence
            })
        };
        self.lose_all(here.into_iter().filter(gone).collect()).await?;
        self.state().tasks.retain(|id, (holder, _)| {
            holder != session || held.iter().any(|told| text(told, "task_id") == *id)
        });
        Ok(())
    }

    /// Takes claims from their holders here; those whose task was cancelled learn that it was.
    async fn lose_all(&self, gone: Vec<SharedClaim>) -> Outcome<()> {
        let ids: Vec<&String> = gone.iter().map(|claim| &claim.task_id).collect();
        self.ask_after(&ids).await?;
        let now = self.clock.now();
        for claim in gone {
            let here = self.claims_here(std::slice::from_ref(&claim.project))?;
            if here.contains(&claim) {
                let ledger = self.ledger;
                self.store.write(move |tx| lose(tx, ledger, &claim, Told::NotYet, now)).await?;
            }
        }
        Ok(())
    }

    pub(super) fn claims_here(&self, projects: &[String]) -> Outcome<Vec<SharedClaim>> {
        let of = |project: &String| self.read(|tx| shared::claims(tx, project));
        Ok(projects.iter().map(of).collect::<Outcome<Vec<_>>>()?.concat())
    }
}

/// What a claim is called there. A call that is made again after a daemon's death has the same name, and gets the task
/// that it was given before.
fn name_of(ctx: &Context) -> String {
    let Some(key) = &ctx.request_key else { return Uuid::now_v7().to_string() };
    let hash = digest(format!("{} {key}", ctx.caller.session_id));
    let bits = u128::from_str_radix(hash.get(..32).unwrap_or_default(), 16);
    bits.map_or_else(|_no_hash| Uuid::now_v7(), Uuid::from_u128).to_string()
}

/// Whether a holder knows that it lost its claim.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Told {
    /// Its own call is answered with it.
    Already,
    /// It learns of it with its next answer.
    NotYet,
}

/// Takes a claim from its holder here; the loss is on record.
fn lose(tx: &Tx<'_>, ledger: Ledger, claim: &SharedClaim, told: Told, now: Time) -> Outcome<()> {
    let (task_id, session) = (claim.task_id.as_str(), claim.session_id.as_str());
    tracing::warn!(task_id, session, "a claim was lost");
    shared::lose(tx, claim, now)?;
    if told == Told::NotYet {
        locks::tell(tx, session, TaskLost::at(task_id, now).into())?;
    }
    let facts = json!({ "task_id": task_id, "session_id": session, "fence": claim.fence });
    ledger(tx, Some(&claim.project), "lease_lost", facts, now)
}

pub(super) fn unavailable(silence: &Silence) -> ArbiterRefusal {
    ArbiterRefusal::Unavailable { why: silence.to_string() }
}
