//! What each client is given, and which clients are found.

use std::fs;

use super::ground::{Ground, difference};

/// The diff of a first `coord init` for one client, paths shortened.
fn dry_run(client: &str, more: &[&str]) -> String {
    let ground = Ground::new();
    let before = ground.tree();
    let arguments = [&["init", "--dry-run", "--no-git", "--client", client], more].concat();
    let said = ground.ends(&arguments, 0);
    assert_eq!(difference(&before, &ground.tree()), Vec::<String>::new(), "it wrote something");
    assert!(!ground.state().join("setup").exists());
    said
}

#[test]
fn what_each_client_is_given() {
    for client in ["claude", "codex", "gemini", "cursor", "copilot", "opencode"] {
        insta::assert_snapshot!(client, dry_run(client, &[]));
    }
}

#[test]
fn what_the_user_s_own_files_are_given() {
    let names = |client| -> Vec<String> {
        let diff = dry_run(client, &["--user"]);
        let files = diff.lines().filter_map(|line| line.strip_prefix("+++ TOP/"));
        files.map(str::to_owned).collect()
    };
    assert_eq!(names("claude"), ["home/.claude.json", "home/.claude/settings.json"]);
    assert_eq!(names("codex"), ["home/.codex/config.toml", "home/.codex/hooks.json"]);
    assert_eq!(names("gemini"), ["home/.gemini/settings.json"]);
    assert_eq!(names("cursor"), ["home/.cursor/mcp.json", "home/.cursor/hooks.json"]);
    assert_eq!(
        names("copilot"),
        ["home/.copilot/mcp-config.json", "home/.copilot/hooks/coord.json"]
    );
    assert_eq!(
        names("opencode"),
        ["home/.config/opencode/opencode.json", "home/.config/opencode/plugins/coord.js"]
    );
}

#[test]
fn what_git_and_agents_are_given() {
    let ground = Ground::new();
    ground.write("repo/AGENTS.md", "# Shop\n\nRun `make check`.\n");
    let said = ground.ends(&["init", "--dry-run", "--notes", "--client", "copilot"], 0);
    let from = said.find("--- TOP/repo/AGENTS.md").expect("it is the first after the client");
    insta::assert_snapshot!("git_and_notes", &said[from..]);
}

#[test]
fn installed_clients_are_found_by_program_or_folder() {
    let ground = Ground::new();
    ground.script("bin/gemini", "#!/bin/sh\n");
    ground.write("bin/claude", "not a program");
    fs::create_dir(ground.user().join(".codex")).expect("it is free");
    let mut command = ground.command(env!("CARGO_BIN_EXE_coord"), &ground.repo());
    command.env("PATH", format!("{}/bin:/usr/bin:/bin", ground.top().display()));

    let output = command.args(["init", "--no-git", "--json"]).output().expect("it runs");

    let said: serde_json::Value = serde_json::from_slice(&output.stdout).expect("it is JSON");
    let clients: Vec<&str> = said["changes"]
        .as_array()
        .expect("a list")
        .iter()
        .filter_map(|c| c["client"].as_str())
        .collect();
    assert_eq!(clients, ["codex", "codex", "gemini"]);
}

#[test]
fn nothing_found_is_told() {
    let ground = Ground::new();
    let said = ground.ends(&["init", "--no-git"], 0);
    assert!(said.contains("No client was found; --client NAME"), "{said}");
}

#[test]
fn a_user_s_file_stays_until_the_last_project_is_unwired() {
    let ground = Ground::new();
    let other = ground.top().join("other");
    fs::create_dir(&other).expect("it is free");
    let before = ground.tree();
    ground.ends(&["init", "--yes", "--no-git", "--client", "codex"], 0);
    assert!(ground.run_in(&other, &["init", "--yes", "--client", "codex"]).status.success());

    let said = ground.ends(&["uninit", "--yes"], 0);

    assert!(said.contains("2 files that other projects ask for stay"), "{said}");
    assert!(ground.read("home/.codex/config.toml").contains("mcp_servers.coord"));
    assert!(ground.run_in(&other, &["uninit", "--yes"]).status.success());
    assert_eq!(difference(&before, &ground.tree()), Vec::<String>::new());
}

#[test]
fn a_second_change_still_goes_back_to_the_first_beginning() {
    let ground = Ground::new();
    ground.write("repo/.mcp.json", "{ \"mcpServers\": {} }\n");
    let before = ground.tree();
    ground.ends(&["init", "--yes", "--client", "claude"], 0);
    let home = ground.state().display().to_string();
    ground.ends(&["init", "--yes", "--client", "claude", "--home", &home], 0);
    assert!(ground.read("repo/.mcp.json").contains("--home"));

    ground.ends(&["uninit", "--yes"], 0);

    assert_eq!(difference(&before, &ground.tree()), Vec::<String>::new());
}

#[test]
fn below_the_root_the_root_is_set_up_unless_one_says_here() {
    let ground = Ground::new();
    let package = ground.repo().join("packages/web");
    fs::create_dir_all(&package).expect("it is free");

    let arguments = ["init", "--yes", "--no-git", "--client", "claude"];
    assert!(ground.run_in(&package, &arguments).status.success());
    assert!(ground.repo().join(".mcp.json").exists());
    assert!(!package.join(".mcp.json").exists());

    assert!(ground.run_in(&package, &[&arguments[..], &["--here"]].concat()).status.success());
    assert!(package.join(".mcp.json").exists());
}

#[test]
fn files_that_git_ignores_are_told() {
    let ground = Ground::new();
    ground.write("repo/.gitignore", ".claude/\n");
    let said = ground.ends(&["init", "--yes", "--no-git", "--client", "claude"], 0);
    let line = |name: &str| said.lines().find(|line| line.contains(name)).unwrap_or_default();
    assert!(line(".claude/settings.json").contains("ignored by git"), "{said}");
    assert!(!line(".mcp.json").contains("ignored"), "{said}");
}

/// The plugin is the other way to install the same things.
#[test]
fn the_plugin_has_what_init_writes() {
    let plugin = |file: &str| -> serde_json::Value {
        let path = format!("{}/src/setup/plugin/{file}", env!("CARGO_MANIFEST_DIR"));
        let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{path}: {error}"))
    };
    let ground = Ground::new();
    ground.ends(&["init", "--yes", "--no-git", "--client", "claude"], 0);
    let written = |file: &str| -> serde_json::Value {
        serde_json::from_str(&ground.read(file)).expect("it is JSON")
    };
    assert_eq!(plugin(".mcp.json"), written("repo/.mcp.json"));
    assert_eq!(plugin("hooks/hooks.json")["hooks"], written("repo/.claude/settings.json")["hooks"]);
    let manifest = plugin(".claude-plugin/plugin.json");
    assert_eq!(manifest["version"], env!("CARGO_PKG_VERSION"));
    let market =
        fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/.claude-plugin/marketplace.json"));
    let market: serde_json::Value =
        serde_json::from_str(&market.expect("it is there")).expect("it is JSON");
    assert_eq!(market["plugins"][0]["source"], "./src/setup/plugin");
    assert_eq!(market["plugins"][0]["name"], manifest["name"]);
}
