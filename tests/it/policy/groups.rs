//! Groups that a person makes and Cedar policies speak of.

use coord::config::PolicyEngine;
use coord::policy::MEMBERS_MAX;
use serde_json::{Value, json};

use super::world;
use crate::profiles::lock;
use crate::world::{World, fields};

fn person(world: &World, tool: &str, arguments: Value) -> Value {
    fields(&world.person().asks(tool, arguments))
}

fn put(world: &World, group: &str, field: &str, member: &str) {
    let reply = person(world, "change_group", json!({ "group": group, field: member }));
    assert_eq!(reply["success"], true, "{reply}");
}

fn add(world: &World, id: &str, text: &str) {
    let reply = person(world, "add_policy", json!({ "policy_id": id, "policy_text": text }));
    assert_eq!(reply["success"], true, "{reply}");
}

#[test]
fn a_policy_about_groups_counts_with_the_next_call_after_each_change() {
    let world = world(PolicyEngine::Cedar);
    add(
        &world,
        "core",
        "forbid (principal in AgentGroup::\"guests\", action == Action::\"acquire_lock\", resource in PathGroup::\"core\");",
    );
    let (ann, bob) = (world.agent("ann"), world.agent("bob"));
    assert!(lock(&ann, "src/core/a.rs").success(), "both groups are empty");
    put(&world, "guests", "agent_id", "ann");
    put(&world, "core", "path", "src/core/");
    assert_eq!(fields(&lock(&ann, "src/core/b.rs"))["policies"], json!(["core"]));
    assert!(lock(&ann, "src/corex.rs").success());
    assert!(lock(&bob, "src/core/b.rs").success(), "bob is no guest");
    let out = json!({ "group": "guests", "agent_id": "ann", "remove": true });
    assert_eq!(person(&world, "change_group", out.clone())["action"], "removed");
    assert!(lock(&ann, "src/core/c.rs").success());
    assert_eq!(person(&world, "change_group", out)["code"], "member_not_found");

    put(&world, "guests", "agent_type", "test");
    assert_eq!(lock(&bob, "src/core/d.rs").code(), Some("operation_not_permitted"));
    let listed = person(&world, "list_groups", json!({}));
    assert_eq!(listed["members"][1]["group"], "AgentGroup::\"guests\"", "{listed}");
}

#[test]
fn a_folder_that_lies_partly_in_a_group_is_held_to_the_stricter_answer() {
    let world = world(PolicyEngine::Cedar);
    put(&world, "docs", "path", "docs/**");
    put(&world, "core", "path", "src/core/");
    add(
        &world,
        "no-core",
        "forbid (principal, action == Action::\"acquire_lock\", resource in PathGroup::\"core\");",
    );
    let bob = world.agent("bob");
    for (path, free) in [
        ("src/", false),
        ("**", false),
        ("src/c*/x.rs", false),
        ("lib/", true),
        ("src/other/", true),
    ] {
        assert_eq!(lock(&bob, path).success(), free, "{path}");
        drop(bob.asks("release_lock", json!({})));
    }
    crate::profiles::set(&world, json!({ "name": "unknown", "trust_level": 1 }));
    add(
        &world,
        "docs",
        "permit (principal, action == Action::\"acquire_lock\", resource in PathGroup::\"docs\");",
    );
    for (path, free) in [
        ("docs/a.md", true),
        ("docs/x/", true),
        ("docs/*.md", true),
        ("**", false),
        ("d*/a.md", false),
    ] {
        assert_eq!(lock(&bob, path).success(), free, "{path}");
        drop(bob.asks("release_lock", json!({})));
    }
}

#[test]
fn hosts_are_in_groups_by_whole_labels() {
    let world = world(PolicyEngine::Cedar);
    put(&world, "ours", "domain", "*.Corp.Example.");
    for domain in ["a.corp.example", "corp.example.evil.example"] {
        person(&world, "allow_domain", json!({ "domain": domain }));
    }
    add(
        &world,
        "no-ours",
        "forbid (principal, action == Action::\"network_access\", resource in DomainGroup::\"ours\");",
    );
    let ask = |host: &str| {
        let asked = json!({ "operation": "network_access", "resource": host });
        fields(&world.agent("ann").asks("check_policy", asked))["allowed"].clone()
    };
    assert_eq!(ask("https://A.corp.example./x"), false);
    assert_eq!(ask("corp.example.evil.example"), true);
    let why = person(
        &world,
        "explain_policy",
        json!({ "operation": "network_access", "resource": "a.corp.example", "agent_id": "ann" }),
    );
    assert_eq!(why["groups"], json!(["DomainGroup::\"ours\""]));
}

#[test]
fn groups_of_one_project_are_none_of_another_and_a_projects_files_may_use_them() {
    let world = world(PolicyEngine::Native);
    let folder = world.repo.root.join(".coordinator/policies");
    std::fs::create_dir_all(&folder).expect("it is writable");
    let text =
        "forbid (principal, action == Action::\"acquire_lock\", resource in PathGroup::\"core\");";
    std::fs::write(folder.join("own.cedar"), text).expect("it is writable");
    put(&world, "core", "path", "core/");
    assert_eq!(lock(&world.agent("ann"), "core/a.rs").code(), Some("operation_not_permitted"));
    let repo = coord::repo::Repo {
        project: "another/project".into(),
        ..coord::repo::Repo::clone(&world.repo)
    };
    let away = crate::world::Actor { repo: std::sync::Arc::new(repo), ..world.agent("eve") };
    assert!(lock(&away, "core/a.rs").success());
    person(&world, "change_group", json!({ "group": "core", "path": "core/", "everywhere": true }));
    assert_eq!(lock(&away, "core/b.rs").code(), Some("operation_not_permitted"));
}

#[test]
fn what_is_no_member_is_refused_with_the_field_named() {
    let world = world(PolicyEngine::Native);
    for (arguments, field) in [
        (json!({ "group": "Core", "path": "a" }), json!("group")),
        (json!({ "group": "", "path": "a" }), json!("group")),
        (json!({ "group": "g\" || true", "path": "a" }), json!("group")),
        (json!({ "group": "g" }), json!("agent_id")),
        (json!({ "group": "g", "path": "a", "domain": "b.example" }), json!("agent_id")),
        (json!({ "group": "g", "agent_id": "x".repeat(513) }), json!("agent_id")),
        (json!({ "group": "g", "agent_type": "" }), json!("agent_type")),
        (json!({ "group": "g", "domain": "https://x/" }), json!("domain")),
    ] {
        let reply = person(&world, "change_group", arguments.clone());
        assert_eq!(
            (&reply["code"], &reply["field"]),
            (&json!("invalid_argument"), &field),
            "{arguments}: {reply}"
        );
    }
    let outside = person(&world, "change_group", json!({ "group": "g", "path": "../x" }));
    assert_eq!(outside["code"], "invalid_file_path");
    let agents =
        world.agent("ann").asks("change_group", json!({ "group": "g", "agent_id": "ann" }));
    assert_eq!(agents.code(), Some("person_required"));
    for number in 0..MEMBERS_MAX {
        put(&world, "g", "agent_id", &format!("a{number}"));
    }
    let more = person(&world, "change_group", json!({ "group": "g", "agent_id": "one-more" }));
    assert_eq!((&more["code"], &more["limit"]), (&json!("too_many_members"), &json!(MEMBERS_MAX)));
}
