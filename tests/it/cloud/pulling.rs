//! What others did reaches a device whole and in order, whatever was going on meanwhile.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use serde_json::{Value, json};

use super::{Cloud, Device, SCHEMA, id, memory, profile, project};

fn ask(cursor: i64) -> Value {
    json!({"proto": 1, "schema": *SCHEMA, "cursor": cursor})
}

#[test]
fn every_size_of_page_gives_every_row_once() {
    let cloud = Cloud::start();
    let (mut writer, reader) = (cloud.device("team"), cloud.device("team"));
    let stranger = cloud.device("others");
    assert_eq!(reader.pull_all(&cloud, 5).len(), 0);

    for rows in [1, 4, 5, 6, 10] {
        let head: usize = cloud.ask("max(head) from coord.workspaces").parse().expect("a number");
        let changes: Vec<_> = (head..rows).map(|n| project(&format!("p{n:02}"), 1)).collect();
        writer.push(&cloud, &changes);
        let seen: Vec<i64> = reader
            .pull_all(&cloud, 5)
            .iter()
            .map(|c| c["p"].as_i64().expect("a position"))
            .collect();
        let all: Vec<i64> = (1..=i64::try_from(rows).expect("few")).collect();
        assert_eq!(seen, all, "{rows} rows in pages of 5");
    }

    assert_eq!(writer.pull_all(&cloud, 5).len(), 0, "nobody is told of his own");
    assert_eq!(stranger.pull_all(&cloud, 5).len(), 0, "workspaces do not mix");
    let mut some = ask(0);
    some["tables"] = json!(["agent_profiles"]);
    let page = reader.call(&cloud, "coord_pull", &some);
    assert_eq!((&page["changes"], &page["cursor"]), (&json!([]), &json!(10)), "passed over");
}

#[test]
fn a_reader_misses_nothing_while_others_write() {
    let cloud = Cloud::start();
    let reader = cloud.device("team");
    let writers: Vec<Device> = (0..4).map(|_| cloud.device("team")).collect();
    let done = AtomicBool::new(false);

    let seen: Vec<i64> = thread::scope(|scope| {
        let reading = scope.spawn(|| {
            let (mut seen, mut at) = (vec![], ask(0));
            loop {
                let last_round = done.load(Ordering::Acquire);
                let page = reader.call(&cloud, "coord_pull", &at);
                assert_eq!(page["status"], "ok", "{page}");
                seen.extend(
                    page["changes"]
                        .as_array()
                        .expect("a list")
                        .iter()
                        .filter_map(|c| c["p"].as_i64()),
                );
                for field in ["cursor", "cursor_dev", "cursor_seq"] {
                    at[field] = page[field].clone();
                }
                if last_round && page["more"] == false {
                    return seen;
                }
            }
        });
        let writing: Vec<_> = writers
            .into_iter()
            .map(|mut writer| {
                let cloud = &cloud;
                scope.spawn(move || {
                    for n in 0..40 {
                        writer.push(
                            cloud,
                            &[project(&format!("p{}", n % 7), n), profile(&writer.id, 2, n)],
                        );
                    }
                })
            })
            .collect();
        writing.into_iter().for_each(|writer| writer.join().expect("it wrote"));
        done.store(true, Ordering::Release);
        reading.join().expect("it read")
    });

    assert_eq!(seen, (1..=320).collect::<Vec<i64>>());
}

#[test]
fn a_device_that_cannot_go_on_is_told_to_start_anew() {
    let cloud = Cloud::start();
    let (mut writer, reader) = (cloud.device("team"), cloud.device("team"));
    writer.push(
        &cloud,
        &[project("a", 1), project("b", 1), memory(&id(1), "kept", 5), profile("dev", 2, 0)],
    );
    let page = reader.call(&cloud, "coord_pull", &ask(0));
    assert_eq!((&page["cursor"], &page["cursor_seq"]), (&json!(4), &json!(4)));

    // The database was restored from a copy: the cursor is beyond its end, or another row is there.
    let told = reader.call(&cloud, "coord_pull", &ask(9));
    assert_eq!((&told["status"], &told["why"]), (&json!("resnapshot"), &json!("restored")));
    let mut other = ask(4);
    other["cursor_dev"] = page["cursor_dev"].clone();
    other["cursor_seq"] = 3.into();
    assert_eq!(reader.call(&cloud, "coord_pull", &other)["why"], "restored");
    other["cursor_seq"] = 4.into();
    assert_eq!(reader.call(&cloud, "coord_pull", &other)["status"], "ok");

    // What is old is taken out of the log, and is still there to be read whole.
    cloud
        .sql()
        .batch_execute("update coord.cloud_log set at = now() - interval '60 days'")
        .expect("ours");
    assert_eq!(cloud.call_as("service_role", "coord_clean", None, &json!({})).status, 200);
    let told = reader.call(&cloud, "coord_pull", &ask(0));
    assert_eq!(
        (&told["status"], &told["why"], &told["floor"]),
        (&json!("resnapshot"), &json!("pruned"), &json!(4))
    );
    let mut rows = vec![];
    for table in ["agent_profiles", "episodic_memories", "projects"] {
        let mut after = Value::Null;
        loop {
            let page = reader.call(
                &cloud,
                "coord_snapshot",
                &json!({"table": table, "after": after, "limit": 1}),
            );
            rows.extend(
                page["rows"].as_array().expect("a list").iter().map(|row| row["k"].clone()),
            );
            after = page["next"].clone();
            assert_eq!(page["head"], 4);
            if after.is_null() {
                break;
            }
        }
    }
    let key = |name: &str| json!(json!([name]).to_string());
    assert_eq!(rows, [key("dev"), key(&id(1)), key("a"), key("b")]);
    assert_eq!(
        writer.call(&cloud, "coord_snapshot", &json!({"table": "projects"}))["rows"],
        json!([])
    );
    let wrong = cloud.call("coord_snapshot", Some(&reader.token), &json!({"table": "audit_log"}));
    assert_eq!(wrong.status, 400, "what is not exchanged is not given: {wrong:?}");
}

#[test]
fn digests_tell_where_two_sides_differ() {
    let cloud = Cloud::start();
    let (mut one, mut two) = (cloud.device("team"), cloud.device("team"));
    one.push(&cloud, &[project("a", 1), project("b", 1), memory(&id(1), "kept", 5)]);
    two.push(&cloud, &[project("a", 7), memory(&id(2), "too", 5)]);
    let digest =
        |device: &Device| device.call(&cloud, "coord_digest", &json!({}))["tables"].clone();

    let (ours, theirs) = (digest(&one), digest(&two));
    assert_eq!(
        ours["episodic_memories"], theirs["episodic_memories"],
        "what all share is the same for all"
    );
    assert_ne!(ours["projects"], theirs["projects"]);

    // A bucket is the first byte of SHA-256 of the key; its hash is the exclusive or of the rows'.
    let x =
        |change: Value| u64::from_str_radix(change["x"].as_str().expect("hex"), 16).expect("hex");
    let mut wanted = serde_json::Map::new();
    for change in [project("a", 1), project("b", 1)] {
        let bucket = &coord::audit::chain::digest(change["k"].as_str().expect("text"))[..2];
        wanted.insert(bucket.into(), json!([1, format!("{:016x}", x(change))]));
    }
    assert_eq!(ours["projects"], Value::Object(wanted));
    two.push(&cloud, &[memory(&id(2), "changed", 6)]);
    assert_ne!(digest(&one)["episodic_memories"], ours["episodic_memories"]);
}
