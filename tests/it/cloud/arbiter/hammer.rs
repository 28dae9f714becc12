//! Sixteen agents on two machines, sixteen paths, a long queue, bad lines and a partition in the middle.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

use super::locks::value;
use super::onlooker::Onlooker;
use super::{Machine, cloud};
use crate::world::Actor;

/// Tasks in the queue.
const TASKS: usize = 300;

#[test]
fn nothing_is_granted_twice_and_nothing_is_lost() {
    let cloud = cloud();
    let machines = [Machine::start(&cloud, false), Machine::start(&cloud, false)];
    let wanted = TASKS;
    let onlooker = Onlooker::default();
    let over = AtomicBool::new(false);
    machines.iter().for_each(|machine| machine.line.lose_every(37));

    thread::scope(|scope| {
        for number in 0..16 {
            let machine = &machines[number % 2];
            let (onlooker, over) = (&onlooker, &over);
            scope.spawn(move || {
                let agent = machine.world.agent(&format!("agent-{number}"));
                for n in 0.. {
                    if over.load(Ordering::Acquire) {
                        return;
                    }
                    if n < wanted.div_ceil(16) {
                        let task =
                            json!({"task_type": "t", "description": format!("{number}/{n}")});
                        assert_eq!(value(&agent.asks("submit_work", task))["success"], true);
                    }
                    use_a_lock(&agent, &format!("src/f{}.rs", (number * 7 + n * 3) % 16), onlooker);
                    do_a_task(&agent, onlooker);
                }
            });
        }
        let (machines, onlooker, over) = (&machines, &onlooker, &over);
        scope.spawn(move || {
            let all = wanted.div_ceil(16) * 16;
            let reach = |count: usize| {
                while onlooker.done() < count {
                    thread::sleep(Duration::from_millis(20));
                }
            };
            reach(all / 3);
            machines[0].line.cut(true);
            thread::sleep(Duration::from_secs(3));
            machines[0].line.cut(false);
            reach(all);
            over.store(true, Ordering::Release);
        });
    });

    let all = wanted.div_ceil(16) * 16;
    assert_eq!(onlooker.done(), all);
    machines[0].world.until("all is told", |_| {
        cloud.ask("count(*) from coord.shared_tasks where status = 'completed'") == all.to_string()
    });
    assert_eq!(cloud.ask("count(*) from coord.shared_tasks"), all.to_string());
    machines[0]
        .world
        .until("all is given back", |_| cloud.ask("count(*) from coord.shared_locks") == "0");
    assert!(onlooker.grants() > all / 4, "locks were granted too");
}

fn use_a_lock(agent: &Actor<'_>, path: &str, onlooker: &Onlooker) {
    let told = value(&agent.asks("acquire_lock", json!({ "file_path": path })));
    if told["success"] == true {
        onlooker.enter(path, &agent.caller.agent_id, told["fence"].as_i64().expect("a number"));
        thread::yield_now();
        onlooker.leave(path);
        let freed = value(&agent.asks("release_lock", json!({ "file_path": path })));
        assert_eq!(freed["success"], true, "{freed}");
    } else {
        expect_one_of(&told, &["locked_by_other", "unavailable"]);
    }
}

fn do_a_task(agent: &Actor<'_>, onlooker: &Onlooker) {
    let told = value(&agent.asks("get_work", json!({})));
    let Some(task) = told["task_id"].as_str() else {
        return expect_one_of(&told, &["no_tasks_available", "unavailable"]);
    };
    onlooker.begin(task, &agent.caller.agent_id);
    let ended = value(&agent.asks("complete_work", json!({"task_id": task, "success": true})));
    assert_eq!(ended["success"], true, "{ended}");
    onlooker.end(task);
}

pub fn expect_one_of(told: &Value, codes: &[&str]) {
    assert!(codes.iter().any(|code| told["code"] == *code), "{told}");
}
