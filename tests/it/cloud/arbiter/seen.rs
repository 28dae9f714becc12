//! What one machine does is seen by the others with their next look, and how old a look is is said.

use serde_json::{Value, json};

use super::daemons::machine;
use super::locks::value;
use super::{Machine, at_any_pace, cloud};
use crate::cloud::Cloud;
use crate::cloud::gateway::Gateway;
use crate::e2e::rpc::Rpc;
use crate::e2e::site::until;
use crate::world::Actor;

const LOOK: &str = "coord_arbiter_state";

fn holder(rpc: &mut Rpc, path: &str) -> Option<String> {
    let told = rpc.call("check_locks", json!({ "file_paths": [path] }));
    told["locks"][0]["locked_by"].as_str().map(str::to_owned)
}

/// The tasks that are worked on elsewhere, by whom.
fn workers(rpc: &mut Rpc) -> Vec<String> {
    let told = rpc.request("resources/read", json!({ "uri": "work://pending?format=json" }));
    let text = told["result"]["contents"][0]["text"].as_str().expect("a text").to_owned();
    let queue: Value = serde_json::from_str(&text).expect("it is JSON");
    let away = queue["elsewhere"].as_array().cloned().unwrap_or_default();
    away.iter().filter_map(|task| task["claimed_by"].as_str().map(str::to_owned)).collect()
}

#[test]
fn what_one_daemon_does_is_seen_by_the_other_within_two_looks() {
    let cloud = at_any_pace(Cloud::start());
    let gateways = [Gateway::start(cloud.rest()), Gateway::start(cloud.rest())];
    let sites = [machine(&cloud, &gateways[0]), machine(&cloud, &gateways[1])];
    let (mut ann, mut bob) = (Rpc::open(&sites[0], "ann"), Rpc::open(&sites[1], "bob"));
    assert_eq!(bob.call("acquire_lock", json!({"file_path": "mine.rs"}))["success"], true);
    let looks = || gateways[1].counts().get(LOOK).copied().unwrap_or_default();
    until("it looks regularly", || looks() > 1);
    let within = |before: usize, what: &str| {
        let took = looks() - before;
        assert!(took <= 2, "{what} was seen after {took} looks");
    };

    let path = json!({"file_path": "a.rs"});
    assert_eq!(ann.call("acquire_lock", path.clone())["success"], true);
    let before = looks();
    until("the lock is seen", || holder(&mut bob, "a.rs").as_deref() == Some("ann"));
    within(before, "a lock");

    assert_eq!(ann.call("release_lock", path)["success"], true);
    until("it is given back", || cloud.ask("count(*) from coord.shared_locks") == "1");
    let before = looks();
    until("its end is seen", || holder(&mut bob, "a.rs").is_none());
    within(before, "a release");

    let task = json!({"task_type": "t", "description": "a task"});
    assert_eq!(ann.call("submit_work", task)["success"], true);
    let claimed = ann.call("get_work", json!({}));
    assert_eq!(claimed["success"], true, "{claimed}");
    let before = looks();
    until("the claim is seen", || workers(&mut bob) == ["ann"]);
    within(before, "a claim");

    let done = json!({"task_id": claimed["task_id"], "success": true});
    assert_eq!(ann.call("complete_work", done)["success"], true);
    let before = looks();
    until("its end is seen", || workers(&mut bob).is_empty());
    within(before, "the end of a task");
}

fn look(actor: &Actor<'_>) -> Value {
    value(&actor.asks("pending_work", json!({})))
}

#[test]
fn tasks_of_other_machines_are_listed_with_who_does_them_and_where() {
    let cloud = cloud();
    let (one, two) = (Machine::start(&cloud, false), Machine::start(&cloud, false));
    let (ann, bob) = (one.world.agent("ann"), two.world.agent("bob"));
    for number in 0..3 {
        let task = json!({"task_type": "t", "description": format!("task {number}"), "priority": number + 1});
        assert!(ann.asks("submit_work", task).success());
    }
    one.world.until("all are handed in", |_| cloud.ask("count(*) from coord.shared_tasks") == "3");
    let first = value(&bob.asks("get_work", json!({})));
    let second = value(&ann.asks("get_work", json!({})));

    // Of ann's three tasks bob's machine has one row, and ann's machine knows who has it.
    one.world.until("the claim is seen", |_| look(&ann)["counts"]["elsewhere"] == 1);
    let here = look(&ann);
    assert_eq!(
        (&here["elsewhere"][0]["task_id"], &here["elsewhere"][0]["claimed_by"]),
        (&first["task_id"], &json!("bob")),
        "{here}"
    );
    assert_eq!(here["elsewhere"][0]["machine"], "a laptop");
    assert_eq!((&here["counts"]["claimed"], &here["counts"]["ready"]), (&json!(1), &json!(1)));
    two.world.until("the rest is seen", |_| look(&bob)["counts"]["elsewhere"] == 2);
    let there = look(&bob);
    assert_eq!(there["elsewhere"][0]["task_id"], second["task_id"], "{there}");
    assert_eq!(there["elsewhere"][1]["status"], "pending", "{there}");
    let none = value(&bob.asks("get_work", json!({"task_types": ["other"]})));
    assert_eq!((&none["pending"], &none["claimed"]), (&json!(1), &json!(2)), "{none}");
}

fn listed(machine: &Machine, which: Value) -> Value {
    value(&machine.world.person().asks("list_work", which))
}

#[test]
fn a_person_sees_one_list_of_work_at_whichever_machine() {
    let cloud = cloud();
    let (one, two) = (Machine::start(&cloud, false), Machine::start(&cloud, false));
    let (ann, bob) = (one.world.agent("ann"), two.world.agent("bob"));
    let ids: Vec<Value> = (0..3)
        .map(|number| {
            let task = json!({"task_type": "t", "description": format!("task {number}"), "priority": number + 1});
            value(&ann.asks("submit_work", task))["task_id"].clone()
        })
        .collect();
    one.world.until("all are handed in", |_| cloud.ask("count(*) from coord.shared_tasks") == "3");
    assert_eq!(value(&bob.asks("get_work", json!({})))["task_id"], ids[0]);
    assert_eq!(value(&ann.asks("get_work", json!({})))["task_id"], ids[1]);

    let of = |told: &Value| -> Vec<(Value, Value, Value)> {
        let tasks = told["tasks"].as_array().cloned().unwrap_or_default();
        let mut rows: Vec<_> = tasks
            .iter()
            .map(|task| {
                (task["task_id"].clone(), task["claimed_by"].clone(), task["machine"].clone())
            })
            .collect();
        rows.sort_by_key(|row| row.0.to_string());
        rows
    };
    let (laptop, none) = (json!("a laptop"), Value::Null);
    let at_one = [
        (ids[0].clone(), json!("bob"), laptop.clone()),
        (ids[1].clone(), json!("ann"), none.clone()),
        (ids[2].clone(), none.clone(), none.clone()),
    ];
    one.world.until("one has the list", |_| of(&listed(&one, json!({}))) == at_one);
    let at_two = [
        (ids[0].clone(), json!("bob"), none.clone()),
        (ids[1].clone(), json!("ann"), laptop.clone()),
        (ids[2].clone(), none.clone(), none.clone()),
    ];
    two.world.until("two has it", |_| of(&listed(&two, json!({}))) == at_two);
    let waiting = listed(&two, json!({"status": "pending"}));
    assert_eq!(waiting["tasks"][0]["task_id"], ids[2], "{waiting}");
    assert_eq!(waiting["tasks"][0]["submitted_on"], "a laptop", "{waiting}");
    let claimed = listed(&one, json!({"status": "claimed", "limit": 1}));
    assert_eq!(claimed["tasks"].as_array().map(Vec::len), Some(2), "{claimed}");
    let page = value(&two.world.person().asks("show_work", json!({"task_id": ids[2]})));
    assert_eq!((&page["description"], &page["submitted_by"]), (&json!("task 2"), &json!("ann")));
    assert!(waiting["as_of"].is_null(), "{waiting}");

    two.line.cut(true);
    two.world.pass_ms(60_000);
    assert_eq!(listed(&two, json!({}))["as_of"], "2026-01-01T12:00:00Z");
    assert_eq!(look(&bob)["as_of"], "2026-01-01T12:00:00Z");
    assert_eq!(of(&listed(&two, json!({}))), at_two, "as it was last seen");
}

#[test]
fn how_old_the_sight_of_other_machines_is_is_said() {
    let cloud = cloud();
    let one = Machine::start(&cloud, false);
    let ann = one.world.agent("ann");
    let locks = |ann: &Actor<'_>| value(&ann.asks("check_locks", json!({})));
    assert!(ann.asks("acquire_lock", json!({"file_path": "a.rs"})).success());
    one.world.until("somebody told", |_| locks(&ann)["as_of"].is_null());

    one.line.cut(true);
    one.world.pass_ms(6_000);
    assert_eq!(locks(&ann)["as_of"], "2026-01-01T12:00:00Z", "{}", locks(&ann));
    one.line.cut(false);
    one.world.until("somebody tells again", |_| locks(&ann)["as_of"].is_null());
}

#[test]
fn who_lost_a_claim_is_told_and_it_is_on_record() {
    let cloud = cloud();
    let (one, two) = (Machine::start(&cloud, false), Machine::start(&cloud, false));
    let (ann, bob) = (one.world.agent("ann"), two.world.agent("bob"));
    assert!(ann.asks("submit_work", json!({"task_type": "t", "description": "a task"})).success());
    let task = value(&ann.asks("get_work", json!({})))["task_id"].clone();
    one.line.cut(true);
    super::pass_there(&cloud, 100_000);
    bob.asks("get_work", json!({}));
    super::pass_there(&cloud, 5_000);
    assert_eq!(value(&bob.asks("get_work", json!({})))["task_id"], task);
    one.line.cut(false);
    one.arbiter.sleep(30_000);

    one.world.until("the loss is on record", |_| one.on_record("lease_lost").len() == 1);
    assert_eq!(one.on_record("lease_lost")[0]["task_id"], task);
    let told = value(&ann.asks("acquire_lock", json!({"file_path": "x.rs"})));
    assert_eq!(told["news"][0]["task_lost"], task, "{told}");
}
