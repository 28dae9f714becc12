//! Two variables alone: a daemon that is started with them has its machine enrolled.

use serde_json::{Value, json};

use super::Bench;
use crate::cloud::gateway::{Fault, Gateway, PUBLISHABLE, SECRET};
use crate::e2e::site::Site;

fn login(site: &Site) -> String {
    std::fs::read_to_string(site.home().join("sync.json")).unwrap_or_default()
}

fn is_on(status: &Value) -> bool {
    status["state"] == "on" && status["last_success"].is_string()
}

#[test]
fn the_service_key_has_the_machine_enrolled_and_is_not_kept() {
    let bench = Bench::new();
    bench.daemon_with(&bench.with_service_key());
    let status = bench.until("it is mirrored", is_on);
    assert!(status["key"].as_str().is_some_and(|key| key.contains("kept in no file")), "{status}");
    bench.remember("by variables alone");
    assert_eq!(bench.site.run(&["sync", "now"]).status.code(), Some(0));
    assert_eq!(bench.cloud.ask("count(*) from coord.episodic_memories"), "1");
    assert!(!login(&bench.site).is_empty() && !login(&bench.site).contains(SECRET));

    // Without the variables it cannot go on, and says so; with them it does, as the same device.
    bench.daemon_with(&[]);
    let status = bench.until("it lacks the key", |status| status["stall"].is_object());
    assert_eq!(status["stall"]["code"], "key_missing", "{status}");
    bench.daemon_with(&bench.with_service_key());
    bench.until("it goes on", is_on);
    // From the user's own file as well as from the environment.
    let settings = format!("supabase_service_key = \"{SECRET}\"\n");
    std::fs::write(bench.site.home().join("config.toml"), settings).expect("ours");
    bench.daemon_with(&[]);
    bench.until("it goes on", is_on);
    assert_eq!(bench.cloud.ask("count(*) from coord.devices"), "1");
    assert!(!bench.site.log().contains(SECRET));
}

#[test]
fn with_the_publishable_key_too_the_variables_are_needed_once() {
    let bench = Bench::new();
    let [url, service] = bench.with_service_key();
    let variables = [url, service, ("SUPABASE_KEY", PUBLISHABLE)];
    bench.daemon_with(&variables);
    bench.until("it is mirrored", is_on);
    let kept = login(&bench.site);
    assert!(kept.contains(PUBLISHABLE) && !kept.contains(SECRET), "{kept}");
    // The login decides from now on.
    bench.daemon_with(&[]);
    bench.until("it goes on", is_on);

    assert_eq!(bench.person(&[], &["sync", "logout", "--yes"]).0, 0);
    bench.daemon_with(&variables);
    let status = bench.until("it stays out", |status| status["stall"].is_object());
    assert_eq!(status["stall"]["code"], "logged_out", "{status}");
    assert_eq!(status["state"], "off");
    assert_eq!(login(&bench.site), "");
    let code = bench.invitation();
    assert_eq!(bench.login(&["--code", &code]).0, 0, "a person may come back");
    bench.until("it is mirrored", is_on);
}

#[test]
fn the_publishable_key_alone_asks_for_a_code() {
    let bench = Bench::new();
    let variables = [("SUPABASE_URL", bench.gateway.url.as_str()), ("SUPABASE_KEY", PUBLISHABLE)];
    bench.daemon_with(&variables);
    let status = bench.until("it says so", |status| status["stall"].is_object());
    assert_eq!(status["stall"]["code"], "needs_code", "{status}");
    assert!(status["stall"].get("next_try").is_none(), "nothing is tried: {status}");
    let (_, said) = bench.person(&variables, &["doctor"]);
    assert!(said.contains("coord sync enrol") && said.contains("--code"), "{said}");
    assert_eq!(bench.cloud.ask("count(*) from coord.devices"), "0");
    let code = bench.invitation();
    assert_eq!(bench.person(&variables, &["sync", "login", "--code", &code]).0, 0);
    bench.until("it is mirrored", is_on);
}

#[test]
fn without_a_network_it_is_tried_again_and_nobody_waits_for_it() {
    let bench = Bench::new();
    bench.gateway.always(Fault::Delay(std::time::Duration::from_secs(3_600)));
    bench.daemon_with(&bench.with_service_key());
    bench.remember("while the mirror hangs");
    bench.gateway.always(Fault::DropRequest);
    bench.daemon_with(&bench.with_service_key());
    let status = bench.until("it has to wait", |status| status["stall"].is_object());
    assert_eq!(status["state"], "enrolling", "{status}");
    assert_eq!(status["stall"]["code"], "offline");
    assert!(status["stall"]["next_try"].is_string());
    // Answers that are lost leave one device behind, not many.
    bench.gateway.next([
        Fault::DropReply,
        Fault::None,
        Fault::DropReply,
        Fault::None,
        Fault::DropReply,
    ]);
    bench.gateway.always(Fault::None);
    drop(bench.site.run(&["sync", "now", "--timeout", "1"]));
    bench.until("it is mirrored", is_on);
    assert_eq!(bench.cloud.ask("count(*) from coord.devices"), "1");
    assert_eq!(bench.site.run(&["sync", "now"]).status.code(), Some(0));
    assert_eq!(bench.cloud.ask("count(*) from coord.episodic_memories"), "1");
}

#[test]
fn a_daemon_that_was_started_without_them_is_told_of() {
    let bench = Bench::new();
    bench.daemon_with(&[]);
    let (_, said) = bench.person(&bench.with_service_key(), &["sync", "status"]);
    assert!(said.contains("the daemon was started without them"), "{said}");
    assert!(said.contains("coord daemon stop"), "{said}");
    let (_, said) = bench.person(&bench.with_service_key(), &["doctor"]);
    assert!(said.contains("the daemon was started without them"), "{said}");
    assert_eq!(bench.status()["state"], "off");
}

#[test]
fn a_login_for_another_project_is_told_of_and_stays() {
    let bench = Bench::enrolled();
    let other = Gateway::start(bench.cloud.rest());
    let variables = [("SUPABASE_URL", other.url.as_str()), ("SUPABASE_SERVICE_KEY", SECRET)];
    bench.daemon_with(&variables);
    let status = bench.until("it is mirrored", is_on);
    assert_eq!(status["url"], json!(bench.gateway.url));
    assert_eq!(status["notes"].as_array().map(Vec::len), Some(1), "{status}");
    let (_, said) = bench.person(&[], &["sync", "status"]);
    assert!(said.contains(&format!("not to {}", other.url)), "{said}");
    assert_eq!(bench.cloud.ask("count(*) from coord.devices"), "1");
}

/// Threads of the daemon with that name, and how often any of its threads was woken so far.
fn threads(site: &Site) -> (usize, u64) {
    let pid = site.daemon_pid().expect("it runs");
    let (mut named, mut woken) = (0, 0);
    for thread in std::fs::read_dir(format!("/proc/{pid}/task")).expect("it runs").flatten() {
        let read =
            |what: &str| std::fs::read_to_string(thread.path().join(what)).unwrap_or_default();
        named += usize::from(read("comm").trim() == "sync");
        let status = read("status");
        let count = status.lines().find_map(|line| line.strip_prefix("voluntary_ctxt_switches:"));
        woken += count.and_then(|text| text.trim().parse::<u64>().ok()).unwrap_or(0);
    }
    (named, woken)
}

#[test]
fn without_them_and_without_a_login_nothing_runs() {
    let site = Site::new();
    assert_eq!(site.run(&["locks"]).status.code(), Some(0));
    // What the first call left to do is done.
    std::thread::sleep(std::time::Duration::from_secs(2));
    let (named, before) = threads(&site);
    std::thread::sleep(std::time::Duration::from_secs(2));
    let (_, after) = threads(&site);
    assert_eq!((named, after - before), (0, 0), "no thread, and nobody woke");
    let file = rusqlite::Connection::open(site.home().join("coord.db")).expect("it opens");
    let count = |sql: &str| file.query_row(sql, [], |row| row.get::<_, i64>(0)).expect("a number");
    assert_eq!(count("select count(*) from sqlite_schema where name glob 'capture_*'"), 0);
    assert_eq!(count("select count(*) from change_log"), 0);
}
