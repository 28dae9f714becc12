//! Cedar policies that people and projects add.

use std::path::PathBuf;
use std::time::Instant;

use coord::config::PolicyEngine;
use coord::policy::{self, Settings};
use serde_json::{Value, json};

use super::world;
use crate::profiles::lock;
use crate::world::{World, fields};

const NO_MIGRATIONS: &str = "@reason(\"migrations are for people\")\nforbid (principal, action == Action::\"acquire_lock\", resource is File)\nwhen { resource.path like \"migrations/*\" };\n";

fn add(world: &World, id: &str, text: &str) -> Value {
    fields(&world.person().asks("add_policy", json!({ "policy_id": id, "policy_text": text })))
}

#[test]
fn an_added_policy_counts_with_the_next_call_until_it_is_switched_off() {
    let world = world(PolicyEngine::Cedar);
    let ann = world.agent("ann");
    assert!(lock(&ann, "migrations/1.sql").success());
    assert!(ann.asks("release_lock", json!({})).success());

    assert_eq!(add(&world, "no-migrations", NO_MIGRATIONS)["action"], "added");
    let refused = lock(&ann, "./migrations/1.sql");
    assert_eq!(refused.code(), Some("operation_not_permitted"));
    assert!(refused.sentence().starts_with("migrations are for people."), "{}", refused.sentence());
    assert_eq!(fields(&refused)["policies"], json!(["no-migrations"]));
    let several = ann.asks("acquire_lock", json!({ "file_paths": ["a.rs", "migrations/2.sql"] }));
    assert_eq!(several.code(), Some("operation_not_permitted"), "each of the paths is asked about");
    assert!(lock(&ann, "src/migrations.rs").success());

    let off = json!({ "policy_id": "no-migrations" });
    assert!(world.person().asks("disable_policy", off).success());
    assert!(lock(&ann, "migrations/1.sql").success());
    let on = json!({ "policy_id": "no-migrations", "enable": true });
    assert!(world.person().asks("disable_policy", on).success());
    assert_eq!(lock(&ann, "migrations/3.sql").code(), Some("operation_not_permitted"));
    let away = json!({ "policy_id": "no-migrations", "remove": true });
    assert!(world.person().asks("disable_policy", away).success());
    assert!(lock(&ann, "migrations/3.sql").success());
}

#[test]
fn a_policy_can_ask_a_person_and_no_policy_can_wake_the_suspended() {
    let world = world(PolicyEngine::Cedar);
    let ask = "@ask @reason(\"locks of the core need a yes\") forbid (principal, action == Action::\"acquire_lock\", resource is File) when { resource.path like \"core/*\" };";
    assert_eq!(add(&world, "core", ask)["success"], true);
    let asked = fields(&lock(&world.agent("ann"), "core/a.rs"));
    assert_eq!(asked["code"], "approval_required");
    let id = asked["approval_id"].as_str().expect("it has an id");
    assert!(world.person().asks("approve", json!({ "approval_id": id })).success());
    assert!(lock(&world.agent("ann"), "core/a.rs").success());

    assert_eq!(add(&world, "open", "permit (principal, action, resource);")["success"], true);
    crate::profiles::set(&world, json!({ "name": "unknown", "trust_level": 0 }));
    assert_eq!(lock(&world.agent("ann"), "b.rs").code(), Some("agent_suspended"));
    crate::profiles::set(&world, json!({ "name": "unknown", "trust_level": 1 }));
    assert!(lock(&world.agent("ann"), "b.rs").success(), "a person permitted it to all");
}

#[test]
fn a_broken_policy_is_not_added_and_its_mistake_has_a_place() {
    let world = world(PolicyEngine::Cedar);
    let cases = [
        (
            "broken",
            "permit (principal, action, resource)\nwhen { principal.trsut >= 1 };",
            Some((2, 8)),
        ),
        ("syntax", "permit (principal, action, resource)\nwhen {", None),
        (
            "two",
            "permit (principal, action, resource); permit (principal, action, resource);",
            Some((1, 1)),
        ),
        ("suspended", "permit (principal, action, resource);", Some((1, 1))),
        ("asking", "@ask permit (principal, action, resource);", Some((1, 1))),
        ("empty", "", Some((1, 1))),
    ];
    for (id, text, place) in cases {
        let refused = add(&world, id, text);
        assert_eq!(refused["code"], "invalid_policy", "{id}: {refused}");
        if let Some((line, column)) = place {
            assert_eq!(
                (&refused["line"], &refused["column"]),
                (&json!(line), &json!(column)),
                "{id}: {refused}"
            );
        }
    }
    for id in ["", "Big", "a b", &"a".repeat(65)] {
        assert_eq!(add(&world, id, NO_MIGRATIONS)["code"], "invalid_argument", "{id}");
    }
    assert!(lock(&world.agent("ann"), "a.rs").success(), "nothing of it is in force");
    let unknown = world.person().asks("disable_policy", json!({ "policy_id": "suspended" }));
    assert_eq!(unknown.code(), Some("policy_not_found"), "a built-in policy stays");
}

/// The folder of the project's own policies.
fn folder(world: &World) -> PathBuf {
    let folder = world.repo.root.join(".coordinator/policies");
    std::fs::create_dir_all(&folder).expect("the repository is writable");
    folder
}

fn is_refused(world: &World, path: &str) -> bool {
    lock(&world.agent("ann"), path).code() == Some("operation_not_permitted")
}

fn diagnostics(world: &World) -> String {
    let asked = json!({ "operation": "acquire_lock" });
    fields(&world.agent("ann").asks("check_policy", asked))["diagnostics"].to_string()
}

#[test]
fn a_projects_policies_are_read_within_a_second_and_a_broken_one_changes_nothing() {
    let world = world(PolicyEngine::Cedar);
    assert!(lock(&world.agent("ann"), "migrations/0.sql").success(), "there are no files yet");
    assert!(world.agent("ann").asks("release_lock", json!({})).success());
    let file = folder(&world).join("own.cedar");
    let start = Instant::now();
    std::fs::write(&file, NO_MIGRATIONS).expect("it is writable");
    world.until("the new file counts", |world| is_refused(world, "migrations/1.sql"));
    assert!(start.elapsed().as_millis() < 2_000, "it took {:?}", start.elapsed());

    std::fs::write(&file, "forbid (principal, action, resource) when { nonsense };")
        .expect("it is writable");
    world.until("the trouble is told", |world| diagnostics(world).contains("own.cedar:1:"));
    assert!(is_refused(&world, "migrations/1.sql"), "the last good file is in force");
    std::fs::write(&file, "permit (principal, action, resource);").expect("it is writable");
    world.until("the permit is refused", |world| diagnostics(world).contains("may only forbid"));
    assert!(is_refused(&world, "migrations/1.sql"), "and still");

    std::fs::remove_file(&file).expect("it is ours");
    world.until("the file is gone", |world| !is_refused(world, "migrations/1.sql"));
    assert_eq!(diagnostics(&world), "null");
}

#[test]
fn files_that_were_there_before_the_first_call_count_from_the_first_call() {
    let world = world(PolicyEngine::Cedar);
    std::fs::write(folder(&world).join("a.cedar"), NO_MIGRATIONS).expect("it is writable");
    std::fs::write(folder(&world).join("notes.txt"), "no policy").expect("it is writable");
    let refused = fields(&lock(&world.agent("ann"), "migrations/1.sql"));
    assert_eq!(refused["policies"], json!(["a.cedar:1"]));
    let listed = fields(&world.person().asks("list_policies", json!({})));
    let sources: Vec<&Value> =
        listed["policies"].as_array().expect("a list").iter().map(|one| &one["source"]).collect();
    assert_eq!(sources, [&json!("built_in"), &json!("project")]);
}

#[test]
fn a_schema_of_ones_own_must_fit_and_a_bad_one_falls_back_or_shuts() {
    let world = world(PolicyEngine::Cedar);
    let path = world.folder.path().join("own.cedarschema");
    let put = |text: &str, fallback: bool| {
        std::fs::write(&path, text).expect("it is writable");
        let schema_path = Some(path.clone());
        let settings = Settings { engine: PolicyEngine::Cedar, schema_path, fallback };
        policy::configure(world.service.store(), settings);
    };
    let more = coord::operations::SCHEMA
        .replace("profile: String,", "profile: String,\n    team?: String,");
    put(&more, false);
    assert!(lock(&world.agent("ann"), "a.rs").success());
    let team = "forbid (principal, action, resource) when { principal has team && principal.team == \"x\" };";
    assert_eq!(add(&world, "team", team)["success"], true, "the new word is known");
    assert!(
        world
            .person()
            .asks("disable_policy", json!({ "policy_id": "team", "remove": true }))
            .success()
    );

    put("entity Agent;", true);
    assert!(lock(&world.agent("ann"), "b.rs").success());
    assert!(diagnostics(&world).contains("own.cedarschema"), "{}", diagnostics(&world));
    put("entity Agent;", false);
    let refused = lock(&world.agent("ann"), "c.rs");
    assert_eq!(
        refused.code(),
        Some("operation_not_permitted"),
        "nothing is permitted without policies"
    );
}

#[test]
fn another_projects_policies_do_not_count_here() {
    let world = world(PolicyEngine::Cedar);
    let person = world.person();
    let repo = coord::repo::Repo {
        project: "another/project".into(),
        ..coord::repo::Repo::clone(&world.repo)
    };
    let away = crate::world::Actor { repo: std::sync::Arc::new(repo), ..person.clone() };
    let arguments = json!({ "policy_id": "no-migrations", "policy_text": NO_MIGRATIONS });
    assert!(away.asks("add_policy", arguments.clone()).success());
    assert!(lock(&world.agent("ann"), "migrations/1.sql").success());
    assert_eq!(
        person.asks("add_policy", arguments).code(),
        Some("invalid_argument"),
        "the name is taken"
    );
    assert_eq!(
        person.asks("disable_policy", json!({ "policy_id": "no-migrations" })).code(),
        Some("policy_not_found")
    );
}
