//! The official clients list and call every tool, in both eras of the protocol.

use std::io::Write as _;
use std::process::{Command, Stdio};

use coord::service::TOOLS;
use coord::tool::Audience;
use serde_json::{Value, json};

use super::site::{Site, cache};

/// Every tool once, in an order that makes sense.
fn every_tool() -> Vec<Value> {
    let call = |tool: &str, arguments: Value| json!({ "tool": tool, "arguments": arguments });
    vec![
        call(
            "register_session",
            json!({ "capabilities": ["rust"], "current_task": "try everything" }),
        ),
        call("heartbeat", json!({})),
        call("discover_agents", json!({})),
        call("acquire_lock", json!({ "file_path": "src/main.rs", "reason": "to try it" })),
        call("check_locks", json!({})),
        call(
            "submit_work",
            json!({ "task_type": "try", "description": "a task", "input_data": { "n": 1 } }),
        ),
        call("get_work", json!({})),
        call(
            "complete_work",
            json!({ "task_id": "$6.task_id", "success": true, "result": { "n": 2 } }),
        ),
        call("release_lock", json!({ "file_path": "src/main.rs" })),
        call("query_audit", json!({ "limit": 5 })),
        call("write_handoff", json!({ "summary": "tried everything", "next_steps": ["rest"] })),
        call("read_handoff", json!({})),
        call("remember", json!({ "event_type": "discovery", "summary": "the tools work" })),
        call("recall", json!({ "query": "working tools" })),
        call("check_guardrails", json!({ "operation_text": "git status" })),
        call("get_my_profile", json!({})),
        call("check_policy", json!({ "operation": "network_access", "resource": "github.com" })),
        call(
            "validate_cedar_policy",
            json!({ "policy_text": "forbid (principal, action, resource);" }),
        ),
    ]
}

/// Runs a script with a client, every tool if it names no calls; what came of it.
pub fn play(site: &Site, command: &mut Command, mut script: Value) -> Value {
    script["command"] = env!("CARGO_BIN_EXE_coord").into();
    if script["calls"].is_null() {
        script["calls"] = every_tool().into();
    }
    let mut child = command
        .env("AGENT_ID", "player")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("tests/setup has installed the client");
    let input = script.to_string();
    child
        .stdin
        .take()
        .expect("it is piped")
        .write_all(input.as_bytes())
        .expect("it reads its script");
    let output = child.wait_with_output().expect("it ends");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    serde_json::from_str(&said).unwrap_or_else(|_| {
        panic!("{said}\n{}\n{}", String::from_utf8_lossy(&output.stderr), site.log())
    })
}

pub fn python(site: &Site, version: u8) -> Command {
    let mut command = site.command(cache().join(format!("python-{version}/bin/python")));
    command.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/clients/python/play.py"));
    command
}

fn node(site: &Site) -> Command {
    let mut command = site.command("node");
    command.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/clients/node/play.mjs"));
    command.env("CLIENTS", cache().join("node"));
    command
}

fn check(result: &Value) {
    let mut wanted: Vec<&str> = TOOLS
        .iter()
        .filter(|entry| entry.audience == Audience::Everybody)
        .map(|entry| entry.name)
        .collect();
    let listed: Vec<&str> =
        result["tools"].as_array().expect("a list").iter().filter_map(Value::as_str).collect();
    assert_eq!(listed, wanted);
    let script = every_tool();
    let mut called: Vec<&str> = script.iter().filter_map(|call| call["tool"].as_str()).collect();
    called.sort_unstable();
    called.dedup();
    wanted.sort_unstable();
    assert_eq!(called, wanted, "every tool is called");
    for (call, answer) in script.iter().zip(result["calls"].as_array().expect("a list")) {
        assert_eq!(answer["is_error"], false, "{call}: {answer}");
        assert_eq!(answer["structured"]["success"], true, "{call}: {answer}");
        let text: Value =
            serde_json::from_str(answer["text"].as_str().expect("a text")).expect("it is JSON");
        assert_eq!(text, answer["structured"], "text and structure say the same");
    }
    let resources = result["resources"].as_object().expect("resources");
    assert!(resources["audit://recent"].as_str().expect("text").contains("release_lock"));
    assert_eq!(resources.len(), coord::service::resources::RESOURCES.len());
    assert_eq!(result["prompts"].as_object().expect("prompts").len(), 2);
}

#[test]
fn the_python_client_of_version_1_calls_every_tool_and_hears_of_changes() {
    let site = Site::new();
    let script = json!({ "mode": "legacy", "subscribe": "locks://current" });
    let result = play(&site, &mut python(&site, 1), script);
    check(&result);
    assert_eq!(result["updated"][0], "locks://current");
}

#[test]
fn the_python_client_of_version_2_calls_every_tool_in_both_eras() {
    for mode in ["legacy", "auto", "2026-07-28"] {
        let site = Site::new();
        let result = play(&site, &mut python(&site, 2), json!({ "mode": mode }));
        check(&result);
        let era = if mode == "legacy" { "2025-11-25" } else { "2026-07-28" };
        assert_eq!(result["protocol"], era, "{mode}");
    }
}

#[test]
fn the_typescript_client_of_version_1_calls_every_tool() {
    let site = Site::new();
    check(&play(&site, &mut node(&site), json!({ "client": "sdk" })));
}

#[test]
fn the_typescript_client_of_version_2_calls_every_tool_in_both_eras() {
    for mode in [json!("legacy"), json!("auto")] {
        let site = Site::new();
        check(&play(&site, &mut node(&site), json!({ "client": "client", "mode": mode })));
    }
}
