//! What a task waits for is kept, whoever hands it in and however often.

use serde_json::{Value, json};

use super::work::{claim, complete, submit, task};
use super::{Cloud, id};

/// A task by whose word these were completed.
fn after(number: u64, met: &[u64]) -> Value {
    let mut task = task(number, &[]);
    task["met"] = met.iter().map(|n| id(*n)).collect();
    task
}

fn unmet(cloud: &Cloud, number: u64) -> String {
    cloud.ask(&format!("unmet from coord.shared_tasks where task_id = '{}'", id(number)))
}

#[test]
fn what_was_completed_holds_up_nothing_unless_it_is_open_here() {
    let cloud = Cloud::start();
    let device = cloud.device("team");
    submit(&cloud, &device, &task(1, &[]));
    submit(&cloud, &device, &after(2, &[1, 9]));
    assert_eq!(unmet(&cloud, 2), "1", "9 is not here, and was completed");
    let told = claim(&cloud, &device)["task"].clone();
    assert_eq!(told["task_id"], id(1));
    assert_eq!(claim(&cloud, &device)["status"], "none");
    // What comes later is open as well.
    submit(&cloud, &device, &task(9, &[]));
    assert_eq!(unmet(&cloud, 2), "2");
    complete(&cloud, &device, &told, true, false);
    let told = claim(&cloud, &device)["task"].clone();
    assert_eq!(told["task_id"], id(9));
    assert_eq!(complete(&cloud, &device, &told, true, false)["unblocked"], json!([id(2)]));
    let last = claim(&cloud, &device)["task"].clone();
    assert_eq!(last["depends_on"], json!([id(1), id(9)]), "its worker is told");
}

#[test]
fn who_hands_a_task_in_once_more_adds_what_it_waits_for() {
    let cloud = Cloud::start();
    let (one, two) = (cloud.device("team"), cloud.device("team"));
    // One that never heard of its dependencies is faster than the one that has them.
    submit(&cloud, &one, &task(2, &[]));
    submit(&cloud, &two, &task(2, &[1]));
    assert_eq!(unmet(&cloud, 2), "1");
    assert_eq!(claim(&cloud, &one)["status"], "none");
    assert_eq!(submit(&cloud, &two, &task(1, &[2]))["status"], "cycle");
    submit(&cloud, &two, &task(1, &[]));
    // The same again: nothing is counted twice, nothing becomes free.
    submit(&cloud, &one, &task(2, &[]));
    submit(&cloud, &one, &after(2, &[1]));
    assert_eq!(unmet(&cloud, 2), "1");
    let first = claim(&cloud, &one)["task"].clone();
    assert_eq!(first["task_id"], id(1));
    // Neither can it wait for what waits for it.
    assert_eq!(submit(&cloud, &one, &task(1, &[2]))["status"], "ok");
    assert_eq!(complete(&cloud, &one, &first, true, false)["unblocked"], json!([id(2)]));
    assert_eq!(claim(&cloud, &one)["task"]["task_id"], id(2));
    assert_eq!(submit(&cloud, &two, &task(2, &[7]))["status"], "ok", "it is somebody's by now");
    assert_eq!(unmet(&cloud, 2), "0");
}

#[test]
fn a_task_that_comes_behind_what_is_parked_is_parked_too() {
    let cloud = Cloud::start();
    let device = cloud.device("team");
    submit(&cloud, &device, &task(1, &[]));
    submit(&cloud, &device, &task(2, &[1]));
    let first = claim(&cloud, &device)["task"].clone();
    complete(&cloud, &device, &first, false, false);
    submit(&cloud, &device, &task(3, &[2]));

    let parked =
        cloud.ask(&format!("parked_reason from coord.shared_tasks where task_id = '{}'", id(3)));
    assert_eq!(parked, format!("it depends on {}, which failed", id(1)));
}
