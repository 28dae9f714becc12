//! Random histories of the queue against a plain model of it.
//!
//! - After every step, each row and the line of those who wait are as the model has them.
//! - In the end everything that can be done is done: no task is lost.

mod history;
mod plain;

use std::collections::VecDeque;

use coord::work::LEASE_MS;
use proptest::prelude::*;
use proptest::test_runner::Config;
use serde_json::{Value, json};

use super::{Loss, deed, refused};
use crate::world::{Actor, Waiting, World, fields};
use history::{End, Step, steps};
use plain::{Model, Row};

/// The agents; the first can do everything.
const AGENTS: [&str; 3] = ["ann", "bob", "eve"];

/// The world and the model of it.
struct Both<'w> {
    world: &'w World,
    agents: &'w [Actor<'w>],
    model: Model,
    /// The calls in line, as the model has them.
    line: VecDeque<Waiting<'w>>,
}

impl Both<'_> {
    fn now(&self) -> i64 {
        self.world.clock.now().ms()
    }
}

proptest! {
    #![proptest_config(Config { cases: 64, failure_persistence: None, ..Config::default() })]

    #[test]
    fn every_history_is_as_the_model_has_it(history in steps()) {
        let world = World::new();
        let agents = AGENTS.map(|name| world.agent(name));
        super::can(&world, &agents[0], "gpu");
        let mut both =
            Both { world: &world, agents: &agents, model: Model::default(), line: VecDeque::new() };
        for step in history {
            both.take(&step);
            both.compare(&step);
        }
        both.finish();
    }
}

impl Both<'_> {
    fn take(&mut self, step: &Step) {
        match step {
            Step::Submit { .. } => self.submit(step),
            Step::Claim { agent, kind } => self.claim(*agent, *kind),
            Step::Wait { agent, kind } => self.wait(*agent, *kind),
            Step::StopWaiting { .. } if self.line.is_empty() => {}
            Step::StopWaiting { which } => self.stop_waiting(which.index(self.line.len())),
            Step::End { agent, task, how } => self.end(*agent, task, *how),
            Step::Die { agent } => self.die(*agent),
            Step::Pass { seconds } => self.pass(*seconds),
            Step::Reap => self.reap(),
            Step::Cancel { task } => self.cancel(task),
            Step::Retry { task } => self.retry(task),
        }
    }

    fn submit(&mut self, step: &Step) {
        let Step::Submit { agent, depends_on, priority, kind, gpu, max_attempts } = step else {
            return;
        };
        let mut before: Vec<usize> = match self.model.tasks.len() {
            0 => Vec::new(),
            count => depends_on.iter().map(|one| one.index(count)).collect(),
        };
        before.sort_unstable();
        before.dedup();
        self.model.heard(*agent, self.now());
        let ids: Vec<&str> = before.iter().map(|&one| self.model.tasks[one].id.as_str()).collect();
        let needs: &[&str] = if *gpu { &["gpu"] } else { &[] };
        let answer = self.agents[*agent].asks(
            "submit_work",
            json!({ "task_type": kind.to_string(), "description": "d", "depends_on": ids,
                    "priority": priority, "required_capabilities": needs,
                    "max_attempts": max_attempts }),
        );
        let reply = fields(&answer);
        let id = reply["task_id"].as_str().expect("it is submitted").to_owned();
        let blocked = self.model.submit(plain::Task {
            id,
            depends_on: before,
            priority: *priority,
            kind: *kind,
            gpu: *gpu,
            max_attempts: *max_attempts,
            ..plain::Task::default()
        });
        assert_eq!(reply["status"], if blocked { "blocked" } else { "pending" });
        self.serve();
    }

    fn claim(&mut self, agent: usize, kind: Option<u8>) {
        let now = self.now();
        self.model.heard(agent, now);
        self.model.expire(now);
        self.serve_model_only(now);
        let expected = self.model.claim(agent, kind, now);
        let reply = fields(&self.agents[agent].asks("get_work", asked(kind, 0)));
        match expected {
            Some(task) => self.claimed(&reply, task),
            None => assert_eq!(reply["code"], "no_tasks_available", "{reply}"),
        }
        self.collect();
    }

    /// A reply that must be the claim of a task.
    fn claimed(&self, reply: &Value, task: usize) {
        let expected = &self.model.tasks[task];
        assert_eq!(reply["task_id"], json!(expected.id), "{reply}");
        assert_eq!(reply["attempt"], json!(expected.attempt));
        assert_eq!(reply["fence"], json!(expected.fence));
    }

    fn wait(&mut self, agent: usize, kind: Option<u8>) {
        // Whatever is due happens first, so that the line changes by this call alone.
        self.reap();
        let now = self.now();
        self.model.heard(agent, now);
        let waiting = self.agents[agent].waits("get_work", asked(kind, 110));
        match self.model.claim(agent, kind, now) {
            Some(task) => self.claimed(&fields(&waiting.answer()), task),
            None => {
                self.model.enqueue(agent, kind, now + 110_000);
                self.line.push_back(waiting);
            }
        }
    }

    /// Time passes; a call whose time to wait is up may leave the line any moment, so it does.
    fn pass(&mut self, seconds: i64) {
        self.world.pass_ms(seconds * 1_000);
        while let Some(at) = self.model.line.iter().position(|place| place.until <= self.now()) {
            self.stop_waiting(at);
        }
    }

    fn stop_waiting(&mut self, at: usize) {
        self.model.line.remove(at);
        let waiting = self.line.remove(at).expect("it was counted");
        waiting.cancel();
        assert_eq!(refused(&waiting.answer()), "no_tasks_available");
    }

    fn end(&mut self, agent: usize, task: &prop::sample::Index, how: End) {
        if self.model.tasks.is_empty() {
            return;
        }
        let held = self.model.held_by(agent);
        // Mostly something that it holds, sometimes anything.
        let task = if held.is_empty() || task.index(4) == 0 {
            task.index(self.model.tasks.len())
        } else {
            held[task.index(held.len())]
        };
        let now = self.now();
        self.model.heard(agent, now);
        self.model.expire(now);
        self.serve_model_only(now);
        let expected = self.model.end(agent, task, how, now);
        let answer = self.agents[agent].asks(
            "complete_work",
            json!({ "task_id": self.model.tasks[task].id, "success": how == End::Success,
                    "retry": how == End::Retry }),
        );
        let reply = fields(&answer);
        match expected {
            Ok((status, unblocked)) => {
                let ids: Vec<_> = unblocked.iter().map(|&one| &self.model.tasks[one].id).collect();
                assert_eq!((&reply["status"], &reply["unblocked"]), (&json!(status), &json!(ids)));
            }
            Err(code) => assert_eq!(reply["code"], code, "{reply}"),
        }
        self.serve();
    }

    fn die(&mut self, agent: usize) {
        let now = self.now();
        // Its calls end with it.
        let mut kept = VecDeque::new();
        for (waiting, place) in self.line.drain(..).zip(&self.model.line) {
            if place.agent == agent {
                waiting.cancel();
            } else {
                kept.push_back(waiting);
            }
        }
        self.line = kept;
        self.model.die(agent);
        let session = self.agents[agent].caller.session_id.clone();
        deed(self.world, move |tx| {
            let now = coord::time::Time::from_ms(now);
            coord::work::return_claims(tx, &session, now, Loss::HolderDied)
        });
        self.serve();
    }

    fn reap(&mut self) {
        self.model.expire(self.now());
        super::reap(self.world);
        self.serve();
    }

    fn cancel(&mut self, task: &prop::sample::Index) {
        if self.model.tasks.is_empty() {
            return;
        }
        let task = task.index(self.model.tasks.len());
        let arguments = json!({ "task_id": self.model.tasks[task].id, "reason": "r" });
        let answer = self.world.person().asks("cancel_work", arguments);
        let expected = self.model.cancel(task);
        assert_eq!(answer.code(), expected.err());
    }

    fn retry(&mut self, task: &prop::sample::Index) {
        if self.model.tasks.is_empty() {
            return;
        }
        let task = task.index(self.model.tasks.len());
        let arguments = json!({ "task_id": self.model.tasks[task].id });
        let answer = self.world.person().asks("retry_work", arguments);
        let expected = self.model.retry(task);
        assert_eq!(answer.code(), expected.err());
        self.serve();
    }

    /// What became ready goes to those who wait, in the model; then see that it did.
    fn serve(&mut self) {
        self.serve_model_only(self.now());
        self.collect();
    }

    fn serve_model_only(&mut self, now: i64) {
        self.model.serve(now);
    }

    /// The answers of those whom the model served.
    fn collect(&mut self) {
        // From the back, so that the places before keep their numbers.
        let mut served = std::mem::take(&mut self.model.served);
        served.sort_unstable_by_key(|&(ticket, _)| std::cmp::Reverse(ticket));
        for (ticket, task) in served {
            let at = self.model.place_of(ticket);
            let waiting = self.line.remove(at).expect("the model has the same line");
            self.claimed(&fields(&waiting.answer()), task);
        }
        self.model.forget_served();
    }

    fn compare(&self, step: &Step) {
        let (rows, line) = deed(self.world, |tx| {
            let rows = tx.all(Row::SQL, [], Row::from_row)?;
            let line = tx.all("SELECT agent_id FROM waits ORDER BY seq", [], |row| row.get(0))?;
            Ok((rows, line))
        });
        assert_eq!(rows, self.model.rows(), "after {step:?}");
        let line: Vec<String> = line;
        let expected: Vec<_> = self.model.line.iter().map(|place| AGENTS[place.agent]).collect();
        assert_eq!(line, expected, "after {step:?}");
    }

    /// Lets the first agent do all that is left to be done.
    fn finish(&mut self) {
        while !self.line.is_empty() {
            self.stop_waiting(0);
        }
        for _ in 0..2 {
            self.world.pass_ms(LEASE_MS);
            self.reap();
            while let Some(task) =
                fields(&self.agents[0].asks("get_work", json!({})))["task_id"].as_str()
            {
                let report = json!({ "task_id": task, "success": true });
                assert!(self.agents[0].asks("complete_work", report).success());
            }
        }
        let left = deed(self.world, |tx| {
            Ok(tx.one(
                "SELECT count(*) FROM work_queue
                  WHERE status IN ('claimed', 'running')
                     OR status = 'pending' AND parked_reason IS NULL",
                [],
                |row| row.get::<_, i64>(0),
            )?)
        });
        assert_eq!(left, Some(0), "everything that can be done is done");
    }
}

fn asked(kind: Option<u8>, wait_seconds: u32) -> Value {
    let types: Vec<_> = kind.iter().map(u8::to_string).collect();
    json!({ "task_types": types, "wait_seconds": wait_seconds })
}
