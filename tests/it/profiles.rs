//! Profiles: who has which, what it grants, and what is used up.

use std::sync::Arc;

use coord::answer::Answer;
use coord::context::Caller;
use coord::profiles::{self, Settings};
use coord::repo::Repo;
use serde_json::{Value, json};

use crate::world::{Actor, World, fields};

/// An agent of this type.
pub fn of_type<'w>(world: &'w World, name: &str, agent_type: &str) -> Actor<'w> {
    let actor = world.agent(name);
    Actor { caller: Caller { agent_type: agent_type.into(), ..actor.caller.clone() }, ..actor }
}

/// The same caller in another repository.
fn elsewhere<'w>(actor: &Actor<'w>) -> Actor<'w> {
    let repo = Repo { project: "another/project".into(), ..Repo::clone(&actor.repo) };
    Actor { repo: Arc::new(repo), ..actor.clone() }
}

fn profile(actor: &Actor<'_>) -> Value {
    fields(&actor.asks("get_my_profile", json!({})))
}

fn trust(actor: &Actor<'_>) -> (String, i64, String) {
    let reply = profile(actor);
    let text = |value: &Value| value.as_str().expect("it is text").to_owned();
    let trust = reply["profile"]["trust_level"].as_i64().expect("it is a number");
    (text(&reply["profile"]["name"]), trust, text(&reply["source"]))
}

pub fn set(world: &World, arguments: Value) {
    let answer = world.person().asks("set_profile", arguments);
    assert!(answer.success(), "{answer:?}");
}

pub fn assign(world: &World, arguments: Value) {
    let answer = world.person().asks("assign_profile", arguments);
    assert!(answer.success(), "{answer:?}");
}

pub fn lock(actor: &Actor<'_>, path: &str) -> Answer {
    actor.asks("acquire_lock", json!({ "file_path": path }))
}

#[test]
fn each_type_of_agent_has_the_profile_made_for_it() {
    let world = World::new();
    let cases = [
        ("claude", "claude_code_cli", 3),
        ("claude_code_cli", "claude_code_cli", 3),
        ("claude_code_web_reviewer", "claude_code_web_reviewer", 1),
        ("claude_code_web_implementer", "claude_code_web_implementer", 2),
        ("codex_cloud_worker", "codex_cloud_worker", 2),
        ("strands_orchestrator", "strands_orchestrator", 3),
        ("codex", "codex_cli", 3),
        ("gemini", "gemini_cli", 3),
        ("cursor", "cursor", 3),
        ("test", "unknown", 2),
        ("person", "unknown", 2),
        ("", "unknown", 2),
        ("claude\u{200b}", "unknown", 2),
    ];
    for (kind, name, level) in cases {
        let agent = of_type(&world, "ann", kind);
        assert_eq!(trust(&agent), (name.into(), level, "default".into()), "{kind:?}");
    }
}

#[test]
fn an_assignment_to_a_name_beats_one_to_a_type_and_counts_at_once() {
    let world = World::new();
    let ann = world.agent("ann");
    assert_eq!(trust(&ann).1, 2);

    assign(&world, json!({ "agent_type": "test", "profile": "strands_orchestrator" }));
    assert_eq!(trust(&ann), ("strands_orchestrator".into(), 3, "assignment".into()));
    assign(&world, json!({ "agent_id": "ann", "profile": "claude_code_web_reviewer" }));
    assert_eq!(trust(&ann).0, "claude_code_web_reviewer");
    assert_eq!(trust(&world.agent("bob")).0, "strands_orchestrator");

    assign(&world, json!({ "agent_id": "ann" }));
    assert_eq!(trust(&ann).0, "strands_orchestrator", "the assignment was taken back");
}

#[test]
fn an_assignment_here_means_nothing_elsewhere_unless_a_person_says_so() {
    let world = World::new();
    let ann = world.agent("ann");
    assign(&world, json!({ "agent_id": "ann", "profile": "claude_code_web_reviewer" }));
    assert_eq!(trust(&elsewhere(&ann)).0, "unknown");

    assign(&world, json!({ "agent_id": "ann", "profile": "codex_cli", "everywhere": true }));
    assert_eq!(trust(&elsewhere(&ann)).0, "codex_cli");
    assert_eq!(trust(&ann).0, "claude_code_web_reviewer", "the nearer one wins");
}

#[test]
fn a_subagent_is_trusted_no_further_than_its_parent() {
    let world = World::new();
    let parent = of_type(&world, "rev", "claude_code_web_reviewer");
    assert!(
        parent.asks("register_session", json!({})).success(),
        "reviewers may say they are here"
    );
    let session_id = format!("{}/sub", parent.caller.session_id);
    let child = |agent_type: &str| Actor {
        caller: Caller {
            agent_id: "rev/sub".into(),
            agent_type: agent_type.into(),
            session_id: session_id.clone(),
            rule: "subagent".into(),
            person: false,
        },
        ..parent.clone()
    };
    assert_eq!(trust(&child("Explore")).0, "claude_code_web_reviewer");
    assert_eq!(trust(&child("claude")).0, "claude_code_web_reviewer");

    assign(&world, json!({ "agent_type": "Explore", "profile": "strands_orchestrator" }));
    assert_eq!(trust(&child("Explore")).0, "claude_code_web_reviewer", "no way up");
    set(&world, json!({ "name": "none", "trust_level": 0 }));
    assign(&world, json!({ "agent_type": "Explore", "profile": "none" }));
    assert_eq!(lock(&child("Explore"), "a.rs").code(), Some("agent_suspended"), "a way down");
}

#[test]
fn a_change_of_a_profile_counts_with_the_next_call_and_a_reset_takes_it_back() {
    let world = World::new();
    let ann = world.agent("ann");
    assert!(lock(&ann, "a.rs").success());

    set(&world, json!({ "name": "unknown", "trust_level": 1 }));
    assert_eq!(lock(&ann, "b.rs").code(), Some("insufficient_trust_level"));
    set(&world, json!({ "name": "unknown", "reset": true }));
    assert!(lock(&ann, "b.rs").success());
}

#[test]
fn a_profile_that_is_gone_trusts_nobody() {
    let world = World::new();
    set(&world, json!({ "name": "mine", "trust_level": 3 }));
    assign(&world, json!({ "agent_id": "ann", "profile": "mine" }));
    let answer = world.person().asks("set_profile", json!({ "name": "mine", "reset": true }));
    assert_eq!(answer.code(), Some("profile_in_use"));
    assert!(lock(&world.agent("ann"), "a.rs").success(), "nothing was removed");
}

#[test]
fn the_setting_decides_how_far_the_unknown_are_trusted() {
    let world = World::new();
    let configure = |default_trust| {
        profiles::configure(
            world.service.store(),
            Settings { default_trust, ..Settings::default() },
        );
    };
    configure(0);
    assert_eq!(lock(&world.agent("ann"), "a.rs").code(), Some("agent_suspended"));
    assert!(lock(&of_type(&world, "cleo", "claude"), "a.rs").success());
    configure(1);
    assert_eq!(lock(&world.agent("ann"), "b.rs").code(), Some("insufficient_trust_level"));
}

#[test]
fn calls_are_counted_to_the_bound_and_the_hour_starts_anew() {
    let world = World::new();
    let ann = world.agent("ann");
    set(&world, json!({ "name": "unknown", "calls_per_hour": 3 }));
    for path in ["a.rs", "b.rs", "c.rs"] {
        assert!(lock(&ann, path).success(), "{path} is within the limit");
    }
    let refused = fields(&lock(&ann, "d.rs"));
    assert_eq!(refused["code"], "resource_limit_exceeded");
    assert_eq!((&refused["limit"], &refused["used"]), (&json!(3), &json!(3)));
    assert_eq!(refused["resets_at"], "2026-01-01T13:00:00Z");
    assert_eq!(profile(&ann)["code"], "resource_limit_exceeded", "reads count as well");
    assert!(ann.asks("release_lock", json!({})).success(), "what ends something is never refused");
    assert!(ann.asks("register_session", json!({})).success());
    assert!(lock(&world.agent("bob"), "d.rs").success(), "everybody has its own counter");

    world.pass_ms(59 * 60_000 + 59_999);
    assert_eq!(lock(&ann, "e.rs").code(), Some("resource_limit_exceeded"));
    world.pass_ms(1);
    assert!(lock(&ann, "e.rs").success(), "the hour is over");
    assert_eq!(profile(&ann)["profile"]["usage"]["calls_per_hour"], 2);
}

#[test]
fn reads_are_counted_exactly_though_they_are_written_later() {
    let world = World::new();
    let ann = world.agent("ann");
    set(&world, json!({ "name": "unknown", "calls_per_hour": 5 }));
    for _ in 0..5 {
        assert!(ann.asks("check_locks", json!({})).success());
    }
    assert_eq!(ann.asks("check_locks", json!({})).code(), Some("resource_limit_exceeded"));
    let stored = |world: &World| {
        let calls = world.service.store().read(|tx| {
            Ok(tx.one("SELECT calls FROM agent_usage WHERE agent_id = 'ann'", [], |row| {
                row.get(0)
            })?)
        });
        calls.expect("the counters can be read") == Some(5_i64)
    };
    world.until("the counter is in the store", stored);
}

#[test]
fn counters_can_be_switched_off_and_then_only_count() {
    let world = World::new();
    let settings = Settings { enforce_limits: false, ..Settings::default() };
    profiles::configure(world.service.store(), settings);
    set(&world, json!({ "name": "unknown", "calls_per_hour": 0, "files_per_day": 0 }));
    let ann = world.agent("ann");
    assert!(lock(&ann, "a.rs").success());
    assert_eq!(profile(&ann)["profile"]["usage"]["files_per_day"], 1);
}

#[test]
fn files_are_counted_once_a_day_and_only_when_they_are_had() {
    let world = World::new();
    let (ann, bob) = (world.agent("ann"), world.agent("bob"));
    set(&world, json!({ "name": "unknown", "files_per_day": 2 }));
    assert!(lock(&bob, "held.rs").success());
    assert_eq!(lock(&ann, "held.rs").code(), Some("locked_by_other"));
    assert!(lock(&ann, "a.rs").success());
    assert!(lock(&ann, "a.rs").success(), "the same file again is no other");
    let shared = json!({ "file_path": "s.rs", "mode": "shared" });
    assert!(ann.asks("acquire_lock", shared).success(), "to share is not to change");
    assert!(lock(&ann, "b.rs").success(), "the refused one was not counted");

    let refused = fields(&lock(&ann, "c.rs"));
    assert_eq!(refused["code"], "resource_limit_exceeded");
    assert_eq!((&refused["limit"], &refused["used"]), (&json!(2), &json!(2)));
    let both = ann.asks("acquire_lock", json!({ "file_paths": ["a.rs", "c.rs"] }));
    assert_eq!(both.code(), Some("resource_limit_exceeded"), "all or none");
    world.pass_minutes(12 * 60);
    assert!(lock(&ann, "c.rs").success(), "a new day");
}

#[test]
fn time_of_work_is_counted_without_the_silences() {
    let world = World::new();
    let ann = world.agent("ann");
    set(&world, json!({ "name": "unknown", "seconds_per_day": 240 }));
    assert!(lock(&ann, "a.rs").success());
    world.pass_minutes(60);
    assert!(lock(&ann, "b.rs").success(), "an hour of silence is no work");
    world.pass_minutes(3);
    assert!(lock(&ann, "b.rs").success(), "three minutes");
    world.pass_minutes(1);
    assert!(lock(&ann, "b.rs").success(), "the fourth is not over when this is asked");
    assert_eq!(lock(&ann, "b.rs").code(), Some("resource_limit_exceeded"));
}

#[test]
fn only_a_person_at_a_terminal_changes_profiles() {
    let world = World::new();
    let raise = json!({ "agent_id": "ann", "profile": "strands_orchestrator" });
    set(&world, json!({ "name": "high", "trust_level": 4 }));
    assign(&world, json!({ "agent_id": "ann", "profile": "high" }));
    let script =
        Actor { caller: Caller { rule: "script".into(), ..Caller::person() }, ..world.person() };
    for (actor, tool) in [
        (world.agent("ann"), "assign_profile"),
        (world.agent("ann"), "list_profiles"),
        (script, "assign_profile"),
    ] {
        let arguments = if tool == "assign_profile" { raise.clone() } else { json!({}) };
        assert_eq!(actor.asks(tool, arguments).code(), Some("person_required"), "{tool}");
    }
}

#[test]
fn a_profile_is_not_made_from_nonsense() {
    let world = World::new();
    let cases = [
        ("set_profile", json!({ "name": "x", "trust_level": 5 }), "invalid_argument"),
        ("set_profile", json!({ "name": "x", "trust_level": -1 }), "invalid_argument"),
        ("set_profile", json!({ "name": "X y" }), "invalid_argument"),
        ("set_profile", json!({ "name": "" }), "invalid_argument"),
        ("set_profile", json!({ "name": "a".repeat(65) }), "invalid_argument"),
        ("set_profile", json!({ "name": "person", "trust_level": 1 }), "invalid_argument"),
        (
            "set_profile",
            json!({ "name": "x", "blocked_operations": ["acquire_lok"] }),
            "invalid_argument",
        ),
        ("set_profile", json!({ "name": "x", "calls_per_hour": -2 }), "invalid_argument"),
        ("set_profile", json!({ "name": "x", "reset": true }), "profile_not_found"),
        ("assign_profile", json!({ "agent_id": "a", "profile": "unknwon" }), "profile_not_found"),
        ("assign_profile", json!({ "agent_id": "a", "profile": "person" }), "invalid_argument"),
        ("assign_profile", json!({ "profile": "unknown" }), "invalid_argument"),
        (
            "assign_profile",
            json!({ "agent_id": "a", "agent_type": "b", "profile": "unknown" }),
            "invalid_argument",
        ),
        ("assign_profile", json!({ "agent_id": "nobody" }), "assignment_not_found"),
    ];
    for (tool, arguments, code) in cases {
        let answer = world.person().asks(tool, arguments.clone());
        assert_eq!(answer.code(), Some(code), "{tool} {arguments}");
    }
    let answer = world
        .person()
        .asks("set_profile", json!({ "name": "x", "blocked_operations": ["acquire_lok"] }));
    assert!(answer.sentence().contains("Did you mean acquire_lock?"), "{}", answer.sentence());
}

#[test]
fn people_see_every_profile_and_who_has_it() {
    let world = World::new();
    assign(&world, json!({ "agent_id": "ann", "profile": "codex_cli" }));
    let listed = fields(&world.person().asks("list_profiles", json!({})));
    assert_eq!(listed["profiles"].as_array().expect("a list").len(), 10);
    assert_eq!(listed["assignments"][0]["profile"], "codex_cli");
    let shown = fields(&world.person().asks("show_profile", json!({ "name": "codex_cli" })));
    assert_eq!(shown["profiles"][0]["trust_level"], 3);
    assert_eq!(shown["assignments"][0]["subject"], "ann");
}
