//! `validate_cedar_policy`: right and wrong policies, and hostile ones.

use coord::config::PolicyEngine;
use coord::policy::{NESTING_MAX, OPERATORS_MAX, POLICIES_MAX, TEXT_MAX};
use serde_json::{Value, json};

use super::world;
use crate::world::{World, fields};

fn validate(world: &World, text: &str) -> Value {
    fields(&world.agent("ann").asks("validate_cedar_policy", json!({ "policy_text": text })))
}

#[test]
fn a_right_policy_is_valid_whichever_engine_is_in_force() {
    for engine in [PolicyEngine::Native, PolicyEngine::Cedar] {
        let world = world(engine);
        for text in [coord::operations::POLICIES, "forbid (principal, action, resource);"] {
            assert_eq!(
                validate(&world, text),
                json!({ "success": true, "valid": true, "errors": [] })
            );
        }
    }
}

#[test]
fn each_mistake_has_its_line_and_column() {
    let world = world(PolicyEngine::Native);
    let cases = [
        ("permit (principal, action, resource)", 1),
        ("\n\npermit (principal, action, resource) when { principal.trust > };", 3),
        ("permit (principal,\n action == Action::\"acquire_lok\", resource);", 2),
        ("permit (principal, action, resource)\nwhen { principal.trust == \"3\" };", 2),
        ("permit (principal == ?principal, action, resource);", 1),
        ("// ü\npermit (principal is Path, action, resource);", 2),
        ("", 1),
        ("   \n // nothing", 1),
    ];
    for (text, line) in cases {
        let answer = validate(&world, text);
        assert_eq!(answer["valid"], false, "{text}: {answer}");
        let first = &answer["errors"][0];
        assert_eq!(first["line"], line, "{text}: {answer}");
        assert!(first["column"].as_u64().is_some_and(|column| column >= 1), "{answer}");
        assert!(!first["message"].as_str().expect("it is text").is_empty());
    }
}

#[test]
fn a_policy_that_can_never_match_is_told_or_harmless() {
    let world = world(PolicyEngine::Native);
    let never = [
        "permit (principal, action, resource) when { false };",
        "permit (principal is AgentType, action, resource);",
        "permit (principal, action == Action::\"check_locks\", resource is Agent);",
        "forbid (principal, action in [], resource);",
    ];
    for text in never {
        let answer = validate(&world, text);
        assert_eq!(answer["success"], true, "{text}: {answer}");
    }
}

#[test]
fn hostile_text_is_refused_by_a_limit_that_it_names() {
    let world = world(PolicyEngine::Native);
    let long = validate(&world, &format!("// {}", "x".repeat(1 << 20)));
    assert_eq!((&long["code"], &long["limit"]), (&json!("invalid_argument"), &json!(TEXT_MAX)));
    assert_eq!(validate(&world, &"x".repeat(TEXT_MAX + 1))["code"], "invalid_argument");
    assert_eq!(
        validate(&world, &format!("//{}", "x".repeat(TEXT_MAX - 2)))["valid"],
        false,
        "at the bound it is read"
    );

    let policy =
        |condition: &str| format!("permit (principal, action, resource) when {{ {condition} }};");
    let brackets = |n: usize| policy(&format!("{}true{}", "(".repeat(n), ")".repeat(n)));
    assert_eq!(validate(&world, &brackets(NESTING_MAX - 1))["valid"], true);
    let chain = |n: usize| policy(&format!("true{}", " || true".repeat(n)));
    assert_eq!(validate(&world, &chain(100))["valid"], true);
    let hostile = [
        brackets(NESTING_MAX),
        brackets(10_000),
        "(".repeat(TEXT_MAX),
        "[".repeat(TEXT_MAX),
        "{".repeat(TEXT_MAX),
        chain(OPERATORS_MAX),
        policy(&format!("{}true", "!".repeat(5_000))),
        policy(&format!("{}1 == 1", "-".repeat(5_000))),
        policy(&format!("principal{}", ".trust".repeat(5_000))),
        policy(&format!("{}true", "if true then true else ".repeat(2_000))),
        "permit(principal,action,resource);".repeat(POLICIES_MAX + 1),
        "\"".repeat(TEXT_MAX),
        "@id(\"".repeat(10_000),
        "\u{202e}".repeat(10_000),
    ];
    for text in hostile {
        let answer = validate(&world, &text);
        assert_eq!(answer["valid"], false, "{}", text.chars().take(80).collect::<String>());
    }
}
