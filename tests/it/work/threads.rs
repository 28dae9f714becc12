//! Many agents at once on one file.

use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::json;

use super::submit;
use crate::world::{World, fields};

const AGENTS: usize = 32;
const TASKS: usize = 2_000;

/// When something happened, in an order that all threads agree on.
#[derive(Default)]
struct Diary {
    clock: AtomicUsize,
    /// Task → (when claimed, when completed), for every time it was claimed.
    done: Mutex<HashMap<String, Vec<(usize, usize)>>>,
}

#[test]
fn thirty_two_agents_do_each_of_two_thousand_tasks_once_and_in_order() {
    let world = World::new();
    let submitter = world.agent("submitter");
    let mut tasks: Vec<(String, Vec<usize>)> = Vec::new();
    for n in 0..TASKS {
        // Each depends on up to three earlier ones, spread by a fixed pattern.
        let before: Vec<usize> = [n / 2, n / 3, n.saturating_sub(7)]
            .into_iter()
            .take(n % 4)
            .filter(|&one| one < n)
            .collect();
        let ids: Vec<_> = before.iter().map(|&one| &tasks[one].0).collect();
        tasks.push((
            submit(&submitter, json!({ "depends_on": ids, "priority": n % 10 + 1 })),
            before,
        ));
    }

    let diary = Diary::default();
    std::thread::scope(|scope| {
        for n in 0..AGENTS {
            let (world, diary) = (&world, &diary);
            scope.spawn(move || work_until_done(world, &format!("agent-{n}"), diary));
        }
    });

    let done = diary.done.into_inner().expect("no thread panicked");
    assert_eq!(done.len(), TASKS, "none is lost");
    assert!(done.values().all(|times| times.len() == 1), "none is done twice");
    for (id, before) in &tasks {
        let claimed = done[id][0].0;
        for &one in before {
            assert!(
                done[&tasks[one].0][0].1 < claimed,
                "{id} was claimed before its dependency was done"
            );
        }
    }
}

fn work_until_done(world: &World, name: &str, diary: &Diary) {
    let agent = world.agent(name);
    loop {
        let answer = agent.asks("get_work", json!({ "wait_seconds": 110 }));
        let reply = fields(&answer);
        assert!(answer.success(), "{name} waited in vain: {reply}");
        let task = reply["task_id"].as_str().expect("a claim has an id");
        let claimed = diary.clock.fetch_add(1, Ordering::SeqCst);
        // Noted before it is reported, so that nobody can know of it earlier.
        let completed = diary.clock.fetch_add(1, Ordering::SeqCst);
        let report = agent.asks("complete_work", json!({ "task_id": task, "success": true }));
        assert!(report.success(), "{report:?}");
        if reply["task_type"] == "go home" {
            return;
        }
        let mut done = diary.done.lock().expect("no thread panicked");
        done.entry(task.to_owned()).or_default().push((claimed, completed));
        let all = done.len() == TASKS;
        drop(done);
        if all {
            // The others wait for work that would not come.
            for _ in 0..AGENTS {
                submit(&agent, json!({ "task_type": "go home" }));
            }
        }
    }
}
