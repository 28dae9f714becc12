//! How a device gets in, and how it is kept out.

use serde_json::json;

use super::{Cloud, Device, SCHEMA, project};

#[test]
fn a_code_lets_one_device_in_once() {
    let cloud = Cloud::start();
    let code = cloud.ask("coord.invite('team')");
    let (first, second) = (Device::new(), Device::new());

    let let_in = cloud.call("coord_enrol", None, &first.enrolment(&code));
    assert_eq!(let_in.status, 200, "{let_in:?}");
    let answer = let_in.json();
    assert_eq!(answer["status"], "ok");
    assert_eq!((&answer["workspace"], &answer["role"]), (&json!("team"), &json!("writer")));
    assert_eq!(answer["schema"], *SCHEMA);

    // The answer was lost: the same call gets the same answer.
    let again = cloud.call("coord_enrol", None, &first.enrolment(&code)).json();
    assert_eq!(again["workspace_id"], answer["workspace_id"]);
    // Another device is not let in by it, nor is one by another code.
    for code in [code.as_str(), "", "0123456789abcdef"] {
        assert_eq!(
            cloud.call("coord_enrol", None, &second.enrolment(code)).json()["status"],
            "refused"
        );
    }
    let late = cloud.ask("coord.invite('team', 'writer', -1)");
    assert_eq!(
        cloud.call("coord_enrol", None, &second.enrolment(&late)).json()["status"],
        "refused"
    );
    // A device id that is somebody else's is not given away.
    let mut thief = Device::new();
    thief.id = first.id.clone();
    let code = cloud.ask("coord.invite('other')");
    assert_eq!(
        cloud.call("coord_enrol", None, &thief.enrolment(&code)).json()["status"],
        "device_taken"
    );
    // Neither token nor code are kept.
    let kept = cloud.ask("string_agg(d::text, '') from coord.devices d")
        + &cloud.ask("string_agg(c::text, '') from coord.enrolment_codes c");
    assert!(!kept.contains(&first.token) && !kept.contains(&code), "{kept}");
}

#[test]
fn the_service_key_invites_and_no_other() {
    let cloud = Cloud::start();
    let device = Device::new();

    assert_eq!(cloud.call("coord_invite", None, &json!({})).status, 401);
    let invited =
        cloud.call_as("service_role", "coord_invite", None, &json!({"workspace": "mine"}));
    let code = invited.json()["code"].as_str().expect("a code").to_owned();

    let answer = cloud.call("coord_enrol", None, &device.enrolment(&code)).json();
    assert_eq!((&answer["status"], &answer["workspace"]), (&json!("ok"), &json!("mine")));
}

#[test]
fn a_copy_becomes_a_device_of_its_own() {
    let cloud = Cloud::start();
    let mut original = cloud.device("team");
    let mut copy = original.clone();
    original.push(&cloud, &[project("a", 1)]);

    let told = copy.send(&cloud, &copy.batch(&[project("b", 1)]));
    assert_eq!(told["status"], "forked", "another history up to the same place");

    let forked = Device::new();
    let mut asked = forked.enrolment("");
    asked.as_object_mut().expect("an object").remove("code");
    let answer = cloud.call("coord_enrol", Some(&copy.token), &asked);
    assert_eq!(answer.json()["status"], "ok", "{answer:?}");
    copy = forked;
    copy.push(&cloud, &[project("b", 1)]);
    assert_eq!(cloud.ask("count(distinct device_id) from coord.projects"), "2");
    assert_eq!(
        cloud.ask("count(*) from coord.devices where forked_from is not null"),
        "1",
        "it is known where it came from"
    );
}

#[test]
fn a_token_is_asked_for_by_everything() {
    let cloud = Cloud::start();
    let device = cloud.device("team");
    let ask = json!({});

    for function in [
        "coord_push",
        "coord_pull",
        "coord_head",
        "coord_snapshot",
        "coord_digest",
        "coord_lock_acquire",
        "coord_lock_renew",
        "coord_lock_release",
        "coord_task_submit",
        "coord_task_claim",
        "coord_task_renew",
        "coord_task_complete",
        "coord_arbiter_state",
    ] {
        for token in [None, Some(""), Some("0"), Some("ä")] {
            let reply = cloud.call(function, token, &ask);
            assert_eq!((reply.status, &reply.json()["code"]), (401, &json!("PT401")), "{function}");
        }
    }
    // A device that may only read writes nothing; one that was shut out does nothing.
    let sql = &mut cloud.sql();
    sql.batch_execute("update coord.devices set role = 'reader'").expect("ours");
    assert_eq!(cloud.call("coord_push", Some(&device.token), &ask).status, 403);
    assert_eq!(cloud.call("coord_lock_acquire", Some(&device.token), &ask).status, 403);
    assert_eq!(cloud.call("coord_head", Some(&device.token), &ask).status, 200);
    sql.batch_execute("update coord.devices set revoked_at = now()").expect("ours");
    let reply = cloud.call("coord_head", Some(&device.token), &ask);
    assert_eq!((reply.status, &reply.json()["code"]), (403, &json!("PT403")));
}

#[test]
fn who_asks_too_much_is_told_when_to_come_again() {
    let cloud = Cloud::start();
    let device = cloud.device("team");
    device.call(&cloud, "coord_head", &json!({}));
    cloud
        .sql()
        .batch_execute("update coord.rate_limits set tokens = 0, at = now() + interval '1 hour'")
        .expect("ours");

    let reply = cloud.call("coord_head", Some(&device.token), &json!({}));
    assert_eq!((reply.status, &reply.json()["code"]), (429, &json!("PT429")));
    assert_eq!(reply.headers, [("Retry-After".to_owned(), "1".to_owned())]);

    // Guessing codes is counted too, though each guess is answered.
    let guess = cloud.call("coord_enrol", None, &Device::new().enrolment("guess")).json();
    assert_eq!(guess["status"], "refused");
    assert!(
        guess["reason"].as_str().expect("a reason").starts_with("too many attempts"),
        "{guess}"
    );
}

#[test]
fn formats_that_do_not_fit_are_named() {
    let cloud = Cloud::start();
    let device = cloud.device("team");
    let mut batch = device.batch(&[project("a", 1)]);

    batch["schema"] = (*SCHEMA + 1).into();
    let told = device.send(&cloud, &batch);
    assert_eq!((&told["status"], &told["schema"]), (&json!("upgrade_server"), &json!(*SCHEMA)));
    batch["schema"] = (*SCHEMA).into();
    batch["proto"] = 2.into();
    assert_eq!(device.send(&cloud, &batch)["status"], "upgrade_server");

    cloud.sql().batch_execute("update coord.installation set min_proto = 2").expect("ours");
    batch["proto"] = 1.into();
    let told = device.send(&cloud, &batch);
    assert_eq!((&told["status"], &told["min_proto"]), (&json!("upgrade_client"), &json!(2)));

    let broken = cloud.call("coord_push", Some(&device.token), &json!({"proto": "one"}));
    assert_eq!((broken.status, &broken.json()["code"]), (400, &json!("PT400")));
    assert!(broken.body.contains("proto: expected a number, got one"), "{broken:?}");
}
