//! `check_policy` and `explain_policy`.

use coord::config::PolicyEngine;
use serde_json::{Value, json};

use super::world;
use crate::profiles::{of_type, set};
use crate::world::fields;

const ENGINES: [PolicyEngine; 2] = [PolicyEngine::Native, PolicyEngine::Cedar];

#[test]
fn a_question_is_answered_as_the_call_would_be() {
    for engine in ENGINES {
        let world = world(engine);
        let check = |actor: &crate::world::Actor<'_>, arguments: Value| {
            fields(&actor.asks("check_policy", arguments))
        };
        let (ann, rev) = (world.agent("ann"), of_type(&world, "rev", "claude_code_web_reviewer"));
        let write = json!({ "operation": "acquire_lock", "resource": "./src/../a.rs" });
        assert_eq!(check(&ann, write.clone())["allowed"], true);
        let refused = check(&rev, write);
        assert_eq!(refused["allowed"], false);
        assert_eq!(
            refused["reason"],
            "acquire_lock needs trust 2, and profile claude_code_web_reviewer has 1"
        );
        assert_eq!(refused["policies"], json!([]));
        let people = check(&ann, json!({ "operation": "assign_profile" }));
        assert_eq!(people["policies"], json!(["for-people"]));
        let unknown = check(&ann, json!({ "operation": "aquire_lock" }));
        assert_eq!(unknown["reason"], "there is no operation \"aquire_lock\"");
        assert_eq!(unknown["diagnostics"], json!(["did you mean acquire_lock?"]));
        let told =
            check(&ann, json!({ "operation": "run_command", "context": { "comand": "ls" } }));
        assert_eq!(told["diagnostics"], json!(["no policy reads comand"]));
        set(&world, json!({ "name": "unknown", "ask_operations": ["acquire_lock"] }));
        let asks = check(&ann, json!({ "operation": "acquire_lock" }));
        assert_eq!((&asks["allowed"], &asks["ask"]), (&json!(false), &json!(true)));
        assert_eq!(asks["engine"], json!(engine));
    }
}

#[test]
fn a_host_is_explained_by_the_list_that_decided() {
    for engine in ENGINES {
        let world = world(engine);
        let reason = |host: &str| {
            let arguments = json!({ "operation": "network_access", "resource": host });
            fields(&world.agent("ann").asks("check_policy", arguments))["reason"].clone()
        };
        assert_eq!(reason("https://github.com/x"), "github.com is allowed by github.com");
        assert_eq!(reason("evil.example"), "evil.example is on no list of allowed hosts");
        assert_eq!(reason("0x7f.1"), "127.0.0.1 is a bare address, which no list of hosts names");
        assert_eq!(
            reason("a@b@c"),
            "\"a@b@c\" is no host or URL: it contains more than one @, which programs read differently"
        );
    }
}

#[test]
fn questions_have_bounds_and_strange_ids_are_only_names() {
    let world = world(PolicyEngine::Cedar);
    let ann = world.agent("ann");
    let long = [
        json!({ "operation": "o".repeat(129) }),
        json!({ "operation": "acquire_lock", "resource": "r".repeat(4097) }),
        json!({ "operation": "acquire_lock", "context": { "command": "c".repeat(17_000) } }),
        json!({ "operation": "acquire_lock", "context": { "command": "a\0b" } }),
    ];
    for arguments in long {
        assert_eq!(ann.asks("check_policy", arguments).code(), Some("invalid_argument"));
    }
    let strange = [
        "\"",
        "\") || true",
        "\u{202e}nna",
        "ann\u{200b}",
        "'; DROP TABLE agent_profiles; --",
        "✓",
    ];
    for name in strange {
        let actor = of_type(&world, name, name);
        let answer = fields(
            &actor.asks("check_policy", json!({ "operation": "acquire_lock", "resource": name })),
        );
        assert_eq!(answer["allowed"], true, "{name}: {answer}");
        let host = fields(
            &actor.asks("check_policy", json!({ "operation": "network_access", "resource": name })),
        );
        assert_eq!(host["allowed"], false, "{name}: {host}");
        let task = fields(
            &actor.asks("check_policy", json!({ "operation": "complete_work", "resource": name })),
        );
        assert_eq!(task["allowed"], true, "{name}: {task}");
    }
}

#[test]
fn a_person_learns_which_policy_decides_for_whom() {
    let world = world(PolicyEngine::Native);
    let explain = |arguments: Value| fields(&world.person().asks("explain_policy", arguments));
    let own = explain(json!({ "operation": "add_policy" }));
    assert_eq!((&own["decision"], &own["profile"]), (&json!("allow"), &json!("person")));
    let other = explain(
        json!({ "operation": "acquire_lock", "resource": "a.rs", "profile": "claude_code_web_reviewer" }),
    );
    assert_eq!((&other["decision"], &other["trust_level"]), (&json!("deny"), &json!(1)));
    let kind = explain(json!({ "operation": "acquire_lock", "agent_type": "gemini" }));
    assert_eq!(
        (&kind["profile"], &kind["policies"]),
        (&json!("gemini_cli"), &json!(["writing-needs-trust-2"]))
    );

    let policy = "@reason(\"migrations are for people\") forbid (principal, action == Action::\"acquire_lock\", resource is File) when { resource.path like \"migrations/*\" };";
    let tried = explain(json!({
        "operation": "acquire_lock", "resource": "migrations/1.sql", "agent_type": "gemini", "policy_text": policy,
    }));
    assert_eq!(
        (&tried["decision"], &tried["with_policy"]["decision"]),
        (&json!("allow"), &json!("deny"))
    );
    assert_eq!(tried["with_policy"]["reason"], "migrations are for people");
    let broken = world
        .person()
        .asks("explain_policy", json!({ "operation": "acquire_lock", "policy_text": "permit(" }));
    assert_eq!(broken.code(), Some("invalid_policy"));
    let unknown = world.person().asks("explain_policy", json!({ "operation": "acquire_locks" }));
    assert_eq!(unknown.code(), Some("invalid_argument"));
}

#[test]
fn an_agent_that_was_seen_is_explained_with_the_type_that_it_has() {
    let world = world(PolicyEngine::Native);
    let codex = of_type(&world, "codex-1", "codex");
    assert!(codex.asks("register_session", json!({})).success());
    let ask = |agent: &str| {
        let asked = json!({ "operation": "submit_work", "agent_id": agent });
        fields(&world.person().asks("explain_policy", asked))["profile"].clone()
    };
    assert_eq!((ask("codex-1"), ask("codex-2")), (json!("codex_cli"), json!("unknown")));
}
