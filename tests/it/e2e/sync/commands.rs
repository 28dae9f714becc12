//! Each command as a person uses it.

use super::Bench;
use crate::cloud::gateway::{Fault, PUBLISHABLE};

#[test]
fn a_machine_is_enrolled_by_a_code_and_forgets_it_again() {
    let bench = Bench::new();
    bench.remember("before");
    let (exit, said) = bench.login(&["--code", &bench.invitation()]);
    assert_eq!(exit, 0, "{said}");
    assert!(said.contains("This machine is mirrored to the workspace team."), "{said}");
    assert_eq!(bench.cloud.ask("count(*) from coord.episodic_memories"), "1");
    assert_eq!(bench.cloud.ask("count(*) from coord.devices"), "1");

    let (exit, said) = bench.person(&[], &["sync", "logout", "--yes"]);
    assert_eq!(exit, 0, "{said}");
    assert!(!bench.site.home().join("sync.json").exists());
    let status = bench.until("the worker ends", |status| status["running"] == false);
    assert_eq!(status["state"], "off", "{status}");
    bench.remember("after");
    let (exit, _) = bench.site.json(&["sync", "now", "--timeout", "2"]);
    assert_eq!(exit, 1, "there is nothing to wait for");
    assert_eq!(bench.cloud.ask("count(*) from coord.episodic_memories"), "1");
}

#[test]
fn pause_and_resume_keep_what_was_done_meanwhile() {
    let bench = Bench::enrolled();
    assert_eq!(bench.person(&[], &["sync", "pause"]).0, 0);
    bench.remember("while it paused");
    let status = bench.status();
    assert_eq!(status["state"], "paused");
    assert!(status["lag_rows"].as_i64() > Some(0), "{status}");
    assert_eq!(bench.cloud.ask("count(*) from coord.episodic_memories"), "0");
    assert_eq!(bench.person(&[], &["sync", "resume"]).0, 0);
    assert_eq!(bench.site.run(&["sync", "now"]).status.code(), Some(0));
    assert_eq!(bench.cloud.ask("count(*) from coord.episodic_memories"), "1");
}

#[test]
fn now_tells_whether_the_mirror_has_everything() {
    let bench = Bench::enrolled();
    bench.gateway.always(Fault::Status(503));
    bench.remember("in vain");
    let stalled = bench.until("it stalls", |status| status["stall"].is_object());
    assert_eq!(stalled["stall"]["code"], "busy", "{stalled}");
    assert_eq!(bench.site.run(&["sync", "now", "--timeout", "2"]).status.code(), Some(1));
    bench.gateway.always(Fault::None);
    // What kept it before is not what keeps it now.
    let done = bench.site.run(&["sync", "now"]);
    assert_eq!(done.status.code(), Some(0), "{done:?}");
    assert_eq!(bench.cloud.ask("count(*) from coord.episodic_memories"), "1");
}

#[test]
fn the_key_comes_from_standard_input_or_is_typed_unseen() {
    let bench = Bench::new();
    let url = bench.gateway.url.clone();
    let code = bench.invitation();
    let arguments = ["sync", "login", "--url", &url, "--code", &code];
    let typed = format!("{PUBLISHABLE}\n");
    let (exit, said) = super::person(&bench.site, &[], &arguments, &typed);
    assert_eq!(exit, 0, "{said}");
    assert!(said.contains("Key of the project") && !said.contains(PUBLISHABLE), "{said}");

    let code = bench.invitation();
    let line = format!("echo {PUBLISHABLE} | \"$0\" sync login --url {url} --code {code}");
    let (exit, said) = super::shell(&bench.site, &line);
    assert_eq!(exit, 0, "{said}");
    assert_eq!(bench.cloud.ask("count(*) from coord.devices"), "2");
}

#[test]
fn a_code_is_made_with_the_service_key_alone_and_lets_one_machine_in() {
    let bench = Bench::new();
    let variables = bench.with_service_key();
    let (exit, said) =
        bench.person(&variables, &["sync", "enrol", "--workspace", "team", "--json"]);
    assert_eq!(exit, 0, "{said}");
    let made: serde_json::Value = serde_json::from_str(said.trim()).expect("JSON");
    let code = made["code"].as_str().expect("a code");
    assert_eq!(bench.login(&["--code", code]).0, 0);
    assert_eq!(bench.cloud.ask("name from coord.workspaces"), "team");
}
