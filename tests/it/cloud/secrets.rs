//! Secrets stay where they belong: the project's key, the device's token and the key of encryption
//! are in no log, no database, no answer, no output and no list of processes.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Output, Stdio};

use coord::service::resources::RESOURCES;
use serde_json::{Value, json};

use crate::cloud::Cloud;
use crate::cloud::gateway::{Gateway, SECRET};
use crate::e2e::rpc::Rpc;
use crate::e2e::site::{Site, cache};

/// A key that no project has.
const WRONG: &str = "sb_secret_that_opens_nothing_at_all";

/// What was printed while a machine was set up and used.
struct Heard(Vec<(String, String)>);

impl Heard {
    fn output(&mut self, what: &str, output: &Output) -> String {
        let text = [&output.stdout[..], &output.stderr].concat();
        let text = String::from_utf8_lossy(&text).into_owned();
        self.0.push((what.into(), text.clone()));
        text
    }
}

/// Runs `coord` with a secret on standard input.
fn told(site: &Site, arguments: &[&str], secret: &str) -> Output {
    let mut child = site
        .coord()
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary runs");
    let mut input = child.stdin.take().expect("it is piped");
    writeln!(input, "{secret}").expect("it reads");
    drop(input);
    child.wait_with_output().expect("it ends")
}

fn login_of(site: &Site) -> Value {
    serde_json::from_slice(&fs::read(site.home().join("sync.json")).expect("logged in"))
        .expect("JSON")
}

/// Every process on this machine, by its command line.
fn processes() -> String {
    let entries = fs::read_dir("/proc").expect("Linux").filter_map(Result::ok);
    let lines = entries.filter_map(|entry| fs::read(entry.path().join("cmdline")).ok());
    lines.map(|line| String::from_utf8_lossy(&line).replace('\0', " ") + "\n").collect()
}

/// Every file of a folder but those that are there to hold secrets.
fn files(folder: &Path, found: &mut Vec<(String, Vec<u8>)>) {
    for entry in fs::read_dir(folder).expect("it is there").filter_map(Result::ok) {
        let path = entry.path();
        if path.is_dir() {
            files(&path, found);
        } else if let Ok(bytes) = fs::read(&path)
            && !path.ends_with("sync.json")
            && !path.ends_with("sync.key")
        {
            found.push((path.display().to_string(), bytes));
        }
    }
}

fn holds(bytes: &[u8], secret: &str) -> bool {
    bytes.windows(secret.len()).any(|window| window == secret.as_bytes())
}

/// An agent's session that asks for all there is to read.
fn asks_everything(site: &Site, heard: &mut Heard) {
    let mut ann = Rpc::open(site, "ann");
    let memory = json!({ "event_type": "decision", "summary": "a memory of the zebrafish" });
    heard.0.push(("remember".into(), ann.call("remember", memory).to_string()));
    for resource in RESOURCES {
        for uri in [resource.uri.to_owned(), format!("{}?format=json", resource.uri)] {
            let answer = ann.request("resources/read", json!({ "uri": uri }));
            heard.0.push((uri, answer.to_string()));
        }
    }
    for (tool, arguments) in [
        ("query_audit", json!({ "limit": 100 })),
        ("get_my_profile", json!({})),
        ("recall", json!({ "query": "zebrafish" })),
        ("check_policy", json!({ "operation": "sync_switch" })),
    ] {
        heard.0.push((tool.into(), ann.call(tool, arguments).to_string()));
    }
}

#[test]
fn secrets_are_nowhere_but_in_their_files() {
    let cloud = Cloud::start();
    let gateway = Gateway::start(cloud.rest());
    let site = Site::new();
    let mut heard = Heard(Vec::new());

    let refused = told(&site, &["sync", "login", "--url", &gateway.url], WRONG);
    assert_eq!(refused.status.code(), Some(1), "{}", heard.output("a wrong key", &refused));
    let done = told(&site, &["sync", "login", "--url", &gateway.url], SECRET);
    let said = heard.output("login", &done);
    assert_eq!(done.status.code(), Some(0), "{said}\n{}", site.log());
    let mistyped =
        "coord-key-1-a4dqob-yha4dq-obyha4-dqobyh-a4dqob-yha4dq-obyha4-dqobyh-a4dz5m-bxcq";
    let refused = told(&site, &["sync", "key", "import"], mistyped);
    let said = heard.output("a mistyped key", &refused);
    assert!(said.contains("mistyped") && !site.home().join("sync.key").exists(), "{said}");

    let new = heard.output("key new", &site.run(&["sync", "key", "new"]));
    assert!(new.contains("encrypted from now on"), "{new}\n{}", site.log());
    let hidden = site.run(&["sync", "key", "show"]);
    assert_eq!(hidden.status.code(), Some(1), "{}", heard.output("key show", &hidden));
    let shown = site.run(&["sync", "key", "show", "--reveal"]);
    let shown = String::from_utf8_lossy(&shown.stdout).trim().to_owned();
    assert!(shown.starts_with("coord-key-1-") && shown.lines().count() == 1, "{shown}");
    let again = site.run(&["sync", "key", "new"]);
    assert_eq!(again.status.code(), Some(1), "{}", heard.output("another key", &again));

    asks_everything(&site, &mut heard);
    for arguments in [
        &["sync", "now"][..],
        &["sync", "status"],
        &["sync", "status", "--json"],
        &["sync", "conflicts", "--json"],
        &["doctor"],
        &["doctor", "--json"],
        &["config"],
        &["config", "--json"],
        &["audit", "tail", "--json"],
        &["status", "--json"],
    ] {
        heard.output(&arguments.join(" "), &site.run(arguments));
    }
    assert!(site.run(&["sync", "status"]).stdout.windows(9).any(|text| text == b"encrypted"));

    let token = login_of(&site)["token"].as_str().expect("a token").to_owned();
    let bare = shown["coord-key-1-".len()..].replace('-', "");
    let running = processes();
    let mut kept = Vec::new();
    files(&site.home(), &mut kept);
    assert!(kept.iter().any(|(name, _)| name.ends_with("coord.db")));
    assert!(kept.iter().any(|(name, bytes)| name.contains("/logs/") && !bytes.is_empty()));
    for secret in [SECRET, WRONG, mistyped, &token, &shown, &bare] {
        assert!(!running.contains(secret), "a process was told a secret");
        for (what, text) in &heard.0 {
            assert!(!text.contains(secret), "{what}: {text}");
        }
        for (name, bytes) in &kept {
            assert!(!holds(bytes, secret), "{name} has a secret");
        }
        let there = format!(
            "count(*) from coord.audit_log a where a::text like '%{secret}%' or a.arguments like '%zebrafish%'"
        );
        assert_eq!(cloud.ask(&there), "0");
    }
    for name in ["sync.json", "sync.key", "coord.db"] {
        let mode = fs::metadata(site.home().join(name)).expect("it is there").permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
}

#[test]
fn a_secret_that_is_typed_is_not_shown() {
    let cloud = Cloud::start();
    let gateway = Gateway::start(cloud.rest());
    let site = Site::new();
    let typed = site
        .command(cache().join("python-2/bin/python"))
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/clients/python/typist.py"))
        .args([env!("CARGO_BIN_EXE_coord"), "sync", "login", "--url", &gateway.url])
        .env("ASKED", "as you type")
        .env("TYPED", SECRET)
        .output()
        .expect("tests/setup has installed Python");
    let said = String::from_utf8_lossy(&typed.stdout).into_owned();
    assert!(typed.status.success(), "{said}{}", String::from_utf8_lossy(&typed.stderr));
    assert!(said.contains("not shown") && said.contains("mirrored to the workspace"), "{said}");
    assert!(!said.contains(SECRET), "{said}");
}
