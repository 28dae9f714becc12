//! What a person does to a shared task, by the functions in Postgres.

use serde_json::{Value, json};

use super::work::{claim, complete, pass, submit, task};
use super::{Cloud, Device, id};

fn req() -> String {
    uuid::Uuid::now_v7().to_string()
}

fn cancel_as(req: &str, number: u64) -> Value {
    json!({"req": req, "project": "p", "task_id": id(number), "reason": "obsolete"})
}

fn cancel(cloud: &Cloud, device: &Device, number: u64) -> Value {
    device.call(cloud, "coord_task_cancel", &cancel_as(&req(), number))
}

fn retry(cloud: &Cloud, device: &Device, number: u64) -> Value {
    let ask = json!({"req": req(), "project": "p", "task_id": id(number)});
    device.call(cloud, "coord_task_retry", &ask)
}

fn of(cloud: &Cloud, number: u64, what: &str) -> String {
    cloud.ask(&format!("{what} from coord.shared_tasks where task_id = '{}'", id(number)))
}

#[test]
fn a_cancelled_task_is_nobodys_and_what_waits_for_it_near_or_far_is_parked() {
    let cloud = Cloud::start();
    let (one, two) = (cloud.device("team"), cloud.device("team"));
    submit(&cloud, &one, &task(1, &[]));
    submit(&cloud, &one, &task(2, &[1]));
    submit(&cloud, &one, &task(3, &[2]));
    let held = claim(&cloud, &one)["task"].clone();

    let asked = cancel_as(&req(), 1);
    let told = two.call(&cloud, "coord_task_cancel", &asked);
    assert_eq!(
        (&told["status"], &told["was_claimed_by"], &told["parked"]),
        (&json!("ok"), &json!("ann"), &json!(2)),
        "{told}"
    );
    let again = two.call(&cloud, "coord_task_cancel", &asked);
    assert_eq!((&again["status"], &again["parked"]), (&json!("ok"), &json!(2)), "the same request");
    let other = cancel(&cloud, &two, 1);
    assert_eq!(
        (&other["status"], &other["task_status"]),
        (&json!("finished"), &json!("cancelled")),
        "{other}"
    );
    let why = format!("it depends on {}, which was cancelled", id(1));
    assert_eq!(
        (of(&cloud, 2, "parked_reason"), of(&cloud, 3, "parked_reason")),
        (why.clone(), why)
    );

    // Its holder's word counts for nothing, it has nothing to renew, and nobody gets the task.
    assert_eq!(complete(&cloud, &one, &held, true, false)["status"], "fenced");
    assert_eq!(
        one.call(&cloud, "coord_task_renew", &json!({"sessions": ["s"]}))["held"],
        json!([])
    );
    pass(&cloud, 1_000_000);
    assert_eq!(claim(&cloud, &two)["status"], "none");
    assert_eq!(of(&cloud, 1, "status || ' ' || error_message"), "cancelled obsolete");
    assert_eq!(cancel(&cloud, &two, 9)["status"], "unknown");
    let elsewhere = json!({"req": req(), "project": "q", "task_id": id(2), "reason": "x"});
    assert_eq!(two.call(&cloud, "coord_task_cancel", &elsewhere)["status"], "unknown");
    assert_eq!(two.call(&cloud, "coord_task_retry", &elsewhere)["status"], "unknown");
}

#[test]
fn a_retried_task_has_all_its_attempts_and_frees_what_only_it_held_up() {
    let cloud = Cloud::start();
    let device = cloud.device("team");
    for (number, after) in [(1, vec![]), (2, vec![]), (3, vec![1]), (4, vec![1, 2]), (5, vec![3])] {
        submit(&cloud, &device, &task(number, &after));
    }
    for _ in 0..2 {
        let held = claim(&cloud, &device)["task"].clone();
        complete(&cloud, &device, &held, false, false);
    }
    assert_eq!(cloud.ask("count(*) from coord.shared_tasks where parked_reason is not null"), "3");
    assert_eq!(claim(&cloud, &device)["status"], "none");

    // 5 waits for 3, which waits for 1: all that was given up above it comes back with it.
    let told = retry(&cloud, &device, 5);
    assert_eq!(
        (&told["status"], &told["retried"], &told["blocked"]),
        (&json!("ok"), &json!([id(1)]), &json!(true)),
        "{told}"
    );
    assert_eq!(of(&cloud, 3, "parked_reason"), "null");
    assert_eq!(of(&cloud, 5, "parked_reason"), "null");
    assert_eq!(
        of(&cloud, 4, "parked_reason"),
        format!("it depends on {}, which failed", id(2)),
        "the other still holds it up"
    );
    let again = claim(&cloud, &device)["task"].clone();
    assert_eq!(
        (&again["task_id"], &again["attempt"], &again["fence"]),
        (&json!(id(1)), &json!(1), &json!(2))
    );
    assert_eq!(complete(&cloud, &device, &again, true, false)["unblocked"], json!([id(3)]));
    let told = retry(&cloud, &device, 1);
    assert_eq!(
        (&told["status"], &told["task_status"]),
        (&json!("not_retryable"), &json!("completed")),
        "{told}"
    );
    assert_eq!(retry(&cloud, &device, 2)["retried"], json!([id(2)]));
    assert_eq!(of(&cloud, 4, "unmet || ' ' || coalesce(parked_reason, 'free')"), "1 free");
}

#[test]
fn what_came_to_pass_while_a_task_was_given_up_counts_when_it_is_tried_again() {
    let cloud = Cloud::start();
    let device = cloud.device("team");
    submit(&cloud, &device, &task(1, &[]));
    submit(&cloud, &device, &task(2, &[1]));
    cancel(&cloud, &device, 2);
    let first = claim(&cloud, &device)["task"].clone();
    assert_eq!(complete(&cloud, &device, &first, true, false)["unblocked"], json!([]));

    let told = retry(&cloud, &device, 2);
    assert_eq!((&told["status"], &told["blocked"]), (&json!("ok"), &json!(false)), "{told}");
    let second = claim(&cloud, &device)["task"].clone();
    assert_eq!(second["task_id"], id(2));
    // A pause after a failure is ended by it too.
    complete(&cloud, &device, &second, false, true);
    assert_eq!(claim(&cloud, &device)["status"], "none");
    assert_eq!(retry(&cloud, &device, 2)["retried"], json!([id(2)]));
    assert_eq!(claim(&cloud, &device)["task"]["task_id"], id(2));
}

#[test]
fn a_task_whose_key_is_taken_is_not_tried_again() {
    let cloud = Cloud::start();
    let device = cloud.device("team");
    let keyed = |number| {
        let mut keyed = task(number, &[]);
        keyed["dedupe_key"] = "nightly".into();
        keyed
    };
    submit(&cloud, &device, &keyed(1));
    cancel(&cloud, &device, 1);
    submit(&cloud, &device, &keyed(2));

    let told = retry(&cloud, &device, 1);
    assert_eq!(
        (&told["status"], &told["task_id"], &told["live"]),
        (&json!("duplicate"), &json!(id(1)), &json!(id(2))),
        "{told}"
    );
    assert_eq!(of(&cloud, 1, "status"), "cancelled", "nothing was done");
}
