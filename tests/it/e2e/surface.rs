//! Resources, suggestions and `coord call`: the other ways to the same tools.

use std::time::Duration;

use coord::service::TOOLS;
use coord::service::resources::RESOURCES;
use coord::tool::{Access, Audience};
use serde_json::{Value, json};

use super::rpc::Rpc;
use super::site::{Site, until};

/// What a resource shows, and the type that it says it has.
fn read(rpc: &mut Rpc, uri: &str) -> (String, String) {
    let answer = rpc.request("resources/read", json!({ "uri": uri }));
    let contents = &answer["result"]["contents"][0];
    let field = |name: &str| {
        contents[name].as_str().unwrap_or_else(|| panic!("{uri}: {answer}")).to_owned()
    };
    (field("text"), field("mimeType"))
}

/// One deed for each resource that changes what it shows.
fn deeds(rpc: &mut Rpc) {
    for (tool, arguments) in [
        ("acquire_lock", json!({ "file_path": "a.rs" })),
        ("submit_work", json!({ "task_type": "try", "description": "a task" })),
        ("write_handoff", json!({ "summary": "a handoff" })),
        ("remember", json!({ "event_type": "decision", "summary": "a memory" })),
    ] {
        assert_eq!(rpc.call(tool, arguments)["success"], true, "{tool}");
    }
}

#[test]
fn every_resource_is_there_as_markdown_and_as_json_and_says_the_same() {
    let site = Site::new();
    let mut ann = Rpc::open(&site, "ann");
    deeds(&mut ann);
    let listed = ann.request("resources/list", json!({}))["result"]["resources"].clone();
    let uris: Vec<&str> =
        listed.as_array().expect("a list").iter().filter_map(|one| one["uri"].as_str()).collect();
    assert_eq!(uris, RESOURCES.iter().map(|one| one.uri).collect::<Vec<_>>());
    let shown = [
        ("locks://current", "a.rs"),
        ("work://pending", "a task"),
        ("handoffs://recent", "a handoff"),
        ("memories://recent", "a memory"),
        ("guardrails://patterns", "git_force_push"),
        ("profiles://current", "trust level: 2"),
        ("audit://recent", "acquire_lock"),
    ];
    assert_eq!(shown.len(), uris.len());
    for (uri, what) in shown {
        // Rows of mere reads follow within half a second; nothing else here changes.
        let (text, kind) = read(&mut ann, uri);
        assert!(
            kind == "text/markdown" && text.starts_with("# ") && text.contains(what),
            "{uri}: {text}"
        );
        assert_eq!(read(&mut ann, &format!("{uri}?format=markdown")).1, "text/markdown");
        let (text, kind) = read(&mut ann, &format!("{uri}?format=json"));
        let value: Value = serde_json::from_str(&text).expect("it is JSON");
        assert!(kind == "application/json" && value.is_object(), "{uri}: {text}");
        assert!(uri == "profiles://current" || text.contains(what), "{uri}: {text}");
    }
    for wrong in
        ["locks://current?format=xml", "locks://", "file:///etc/passwd", "locks://current/../x"]
    {
        assert!(
            ann.request("resources/read", json!({ "uri": wrong }))["error"].is_object(),
            "{wrong}"
        );
    }
}

#[test]
fn each_resource_can_be_subscribed_to_and_tells_of_a_change() {
    let site = Site::new();
    let (mut ann, mut bob) = (Rpc::open(&site, "ann"), Rpc::open(&site, "bob"));
    for resource in RESOURCES {
        let answer = ann.request("resources/subscribe", json!({ "uri": resource.uri }));
        assert!(answer["error"].is_null(), "{}: {answer}", resource.uri);
    }
    deeds(&mut bob);
    for person in
        [&["profile", "set", "unknown", "--trust", "2"][..], &["guard", "disable", "npm_publish"]]
    {
        let (code, said) = site.at_terminal(person);
        assert_eq!(code, 0, "{said}");
    }
    for resource in RESOURCES {
        until(&format!("{} is told of", resource.uri), || {
            while ann.listen(Duration::from_millis(20)).is_some() {}
            ann.notices.iter().any(|notice| notice["params"]["uri"] == resource.uri)
        });
    }
    ann.request("resources/unsubscribe", json!({ "uri": "locks://current" }));
    while ann.listen(Duration::from_millis(500)).is_some() {}
    ann.notices.clear();
    bob.call("acquire_lock", json!({ "file_path": "b.rs" }));
    until("the log is told of", || {
        while ann.listen(Duration::from_millis(20)).is_some() {}
        ann.notices.iter().any(|notice| notice["params"]["uri"] == "audit://recent")
    });
    assert!(!ann.notices.iter().any(|notice| notice["params"]["uri"] == "locks://current"));
}

#[test]
fn paths_agents_and_tasks_are_suggested() {
    let site = Site::new();
    let mut ann = Rpc::open(&site, "ann");
    std::fs::create_dir_all(site.repo().join("src/parse")).expect("it is ours");
    std::fs::write(site.repo().join("src/parser.rs"), "").expect("it is ours");
    let task =
        ann.call("submit_work", json!({ "task_type": "try", "description": "a task" }))["task_id"]
            .clone();
    let mut suggest = |name: &str, begun: &str| {
        let asked = json!({
            "ref": { "type": "ref/prompt", "name": "coordinate_file_edit" },
            "argument": { "name": name, "value": begun },
        });
        ann.request("completion/complete", asked)["result"]["completion"]["values"].clone()
    };
    assert_eq!(suggest("file_path", "src/pa"), json!(["src/parse/", "src/parser.rs"]));
    assert_eq!(suggest("file_path", "s"), json!(["src/"]));
    for outside in ["../", "/etc/", ".git/", "src/../../", ".GIT/"] {
        assert_eq!(suggest("file_path", outside), json!([]), "{outside}");
    }
    assert_eq!(suggest("agent_name", "a"), json!(["ann"]));
    assert_eq!(suggest("agent_id", "b"), json!([]));
    assert_eq!(suggest("task_id", ""), json!([task]));
    assert_eq!(suggest("task", "anything"), json!([]));
}

/// The fields of an answer, whatever they hold.
fn shape(answer: &Value) -> (Value, Value, Vec<String>) {
    let mut names: Vec<String> = answer.as_object().expect("an object").keys().cloned().collect();
    names.sort();
    (answer["success"].clone(), answer["code"].clone(), names)
}

#[test]
fn a_tool_answers_alike_over_mcp_and_over_coord_call() {
    let site = Site::new();
    let mut ann = Rpc::open(&site, "ann");
    for tool in TOOLS.iter().filter(|tool| tool.audience == Audience::Everybody) {
        for arguments in [json!({}), json!({ "nonsense": 1 })] {
            let over_mcp = ann.call(tool.name, arguments.clone());
            let output = site
                .coord()
                .env("AGENT_ID", "ann")
                .args(["call", tool.name, &arguments.to_string(), "--json"])
                .output()
                .expect("the binary runs");
            let over_cli: Value = serde_json::from_slice(&output.stdout).expect("it is JSON");
            assert_eq!(shape(&over_mcp), shape(&over_cli), "{}: {over_mcp} {over_cli}", tool.name);
            if over_mcp["success"] == false && tool.access == Access::Read {
                assert_eq!(over_mcp, over_cli);
            }
            let code = i32::from(over_mcp["success"] == false);
            assert_eq!(output.status.code(), Some(code), "{}", tool.name);
        }
    }
}
