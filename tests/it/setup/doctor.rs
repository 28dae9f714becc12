//! `coord doctor --clients`: each client's own files, tried out.

use coord::home::Home;
use coord::hooks::misses::{self, Miss};
use coord::time::Clock;
use serde_json::Value;

use super::ground::{Ground, difference};

const CLIENTS: [&str; 6] = ["claude", "codex", "gemini", "cursor", "copilot", "opencode"];

/// A project in which every client is wired.
fn wired() -> Ground {
    let ground = Ground::new();
    let mut arguments = vec!["init", "--yes"];
    arguments.extend(CLIENTS.iter().flat_map(|client| ["--client", client]));
    ground.ends(&arguments, 0);
    ground
}

/// The checks of the clients, by name.
fn examine(ground: &Ground, only: &str) -> (Vec<Value>, Option<i32>) {
    let mut arguments = vec!["doctor", "--clients", "--json"];
    if !only.is_empty() {
        arguments.extend(["--client", only]);
    }
    let output = ground.run(&arguments);
    let said: Value = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&output.stderr)));
    let checks = said["checks"].as_array().expect("it lists its checks").clone();
    (checks, output.status.code())
}

fn verdict<'c>(checks: &'c [Value], name: &str) -> (&'c str, &'c str) {
    let check = checks.iter().find(|check| check["name"] == name);
    let check = check.unwrap_or_else(|| panic!("no {name} in {checks:#?}"));
    (check["verdict"].as_str().unwrap_or_default(), check["message"].as_str().unwrap_or_default())
}

#[test]
fn what_init_has_wired_works_for_every_client() {
    let ground = wired();
    let before = ground.tree();

    let (checks, code) = examine(&ground, "");

    for client in CLIENTS {
        let (answers, message) = verdict(&checks, &format!("{client} server"));
        assert_eq!(answers, "ok", "{client}: {message}");
        let (stops, message) = verdict(&checks, &format!("{client} hook"));
        assert_eq!(stops, "ok", "{client}: {message}");
        assert!(message.contains("doctor-other"), "{client}: {message}");
    }
    assert_eq!(verdict(&checks, "git hooks").0, "ok");
    assert_eq!(verdict(&checks, "codex trust").0, "warn");
    assert_eq!(code, Some(0), "{checks:#?}");
    assert_eq!(difference(&before, &ground.tree()), Vec::<String>::new());
    assert!(!ground.state().join("coord.db").exists(), "it used the user's own home");
}

#[test]
fn each_thing_that_does_not_hold_is_seen() {
    let cases: [(&str, &str, &str, &str, &str); 6] = [
        (
            "claude",
            "repo/.mcp.json",
            "\"command\": \"coord\"",
            "\"command\": \"no-such-coord\"",
            "could not be started",
        ),
        ("codex", "home/.codex/config.toml", "\"COORD_HOME\", ", "", "another state directory"),
        (
            "codex",
            "home/.codex/hooks.json",
            "|apply_patch",
            "",
            "no hook of ours is run before apply_patch",
        ),
        (
            "gemini",
            "repo/.gemini/settings.json",
            "coord hook gemini",
            "true",
            "has no hook of ours",
        ),
        (
            "gemini",
            "repo/.gemini/settings.json",
            "coord hook gemini",
            "coord hook claude",
            "nothing to say",
        ),
        ("cursor", "repo/.cursor/mcp.json", "\"mcp\"", "\"status\"", "did not answer `initialize`"),
    ];
    for (client, file, from, to, said) in cases {
        let ground = wired();
        let text = ground.read(file);
        assert!(text.contains(from), "{file}: {text}");
        ground.write(file, text.replace(from, to));

        let (checks, code) = examine(&ground, client);

        let failed = checks.iter().filter(|check| check["verdict"] == "fail");
        let told: String = failed.filter_map(|check| check["message"].as_str()).collect();
        assert!(told.contains(said), "{client} {file}: {checks:#?}");
        assert_eq!(code, Some(1));
    }
}

#[test]
fn a_no_of_the_person_is_seen() {
    let ground = wired();
    let root = ground.repo().display().to_string();
    let folders = serde_json::json!({ root.clone(): "DO_NOT_TRUST" }).to_string();
    ground.write("home/.gemini/trustedFolders.json", folders);
    let choice =
        serde_json::json!({ "projects": { root: { "enabledMcpjsonServers": ["coord"] } } });
    ground.write("home/.claude.json", choice.to_string());

    let (checks, code) = examine(&ground, "");

    assert_eq!(verdict(&checks, "gemini trust").0, "fail");
    assert!(checks.iter().all(|check| check["name"] != "claude trust"), "it was approved");
    assert_eq!(code, Some(1));
}

#[test]
fn checks_that_were_not_made_are_told() {
    let ground = wired();
    let home = Home::locate(Some(ground.state()), None).expect("it is absolute");
    let miss = Miss {
        at: Clock::System.now(),
        client: "codex".into(),
        event: "PreToolUse".into(),
        why: "the daemon did not answer in time".into(),
    };
    misses::note(&home, &miss).expect("the home is ours");

    let (checks, code) = examine(&ground, "claude");

    let (verdict, message) = verdict(&checks, "misses");
    assert_eq!(verdict, "warn");
    assert!(message.contains("codex") && message.contains("did not answer in time"), "{message}");
    assert_eq!(code, Some(0), "a miss is past");
}

#[test]
fn a_hook_that_git_does_not_run_is_seen() {
    let ground = wired();
    ground.mode("repo/.git/hooks/pre-commit", 0o644);
    let (checks, code) = examine(&ground, "claude");
    assert_eq!(verdict(&checks, "git hooks").0, "fail");
    assert_eq!(code, Some(1));
}
