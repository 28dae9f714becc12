//! The worker's thread in a real daemon: when it is there, and what it survives.

use std::fs;

use serde_json::{Value, json};

use super::Bench;
use crate::cloud::gateway::Fault;
use crate::e2e::rpc::Rpc;
use crate::e2e::site::{Site, is_running, signal, until};

/// How many threads of the daemon are the worker's.
fn workers(site: &Site) -> usize {
    let Some(pid) = site.daemon_pid() else { return 0 };
    let threads = fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten();
    let names = threads.filter_map(|thread| fs::read_to_string(thread.path().join("comm")).ok());
    names.filter(|name| name.trim() == "sync").count()
}

fn memories(bench: &Bench) -> String {
    bench.cloud.ask("count(*) from coord.episodic_memories")
}

#[test]
fn logging_in_and_out_starts_and_ends_it_in_the_same_daemon() {
    let bench = Bench::new();
    bench.remember("first");
    let pid = bench.site.daemon_pid();
    assert_eq!(workers(&bench.site), 0);
    for round in 1..=2 {
        assert_eq!(bench.login(&["--code", &bench.invitation()]).0, 0);
        until(&format!("it works, {round}"), || workers(&bench.site) == 1);
        assert_eq!(bench.person(&[], &["sync", "logout", "--yes"]).0, 0);
        until("the worker ends", || workers(&bench.site) == 0);
    }
    assert_eq!(bench.site.daemon_pid(), pid, "without a restart");
}

#[test]
fn what_was_done_before_a_kill_arrives_after_it() {
    let bench = Bench::enrolled();
    bench.gateway.always(Fault::DropRequest);
    bench.remember("before the kill");
    let pid = bench.site.daemon_pid().expect("it runs");
    signal(pid, "KILL");
    until("it is gone", || !is_running(pid));
    bench.gateway.always(Fault::None);
    bench.remember("after the kill");
    assert_ne!(bench.site.daemon_pid(), Some(pid));
    assert_eq!(bench.site.run(&["sync", "now"]).status.code(), Some(0));
    assert_eq!(memories(&bench), "2");
    assert_eq!(bench.cloud.ask("count(*) from coord.devices"), "1");
}

#[test]
fn a_stop_ends_it_before_the_store_closes() {
    let bench = Bench::enrolled();
    // It is in the middle of something.
    bench.gateway.always(Fault::Delay(std::time::Duration::from_secs(30)));
    bench.remember("under way");
    std::thread::sleep(std::time::Duration::from_millis(500));
    assert_eq!(bench.site.run(&["daemon", "stop"]).status.code(), Some(0));
    let log = bench.site.log();
    assert!(!log.contains("did not end in time") && !log.contains("ERROR"), "{log}");
    bench.gateway.always(Fault::None);
    assert_eq!(bench.site.run(&["sync", "now"]).status.code(), Some(0));
    assert_eq!(memories(&bench), "1");
}

#[test]
fn one_that_ends_by_itself_is_shown_and_started_again() {
    let bench = Bench::enrolled();
    bench.site.run(&["daemon", "stop"]);
    let file = bench.site.home().join("sync.json");
    let good = fs::read_to_string(&file).expect("a login");
    let mut bad: Value = serde_json::from_str(&good).expect("JSON");
    bad["url"] = json!("nonsense");
    fs::write(&file, bad.to_string()).expect("ours");
    bench.remember("meanwhile");
    let status = bench.until("it is shown", |status| status["stall"].is_object());
    assert_eq!(status["stall"]["code"], "worker_ended", "{status}");
    assert!(status["stall"]["next_try"].is_string(), "{status}");
    let (_, told) = bench.site.json(&["doctor"]);
    let mut checks = told["checks"].as_array().expect("checks").iter();
    let worker = checks.find(|check| check["name"] == "sync worker").expect("a check");
    assert_eq!(worker["verdict"], "warn", "{worker}");
    assert!(worker["message"].as_str().is_some_and(|text| text.contains("next try")), "{worker}");
    fs::write(&file, good).expect("ours");
    bench.until("it is started again by itself", |status| status["running"] == true);
    assert_eq!(bench.site.run(&["sync", "now"]).status.code(), Some(0));
    assert_eq!(memories(&bench), "1");
}

#[test]
fn a_login_that_is_gone_or_damaged_is_told_and_a_new_one_helps() {
    let bench = Bench::enrolled();
    let file = bench.site.home().join("sync.json");
    for (text, code) in [(Some("{"), "login_damaged"), (None, "no_login")] {
        bench.site.run(&["daemon", "stop"]);
        match text {
            Some(text) => fs::write(&file, text).expect("ours"),
            None => fs::remove_file(&file).expect("it is there"),
        }
        let status = bench.until(code, |status| status["stall"].is_object());
        assert_eq!(status["stall"]["code"], code, "{status}");
        assert!(!bench.site.run(&["doctor"]).stdout.is_empty());
    }
    assert_eq!(bench.login(&["--code", &bench.invitation()]).0, 0);
    // What it writes, a thread of its own writes, with its name.
    until("one works", || workers(&bench.site) == 1);
}

#[test]
fn a_mode_of_the_user_keeps_everything_here() {
    let bench = Bench::enrolled();
    fs::write(bench.site.home().join("config.toml"), "mode = \"local\"\n").expect("ours");
    // A project's file does not widen it.
    fs::write(bench.site.repo().join(".coordinator.toml"), "mode = \"mirror\"\n").expect("ours");
    bench.daemon_with(&[]);
    bench.remember("stays");
    let status = bench.until("it is told", |status| status["stall"].is_object());
    assert_eq!((&status["stall"]["code"], &status["mode"]), (&json!("local"), &json!("local")));
    assert_eq!((workers(&bench.site), memories(&bench).as_str()), (0, "0"));
    fs::remove_file(bench.site.home().join("config.toml")).expect("ours");
    bench.daemon_with(&[]);
    assert_eq!(bench.site.run(&["sync", "now"]).status.code(), Some(0));
    assert_eq!(memories(&bench), "1");
}

/// How many triggers write the change log, and how many changes it has.
fn logging(bench: &Bench) -> (i64, i64) {
    let file = rusqlite::Connection::open(bench.site.home().join("coord.db")).expect("it opens");
    let count = |what: &str| {
        file.query_row(&format!("select count(*) from {what}"), [], |row| row.get(0)).expect(what)
    };
    (count("sqlite_schema where name glob 'capture_*'"), count("change_log"))
}

#[test]
fn where_nothing_ever_leaves_nothing_is_logged_and_later_all_is_sent() {
    let bench = Bench::new();
    bench.remember("before the login");
    fs::write(bench.site.home().join("config.toml"), "mode = \"local\"\n").expect("ours");
    bench.daemon_with(&[]);
    let (exit, said) = bench.login(&["--code", &bench.invitation()]);
    assert!(exit == 0 && said.contains("nothing leaves this machine"), "{said}");
    until("the log ends", || logging(&bench) == (0, 0));
    bench.remember("while nothing leaves");
    assert_eq!(logging(&bench), (0, 0));
    let said = String::from_utf8(bench.site.run(&["sync", "status"]).stdout).expect("text");
    assert!(said.starts_with("Sync is off.\n") && said.contains("mode = \"mirror\""), "{said}");
    assert_eq!(bench.cloud.ask("count(*) from coord.audit_log"), "0");

    fs::remove_file(bench.site.home().join("config.toml")).expect("ours");
    bench.daemon_with(&[]);
    bench.remember("when it may");
    assert_eq!(bench.site.run(&["sync", "now"]).status.code(), Some(0), "{}", bench.site.log());
    assert_eq!(memories(&bench), "3");
    assert_eq!(bench.cloud.ask("max(broken_at) from coord.devices"), "null");
    assert_eq!(bench.cloud.ask("max(seq) = count(*) from coord.audit_log"), "true");

    // What the mirror has heard of is logged on, so that it can be told what became of it.
    fs::write(bench.site.home().join("config.toml"), "mode = \"local\"\n").expect("ours");
    bench.daemon_with(&[]);
    bench.until("it is told", |status| status["stall"]["code"] == "local");
    let before = logging(&bench);
    bench.remember("kept for later");
    assert!(before.0 > 0 && logging(&bench).1 > before.1, "{before:?}");
}

#[test]
fn a_project_s_own_file_keeps_it_here_from_the_first_call_on() {
    let bench = Bench::enrolled();
    fs::write(bench.site.repo().join(".coordinator.toml"), "mode = \"local\"\n").expect("ours");
    let mut ann = Rpc::open(&bench.site, "ann");
    ann.call("remember", json!({ "event_type": "discovery", "summary": "kept" }));
    assert_eq!(bench.status()["mode"], "local");
    assert_eq!(bench.site.run(&["sync", "now"]).status.code(), Some(0));
    assert_eq!(memories(&bench), "0");
    // A file that changes under a session that stays is heeded too.
    fs::write(bench.site.repo().join(".coordinator.toml"), "mode = \"mirror\"\n").expect("ours");
    std::thread::sleep(std::time::Duration::from_millis(1_100));
    ann.call("remember", json!({ "event_type": "discovery", "summary": "may leave" }));
    until("both arrive", || memories(&bench) == "2");
}

#[test]
fn a_seal_waits_for_the_mirror() {
    let bench = Bench::enrolled();
    bench.gateway.always(Fault::DropRequest);
    bench.remember("not there yet");
    let arguments = ["audit", "seal", "--older-than-days", "0"];
    let (exit, told) = bench.site.json(&arguments);
    assert_eq!((exit, &told["code"]), (1, &json!("mirror_behind")), "{told}");
    bench.gateway.always(Fault::None);
    let (exit, told) = bench.site.json(&arguments);
    assert_eq!(exit, 0, "{told}");
    let removed = told["sealed"][0]["removed"].as_i64().expect("rows");
    let there: i64 = bench.cloud.ask("count(*) from coord.audit_log").parse().expect("a number");
    assert!(removed > 0 && there >= removed, "{there} of {removed}");
    assert_eq!(bench.cloud.ask("max(broken_at) from coord.devices"), "null");
}
