//! `coord doctor` and `coord sync status` give the same reason for whatever keeps the mirror from going on.

use serde_json::{Value, json};

use super::Bench;
use crate::cloud::gateway::Fault;

/// The check of that name.
fn check(bench: &Bench, name: &str) -> Value {
    let (_, told) = bench.site.json(&["doctor"]);
    let checks = told["checks"].as_array().expect("checks").clone();
    let found = checks.iter().find(|check| check["name"] == name).cloned();
    found.unwrap_or_else(|| panic!("{name}: {checks:#?}"))
}

/// What doctor and the status say of the mirror's trouble is the same, and names the way out.
fn both_say(bench: &Bench, code: &str, advice: &str) {
    let before = std::fs::read(bench.site.home().join("sync.json")).expect("a login");
    let seen = check(bench, "sync");
    assert_eq!(seen["verdict"], "warn", "{code}: {seen}");
    assert!(seen["advice"].as_str().is_some_and(|told| told.contains(advice)), "{code}: {seen}");
    drop(bench.site.run(&["sync", "now", "--timeout", "5"]));
    let status = bench.until(code, |status| status["stall"]["code"] == code);
    assert_eq!(status["stall"]["advice"], seen["advice"], "{code}");
    let worker = check(bench, "sync worker");
    assert_eq!(worker["advice"], seen["advice"], "{code}");
    assert!(worker["message"].as_str().is_some_and(|text| text.contains("next try")), "{worker}");
    let after = std::fs::read(bench.site.home().join("sync.json")).expect("a login");
    assert_eq!(before, after, "doctor changes nothing");
}

#[test]
fn a_page_in_place_of_the_mirror_is_told_by_its_kind() {
    let bench = Bench::enrolled();
    assert_eq!(check(&bench, "sync")["verdict"], "ok");
    assert_eq!(check(&bench, "sync worker")["verdict"], "ok");
    let faults = [
        (Fault::Page(540), "paused", "dashboard"),
        (Fault::Html, "not_supabase", "log in to this network"),
        (Fault::Redirect, "not_supabase", "log in to this network"),
        (Fault::Status(503), "busy", "by itself"),
        (Fault::DropRequest, "offline", "online"),
    ];
    for (fault, code, advice) in faults {
        bench.gateway.always(fault);
        both_say(&bench, code, advice);
    }
    bench.gateway.always(Fault::None);
    let healed = bench.site.run(&["sync", "now"]);
    assert_eq!(healed.status.code(), Some(0), "{healed:?}");
    assert_eq!(check(&bench, "sync worker")["verdict"], "ok");
}

#[test]
fn a_machine_without_a_network_is_told_so() {
    let mut bench = Bench::enrolled();
    bench.gateway = crate::cloud::gateway::Gateway::start(bench.cloud.rest());
    both_say(&bench, "offline", "online");
}

#[test]
fn a_key_that_was_changed_is_told_so() {
    let bench = Bench::enrolled();
    bench.gateway.rotate_keys();
    both_say(&bench, "wrong_key", "`coord sync login` takes a new one");
}

#[test]
fn a_device_that_was_shut_out_or_forgotten_is_told_so() {
    let bench = Bench::enrolled();
    let mut sql = bench.cloud.sql();
    sql.batch_execute("update coord.devices set revoked_at = now()").expect("ours");
    both_say(&bench, "shut_out", "ask whoever runs the workspace");
    sql.batch_execute("update coord.devices set revoked_at = null, token_hash = repeat('0', 64)")
        .expect("ours");
    both_say(&bench, "not_enrolled", "enrols it anew");
}

#[test]
fn a_mirror_and_a_program_of_different_age_are_told_apart() {
    let bench = Bench::enrolled();
    let mut sql = bench.cloud.sql();
    let known: i64 =
        bench.cloud.ask("schema_version from coord.installation").parse().expect("a number");
    let set = |column: &str, to: i64| format!("update coord.installation set {column} = {to}");
    sql.batch_execute(&set("schema_version", known - 1)).expect("ours");
    both_say(&bench, "upgrade_server", "coord sync migrate");
    sql.batch_execute(&set("schema_version", known + 5)).expect("ours");
    sql.batch_execute(&set("min_schema", known + 5)).expect("ours");
    both_say(&bench, "upgrade_client", "update it");
    sql.batch_execute("drop function public.coord_pull(jsonb), public.coord_push(jsonb)")
        .expect("ours");
    both_say(&bench, "missing_migration", "coord sync migrate");
}

#[test]
fn clocks_that_differ_are_told() {
    let bench = Bench::enrolled();
    bench
        .cloud
        .sql()
        .batch_execute(
            "create or replace function coord.now_ms() returns bigint language sql volatile
             as $$ select (extract(epoch from clock_timestamp()) * 1000)::bigint + 3600000 $$",
        )
        .expect("ours");
    let seen = check(&bench, "sync clock");
    let ahead = |text: &str| text.contains("3600 s ahead") || text.contains("3599 s ahead");
    assert!(seen["message"].as_str().is_some_and(ahead), "{seen}");
    drop(bench.site.run(&["sync", "now"]));
    let status = bench.status();
    assert!(status["clock_ahead_seconds"].as_i64() > Some(3_500), "{status}");
}

#[test]
fn what_waits_for_a_person_is_counted() {
    let bench = Bench::enrolled();
    let allow = |reason: &str| {
        bench.person(&[], &["net", "allow", "x.example", "--why", reason]);
    };
    allow("ours");
    assert_eq!(bench.site.run(&["sync", "now"]).status.code(), Some(0));
    // Somebody else was quicker.
    bench
        .cloud
        .sql()
        .batch_execute("update coord.network_domains set rev = rev + 1")
        .expect("ours");
    allow("ours again");
    drop(bench.site.run(&["sync", "now"]));
    bench.until("it is set aside", |status| status["set_aside"] == 1);
    let seen = check(&bench, "sync conflicts");
    assert!(seen["advice"].as_str().is_some_and(|told| told.contains("coord sync conflicts")));
    let shown = String::from_utf8(bench.site.run(&["sync", "conflicts"]).stdout).expect("text");
    assert!(shown.contains("network_domains") && shown.contains("theirs"), "{shown}");
}

#[test]
fn a_broken_chain_and_missing_triggers_are_told() {
    let bench = Bench::enrolled();
    bench
        .cloud
        .sql()
        .batch_execute("update coord.devices set broken_at = 3, broken_why = 'as ordered'")
        .expect("ours");
    bench.remember("kept here");
    drop(bench.site.run(&["sync", "now"]));
    let status = bench.until("it is told", |status| status["quarantined"].is_string());
    let device = status["device"].as_str().expect("a name");
    let seen = check(&bench, "sync chain");
    assert!(seen["advice"].as_str().is_some_and(|told| told.contains(device)), "{seen}");

    let file = rusqlite::Connection::open(bench.site.home().join("coord.db")).expect("it opens");
    file.execute_batch("drop trigger capture_file_locks_added").expect("it is there");
    assert_eq!(bench.status()["missing_triggers"], json!(["capture_file_locks_added"]));
    assert_eq!(check(&bench, "sync triggers")["verdict"], "warn");
    assert_eq!(bench.site.run(&["daemon", "stop"]).status.code(), Some(0));
    bench.until("it is set anew", |status| status.get("missing_triggers").is_none());
}
