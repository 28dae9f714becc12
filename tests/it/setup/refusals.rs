//! Files that cannot be changed, and places where nothing can be set up.

use std::fs;
use std::os::unix::fs::symlink;

use super::ground::{Ground, difference};

/// What is there, how it came there, and what is said of it.
type Case = (&'static str, fn(&Ground), &'static str);

#[test]
fn a_broken_file_is_left_alone_and_the_others_are_set_up() {
    let ground = Ground::new();
    let broken = "{\n  \"mcpServers\": {\n    \"x\": }\n";
    ground.write("repo/.mcp.json", broken);
    ground.write("home/.codex/config.toml", "model = \"x\"\n\nmodel = \"y\"\n");

    let said = ground.ends(&["init", "--yes", "--client", "claude", "--client", "codex"], 1);

    assert!(said.contains("left alone: .mcp.json: line 3, column 10: "), "{said}");
    assert!(said.contains("left alone: ~/.codex/config.toml: line 3, column 1: "), "{said}");
    assert!(said.contains("correct it, then run the command again"), "{said}");
    assert_eq!(ground.read("repo/.mcp.json"), broken);
    assert!(ground.read("repo/.claude/settings.json").contains("PreToolUse"));
    assert!(ground.read("home/.codex/hooks.json").contains("coord hook codex"));
}

#[test]
fn each_reason_to_leave_a_file_alone_is_told() {
    let cases: [Case; 8] = [
        (
            "read-only",
            |g| {
                g.write("repo/.mcp.json", "{}");
                g.mode("repo/.mcp.json", 0o444);
            },
            "it is read-only",
        ),
        (
            "a folder",
            |g| fs::create_dir(g.repo().join(".mcp.json")).expect("it is free"),
            "it is not a file",
        ),
        (
            "a dangling link",
            |g| symlink("nowhere", g.repo().join(".mcp.json")).expect("it is free"),
            "it is not a file",
        ),
        ("no text", |g| g.write("repo/.mcp.json", b"{\"a\": \"\xff\"}"), "it is not UTF-8 text"),
        ("huge", |g| g.write("repo/.mcp.json", vec![b' '; 9 << 20]), "it is larger than 8 MiB"),
        (
            "a list",
            |g| g.write("repo/.mcp.json", "[]"),
            "line 1, column 1: the whole of it is not an object",
        ),
        (
            "no object inside",
            |g| g.write("repo/.mcp.json", "{\n \"mcpServers\": []\n}"),
            "line 2, column 16: `mcpServers` is not an object",
        ),
        ("deep", |g| g.write("repo/.mcp.json", "[".repeat(100_000)), "nesting depth"),
    ];
    for (name, prepare, reason) in cases {
        let ground = Ground::new();
        prepare(&ground);
        let before = ground.tree();
        let said = ground.ends(&["init", "--yes", "--no-git", "--client", "claude"], 1);
        assert!(said.contains(reason), "{name}: {said}");
        let changed = difference(&before, &ground.tree());
        assert!(changed.iter().all(|line| !line.contains(".mcp.json")), "{name}: {changed:?}");
    }
}

#[test]
fn a_list_of_hooks_that_is_none_is_told() {
    let ground = Ground::new();
    ground.write("repo/.claude/settings.json", "{ \"hooks\": { \"Stop\": \"never\" } }");
    let said = ground.ends(&["init", "--yes", "--no-git", "--client", "claude"], 1);
    assert!(said.contains("line 1, column 22: `hooks.Stop` is not a list"), "{said}");
}

#[test]
fn a_link_is_written_through_and_permissions_stay() {
    let ground = Ground::new();
    ground.write("home/dotfiles/mcp.json", "{}\n");
    ground.mode("home/dotfiles/mcp.json", 0o600);
    symlink(ground.user().join("dotfiles/mcp.json"), ground.repo().join(".mcp.json"))
        .expect("it is free");
    let before = ground.tree();

    ground.ends(&["init", "--yes", "--client", "claude"], 0);

    assert!(ground.repo().join(".mcp.json").is_symlink());
    assert!(ground.read("home/dotfiles/mcp.json").contains("\"coord\""));
    let mode = &ground.tree()[&ground.user().join("dotfiles/mcp.json")].1;
    assert_eq!(mode & 0o777, 0o600);
    ground.ends(&["uninit", "--yes"], 0);
    assert_eq!(difference(&before, &ground.tree()), Vec::<String>::new());
}

#[test]
fn outside_a_repository_the_folder_is_set_up_and_git_is_left_out() {
    let ground = Ground::new();
    fs::create_dir(ground.top().join("plain")).expect("it is free");
    let output =
        ground.run_in(&ground.top().join("plain"), &["init", "--yes", "--client", "claude"]);
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{said}");
    assert!(said.contains("git's hooks were left out: there is no git repository here"), "{said}");
    assert!(ground.top().join("plain/.mcp.json").exists());
}

#[test]
fn without_git_the_clients_are_set_up() {
    let ground = Ground::new();
    let mut command = ground.command(env!("CARGO_BIN_EXE_coord"), &ground.repo());
    let output =
        command.env("PATH", "/nowhere").args(["init", "--yes", "--client", "claude"]).output();
    let output = output.expect("the binary runs");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{said}");
    assert!(said.contains("git's hooks were left out: git did not start"), "{said}");
    assert!(said.contains("`coord` is not on PATH"), "{said}");
    let server = ground.read("repo/.mcp.json");
    assert!(
        server.contains(&format!("\"command\": \"{}\"", env!("CARGO_BIN_EXE_coord"))),
        "{server}"
    );
}

#[test]
fn without_a_home_nothing_is_done() {
    let ground = Ground::new();
    let mut command = ground.command(env!("CARGO_BIN_EXE_coord"), &ground.repo());
    let output = command.env_remove("HOME").args(["init", "--yes"]).output().expect("it runs");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1));
    assert!(said.contains("HOME is not set"), "{said}");
}

#[test]
fn damaged_receipts_are_told_and_nothing_is_done() {
    let ground = Ground::new();
    ground.write("state/setup/receipts.json", "{\n  oops");
    let before = ground.tree();
    let said = ground.ends(&["init", "--yes", "--client", "claude"], 1);
    assert!(said.contains("receipts.json is damaged"), "{said}");
    assert_eq!(difference(&before, &ground.tree()), Vec::<String>::new());
}
