//! Locks between machines: one holder, rising fences, leases by the server's clock.

use std::thread;

use serde_json::{Value, json};

use super::{Cloud, Device};

fn file(path: &str, mode: &str) -> Value {
    json!({"k": path, "path": path, "kind": "file", "mode": mode, "root": path})
}

fn folder(path: &str) -> Value {
    let key = if path.is_empty() { "/" } else { path };
    json!({"k": key, "path": key, "kind": "folder", "mode": "exclusive", "root": path})
}

fn ask(session: &str, locks: &[Value]) -> Value {
    json!({
        "req": uuid::Uuid::now_v7().to_string(), "project": "p", "session": session, "agent_id": session,
        "agent_type": "test", "reason": null, "ttl_ms": 60_000, "locks": locks,
    })
}

fn acquire(cloud: &Cloud, device: &Device, session: &str, locks: &[Value]) -> Value {
    device.call(cloud, "coord_lock_acquire", &ask(session, locks))
}

fn release(cloud: &Cloud, device: &Device, session: &str) -> Value {
    device.call(cloud, "coord_lock_release", &json!({"project": "p", "session": session}))["released"].clone()
}

/// As if so much time had passed.
fn pass(cloud: &Cloud, ms: i64) {
    let earlier = format!(
        "update coord.shared_locks set lease_until = lease_until - {ms}, free_at = free_at - {ms};
         update coord.arbiter_projects set sweep_at = greatest(sweep_at - {ms}, 0)"
    );
    cloud.sql().batch_execute(&earlier).expect("ours");
}

#[test]
fn a_path_has_one_holder_and_its_fence_rises() {
    let cloud = Cloud::start();
    let (one, two) = (cloud.device("team"), cloud.device("team"));

    let first = acquire(&cloud, &one, "s1", &[file("a", "exclusive")]);
    assert_eq!((&first["status"], &first["locks"][0]["fence"]), (&json!("granted"), &json!(1)));
    let denied = acquire(&cloud, &two, "s2", &[file("b", "exclusive"), file("a", "exclusive")]);
    assert_eq!((&denied["status"], &denied["by"][0]["agent_id"]), (&json!("held"), &json!("s1")));
    assert!(
        denied["by"][0]["retry_ms"].as_i64() > Some(60_000),
        "the lease, then the delay: {denied}"
    );
    // Nothing of a refused request is kept; holding renews under the same fence; others cannot give it back.
    assert_eq!(cloud.ask("count(*) from coord.shared_locks"), "1");
    assert_eq!(acquire(&cloud, &one, "s1", &[file("a", "exclusive")])["locks"][0]["fence"], 1);
    assert_eq!(release(&cloud, &two, "s1"), 0);
    assert_eq!(release(&cloud, &one, "s1"), 1);
    // After a clean release at once, with a higher fence.
    let next = acquire(&cloud, &two, "s2", &[file("a", "exclusive")]);
    assert!(next["locks"][0]["fence"].as_i64() > Some(1), "{next}");
    // Workspaces do not meet.
    assert_eq!(
        acquire(&cloud, &cloud.device("others"), "s", &[file("a", "exclusive")])["status"],
        "granted"
    );
}

#[test]
fn what_may_mean_the_same_path_is_held_too() {
    let cloud = Cloud::start();
    let (one, two) = (cloud.device("team"), cloud.device("team"));
    let glob = |key: &str, root: &str| json!({"k": key, "path": key, "kind": "glob", "mode": "exclusive", "root": root});
    let port = json!({"k": "port:80", "path": "port:80", "kind": "resource", "mode": "exclusive", "root": "port:80"});
    for (held, asked, meet) in [
        (folder("src"), file("src/a.rs", "exclusive"), true),
        (folder("src"), file("src", "exclusive"), true),
        (folder("src"), file("srcs/a", "exclusive"), false),
        (file("src/a", "exclusive"), folder("src"), true),
        (folder("src/deep"), folder("src"), true),
        (folder(""), file("any", "exclusive"), true),
        (folder(""), port.clone(), false),
        (port.clone(), port, true),
        (glob("src/**/*.rs", "src"), file("src/a.py", "exclusive"), true),
        (glob("*.md", ""), folder("doc"), true),
        (file("a", "shared"), file("a", "shared"), false),
        (file("a", "shared"), file("a", "exclusive"), true),
        (file("a", "exclusive"), file("a", "shared"), true),
        (file("a", "exclusive"), file("A", "exclusive"), false),
    ] {
        assert_eq!(acquire(&cloud, &one, "s1", std::slice::from_ref(&held))["status"], "granted");
        let told = acquire(&cloud, &two, "s2", std::slice::from_ref(&asked));
        assert_eq!(told["status"] == "held", meet, "{held} then {asked}: {told}");
        release(&cloud, &one, "s1");
        release(&cloud, &two, "s2");
    }
}

#[test]
fn a_lease_that_ran_out_keeps_others_away_for_a_while() {
    let cloud = Cloud::start();
    let (one, two) = (cloud.device("team"), cloud.device("team"));
    acquire(&cloud, &one, "s1", &[file("a", "exclusive")]);

    pass(&cloud, 60_000);
    let denied = acquire(&cloud, &two, "s2", &[file("a", "exclusive")]);
    assert_eq!((&denied["status"], &denied["by"][0]["lease_ms"]), (&json!("held"), &json!(0)));
    // Nobody came: its holder may go on.
    let held =
        one.call(&cloud, "coord_lock_renew", &json!({"sessions": ["s1", "none"]}))["held"].clone();
    assert_eq!((&held[0]["k"], &held[0]["fence"]), (&json!("a"), &json!(1)));
    pass(&cloud, 75_000);
    let granted = acquire(&cloud, &two, "s2", &[file("a", "exclusive")]);
    assert_eq!(granted["status"], "granted");
    assert_eq!(
        one.call(&cloud, "coord_lock_renew", &json!({"sessions": ["s1"]}))["held"],
        json!([]),
        "it is lost"
    );
}

#[test]
fn a_request_that_comes_again_late_takes_nothing() {
    let cloud = Cloud::start();
    let (one, two) = (cloud.device("team"), cloud.device("team"));
    let request = ask("s1", &[file("a", "exclusive")]);
    let first = one.call(&cloud, "coord_lock_acquire", &request);
    release(&cloud, &one, "s1");

    let again = one.call(&cloud, "coord_lock_acquire", &request);
    assert_eq!(again["locks"], first["locks"], "the same answer");
    assert_eq!(
        acquire(&cloud, &two, "s2", &[file("a", "exclusive")])["status"],
        "granted",
        "and no second grant"
    );
}

#[test]
fn fences_rise_although_the_database_went_back() {
    let cloud = Cloud::start();
    let device = cloud.device("team");
    let mut request = ask("s1", &[file("a", "exclusive"), file("b", "exclusive")]);
    request["seen"] = 40.into();

    let granted = device.call(&cloud, "coord_lock_acquire", &request);

    assert_eq!(
        (&granted["locks"][0]["fence"], &granted["locks"][1]["fence"]),
        (&json!(41), &json!(42))
    );
    let state =
        device.call(&cloud, "coord_arbiter_state", &json!({"projects": {"p": null, "q": null}}));
    assert_eq!(state["projects"]["p"]["locks"].as_array().map(Vec::len), Some(2));
    let known = json!({"projects": {"p": state["projects"]["p"]["epoch"]}});
    assert_eq!(
        device.call(&cloud, "coord_arbiter_state", &known)["projects"],
        json!({}),
        "nothing new"
    );
    pass(&cloud, 100_000);
    let state = device.call(&cloud, "coord_arbiter_state", &known);
    assert_eq!(state["projects"]["p"]["locks"], json!([]), "that nobody holds it any more is news");
}

#[test]
fn many_machines_never_hold_the_same_at_once() {
    let cloud = Cloud::start();
    let devices: Vec<Device> = (0..8).map(|_| cloud.device("team")).collect();

    let mut grants: Vec<(i64, String)> = thread::scope(|scope| {
        let running: Vec<_> = devices
            .iter()
            .map(|device| {
                let cloud = &cloud;
                scope.spawn(move || {
                    let mut got = vec![];
                    for n in 0..40 {
                        let path = format!("f{}", n % 3);
                        let told = acquire(cloud, device, "s", &[file(&path, "exclusive")]);
                        if told["status"] == "granted" {
                            got.push((told["locks"][0]["fence"].as_i64().expect("a number"), path));
                            release(cloud, device, "s");
                        }
                    }
                    got
                })
            })
            .collect();
        running.into_iter().flat_map(|thread| thread.join().expect("it ended")).collect()
    });

    let count = grants.len();
    grants.sort();
    grants.dedup_by_key(|(fence, _)| *fence);
    assert_eq!(grants.len(), count, "no fence was given twice");
    assert!(count > 40, "{count} grants");
    assert_eq!(cloud.ask("count(*) from coord.shared_locks"), "0");
}
