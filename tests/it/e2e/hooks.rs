//! Hooks through the real binary, in the words of every client.

use super::client::Client;
use super::site::{Site, is_running, signal, until};

const NAMES: [&str; 6] = ["claude", "codex", "gemini", "cursor", "copilot", "opencode"];

#[test]
fn what_one_client_holds_no_other_writes_by_any_route() {
    let site = Site::new();
    std::fs::write(site.repo().join("a.rs"), "a\n").expect("the repository is there");
    let mut holder = Client::start(&site, "claude");
    assert_eq!(
        holder.tells(&holder_start(&holder))["hookSpecificOutput"]["hookEventName"],
        "SessionStart"
    );
    assert_eq!(holder.edits("a.rs"), None);
    for name in NAMES {
        let mut other = Client::start(&site, name);
        for command in
            ["echo x > a.rs", "sed -i s/a/b/ a.rs", "mv a.rs b.rs", "git checkout -- a.rs"]
        {
            let why = other.commands(command).unwrap_or_else(|| panic!("{name}: {command}"));
            assert!(why.contains("claude-1"), "{name}: {command}: {why}");
        }
        let why = other.edits("a.rs").unwrap_or_else(|| panic!("{name} may edit"));
        for word in [
            "a.rs is held by claude-1 (claude) since 20",
            "until 20",
            "an edit by Write",
            "acquire_lock",
        ] {
            assert!(why.contains(word), "{name}: {why}");
        }
        let why = other.commands("git stash").unwrap_or_else(|| panic!("{name} may stash"));
        assert!(why.contains("whole working tree") && why.contains("claude-1"), "{name}: {why}");
        assert_eq!(other.commands("cargo test && cat a.rs"), None, "{name}");
        assert_eq!(other.edits(&format!("{name}.rs")), None, "{name}");
    }
    let end = serde_json::json!({ "session_id": "s", "cwd": holder.cwd, "hook_event_name": "SessionEnd", "reason": "other" });
    assert_eq!(holder.tells(&end), serde_json::Value::Null);
    let mut next = Client::start(&site, "codex");
    assert_eq!(next.edits("a.rs"), None, "{}", site.log());
    assert_eq!(next.commands("echo x > a.rs"), None);
}

fn holder_start(client: &Client) -> serde_json::Value {
    serde_json::json!({
        "session_id": "s", "cwd": client.cwd, "hook_event_name": "SessionStart", "source": "startup",
    })
}

#[test]
fn a_killed_client_that_only_hooks_spoke_for_frees_its_files_at_once() {
    let site = Site::new();
    let mut holder = Client::start(&site, "claude");
    let mut other = Client::start(&site, "gemini");
    holder.tells(&holder_start(&holder));
    assert_eq!(holder.edits("a.rs"), None);
    assert!(other.edits("a.rs").is_some());
    signal(holder.child.0.id(), "KILL");
    drop(holder.child.0.wait());
    let start = std::time::Instant::now();
    until("the file is free", || other.edits("a.rs").is_none());
    assert!(start.elapsed().as_secs() < 3, "{:?}", start.elapsed());
    let (_, handoffs) = site.json(&["handoff", "list"]);
    let text = handoffs.to_string();
    assert!(text.contains("claude-1 was cut off; it had changed 1 file"), "{text}");
}

#[test]
fn without_a_daemon_guardrails_hold_and_edits_go_by_the_setting() {
    for (setting, may) in [("open", true), ("closed", false)] {
        let site = Site::new();
        std::fs::create_dir_all(site.home()).expect("it can be made");
        std::fs::write(site.home().join("config.toml"), format!("hook_failure = \"{setting}\"\n"))
            .expect("it can be written");
        // Nobody can start one here.
        std::fs::create_dir(site.home().join("coord.db")).expect("it can be made");
        let mut client = Client::start(&site, "claude");
        assert_eq!(client.edits("a.rs").is_none(), may, "{setting}");
        assert_eq!(client.commands("ls > x").is_none(), may, "{setting}");
        let why = client.commands("git reset --hard").expect("it is blocked");
        assert!(why.contains("git_reset_hard"), "{why}");
        let misses = std::fs::read_to_string(site.home().join("logs/misses.jsonl")).expect("noted");
        assert_eq!(misses.lines().count(), 3, "{misses}");
        assert!(misses.contains("no daemon runs") && misses.contains("PreToolUse"), "{misses}");
    }
}

#[test]
fn a_hook_that_finds_no_daemon_starts_it_for_the_next() {
    let site = Site::new();
    let mut client = Client::start(&site, "claude");
    assert_eq!(client.edits("a.rs"), None, "there was nobody to ask");
    until("a daemon serves", || site.home().join("coord.sock").exists());
    assert_eq!(client.edits("a.rs"), None);
    let mut other = Client::start(&site, "codex");
    assert!(other.edits("a.rs").is_some(), "{}", site.log());
}

/// Puts our hook where git looks for it.
fn install(site: &Site, hook: &str) {
    use std::os::unix::fs::PermissionsExt as _;
    let file = site.repo().join(".git/hooks").join(hook);
    std::fs::create_dir_all(file.parent().expect("it has one")).expect("it can be made");
    let script =
        format!("#!/bin/sh\nexec \"{}\" hook git {hook} \"$@\"\n", env!("CARGO_BIN_EXE_coord"));
    std::fs::write(&file, script).expect("it can be written");
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o755)).expect("it is ours");
}

const COMMIT: &str = "git -c user.name=t -c user.email=t@t commit -q -m x";

#[test]
fn a_commit_carries_no_file_that_another_agent_holds() {
    let site = Site::new();
    install(&site, "pre-commit");
    for file in ["a.rs", "b.rs"] {
        std::fs::write(site.repo().join(file), "a\n").expect("the repository is there");
    }
    let mut holder = Client::start(&site, "claude");
    let mut other = Client::start(&site, "codex");
    holder.tells(&holder_start(&holder));
    assert_eq!(holder.edits("a.rs"), None);
    site.git(&["add", "a.rs", "b.rs"]);

    let (code, said) = other.runs(COMMIT);
    assert_eq!(code, 1, "{said}");
    assert!(said.contains("claude-1 holds a.rs since 20"), "{said}");
    assert!(!said.contains("b.rs"), "{said}");
    let (code, said) =
        other.runs("git restore --staged . 2>/dev/null; git rm -q --cached a.rs; git add b.rs");
    assert_eq!(code, 0, "{said}");
    let (code, said) = other.runs(COMMIT);
    assert_eq!(code, 0, "{said}");
    let (code, said) = holder.runs(&format!("git add a.rs && {COMMIT}"));
    assert_eq!(code, 0, "{said}");
}

#[test]
fn a_person_who_commits_an_agent_s_file_is_told_and_not_stopped() {
    let site = Site::new();
    install(&site, "pre-commit");
    std::fs::write(site.repo().join("a.rs"), "a\n").expect("the repository is there");
    let mut holder = Client::start(&site, "claude");
    holder.tells(&holder_start(&holder));
    assert_eq!(holder.edits("a.rs"), None);
    site.git(&["add", "a.rs"]);
    let commit = || {
        let mut git = site.command("git");
        git.args(["-c", "user.name=t", "-c", "user.email=t@t", "commit", "-q", "-m", "x"]);
        git.output().expect("git is installed")
    };
    std::fs::write(site.repo().join(".coordinator.toml"), "person_commits = \"block\"\n")
        .expect("it can be written");
    let stopped = commit();
    assert!(!stopped.status.success());
    std::fs::remove_file(site.repo().join(".coordinator.toml")).expect("it is there");
    let warned = commit();
    let said = String::from_utf8_lossy(&warned.stderr).into_owned();
    assert!(warned.status.success(), "{said}");
    assert!(said.contains("warning") && said.contains("claude-1 holds a.rs"), "{said}");
}

#[test]
fn a_home_that_was_removed_is_not_made_again() {
    let site = Site::new();
    let mut holder = Client::start(&site, "claude");
    holder.tells(&holder_start(&holder));
    let pid = site.daemon_pid().expect("a daemon runs");
    std::fs::remove_dir_all(site.home()).expect("it is ours");
    until("the daemon ends with its home", || !is_running(pid));

    // The folder of the session is gone as well.
    let gone = site.folder.path().join("gone");
    for event in ["SessionStart", "PreToolUse", "PostToolUse", "SessionEnd"] {
        let event = serde_json::json!({ "session_id": "s", "cwd": gone, "hook_event_name": event, "source": "startup",
            "tool_name": "Edit", "tool_input": { "file_path": "a.rs" }, "reason": "other" });
        holder.tells(&event);
    }
    assert!(!site.home().exists(), "a hook made it again");

    // Whoever started this daemon had made the home.
    let late = site.coord().args(["daemon", "foreground"]).env("COORD_HOME_IS_THERE", "1").output();
    let late = late.expect("the binary runs");
    assert!(!late.status.success());
    let said = String::from_utf8_lossy(&late.stderr);
    assert!(said.contains("was removed"), "{said}");
    assert!(!site.home().exists(), "a daemon made it again");
}
