//! A full disk, a read-only home, a damaged or a future database, what an earlier
//! daemon left: each is said clearly, and nothing that was acknowledged is lost.

use std::process::Command;

use serde_json::{Value, json};

use super::rpc::Rpc;
use super::site::{Site, is_running, signal, until};

/// `coord mcp` with a small file system of its own as home.
fn in_small_home(site: &Site, options: &str) -> Command {
    std::fs::create_dir_all(site.home()).expect("the folder is ours");
    let mut command = site.command("unshare");
    let mount = format!("mount -t tmpfs -o {options} tmpfs \"$COORD_HOME\" && exec \"$0\" \"$@\"");
    command.args(["--map-root-user", "--mount", "sh", "-c", &mount, env!("CARGO_BIN_EXE_coord")]);
    command
}

#[test]
fn disk_full_refuses_what_needs_room_and_still_lets_go_of_locks() {
    let site = Site::new();
    let mut ann = Rpc::start(in_small_home(&site, "size=40m").env("AGENT_ID", "ann"));
    ann.greet("ann");
    ann.call("acquire_lock", json!({ "file_path": "a.rs" }));
    let task = ann.call("submit_work", json!({ "task_type": "t", "description": "before" }));
    assert_eq!(task["success"], true);

    let inside = format!("/proc/{}/root{}", ann.child.0.id(), site.home().display());
    let filler = format!("{inside}/filler");
    let fill = || {
        let mut file = std::fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(&filler)
            .expect("it can be made");
        while std::io::Write::write_all(&mut file, &[7; 4_096]).is_ok() {}
    };
    fill();
    let big = "x".repeat(200 << 10);
    let submit = json!({ "task_type": "t", "description": "more", "input_data": { "big": big } });
    let mut kept = 1;
    let refused = (0..400).find_map(|_| {
        let answer = ann.call("submit_work", submit.clone());
        if answer["success"] == true {
            kept += 1;
            // What the daemon gives up to finish is its own to use.
            if std::fs::exists(format!("{inside}/ballast")).expect("it can be seen") {
                fill();
            }
            return None;
        }
        Some(answer)
    });
    let refused = refused.expect("the disk is full at last");
    assert_eq!(refused["code"], "disk_full", "{refused}");

    let released = ann.call("release_lock", json!({ "file_path": "a.rs" }));
    assert_eq!(released["success"], true, "{released}\n{}", log_inside(&inside));
    let got = ann.call("get_work", json!({}));
    assert_eq!(got["description"], "before", "{got}");

    std::fs::remove_file(&filler).expect("it is there");
    until("there is room again", || {
        let answer = ann.call("submit_work", json!({ "task_type": "t", "description": "after" }));
        ann.call("check_locks", json!({}));
        answer["success"] == true
    });
    let pid = daemon_inside(&inside);
    signal(pid, "KILL");
    let left = ann.call("get_work", json!({ "task_types": ["none"] }));
    assert_eq!(left["pending"], json!(kept), "every task that was acknowledged is there: {left}");
    signal(daemon_inside(&inside), "KILL");
}

fn log_inside(home: &str) -> String {
    let entries = std::fs::read_dir(format!("{home}/logs")).expect("it has logs");
    let paths = entries.filter_map(Result::ok).map(|entry| entry.path());
    paths.filter_map(|path| std::fs::read_to_string(path).ok()).collect()
}

fn daemon_inside(home: &str) -> u32 {
    let text = std::fs::read_to_string(format!("{home}/daemon.lock")).expect("a daemon runs");
    let holder: Value = serde_json::from_str(&text).expect("it is JSON");
    u32::try_from(holder["pid"].as_u64().expect("a pid")).expect("a pid")
}

/// What a client is told when no daemon can be had.
fn told(mut command: Command) -> String {
    let mut ann = Rpc::start(&mut command);
    let id = ann.send(
        "initialize",
        json!({ "protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": { "name": "x", "version": "1" } }),
    );
    let answer = ann.answer(id);
    answer["error"]["message"].as_str().unwrap_or_else(|| panic!("no error: {answer}")).to_owned()
}

#[test]
fn a_read_only_home_is_named_with_the_way_out() {
    let site = Site::new();
    let said = told(in_small_home(&site, "ro"));
    assert!(said.contains("daemon_unreachable") && said.contains("Read-only"), "{said}");
}

#[test]
fn a_damaged_database_is_refused_and_left_as_it_is_for_a_restore() {
    let site = Site::new();
    {
        let mut ann = Rpc::open(&site, "ann");
        ann.call("submit_work", json!({ "task_type": "t", "description": "d" }));
        let backup =
            site.run(&["backup", site.folder.path().join("copy.db").to_str().expect("it is text")]);
        assert!(backup.status.success(), "{}", String::from_utf8_lossy(&backup.stderr));
    }
    site.run(&["daemon", "stop"]);
    until("the daemon has ended", || site.daemon_pid().is_none());
    let database = site.home().join("coord.db");
    let mut bytes = std::fs::read(&database).expect("it is there");
    bytes[..512].fill(0x5a);
    std::fs::write(&database, &bytes).expect("it is ours");

    let mut command = site.coord();
    command.env("AGENT_ID", "ann");
    let said = told(command);
    assert!(said.contains("damaged") && said.contains("coord restore"), "{said}");
    assert_eq!(std::fs::read(&database).expect("it is there"), bytes, "nothing was changed");

    let restored = site.run(&[
        "restore",
        site.folder.path().join("copy.db").to_str().expect("it is text"),
        "--yes",
    ]);
    assert!(restored.status.success(), "{}", String::from_utf8_lossy(&restored.stderr));
    let mut ann = Rpc::open(&site, "ann");
    assert_eq!(ann.call("get_work", json!({}))["description"], "d");
}

#[test]
fn a_database_from_tomorrow_is_refused_and_left_alone() {
    let site = Site::new();
    drop(Rpc::open(&site, "ann"));
    site.run(&["daemon", "stop"]);
    until("the daemon has ended", || site.daemon_pid().is_none());
    let database = site.home().join("coord.db");
    let conn = rusqlite::Connection::open(&database).expect("it is a database");
    conn.pragma_update(None, "user_version", 9_999).expect("it is a number");
    drop(conn);
    let before = std::fs::read(&database).expect("it is there");

    let said = told(site.coord());
    assert!(said.contains("schema 9999") && said.contains("update coord"), "{said}");
    assert_eq!(std::fs::read(&database).expect("it is there"), before);
}

#[test]
fn what_a_killed_daemon_left_behind_is_in_nobodys_way() {
    let site = Site::new();
    let mut ann = Rpc::open(&site, "ann");
    ann.call("acquire_lock", json!({ "file_path": "a.rs" }));
    drop(ann);
    signal(site.daemon_pid().expect("a daemon runs"), "KILL");
    until("the daemon has ended", || site.daemon_pid().is_none());
    assert!(site.home().join("coord.sock").exists(), "the socket is stale");

    let mut bob = Rpc::open(&site, "bob");
    assert_eq!(bob.call("check_locks", json!({}))["success"], true);
    until("the unclean end was looked into", || site.log().contains("ended uncleanly"));
}

#[test]
fn a_daemon_whose_home_is_gone_ends_and_another_takes_its_place() {
    let site = Site::new();
    for deleted in [site.home(), site.home().join("daemon.lock")] {
        assert_eq!(site.json(&["status"]).0, 0);
        let pid = site.daemon_pid().expect("it runs");
        if deleted.is_dir() {
            std::fs::remove_dir_all(&deleted).expect("it is ours");
        } else {
            std::fs::remove_file(&deleted).expect("it is ours");
        }
        until("the daemon has ended", || !is_running(pid));
    }
    assert_eq!(site.json(&["status"]).0, 0);
    let log = site.log();
    assert!(log.contains("the state directory is gone"), "{log}");
}
