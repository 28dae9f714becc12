//! A task that is submitted on one machine is done on any, once.

use serde_json::{Value, json};

use super::locks::value;
use super::{Machine, cloud, pass_there};
use crate::world::Actor;

pub fn submit(actor: &Actor<'_>, more: Value) -> String {
    let mut task = json!({"task_type": "build", "description": "a task"});
    for (name, value) in more.as_object().into_iter().flatten() {
        task[name] = value.clone();
    }
    let told = value(&actor.asks("submit_work", task));
    told["task_id"].as_str().unwrap_or_else(|| panic!("{told}")).to_owned()
}

pub fn get(actor: &Actor<'_>) -> Value {
    value(&actor.asks("get_work", json!({})))
}

pub fn complete(actor: &Actor<'_>, task: &str) -> Value {
    value(&actor.asks(
        "complete_work",
        json!({"task_id": task, "success": true, "result": {"by": actor.caller.agent_id}}),
    ))
}

#[test]
fn a_task_of_one_machine_is_done_on_the_other() {
    let cloud = cloud();
    let (one, two) = (Machine::start(&cloud, false), Machine::start(&cloud, false));
    let (ann, bob) = (one.world.agent("ann"), two.world.agent("bob"));
    let first = submit(&ann, json!({"input_data": {"n": 1.5, "ä": null}}));
    let second = submit(&ann, json!({"depends_on": [first]}));
    one.world.until("both are handed in", |_| cloud.ask("count(*) from coord.shared_tasks") == "2");

    let task = get(&bob);
    assert_eq!(
        (&task["task_id"], &task["input_data"]),
        (&json!(first), &json!({"n": 1.5, "ä": null})),
        "{task}"
    );
    assert_eq!(get(&ann)["code"], "no_tasks_available", "the other waits for it");
    assert_eq!(complete(&ann, &first)["code"], "task_not_found_or_not_claimed_by_agent");
    assert_eq!(complete(&bob, &first)["success"], true);
    assert_eq!(get(&ann)["task_id"], second);
    assert_eq!(complete(&ann, &second)["success"], true);
    assert_eq!(
        cloud.ask("count(*) from coord.shared_tasks where status = 'completed' and attempt = 1"),
        "2"
    );
    assert_eq!(
        cloud.ask(&format!("result ->> 'by' from coord.shared_tasks where task_id = '{first}'")),
        "bob"
    );
}

#[test]
fn what_was_done_without_a_line_is_told_when_there_is_one() {
    let cloud = cloud();
    let one = Machine::start(&cloud, false);
    let ann = one.world.agent("ann");
    let task = submit(&ann, json!({}));
    assert_eq!(get(&ann)["task_id"], task);

    one.line.cut(true);
    let late = submit(&ann, json!({}));
    assert_eq!(get(&ann)["code"], "unavailable");
    assert_eq!(complete(&ann, &task)["success"], true);
    assert_eq!(cloud.ask("status from coord.shared_tasks"), "claimed");
    one.line.cut(false);

    one.world.until("both are told", |_| {
        cloud.ask("string_agg(status, ' ' order by status) from coord.shared_tasks")
            == "completed pending"
    });
    assert_eq!(get(&ann)["task_id"], late);
}

#[test]
fn a_claim_that_was_lost_is_known_on_both_sides() {
    let cloud = cloud();
    let (one, two) = (Machine::start(&cloud, false), Machine::start(&cloud, false));
    let (ann, bob) = (one.world.agent("ann"), two.world.agent("bob"));
    let task = submit(&ann, json!({}));
    assert_eq!(get(&ann)["task_id"], task);
    one.line.cut(true);
    pass_there(&cloud, 100_000);
    assert_eq!(
        get(&bob)["code"],
        "no_tasks_available",
        "it was taken back, and is tried again a little later"
    );
    pass_there(&cloud, 5_000);
    assert_eq!(get(&bob)["task_id"], task);
    one.line.cut(false);

    assert_eq!(complete(&ann, &task)["code"], "lease_lost");
    assert_eq!(complete(&bob, &task)["success"], true);
    assert_eq!(
        cloud.ask("late_result is not null and result ->> 'by' = 'bob' from coord.shared_tasks"),
        "true"
    );
}
