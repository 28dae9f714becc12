//! What lies in one project is not seen from another: by no tool, no resource, no id.

use std::sync::Arc;

use coord::repo::Repo;
use coord::service::TOOLS;
use coord::service::catalogue::Entry;
use coord::service::resources::RESOURCES;
use serde_json::{Map, Value, json};

use crate::world::{Actor, World, fields};

/// What everything in the first project is marked with.
const MARK: &str = "zanzibar";

/// The same actor in another repository.
fn elsewhere<'w>(actor: &Actor<'w>) -> Actor<'w> {
    let root = actor.world.folder.path().join("elsewhere");
    std::fs::create_dir_all(&root).expect("the folder is ours");
    let repo = Repo { project: "test/elsewhere".into(), root, ..Repo::clone(&actor.repo) };
    Actor { repo: Arc::new(repo), ..actor.clone() }
}

/// Ids of what was left behind, by the argument that would name it.
struct Left {
    ids: Vec<(&'static str, String)>,
}

/// Leaves one of everything in the first project, each with the mark in it.
fn leave(world: &World) -> Left {
    let marked = world.agent(&format!("agent-{MARK}"));
    let done = |tool: &str, arguments: Value| {
        let answer = marked.asks(tool, arguments);
        assert!(answer.success(), "{tool}: {}", answer.flat());
        fields(&answer)
    };
    done("register_session", json!({ "current_task": MARK, "capabilities": [MARK] }));
    done("acquire_lock", json!({ "file_path": format!("{MARK}.rs"), "reason": MARK }));
    let task = done("submit_work", json!({ "task_type": "try", "description": MARK }));
    done("get_work", json!({}));
    done("submit_work", json!({ "task_type": "try", "description": MARK }));
    let handoff = done("write_handoff", json!({ "summary": MARK }));
    let told = json!({ "event_type": "decision", "summary": MARK, "tags": [MARK] });
    let memory = done("remember", told);
    done(
        "check_policy",
        json!({ "operation": "network_access", "resource": format!("{MARK}.example") }),
    );
    let person = |tool: &str, arguments: Value| {
        let answer = world.person().asks(tool, arguments);
        assert!(answer.success(), "{tool}: {}", answer.flat());
    };
    person("allow_domain", json!({ "domain": format!("{MARK}.example") }));
    person("assign_profile", json!({ "agent_id": MARK, "profile": "strands_orchestrator" }));
    let forbid = format!(
        "@reason(\"{MARK}\") forbid (principal, action == Action::\"remember\", resource);"
    );
    person("add_policy", json!({ "policy_id": MARK, "policy_text": forbid }));
    person("set_profile", json!({ "name": "unknown", "ask_operations": ["heartbeat"] }));
    let asked = fields(&marked.asks("heartbeat", json!({ "current_task": MARK })));
    let id = |of: &Value, field: &str| of[field].as_str().expect("it has an id").to_owned();
    Left {
        ids: vec![
            ("task_id", id(&task, "task_id")),
            ("handoff_id", id(&handoff, "handoff_id")),
            ("memory_id", id(&memory, "memory_id")),
            ("approval_id", id(&asked, "approval_id")),
            ("policy_id", MARK.into()),
        ],
    }
}

/// Arguments that look for the mark as hard as they can.
fn search(input: &Map<String, Value>, left: &Left) -> Map<String, Value> {
    let mut arguments = Map::new();
    let Some(all) = input.get("properties").and_then(Value::as_object) else { return arguments };
    let required = input.get("required").and_then(Value::as_array).cloned().unwrap_or_default();
    for (name, schema) in all {
        let known = left.ids.iter().find(|(field, _)| field == name);
        let value = match (known, schema["type"].as_str()) {
            (Some((_, id)), _) => json!(id),
            (None, Some("integer")) if name == "limit" => json!(20),
            (None, _) if !required.contains(&json!(name)) => continue,
            (None, Some("integer")) => json!(1),
            (None, Some("boolean")) => json!(true),
            (None, Some("object")) => json!({}),
            (None, Some("array")) => json!([]),
            (None, _) if name == "operation" => json!("get_work"),
            (None, _) => schema["enum"].get(0).cloned().unwrap_or_else(|| json!("x")),
        };
        arguments.insert(name.clone(), value);
    }
    arguments
}

/// The answer without what the question itself brought along.
fn told(answer: &Value) -> String {
    let mut answer = answer.clone();
    if let Some(fields) = answer.as_object_mut() {
        for echo in ["policy_id", "message", "operation"] {
            fields.remove(echo);
        }
    }
    answer.to_string()
}

#[test]
fn no_tool_tells_of_another_project() {
    let world = World::new();
    let left = leave(&world);
    for actor in [world.agent("eve"), world.person()] {
        let away = elsewhere(&actor);
        // The chain is one for all projects: whoever proves it must see all of it.
        let proves = |tool: &&&Entry| actor.caller.person && tool.name == "audit_rows";
        for tool in TOOLS.iter().filter(|tool| !proves(&tool)) {
            let arguments = search(&tool.published().input, &left);
            let answer = away.asks(tool.name, arguments.clone().into()).flat();
            assert!(!told(&answer).contains(MARK), "{} {arguments:?}: {answer}", tool.name);
        }
    }
    let looked = elsewhere(&world.agent("eve")).asks("recall", json!({ "query": MARK })).flat();
    assert_eq!(looked["memories"], json!([]));
}

#[test]
fn the_search_finds_everything_where_it_lies() {
    let world = World::new();
    let left = leave(&world);
    let mut seen = Vec::new();
    for tool in TOOLS.iter().filter(|tool| tool.access == coord::tool::Access::Read) {
        let arguments = search(&tool.published().input, &left);
        let answer = world.person().asks(tool.name, arguments.into()).flat();
        if told(&answer).contains(MARK) {
            seen.push(tool.name);
        }
    }
    // Else the test above could not fail.
    for tool in [
        "check_locks",
        "read_handoff",
        "discover_agents",
        "recall",
        "query_audit",
        "pending_work",
        "list_work",
        "show_work",
        "list_handoffs",
        "show_handoff",
        "list_memories",
        "show_memory",
        "export_memories",
        "audit_rows",
        "list_profiles",
        "list_policies",
        "list_domains",
        "domain_log",
        "list_approvals",
    ] {
        assert!(seen.contains(&tool), "{tool} is not among {seen:?}");
    }
}

#[test]
fn no_resource_shows_another_project() {
    let world = World::new();
    let left = leave(&world);
    let away = elsewhere(&world.agent("eve"));
    for resource in RESOURCES {
        let here = world.agent("eve").asks(resource.tool, (resource.arguments)()).flat();
        let there = away.asks(resource.tool, (resource.arguments)()).flat();
        assert_eq!(there["success"], true, "{}: {there}", resource.uri);
        assert!(!there.to_string().contains(MARK), "{}: {there}", resource.uri);
        let plain = ["guardrails://patterns", "profiles://current"].contains(&resource.uri);
        assert!(plain || here.to_string().contains(MARK), "{}: {here}", resource.uri);
    }
    assert_eq!(left.ids.len(), 5);
}

#[test]
fn nothing_in_another_project_is_changed_by_its_id() {
    let world = World::new();
    let left = leave(&world);
    let away = elsewhere(&world.person());
    for (tool, field, more) in [
        ("cancel_work", "task_id", json!({ "reason": "mine now" })),
        ("retry_work", "task_id", json!({})),
        ("forget_memory", "memory_id", json!({})),
        ("pin_memory", "memory_id", json!({ "pinned": true })),
        ("approve", "approval_id", json!({})),
        ("deny", "approval_id", json!({})),
        ("disable_policy", "policy_id", json!({ "remove": true })),
    ] {
        let (_, id) = left.ids.iter().find(|(name, _)| *name == field).expect("it was left");
        let mut arguments = more;
        arguments[field] = json!(id);
        let answer = away.asks(tool, arguments).flat();
        let code = answer["code"].as_str().unwrap_or_default();
        assert!(code.ends_with("_not_found"), "{tool}: {answer}");
    }
    let forced = json!({ "file_path": format!("{MARK}.rs"), "reason": "mine now" });
    assert!(!away.asks("force_release_lock", forced).success());
    let locks = world.person().asks("check_locks", json!({})).flat();
    assert_eq!(locks["locks"][0]["file_path"], format!("{MARK}.rs"));
}
