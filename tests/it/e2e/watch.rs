//! The watcher in the real daemon: what is written past a lock is seen, and nothing else.

use std::fs;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::rpc::Rpc;
use super::site::{Site, until};

/// ann holds the paths, and bob was refused the first of them just now.
fn contested(site: &Site, paths: &[&str]) -> (Rpc, Rpc) {
    let (mut ann, mut bob) = (Rpc::open(site, "ann"), Rpc::open(site, "bob"));
    let taken = ann.call("acquire_lock", json!({ "file_paths": paths }));
    assert_eq!(taken["success"], true, "{taken}");
    until("the watcher sees them", || watching(site)["held"] == paths.len());
    for path in paths {
        let refused = bob.call("acquire_lock", json!({ "file_path": path }));
        assert_eq!(refused["code"], "locked_by_other", "{refused}");
    }
    (ann, bob)
}

fn asked(site: &Site) -> Value {
    site.json(&["call", "list_breaches"]).1
}

fn watching(site: &Site) -> Value {
    asked(site)["watching"].clone()
}

/// The breaches that are known, as `path what`.
fn breaches(site: &Site) -> Vec<String> {
    let answer = asked(site);
    let rows = answer["breaches"].as_array().expect("a list").iter();
    let text = |row: &Value, name: &str| row[name].as_str().unwrap_or_default().to_owned();
    let mut all: Vec<String> =
        rows.map(|row| format!("{} {}", text(row, "file_path"), text(row, "what"))).collect();
    all.sort();
    all
}

fn put(site: &Site, path: &str, text: &str) -> PathBuf {
    let file = site.repo().join(path);
    fs::create_dir_all(file.parent().expect("it has a folder")).expect("it can be made");
    fs::write(&file, text).expect("it can be written");
    file
}

#[test]
fn a_write_past_a_lock_is_seen_within_a_second_and_told_to_both() {
    let site = Site::new();
    put(&site, "src/a.rs", "one");
    let (mut ann, mut bob) = contested(&site, &["src/a.rs"]);

    let start = Instant::now();
    put(&site, "src/a.rs", "two");
    until("it is seen", || !breaches(&site).is_empty());
    assert!(start.elapsed() < Duration::from_secs(1), "after {:?}", start.elapsed());

    assert_eq!(breaches(&site), ["src/a.rs written"]);
    for told in [ann.call("heartbeat", json!({})), bob.call("heartbeat", json!({}))] {
        assert_eq!(told["news"][0]["held_file_changed"], "src/a.rs", "{told}");
        assert_eq!(told["news"][0]["perhaps_by"], "bob", "{told}");
    }
    let status = String::from_utf8(site.run(&["status"]).stdout).expect("it is text");
    assert!(status.contains("src/a.rs was written"), "{status}");
    let (_, audit) = site.json(&["audit", "query", "--operation", "breach"]);
    assert_eq!(audit["entries"][0]["operation"], "breach", "{audit}");
    assert_eq!(audit["entries"][0]["agent_id"], "coord", "{audit}");
}

#[test]
fn every_way_to_change_a_held_file_is_seen_and_nothing_beside_it() {
    let site = Site::new();
    let names = ["replaced.rs", "removed.rs", "moved.rs", "deep/er/held.rs", "linked.rs"];
    for name in names {
        put(&site, name, "one");
    }
    put(&site, "beside.rs", "one");
    put(&site, ".gitignore", "target/\n*.log\n");
    put(&site, "target/out.log", "one");
    let _agents = contested(&site, &[&names[..], &["new.rs", "target/out.log"]].concat());
    let repo = site.repo();

    let copy = put(&site, "copy.tmp", "two");
    fs::rename(copy, repo.join("replaced.rs")).expect("as editors do");
    fs::remove_file(repo.join("removed.rs")).expect("it is there");
    fs::rename(repo.join("moved.rs"), repo.join("elsewhere.rs")).expect("it is there");
    fs::rename(repo.join("deep"), repo.join("deeper")).expect("it is there");
    std::os::unix::fs::symlink(repo.join("linked.rs"), site.folder.path().join("link"))
        .expect("links can be made");
    fs::write(site.folder.path().join("link"), "two").expect("it can be written");
    put(&site, "new.rs", "one");
    put(&site, "beside.rs", "two");
    put(&site, "target/out.log", "two");

    let wanted = [
        "deep/er/held.rs removed",
        "linked.rs written",
        "moved.rs removed",
        "new.rs written",
        "removed.rs removed",
        "replaced.rs written",
    ];
    until("all are seen", || breaches(&site).len() >= wanted.len());
    std::thread::sleep(Duration::from_millis(300));
    assert_eq!(breaches(&site), wanted);
}

#[test]
fn a_held_folder_is_watched_with_what_comes_into_it_but_not_what_git_ignores() {
    let site = Site::new();
    put(&site, ".gitignore", "build/\n");
    put(&site, "src/deep/a.rs", "one");
    put(&site, "src/build/out.o", "one");
    let (_ann, mut bob) = contested(&site, &["src/"]);
    assert_eq!(watching(&site)["folders"], 3, "the root, src and deep");
    let mut want = |path: &str| drop(bob.call("acquire_lock", json!({ "file_path": path })));

    for path in ["src/deep/a.rs", "src/new/er/b.rs", "src/build/out.o", "src/.a.rs.swp"] {
        want(path);
        put(&site, path, "two");
    }

    until("both are seen", || breaches(&site).len() >= 2);
    std::thread::sleep(Duration::from_millis(300));
    assert_eq!(breaches(&site), ["src/deep/a.rs written", "src/new/er/b.rs written"]);
}

#[test]
fn nothing_is_watched_once_nothing_is_held() {
    let site = Site::new();
    put(&site, "src/a.rs", "one");
    let (mut ann, _bob) = contested(&site, &["src/a.rs"]);
    assert_eq!(watching(&site)["folders"], 2);

    ann.call("release_lock", json!({}));
    until("the last folder is let go", || watching(&site)["folders"] == 0);
    put(&site, "src/a.rs", "two");
    std::thread::sleep(Duration::from_millis(300));
    assert!(breaches(&site).is_empty(), "nobody holds it");
}

/// The cost of watching goes by what is held.
#[test]
fn a_large_repository_costs_no_more_than_a_small_one() {
    let site = Site::new();
    for n in 0..500 {
        let folder = site.repo().join(format!("d{n}"));
        fs::create_dir(&folder).expect("it is new");
        for m in 0..100 {
            fs::File::create(folder.join(format!("f{m}.rs"))).expect("it is new");
        }
    }
    let _agents = contested(&site, &["d7/f3.rs"]);
    assert_eq!(watching(&site)["folders"], 2, "the root and d7");

    put(&site, "d7/f3.rs", "two");
    until("it is seen", || !breaches(&site).is_empty());
    let pid = site.daemon_pid().expect("it runs");
    std::thread::sleep(Duration::from_millis(500));
    let before = ticks(pid);
    std::thread::sleep(Duration::from_secs(2));
    assert_eq!(ticks(pid) - before, 0, "an idle watcher needs no time at all");
}

/// Processor time that a process has used, in hundredths of a second.
fn ticks(pid: u32) -> u64 {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).expect("the process runs");
    let fields: Vec<&str> = stat.rsplit(") ").next().expect("a name").split(' ').collect();
    fields[11..13].iter().map(|field| field.parse::<u64>().expect("a number")).sum()
}
