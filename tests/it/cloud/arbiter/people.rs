//! A person at one machine calls off what another one does, and has it tried again.

use serde_json::{Value, json};

use super::daemons::machine;
use super::locks::value;
use super::work::{complete, get, submit};
use super::{Machine, at_any_pace, cloud};
use crate::cloud::Cloud;
use crate::cloud::gateway::{Fault, Gateway};
use crate::e2e::rpc::Rpc;
use crate::e2e::site::until;
use crate::world::World;

fn cancel(machine: &Machine, task: &str) -> Value {
    let asked = json!({"task_id": task, "reason": "obsolete"});
    value(&machine.world.person().asks("cancel_work", asked))
}

fn retry(machine: &Machine, task: &str) -> Value {
    value(&machine.world.person().asks("retry_work", json!({ "task_id": task })))
}

fn shown(machine: &Machine, task: &str) -> Value {
    value(&machine.world.person().asks("show_work", json!({ "task_id": task })))
}

#[test]
fn what_is_called_off_here_is_called_off_where_it_is_worked_on() {
    let cloud = cloud();
    let (one, two) = (Machine::start(&cloud, false), Machine::start(&cloud, false));
    let (ann, bob) = (one.world.agent("ann"), two.world.agent("bob"));
    let task = submit(&ann, json!({}));
    let after = submit(&ann, json!({"depends_on": [task]}));
    one.world.until("both are handed in", |_| cloud.ask("count(*) from coord.shared_tasks") == "2");
    assert_eq!(get(&bob)["task_id"], task);

    let told = cancel(&one, &task);
    assert_eq!(
        (&told["status"], &told["was_claimed_by"], &told["parked"]),
        (&json!("cancelled"), &json!("bob"), &json!(1)),
        "{told}"
    );
    assert_eq!(shown(&one, &task)["status"], "cancelled");
    assert!(shown(&one, &after)["why"].as_str().is_some_and(|why| why.ends_with("was cancelled")));
    two.world.until("its holder's machine knows", |_| shown(&two, &task)["status"] == "cancelled");
    assert_eq!(two.on_record("lease_lost")[0]["task_id"], task);
    let late = bob.asks("complete_work", json!({"task_id": task, "success": true}));
    assert_eq!(late.code(), Some("lease_lost"));
    assert!(late.sentence().contains("was cancelled (obsolete)"), "{}", late.sentence());
    assert_eq!(get(&ann)["code"], "no_tasks_available");

    // And tried again: on the machine that called it off, and on the other, which had it as cancelled.
    let told = retry(&two, &task);
    assert_eq!((&told["retried"], &told["status"]), (&json!([task]), &json!("pending")), "{told}");
    one.world.until("it is open here again", |_| shown(&one, &task)["status"] == "pending");
    one.world
        .until("so is what waits for it", |_| shown(&one, &after)["why"] == "waits for 1 task");
    assert_eq!(get(&ann)["task_id"], task);
    assert_eq!(complete(&ann, &task)["success"], true);
    assert_eq!(get(&bob)["task_id"], after);
}

#[test]
fn a_task_of_which_this_machine_has_no_row_is_called_off_all_the_same() {
    let cloud = cloud();
    let (one, two) = (Machine::start(&cloud, false), Machine::start(&cloud, false));
    let task = submit(&one.world.agent("ann"), json!({}));
    one.world.until("it is handed in", |_| cloud.ask("count(*) from coord.shared_tasks") == "1");

    assert_eq!(cancel(&two, &task)["status"], "cancelled");
    one.world.until("it is known", |_| shown(&one, &task)["status"] == "cancelled");
    assert_eq!(cancel(&two, &task)["code"], "task_already_finished");
    assert_eq!(retry(&two, &task)["retried"], json!([task]));
    assert_eq!(retry(&two, &task)["code"], "task_not_retryable");
    let never = uuid::Uuid::now_v7().to_string();
    assert_eq!(cancel(&two, &never)["code"], "task_not_found");
    assert_eq!(cancel(&two, "no id")["code"], "task_not_found");
}

#[test]
fn who_cannot_ask_calls_off_nothing_but_what_nobody_else_knows_of() {
    for decides_offline in [false, true] {
        let cloud = cloud();
        let one = Machine::start(&cloud, decides_offline);
        let ann = one.world.agent("ann");
        let task = submit(&ann, json!({}));
        // There, and this machine has been told so.
        let told = |world: &World| {
            let sql = "SELECT count(*) FROM shared_work";
            let told = world.service.store().read(|tx| Ok(tx.one(sql, [], |row| row.get(0))?));
            told.expect("ours") == Some(1_i64)
        };
        one.world.until("it is handed in", told);
        one.line.cut(true);

        let own = submit(&ann, json!({}));
        assert_eq!(cancel(&one, &task)["code"], "unavailable");
        assert_eq!(retry(&one, &task)["code"], "unavailable");
        assert_eq!(shown(&one, &task)["status"], "pending");
        assert_eq!(cancel(&one, &own)["status"], "cancelled", "it was not handed in");
        one.line.cut(false);
        one.world.until("it may", |_| cancel(&one, &task)["status"] == "cancelled");
        assert_eq!(cloud.ask("string_agg(status, ' ') from coord.shared_tasks"), "cancelled");
    }
}

#[test]
fn a_task_whose_handing_in_was_never_answered_is_called_off_there_too() {
    let cloud = cloud();
    let mut one = Machine::tended(&cloud, false);
    let project = one.world.repo.project.clone();
    one.enter_project(&project);
    let tend = |one: &Machine| one.world.block_on(one.arbiter.tend());
    tend(&one);
    let (first, second) =
        (submit(&one.world.agent("ann"), json!({})), submit(&one.world.agent("ann"), json!({})));
    one.line.lose_every(1);
    one.arbiter.sleep(2_000);
    tend(&one);
    one.arbiter.sleep(2_000);
    tend(&one);
    let there =
        |task: &str| cloud.ask(&format!("status from coord.shared_tasks where task_id = '{task}'"));
    // Handed in by hand where the machine has not come to it: what counts is that it was not told so.
    for task in [&first, &second].into_iter().filter(|task| there(task) == "null") {
        let ask = json!({
            "task_id": task, "project": project, "task_type": "build", "description": "a task", "priority": 5,
            "submitted_by": "ann", "submitted_at": 1, "max_attempts": 3,
        });
        cloud.call("coord_task_submit", Some(&one.line.device.token), &ask);
    }

    one.line.cut(true);
    assert_eq!(cancel(&one, &first)["status"], "cancelled");
    assert_eq!((there(&first), there(&second)), ("pending".into(), "pending".into()));
    one.line.lose_every(0);
    one.line.cut(false);
    one.arbiter.sleep(6_000);
    tend(&one);
    tend(&one);
    assert_eq!(there(&first), "cancelled", "told later");
    assert_eq!(cancel(&one, &second)["status"], "cancelled");
    assert_eq!(there(&second), "cancelled", "asked at once");
}

#[test]
fn what_a_policy_forbids_is_not_done_there_either() {
    let cloud = cloud();
    let one = Machine::start(&cloud, false);
    let ann = one.world.agent("ann");
    let task = submit(&ann, json!({}));
    assert_eq!(get(&ann)["task_id"], task);
    let blocked = json!({"name": "unknown", "blocked_operations": ["complete_work"]});
    crate::profiles::set(&one.world, blocked);

    assert_eq!(complete(&ann, &task)["code"], "operation_not_permitted");
    assert_eq!(cloud.ask("status from coord.shared_tasks"), "claimed");
    crate::profiles::set(&one.world, json!({"name": "unknown", "blocked_operations": []}));
    assert_eq!(complete(&ann, &task)["success"], true);
    assert_eq!(cloud.ask("status from coord.shared_tasks"), "completed");
}

const LOOK: &str = "coord_arbiter_state";

#[test]
fn a_person_at_one_daemon_calls_off_what_another_does_and_it_is_seen_within_two_looks() {
    let cloud = at_any_pace(Cloud::start());
    let gateways = [Gateway::start(cloud.rest()), Gateway::start(cloud.rest())];
    let sites = [machine(&cloud, &gateways[0]), machine(&cloud, &gateways[1])];
    let (mut ann, mut bob) = (Rpc::open(&sites[0], "ann"), Rpc::open(&sites[1], "bob"));
    let task = ann.call("submit_work", json!({"task_type": "t", "description": "a task"}));
    let task = task["task_id"].as_str().expect("an id").to_owned();
    until("it is handed in", || cloud.ask("count(*) from coord.shared_tasks") == "1");
    assert_eq!(bob.call("get_work", json!({}))["task_id"], task);
    let looks = || gateways[1].counts().get(LOOK).copied().unwrap_or_default();
    let status =
        |site: &crate::e2e::site::Site| site.json(&["work", "show", &task]).1["status"].clone();

    let (code, said) = sites[0].at_terminal(&["work", "cancel", &task, "--reason", "obsolete"]);
    assert_eq!(code, 0, "{said}");
    assert!(said.contains("bob was working on it"), "{said}");
    let before = looks();
    until("the other machine knows", || status(&sites[1]) == "cancelled");
    assert!(looks() - before <= 2, "seen after {} looks", looks() - before);
    let late = bob.call("complete_work", json!({"task_id": task, "success": true}));
    assert_eq!(late["code"], "lease_lost", "{late}");

    let (code, said) = sites[1].at_terminal(&["work", "retry", &task]);
    assert_eq!(code, 0, "{said}");
    let looks = || gateways[0].counts().get(LOOK).copied().unwrap_or_default();
    let before = looks();
    until("the first knows", || status(&sites[0]) == "pending");
    assert!(looks() - before <= 3, "seen after {} looks", looks() - before);
    // An answer that is lost on the way: the same request has the same answer.
    gateways[0].always(Fault::Html);
    let (code, said) = sites[0].at_terminal(&["work", "cancel", &task, "--reason", "no line"]);
    assert_eq!(code, 1, "{said}");
    assert!(said.contains("shared between machines"), "{said}");
    assert_eq!(cloud.ask("status from coord.shared_tasks"), "pending");
}
