//! The daemon starts by itself, is one, and comes back; a conversation outlives it.

use std::process::Stdio;
use std::time::Duration;

use serde_json::{Value, json};

use super::rpc::{Rpc, structured};
use super::site::{Site, is_running, signal, until};

fn lock(path: &str) -> Value {
    json!({ "file_path": path })
}

#[test]
fn the_first_client_starts_the_one_daemon_and_it_outlives_the_client() {
    let site = Site::new();
    let mut ann = Rpc::open(&site, "ann");
    let daemon = site.daemon_pid().expect("a daemon runs");
    let mut bob = Rpc::open(&site, "bob");

    assert_eq!(ann.call("acquire_lock", lock("a.rs"))["success"], true);
    assert_eq!(bob.call("acquire_lock", lock("a.rs"))["locked_by"], "ann");
    assert_eq!(site.daemon_pid(), Some(daemon), "there is one daemon");

    ann.hang_up();
    bob.hang_up();
    assert!(is_running(daemon));
}

#[test]
fn a_second_daemon_is_refused_and_says_who_is_first() {
    let site = Site::new();
    let _ann = Rpc::open(&site, "ann");
    let pid = site.daemon_pid().expect("a daemon runs").to_string();
    let second = site.run(&["daemon", "foreground"]);
    assert_eq!(second.status.code(), Some(1));
    let said = String::from_utf8_lossy(&second.stderr).into_owned();
    assert!(said.contains(&pid), "{said}");
}

#[test]
fn a_killed_daemon_is_invisible_to_a_client() {
    let site = Site::new();
    let mut ann = Rpc::open(&site, "ann");
    let fence = ann.call("acquire_lock", lock("a.rs"))["fence"].clone();
    let first = site.daemon_pid().expect("a daemon runs");

    signal(first, "KILL");
    let again = ann.call("acquire_lock", lock("a.rs"));

    assert_eq!(again["action"], "refreshed");
    assert_eq!(again["fence"], fence, "the lock is the same one");
    assert_ne!(site.daemon_pid(), Some(first));
}

#[test]
fn a_call_that_waits_keeps_its_place_over_a_daemons_death() {
    let site = Site::new();
    let (mut ann, mut bob, mut eve) =
        (Rpc::open(&site, "ann"), Rpc::open(&site, "bob"), Rpc::open(&site, "eve"));
    ann.call("acquire_lock", lock("a.rs"));
    let wait = |path: &str| json!({ "name": "acquire_lock", "arguments": { "file_path": path, "wait_seconds": 40 } });
    let bobs = bob.send("tools/call", wait("a.rs"));
    until("bob stands in line", || ann.call("check_locks", json!({}))["locks"][0]["waiting"] == 1);
    let eves = eve.send("tools/call", wait("a.rs"));
    until("eve stands in line", || ann.call("check_locks", json!({}))["locks"][0]["waiting"] == 2);

    signal(site.daemon_pid().expect("a daemon runs"), "KILL");
    until("both stand in line again", || {
        ann.call("check_locks", json!({}))["locks"][0]["waiting"] == 2
    });
    ann.call("release_lock", lock("a.rs"));

    assert_eq!(structured(&bob.answer(bobs))["action"], "acquired");
    assert!(eve.answer_within(eves, Duration::from_millis(300)).is_none(), "bob was first");
    bob.call("release_lock", lock("a.rs"));
    assert_eq!(structured(&eve.answer(eves))["action"], "acquired");
}

#[test]
fn a_stopped_daemon_finishes_and_the_next_one_takes_over() {
    let site = Site::new();
    let mut ann = Rpc::open(&site, "ann");
    ann.call("acquire_lock", lock("a.rs"));
    let first = site.daemon_pid().expect("a daemon runs");

    let stopped = site.run(&["daemon", "stop"]);
    assert!(stopped.status.success(), "{}", String::from_utf8_lossy(&stopped.stderr));
    until("the first one has ended", || !is_running(first));
    assert!(
        !site.home().join("running").exists() || site.daemon_pid().is_some(),
        "it ended cleanly"
    );

    assert_eq!(ann.call("acquire_lock", lock("a.rs"))["action"], "refreshed");
}

#[test]
fn a_killed_client_frees_what_it_held() {
    let site = Site::new();
    let (mut ann, mut bob) = (Rpc::open(&site, "ann"), Rpc::open(&site, "bob"));
    ann.call("acquire_lock", lock("a.rs"));
    bob.call("submit_work", json!({ "task_type": "t", "description": "d" }));
    assert_eq!(ann.call("get_work", json!({}))["attempt"], 1);

    ann.child.0.kill().expect("the shim runs");

    let got = bob.call("acquire_lock", json!({ "file_path": "a.rs", "wait_seconds": 20 }));
    assert_eq!(got["action"], "acquired");
    assert_eq!(bob.call("get_work", json!({ "wait_seconds": 20 }))["attempt"], 2);
}

#[test]
fn a_newer_version_takes_the_daemons_place_and_nobody_notices() {
    use std::io::{BufRead as _, BufReader, Write as _};
    let site = Site::new();
    let mut ann = Rpc::open(&site, "ann");
    ann.call("acquire_lock", lock("a.rs"));
    let pid = site.daemon_pid().expect("a daemon runs");
    let started = coord::os::Process::find(pid).expect("it runs");

    let mut hello = coord::client::hello(coord::wire::Role::Cli, "newer", Vec::new());
    hello.version = "99.0.0".into();
    hello.exe = env!("CARGO_BIN_EXE_coord").into();
    let mut stream = std::os::unix::net::UnixStream::connect(site.home().join("coord.sock"))
        .expect("it listens");
    let line = coord::client::hello_line(&hello).expect("it is text");
    stream.write_all(line.as_bytes()).expect("it listens");
    let mut said = String::new();
    BufReader::new(stream).read_line(&mut said).expect("it answers");
    assert!(said.starts_with("#sorry") && said.contains("daemon_is_older"), "{said}");

    until("the successor serves", || site.log().contains("making way for a newer version"));
    assert_eq!(ann.call("acquire_lock", lock("a.rs"))["action"], "refreshed");
    assert_eq!(site.daemon_pid(), Some(started.pid), "it is the same process with another binary");
}

#[test]
fn requests_that_were_written_before_the_end_of_input_are_answered() {
    let site = Site::new();
    let mut child = site
        .coord()
        .arg("mcp")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("it starts");
    {
        use std::io::Write as _;
        let mut input = child.stdin.take().expect("it is piped");
        let lines = concat!(
            r#"{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"x","version":"1"}}}"#,
            "\n",
            r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#,
            "\n",
            r#"{"jsonrpc":"2.0","id":2,"method":"tools/list"}"#,
            "\n"
        );
        input.write_all(lines.as_bytes()).expect("it listens");
    }
    let output = child.wait_with_output().expect("it ends");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(said.contains("\"id\":2") && said.contains("acquire_lock"), "{said}");
}

#[test]
fn a_path_too_long_for_a_socket_still_gets_one() {
    let site = Site::new();
    let deep = site.folder.path().join("d".repeat(120));
    std::fs::create_dir(&deep).expect("the name is new");
    let mut ann =
        Rpc::start(site.coord().env("COORD_HOME", deep.join("home")).env("AGENT_ID", "ann"));
    ann.greet("ann");
    assert_eq!(ann.call("acquire_lock", lock("a.rs"))["success"], true);
    let text = std::fs::read_to_string(deep.join("home/daemon.lock")).expect("the daemon wrote it");
    let holder: Value = serde_json::from_str(&text).expect("it is JSON");
    signal(u32::try_from(holder["pid"].as_u64().expect("a pid")).expect("a pid"), "TERM");
}
