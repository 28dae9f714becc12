//! What a device did has its effect exactly once, in its order, and nothing bad holds up the rest.

use std::thread;

use serde_json::{Value, json};

use super::{Cloud, SCHEMA, id, memory, profile, project, put};

fn codes(answer: &Value) -> Vec<(i64, String)> {
    let rejects = answer["rejects"].as_array().expect("a list").iter();
    rejects
        .map(|r| (r["s"].as_i64().expect("a place"), r["code"].as_str().expect("a code").into()))
        .collect()
}

#[test]
fn a_batch_that_comes_again_changes_nothing() {
    let cloud = Cloud::start();
    let mut device = cloud.device("team");
    let batch = device.batch(&[project("a", 1), project("b", 1), memory(&id(1), "one", 5)]);

    let first = device.send(&cloud, &batch);
    let again = device.send(&cloud, &batch);

    assert_eq!((&first["status"], &again["status"]), (&json!("ok"), &json!("duplicate")));
    assert_eq!(
        (&first["acked"], &again["acked"], &again["hash"]),
        (&json!(3), &json!(3), &batch["hash"])
    );
    assert_eq!(cloud.ask("count(*) from coord.cloud_log"), "3");

    // Eight at once: one is new, seven are not.
    device.acknowledge(&batch);
    let batch = device.batch(&[project("a", 2), project("c", 1)]);
    let mut told: Vec<String> = thread::scope(|scope| {
        let sent: Vec<_> = (0..8).map(|_| scope.spawn(|| device.send(&cloud, &batch))).collect();
        sent.into_iter().map(|t| t.join().expect("it answers")["status"].to_string()).collect()
    });
    told.sort();
    assert_eq!(told.iter().filter(|status| *status == "\"ok\"").count(), 1, "{told:?}");
    assert_eq!(told.iter().filter(|status| *status == "\"duplicate\"").count(), 7, "{told:?}");
    assert_eq!(cloud.ask("count(*) from coord.cloud_log"), "5");
    assert_eq!(cloud.ask("head = 5 from coord.workspaces"), "true");
}

#[test]
fn what_does_not_continue_the_history_is_told_where_it_stands() {
    let cloud = Cloud::start();
    let mut device = cloud.device("team");
    device.push(&cloud, &[project("a", 1), project("b", 1)]);

    let mut ahead = device.clone();
    ahead.last = 7;
    let told = device.send(&cloud, &ahead.batch(&[project("c", 1)]));
    assert_eq!(
        (&told["status"], &told["expected"], &told["hash"]),
        (&json!("gap"), &json!(3), &json!(device.hash))
    );

    let mut other = device.clone();
    other.hash = "f".repeat(64);
    assert_eq!(device.send(&cloud, &other.batch(&[project("c", 1)]))["status"], "forked");

    // Everything was collapsed away or is not mirrored: the place moves on all the same.
    let mut empty = device.batch(&[project("a", 1)]);
    empty["changes"] = json!([]);
    assert_eq!(device.send(&cloud, &empty)["acked"], 3);
    assert_eq!(cloud.ask("count(*) from coord.cloud_log"), "2");
}

#[test]
fn a_bad_row_is_set_aside_and_the_rest_is_carried_out() {
    let cloud = Cloud::start();
    let mut device = cloud.device("team");
    let mut other_key = project("c", 1);
    other_key["k"] = json!(["d"]).to_string().into();
    let mut changed = put(
        "work_dependencies",
        json!([id(1), id(2)]),
        json!({"task_id": id(1), "depends_on": id(2)}),
    );
    changed["o"] = "u".into();
    let mut deleted = memory(&id(9), "gone", 5);
    deleted["o"] = "d".into();

    let answer = device.push(
        &cloud,
        &[
            project("a", 1),
            project("b", -1),
            put(
                "projects",
                json!(["x"]),
                json!({"project": "x", "last_fence": "many", "created_at": 1}),
            ),
            put(
                "projects",
                json!(["y"]),
                json!({"project": "y", "last_fence": 1.5, "created_at": 1}),
            ),
            other_key,
            put("secrets", json!(["z"]), json!({"z": 1})),
            changed,
            deleted,
            project("e", 1),
        ],
    );

    let told: Vec<_> =
        codes(&answer).into_iter().map(|(place, code)| format!("{place} {code}")).collect();
    assert_eq!(
        told,
        [
            "2 invalid",
            "3 invalid",
            "4 invalid",
            "5 invalid",
            "6 unknown_table",
            "7 invalid",
            "8 invalid"
        ]
    );
    assert_eq!(cloud.ask("string_agg(project, ' ' order by project) from coord.projects"), "a e");
    assert_eq!(cloud.ask("count(*) from coord.dead_letters where change is not null"), "7");
    assert_eq!(cloud.ask("head from coord.workspaces"), "2", "what was set aside has no position");
}

#[test]
fn the_last_image_of_its_device_stays_and_an_update_makes_no_row() {
    let cloud = Cloud::start();
    let (mut one, mut two) = (cloud.device("team"), cloud.device("team"));
    let mut late = project("never", 1);
    late["o"] = "u".into();
    let mut newer = project("a", 9);
    newer["o"] = "u".into();
    let delete = |name: &str| json!({"t": "projects", "k": json!([name]).to_string(), "o": "d"});

    one.push(&cloud, &[project("a", 1), project("b", 1)]);
    two.push(&cloud, &[project("a", 5)]);
    let answer = one.push(&cloud, &[newer, late, delete("b"), delete("none")]);

    assert_eq!(codes(&answer), [(4, "gone".into())]);
    let rows = "string_agg(project || last_fence, ' ' order by last_fence) from coord.projects";
    assert_eq!(cloud.ask(rows), "a5 a9", "each device has its own");
    // The other hears of the update and of the deletion that found something.
    let heard: Vec<_> =
        two.pull_all(&cloud, 500).iter().map(|c| format!("{}{}", c["o"], c["k"])).collect();
    assert_eq!(
        heard,
        [
            "\"i\"\"[\\\"a\\\"]\"",
            "\"i\"\"[\\\"b\\\"]\"",
            "\"i\"\"[\\\"a\\\"]\"",
            "\"d\"\"[\\\"b\\\"]\""
        ]
    );
}

#[test]
fn the_newest_image_of_a_shared_row_stays_whoever_sent_it() {
    let cloud = Cloud::start();
    let (mut one, mut two) = (cloud.device("team"), cloud.device("team"));

    one.push(&cloud, &[memory(&id(1), "first", 10)]);
    two.push(&cloud, &[memory(&id(1), "second", 20)]);
    let answer = one.push(&cloud, &[memory(&id(1), "late", 15), memory(&id(2), "own", 15)]);
    let same = one.push(&cloud, &[memory(&id(2), "own", 15)]);

    assert_eq!(codes(&answer), [(2, "lost".into())]);
    assert_eq!(answer["rejects"][0]["v"]["summary"], "second");
    assert_eq!(codes(&same), [], "the same once more is no loss");
    assert_eq!(cloud.ask("summary from coord.episodic_memories where hlc = 20"), "second");
    // Who lost hears what won, though it is told of nothing else of its own.
    let heard = one.pull_all(&cloud, 500);
    assert_eq!(heard.last().expect("something")["v"]["summary"], "second");
    // A row that an administrator removed stays removed.
    cloud
        .sql()
        .batch_execute(
            "select coord.bury((select workspace_id from coord.workspaces), 'episodic_memories',
        '[\"00000000-0000-7000-8000-000000000002\"]')",
        )
        .expect("ours");
    assert_eq!(codes(&two.push(&cloud, &[memory(&id(2), "back", 99)])), [(2, "gone".into())]);
    let last = two.pull_all(&cloud, 500).pop().expect("something");
    assert_eq!((&last["o"], &last["k"]), (&json!("d"), &json!(json!([id(2)]).to_string())));
}

#[test]
fn a_policy_changes_only_as_it_was_seen() {
    let cloud = Cloud::start();
    let (mut one, mut two) = (cloud.device("team"), cloud.device("team"));
    let removed = |base: i64| json!({"t": "agent_profiles", "k": "[\"dev\"]", "o": "d", "b": base});

    assert_eq!(codes(&one.push(&cloud, &[profile("dev", 2, 0)])), []);
    let lost = two.push(&cloud, &[profile("dev", 4, 0)]);
    assert_eq!(codes(&lost), [(1, "conflict".into())]);
    assert_eq!(
        (&lost["rejects"][0]["r"], &lost["rejects"][0]["v"]["trust_level"]),
        (&json!(1), &json!(2))
    );
    assert_eq!(codes(&two.push(&cloud, &[profile("dev", 3, 1)])), []);
    assert_eq!(codes(&one.push(&cloud, &[removed(1)])), [(2, "conflict".into())]);
    assert_eq!(codes(&one.push(&cloud, &[removed(2)])), []);
    // What was removed is still counted on, so that nobody brings it back unknowingly.
    assert_eq!(codes(&two.push(&cloud, &[profile("dev", 4, 2)])), [(3, "conflict".into())]);
    assert_eq!(codes(&two.push(&cloud, &[profile("dev", 4, 3)])), []);
    assert_eq!(cloud.ask("rev || ' ' || trust_level from coord.agent_profiles"), "4 4");
    // A database that was restored from a copy has an older row than the device saw.
    cloud.sql().batch_execute("update coord.agent_profiles set rev = 1").expect("ours");
    assert_eq!(codes(&one.push(&cloud, &[profile("dev", 1, 4)])), []);
    assert_eq!(cloud.ask("rev from coord.agent_profiles"), "5");
}

#[test]
fn an_older_device_blanks_no_column_that_it_does_not_know() {
    let cloud = Cloud::start();
    let mut device = cloud.device("team");
    device.push(&cloud, &[profile("dev", 2, 0), memory(&id(1), "whole", 5)]);
    cloud
        .sql()
        .batch_execute(
            "alter table coord.agent_profiles add color text; update coord.agent_profiles set color = 'red';
             alter table coord.episodic_memories add color text; update coord.episodic_memories set color = 'blue';
             update coord.installation set schema_version = schema_version + 1",
        )
        .expect("ours");

    device.push(&cloud, &[profile("dev", 3, 1), memory(&id(1), "newer", 6)]);

    assert_eq!(cloud.ask("color || trust_level from coord.agent_profiles"), "red3");
    assert_eq!(cloud.ask("color || summary from coord.episodic_memories"), "bluenewer");
    assert_eq!(device.batch(&[])["schema"], *SCHEMA);
}

#[test]
fn a_clock_that_runs_ahead_is_set_back() {
    let cloud = Cloud::start();
    let mut device = cloud.device("team");
    let hour = (i64::MAX >> 17) << 16;

    device.push(&cloud, &[memory(&id(1), "from tomorrow", hour)]);

    let ahead = cloud.ask("(hlc >> 16) - coord.now_ms() from coord.episodic_memories");
    let ahead: i64 = ahead.parse().expect("milliseconds");
    assert!((290_000..=300_000).contains(&ahead), "{ahead} ms");
}

#[test]
fn too_much_at_once_is_refused_whole() {
    let cloud = Cloud::start();
    let device = cloud.device("team");
    let many: Vec<Value> = (0..5001).map(|n| project(&n.to_string(), 1)).collect();

    let reply = cloud.call("coord_push", Some(&device.token), &device.batch(&many));
    assert_eq!((reply.status, &reply.json()["code"]), (413, &json!("PT413")));
    let at_the_limit = device.send(&cloud, &device.batch(&many[..5000]));
    assert_eq!(at_the_limit["acked"], 5000);
    // One row may be large.
    let mut other = cloud.device("team");
    other.push(&cloud, &[memory(&id(1), &"ä\u{1}𝄞".repeat(400_000), 5)]);
    assert_eq!(cloud.ask("octet_length(summary) from coord.episodic_memories"), "2800000");
}
