//! The audit chain of each device is proven again by the server, from the very bytes that were hashed.

use coord::audit::chain::{GENESIS, digest};
use serde_json::{Value, json};

use super::{Cloud, profile, project, put};

/// Rows of an audit log from `first` on, chained as the device does it.
fn rows(first: i64, count: i64, mut hash: String) -> (Vec<Value>, String) {
    let odd = [
        "",
        "plain",
        "\"\\/\u{8}\u{c}\n\r\t\u{1}\u{1f}\u{7f}",
        "ä漢𝄞\u{fffe}\u{2028}",
        "{\"b\": 1, \"a\": 1}",
    ];
    let mut made = vec![];
    for seq in first..first + count {
        let pick = |n: i64| odd[usize::try_from(seq + n).expect("small") % odd.len()];
        let project = (seq % 3 > 0).then(|| format!("p{}", pick(1)));
        let code = (seq % 4 == 0).then_some("refused");
        let request = (seq % 2 == 0).then(|| format!("r{seq}"));
        let columns = json!([
            seq,
            1_700_000_000_000 + seq,
            project,
            "ann",
            "test",
            format!("s{}", pick(2)),
            "remember",
            pick(3),
            code.is_none(),
            code,
            pick(4),
            request
        ]);
        hash = digest(format!("{hash}{columns}"));
        made.push(put("audit_log", json!([seq]), json!({
            "seq": seq, "at": columns[1], "project": project, "agent_id": "ann", "agent_type": "test",
            "session_id": columns[5], "operation": "remember", "arguments": columns[7], "success": columns[8],
            "code": code, "result": columns[10], "request_key": request, "hash": hash,
        })));
    }
    (made, hash)
}

fn seal(from: i64, to: i64, hash: &str) -> Value {
    put(
        "audit_seals",
        json!([to]),
        json!({
            "seq_from": from, "seq_to": to, "hash": hash, "row_count": to - from + 1, "file": "segment", "sealed_at": 1,
        }),
    )
}

#[test]
fn a_chain_of_every_odd_text_is_proven() {
    let cloud = Cloud::start();
    let mut device = cloud.device("team");
    let (first, hash) = rows(1, 300, GENESIS.into());
    let (second, last) = rows(301, 60, hash.clone());

    let told = device.push(&cloud, &first);
    assert_eq!((&told["quarantined"], &told["rejects"]), (&Value::Null, &json!([])));
    // Rows, the seal over them and rows after it, in one batch.
    let mut mixed = second[..30].to_vec();
    mixed.push(seal(1, 300, &hash));
    mixed.extend_from_slice(&second[30..]);
    let told = device.push(&cloud, &mixed);
    assert_eq!((&told["quarantined"], &told["rejects"]), (&Value::Null, &json!([])));
    assert_eq!(cloud.ask("audit_seq || audit_hash from coord.devices"), format!("360{last}"));
    // Sent again, after an export for example: nothing is doubted and nothing doubled.
    let told = device.push(&cloud, &second);
    assert_eq!((&told["quarantined"], &told["rejects"]), (&Value::Null, &json!([])));
    assert_eq!(cloud.ask("count(*) from coord.audit_log"), "360");
    assert_eq!(cloud.ask("count(*) from coord.cloud_log"), "0", "nobody pulls another's audit log");
}

#[test]
fn a_mirror_that_began_late_starts_at_the_last_seal() {
    let cloud = Cloud::start();
    let mut device = cloud.device("team");
    let (_, sealed) = rows(1, 10, GENESIS.into());
    let (live, _) = rows(11, 5, sealed.clone());

    let mut export = vec![seal(1, 10, &sealed)];
    export.extend(live);
    let told = device.push(&cloud, &export);

    assert_eq!((&told["quarantined"], &told["rejects"]), (&Value::Null, &json!([])));
    assert_eq!(cloud.ask("audit_seq from coord.devices"), "15");
}

#[test]
fn a_chain_that_does_not_hold_shuts_the_device_in() {
    type Bend = fn(&mut Vec<Value>);
    let altered: Bend = |rows| rows[4]["v"]["result"] = "nothing happened".into();
    let missing: Bend = |rows| drop(rows.remove(4));
    let rewritten: Bend = |rows| {
        let mut again = rows[1].clone();
        again["v"]["hash"] = "0".repeat(64).into();
        rows.push(again);
    };
    let cloud = Cloud::start();
    for (bend, seq, why) in [
        (altered, 5, "it or the row before it was altered"),
        (missing, 6, "a row before it is missing"),
        (rewritten, 2, "it is not the row that was sent before"),
    ] {
        let mut device = cloud.device("team");
        let (mut chain, _) = rows(1, 9, GENESIS.into());
        if seq == 2 {
            device.push(&cloud, &chain);
        }
        bend(&mut chain);
        let told = device.push(&cloud, &chain);
        assert_eq!(told["quarantined"], json!({"seq": seq, "why": why}), "{told}");
        // Its rows are kept as evidence; what it says of others' rules counts for nothing, its own rows still do.
        let told = device.push(&cloud, &[profile(&device.id, 4, 0), project("a", 1)]);
        assert_eq!(told["rejects"][0]["code"], "quarantined");
        assert_eq!(told["rejects"].as_array().map(Vec::len), Some(1));
        let refused = cloud.call("coord_lock_renew", Some(&device.token), &json!({"sessions": []}));
        assert_eq!(refused.status, 403);
        cloud
            .sql()
            .batch_execute(&format!("select coord.lift('{}')", device.id))
            .expect("a person decided");
        assert_eq!(device.push(&cloud, &[profile(&device.id, 4, 0)])["rejects"], json!([]));
    }
}

#[test]
fn an_encrypted_row_is_counted_and_not_hashed() {
    let cloud = Cloud::start();
    let mut device = cloud.device("team");
    let (mut chain, _) = rows(1, 6, GENESIS.into());
    for row in &mut chain[2..4] {
        row["v"]["arguments"] = "age:c2VjcmV0".into();
        row["v"]["result"] = "age:c2VjcmV0".into();
        row["e"] = 1.into();
    }

    assert_eq!(device.push(&cloud, &chain)["quarantined"], Value::Null);
    let (mut chain, _) = rows(7, 3, GENESIS.into());
    chain.iter_mut().for_each(|row| row["e"] = 1.into());
    chain.remove(1);
    assert_eq!(device.push(&cloud, &chain)["quarantined"]["seq"], 9, "density is still proven");
}
