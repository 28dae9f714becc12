//! What a person does in a history, and what a person is shown.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::History;
use crate::cloud::arbiter::locks::value;

impl History<'_> {
    /// A person calls a task off at a machine that may not have heard of it.
    pub fn cancel(&mut self, at: usize) {
        let Some(task) = self.any_task() else { return };
        let asked = json!({"task_id": task, "reason": "obsolete"});
        let told = value(&self.machines[at].world.person().asks("cancel_work", asked));
        let code = told["code"].as_str().unwrap_or_default();
        let expected = ["", "task_already_finished", "unavailable", "task_not_found"];
        assert!(expected.contains(&code), "seed {}: {told}", self.seed);
        // One that was handed in without an answer, and called off without a line, is called off there later.
        let there = format!("status from coord.shared_tasks where task_id = '{task}'");
        if told["success"] == true
            && ["cancelled", "null"].contains(&self.cloud.ask(&there).as_str())
        {
            self.cancelled.insert(task);
        }
    }

    pub fn retry(&mut self, at: usize) {
        if let Some(task) = self.any_task() {
            self.retry_task(at, &task);
        }
    }

    pub fn retry_task(&mut self, at: usize, task: &str) {
        let asked = json!({ "task_id": task });
        let told = value(&self.machines[at].world.person().asks("retry_work", asked));
        let code = told["code"].as_str().unwrap_or_default();
        let expected = ["", "task_not_retryable", "unavailable", "task_not_found"];
        assert!(expected.contains(&code), "seed {}: {told}", self.seed);
        // An answer that was lost may have been a yes.
        if code == "unavailable" {
            self.cancelled.clear();
        }
        for id in told["retried"].as_array().into_iter().flatten().filter_map(Value::as_str) {
            self.cancelled.remove(id);
        }
    }

    fn any_task(&mut self) -> Option<String> {
        let count = self.submitted.len();
        let which = if count == 0 { 0 } else { self.dice.usize(0..count) };
        self.submitted.iter().nth(which).cloned()
    }

    /// What machines know to be given up.
    pub fn given_up(&self) -> Vec<(usize, String)> {
        let mut found = Vec::new();
        for at in 0..self.machines.len() {
            for status in ["failed", "cancelled"] {
                let told = self.list(at, json!({"status": status, "limit": 500}));
                let ids = told["tasks"].as_array().into_iter().flatten();
                let ids = ids.filter_map(|task| task["task_id"].as_str().map(str::to_owned));
                found.extend(ids.map(|id| (at, id)));
            }
        }
        found
    }

    /// A machine shows what the others hold, and nothing else.
    pub fn compare(&self, at: usize) {
        let (machine, project) = (&self.machines[at], format!("history/{}", self.seed));
        let there = self.cloud.ask(&format!(
            "string_agg(path_key || ' ' || device_id || ':' || session_id || ' ' || fence, ', ')
               from coord.shared_locks where project = '{project}' and device_id <> '{}'",
            machine.line.device.id
        ));
        let now = machine.world.clock.now();
        let here = machine.world.service.store().read(|tx| {
            Ok(tx.all(
                "SELECT path_key || ' ' || substr(session_id, 11) || ' ' || fence FROM file_locks
                  WHERE project = ?1 AND session_id LIKE 'elsewhere:%' AND expires_at > ?2",
                (&project, now),
                |row| row.get::<_, String>(0),
            )?)
        });
        let here: BTreeSet<String> = here.expect("it can be read").into_iter().collect();
        let there = there.split(", ").filter(|row| *row != "null").map(str::to_owned);
        assert_eq!(
            here,
            there.collect(),
            "seed {}: machine {at} shows what others hold",
            self.seed
        );
    }
}
