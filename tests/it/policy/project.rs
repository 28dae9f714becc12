//! A project's own policies with the native engine: they hold, and can only forbid.

use coord::config::PolicyEngine;
use serde_json::{Value, json};

use super::world;
use crate::profiles::lock;
use crate::world::{World, fields};

const NO_MIGRATIONS: &str = "@reason(\"migrations are for people\")\nforbid (principal, action == Action::\"acquire_lock\", resource is File)\nwhen { resource.path like \"migrations/*\" && !principal.person };";

fn write(world: &World, name: &str, text: &str) {
    let folder = world.repo.root.join(".coordinator/policies");
    std::fs::create_dir_all(&folder).expect("it is writable");
    std::fs::write(folder.join(name), text).expect("it is writable");
}

fn asked(world: &World, path: &str) -> Value {
    fields(
        &world
            .agent("ann")
            .asks("check_policy", json!({ "operation": "acquire_lock", "resource": path })),
    )
}

#[test]
fn what_a_project_forbids_is_forbidden_with_the_native_engine_too() {
    let world = world(PolicyEngine::Native);
    assert!(lock(&world.agent("ann"), "migrations/0.sql").success(), "there are no files yet");
    write(&world, "own.cedar", NO_MIGRATIONS);
    world.until("the file counts", |world| asked(world, "migrations/1.sql")["allowed"] == false);
    let refused = lock(&world.agent("ann"), "migrations/1.sql");
    assert_eq!(refused.code(), Some("operation_not_permitted"));
    assert!(refused.sentence().starts_with("migrations are for people."), "{}", refused.sentence());
    assert_eq!(fields(&refused)["policies"], json!(["own.cedar:1"]));
    assert_eq!(asked(&world, "migrations/1.sql")["engine"], "native");
    assert_eq!(asked(&world, "src/a.rs")["policies"], json!(["writing-needs-trust-2"]));
    assert!(lock(&world.person(), "migrations/2.sql").success());
    let listed = fields(&world.person().asks("list_policies", json!({})));
    assert_eq!(listed["policies"][1]["policy_id"], "own.cedar", "{listed}");

    std::fs::remove_file(world.repo.root.join(".coordinator/policies/own.cedar"))
        .expect("it is there");
    world.until("it is gone again", |world| asked(world, "migrations/1.sql")["allowed"] == true);
}

#[test]
fn a_project_can_ask_and_neither_permits_nor_hides_a_mistake() {
    let world = world(PolicyEngine::Native);
    write(
        &world,
        "ask.cedar",
        "@ask forbid (principal, action == Action::\"acquire_lock\", resource is File) when { resource.path like \"core/*\" };",
    );
    assert_eq!(lock(&world.agent("ann"), "core/a.rs").code(), Some("approval_required"));

    write(&world, "loose.cedar", "permit (principal, action, resource);");
    world.until("the mistake is told", |world| {
        asked(world, "x")["diagnostics"].to_string().contains("only forbid")
    });
    assert_eq!(
        lock(&world.agent("bob"), "core/b.rs").code(),
        Some("approval_required"),
        "the last good ones stay"
    );
    crate::profiles::set(&world, json!({ "name": "unknown", "trust_level": 1 }));
    assert_eq!(lock(&world.agent("ann"), "core/a.rs").code(), Some("insufficient_trust_level"));
}
