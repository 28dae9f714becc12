//! Secrets stay where they belong: the project's key, the device's token and the key of encryption
//! are in no log, no database, no answer, no output and no list of processes.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Output;

use coord::service::resources::RESOURCES;
use serde_json::{Value, json};

use super::person;
use crate::cloud::Cloud;
use crate::cloud::gateway::{Gateway, PUBLISHABLE, SECRET};
use crate::e2e::rpc::Rpc;
use crate::e2e::site::Site;

/// A key that no project has.
const WRONG: &str = "sb_secret_that_opens_nothing_at_all";

/// Another machine's key, with its last letter wrong.
const MISTYPED: &str =
    "coord-key-1-a4dqob-yha4dq-obyha4-dqobyh-a4dqob-yha4dq-obyha4-dqobyh-a4dz5m-bxcq";

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

fn login_of(site: &Site) -> Value {
    serde_json::from_slice(&fs::read(site.home().join("sync.json")).expect("logged in"))
        .expect("JSON")
}

/// Every process of this site, by its command line.
fn processes(site: &Site) -> String {
    let home = site.home().display().to_string();
    let entries = fs::read_dir("/proc").expect("Linux").filter_map(Result::ok);
    let ours = entries.filter(|entry| {
        fs::read(entry.path().join("environ")).is_ok_and(|environ| holds(&environ, &home))
    });
    let lines = ours.filter_map(|entry| fs::read(entry.path().join("cmdline")).ok());
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

/// Enrols a machine and gives it a key, with every mistake that can be made; the key.
fn set_up(site: &Site, gateway: &Gateway, heard: &mut Heard) -> String {
    let login = ["sync", "login", "--url", &gateway.url];
    let (code, said) = person(site, &[], &login, &format!("{WRONG}\n{PUBLISHABLE}"));
    assert_eq!(code, 1, "{said}");
    heard.0.push(("a wrong key".into(), said));
    let (code, said) = person(site, &[], &login, &format!("{SECRET}\n{PUBLISHABLE}"));
    assert_eq!(code, 0, "{said}\n{}", site.log());
    assert!(said.contains("it is not shown") && login_of(site)["token"].is_string(), "{said}");
    heard.0.push(("login".into(), said));
    let (code, said) = person(site, &[], &["sync", "key", "import"], MISTYPED);
    assert!(
        code == 1 && said.contains("mistyped") && !site.home().join("sync.key").exists(),
        "{said}"
    );
    heard.0.push(("a mistyped key".into(), said));

    let (code, said) = site.at_terminal(&["sync", "key", "new"]);
    assert!(code == 0 && said.contains("encrypted from now on"), "{said}\n{}", site.log());
    heard.0.push(("key new".into(), said));
    let hidden = site.run(&["sync", "key", "show"]);
    assert_eq!(hidden.status.code(), Some(1), "{}", heard.output("key show", &hidden));
    let (code, said) = site.at_terminal(&["sync", "key", "new"]);
    assert!(code == 1 && said.contains("has a key already"), "{said}");
    heard.0.push(("another key".into(), said));
    let (code, shown) = site.at_terminal(&["sync", "key", "show"]);
    let shown = shown.trim().to_owned();
    assert!(
        code == 0 && shown.starts_with("coord-key-1-") && shown.lines().count() == 1,
        "{shown}"
    );
    shown
}

/// What a person looks at afterwards.
fn looks_around(site: &Site, heard: &mut Heard) {
    let (code, said) = site.at_terminal(&["sync", "now"]);
    assert_eq!(code, 0, "{said}");
    heard.0.push(("sync now".into(), said));
    for arguments in [
        &["sync", "status"][..],
        &["sync", "status", "--json"],
        &["doctor"],
        &["doctor", "--json"],
        &["config"],
        &["config", "--json"],
        &["audit", "tail", "--json"],
        &["status", "--json"],
    ] {
        let said = heard.output(&arguments.join(" "), &site.run(arguments));
        assert!(
            arguments != ["sync", "status"] || said.contains("free text is encrypted"),
            "{said}"
        );
    }
}

#[test]
fn secrets_are_nowhere_but_in_their_files() {
    let cloud = Cloud::start();
    let gateway = Gateway::start(cloud.rest());
    let site = Site::new();
    let mut heard = Heard(Vec::new());
    let shown = set_up(&site, &gateway, &mut heard);
    asks_everything(&site, &mut heard);
    looks_around(&site, &mut heard);

    let token = login_of(&site)["token"].as_str().expect("a token").to_owned();
    let bare = shown["coord-key-1-".len()..].replace('-', "");
    let (running, mut kept) = (processes(&site), Vec::new());
    assert!(running.contains("daemon foreground"), "{running}");
    files(&site.home(), &mut kept);
    assert!(kept.iter().any(|(name, _)| name.ends_with("coord.db")));
    assert!(kept.iter().any(|(name, bytes)| name.contains("/logs/") && !bytes.is_empty()));
    for secret in [SECRET, WRONG, PUBLISHABLE, MISTYPED, &token, &shown, &bare] {
        assert!(!running.contains(secret), "a process was told a secret");
        for (what, text) in &heard.0 {
            assert!(!text.contains(secret), "{what}: {text}");
        }
        for (name, bytes) in &kept {
            assert!(!holds(bytes, secret), "{name} has a secret");
        }
        let there = "count(*) from coord.audit_log a where a::text like";
        assert_eq!(cloud.ask(&format!("{there} '%{secret}%' or a::text like '%zebrafish%'")), "0");
    }
    for name in ["sync.json", "sync.key", "coord.db"] {
        let mode = fs::metadata(site.home().join(name)).expect("it is there").permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
}
