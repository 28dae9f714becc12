//! Work between machines: one worker a task, dependencies respected, nothing lost.

use std::collections::BTreeSet;
use std::sync::Mutex;
use std::thread;

use serde_json::{Value, json};

use super::{Cloud, Device, id};

pub fn task(number: u64, depends_on: &[u64]) -> Value {
    json!({
        "task_id": id(number), "project": "p", "task_type": "build", "description": format!("task {number}"),
        "input_data": {"n": number}, "priority": 5, "depends_on": depends_on.iter().map(|n| id(*n)).collect::<Vec<_>>(),
        "submitted_by": "ann", "submitted_at": 1, "max_attempts": 2,
    })
}

pub fn submit(cloud: &Cloud, device: &Device, task: &Value) -> Value {
    device.call(cloud, "coord_task_submit", task)
}

fn claim_as(req: &str) -> Value {
    json!({"req": req, "project": "p", "session": "s", "agent_id": "ann", "lease_ms": 60_000})
}

pub fn claim(cloud: &Cloud, device: &Device) -> Value {
    device.call(cloud, "coord_task_claim", &claim_as(&uuid::Uuid::now_v7().to_string()))
}

pub fn complete(cloud: &Cloud, device: &Device, task: &Value, success: bool, retry: bool) -> Value {
    device.call(cloud, "coord_task_complete", &json!({
        "task_id": task["task_id"], "fence": task["fence"], "success": success, "retry": retry,
        "result": {"made": task["task_id"]}, "error_message": if success { Value::Null } else { json!("broken") },
    }))
}

/// As if so much time had passed.
pub fn pass(cloud: &Cloud, ms: i64) {
    let earlier = format!(
        "update coord.shared_tasks set lease_until = lease_until - {ms}, run_after = greatest(run_after - {ms}, 0)"
    );
    cloud.sql().batch_execute(&earlier).expect("ours");
}

#[test]
fn a_claim_that_comes_again_is_the_same_claim() {
    let cloud = Cloud::start();
    let device = cloud.device("team");
    for number in [1, 2] {
        assert_eq!(submit(&cloud, &device, &task(number, &[]))["status"], "ok");
    }
    assert_eq!(submit(&cloud, &device, &task(1, &[]))["status"], "ok", "the same task once more");
    let req = uuid::Uuid::now_v7().to_string();

    let first = device.call(&cloud, "coord_task_claim", &claim_as(&req));
    let again = device.call(&cloud, "coord_task_claim", &claim_as(&req));

    assert_eq!(first["task"]["task_id"], id(1));
    assert_eq!(first["task"]["input_data"], json!({"n": 1}));
    assert_eq!(again["task"]["task_id"], id(1));
    assert_eq!(claim(&cloud, &device)["task"]["task_id"], id(2));
    let none = claim(&cloud, &device);
    assert_eq!((&none["status"], &none["claimed"]), (&json!("none"), &json!(2)));
    // The end comes again too; a claim that came late gets no second task.
    assert_eq!(complete(&cloud, &device, &first["task"], true, false)["status"], "ok");
    assert_eq!(complete(&cloud, &device, &first["task"], true, false)["status"], "dup");
    assert_eq!(device.call(&cloud, "coord_task_claim", &claim_as(&req))["status"], "none");
}

#[test]
fn what_depends_waits_and_what_depends_on_failure_is_parked() {
    let cloud = Cloud::start();
    let device = cloud.device("team");
    // 3 waits for 1 and 2; 2 is not there yet; 4 waits for 3.
    submit(&cloud, &device, &task(3, &[1, 2]));
    submit(&cloud, &device, &task(4, &[3]));
    submit(&cloud, &device, &task(1, &[]));
    assert_eq!(submit(&cloud, &device, &task(2, &[4]))["status"], "cycle");
    let first = claim(&cloud, &device)["task"].clone();
    assert_eq!(complete(&cloud, &device, &first, true, false)["unblocked"], json!([]));
    assert_eq!(claim(&cloud, &device)["status"], "none", "a dependency that is not there holds up");

    submit(&cloud, &device, &task(2, &[]));
    let second = claim(&cloud, &device)["task"].clone();
    assert_eq!(complete(&cloud, &device, &second, true, false)["unblocked"], json!([id(3)]));
    let third = claim(&cloud, &device)["task"].clone();
    assert_eq!(
        complete(&cloud, &device, &third, false, true)["task_status"],
        "pending",
        "once more"
    );
    assert_eq!(claim(&cloud, &device)["status"], "none", "not at once");
    pass(&cloud, 1_000);
    let third = claim(&cloud, &device)["task"].clone();
    assert_eq!(third["attempt"], 2);
    assert_eq!(
        complete(&cloud, &device, &third, false, true)["task_status"],
        "failed",
        "that was the last"
    );
    let parked =
        cloud.ask(&format!("parked_reason from coord.shared_tasks where task_id = '{}'", id(4)));
    assert_eq!(parked, format!("it depends on {}, which failed", id(3)));
    submit(&cloud, &device, &task(5, &[3]));
    assert_eq!(cloud.ask("count(*) from coord.shared_tasks where parked_reason is not null"), "2");
}

#[test]
fn a_worker_that_fell_silent_loses_its_task_and_what_it_brings_late_is_kept() {
    let cloud = Cloud::start();
    let (one, two) = (cloud.device("team"), cloud.device("team"));
    submit(&cloud, &one, &task(1, &[]));
    let lost = claim(&cloud, &one)["task"].clone();
    let held = one.call(&cloud, "coord_task_renew", &json!({"sessions": ["s"]}))["held"].clone();
    assert_eq!((&held[0]["task_id"], &held[0]["lease_ms"]), (&json!(id(1)), &json!(60_000)));

    pass(&cloud, 60_001);
    assert_eq!(claim(&cloud, &two)["status"], "none", "tried again a little later");
    assert_eq!(complete(&cloud, &one, &lost, true, false)["status"], "fenced");
    pass(&cloud, 2_000);
    let taken = claim(&cloud, &two)["task"].clone();
    assert_eq!((&taken["attempt"], &taken["fence"]), (&json!(2), &json!(2)));
    assert_eq!(complete(&cloud, &one, &lost, true, false)["status"], "fenced");
    assert_eq!(cloud.ask("late_result ->> 'made' from coord.shared_tasks"), id(1));
    assert_eq!(complete(&cloud, &two, &taken, true, false)["status"], "ok");
    assert_eq!(
        complete(&cloud, &one, &json!({"task_id": id(9), "fence": 1}), true, false)["status"],
        "unknown"
    );
    // Twice silent is the end, and says so to those behind it.
    submit(&cloud, &one, &task(2, &[]));
    submit(&cloud, &one, &task(3, &[2]));
    for _ in 0..2 {
        assert_eq!(claim(&cloud, &one)["task"]["task_id"], id(2));
        pass(&cloud, 100_000);
        claim(&cloud, &two);
        pass(&cloud, 100_000);
    }
    assert_eq!(
        cloud.ask(
            "count(*) from coord.shared_tasks where status = 'failed' or parked_reason is not null"
        ),
        "2"
    );
}

#[test]
fn a_task_goes_to_who_can_do_it_and_one_key_means_one_task() {
    let cloud = Cloud::start();
    let device = cloud.device("team");
    let mut hard = task(1, &[]);
    hard["capabilities"] = json!(["rust", "gpu"]);
    hard["dedupe_key"] = "nightly".into();
    submit(&cloud, &device, &hard);
    let mut twin = task(2, &[]);
    twin["dedupe_key"] = "nightly".into();
    let told = submit(&cloud, &device, &twin);
    assert_eq!((&told["status"], &told["task_id"]), (&json!("duplicate"), &json!(id(1))));

    let mut asked = claim_as(&uuid::Uuid::now_v7().to_string());
    asked["capabilities"] = json!(["rust"]);
    assert_eq!(device.call(&cloud, "coord_task_claim", &asked)["status"], "none");
    asked["capabilities"] = json!(["gpu", "rust", "go"]);
    asked["types"] = json!(["test"]);
    assert_eq!(device.call(&cloud, "coord_task_claim", &asked)["status"], "none");
    asked["types"] = json!(["test", "build"]);
    assert_eq!(device.call(&cloud, "coord_task_claim", &asked)["task"]["task_id"], id(1));
}

#[test]
fn many_machines_do_each_task_once() {
    let cloud = Cloud::start();
    let devices: Vec<Device> = (0..6).map(|_| cloud.device("team")).collect();
    for number in 0..120 {
        let behind: &[u64] = if number >= 20 { &[number - 20] } else { &[] };
        submit(&cloud, &devices[0], &task(number, behind));
    }
    let done = Mutex::new(BTreeSet::new());

    thread::scope(|scope| {
        for device in &devices {
            let (cloud, done) = (&cloud, &done);
            scope.spawn(move || {
                while done.lock().expect("nobody panicked").len() < 120 {
                    let told = claim(cloud, device);
                    if told["status"] == "claimed" {
                        assert_eq!(
                            complete(cloud, device, &told["task"], true, false)["status"],
                            "ok"
                        );
                        let number = told["task"]["task_id"].as_str().expect("text").to_owned();
                        assert!(done.lock().expect("nobody panicked").insert(number), "done twice");
                    }
                }
            });
        }
    });

    assert_eq!(
        cloud.ask("count(*) from coord.shared_tasks where status = 'completed' and attempt = 1"),
        "120"
    );
}
