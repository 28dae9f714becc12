//! What a person says about the rules, and who is not asked.

use insta::assert_snapshot;
use serde_json::{Value, json};

use super::{checked, verdict};
use crate::world::{Actor, World, fields};

fn rules(actor: &Actor<'_>, arguments: Value) -> Vec<Value> {
    let answer = fields(&actor.asks("list_guardrails", arguments));
    answer["guardrails"].as_array().expect("it lists rules").clone()
}

#[test]
fn the_list_is_the_built_in_table_until_somebody_changes_it() {
    let world = World::new();
    let listed = rules(&world.agent("ann"), json!({}));
    let names: Vec<&str> = listed.iter().filter_map(|rule| rule["pattern_name"].as_str()).collect();
    let built_in: Vec<&str> = coord::guardrails::rules().iter().map(|rule| rule.id).collect();
    assert_eq!(names, built_in);
    assert!(rules(&world.agent("ann"), json!({ "changed": true })).is_empty());
    let git = rules(&world.agent("ann"), json!({ "category": "git" }));
    assert!(!git.is_empty() && git.iter().all(|rule| rule["category"] == "git"));
}

#[test]
fn a_rule_that_is_switched_off_stops_nobody_until_it_is_on_again() {
    let world = World::new();
    let (ann, person) = (world.agent("ann"), world.person());
    let rule = json!({ "pattern_name": "git_force_push" });
    assert_eq!(verdict(&ann, "git push --force"), "block");
    assert_eq!(fields(&person.asks("disable_guardrail", rule.clone()))["enabled"], false);
    assert_eq!(verdict(&ann, "git push --force"), "allow");
    assert_eq!(rules(&ann, json!({ "changed": true }))[0]["state"], "off");
    assert_eq!(fields(&person.asks("enable_guardrail", rule))["enabled"], true);
    assert_eq!(verdict(&ann, "git push --force"), "block");
}

#[test]
fn a_rule_that_is_added_is_held_against_what_would_run() {
    let world = World::new();
    let (ann, person) = (world.agent("ann"), world.person());
    let rule = json!({
        "pattern_name": "no_cowsay", "pattern": r"^cowsay\b", "explanation": "cows stay silent",
    });
    assert_eq!(fields(&person.asks("add_guardrail", rule.clone()))["severity"], "block");
    assert_eq!(verdict(&ann, "sudo cowsay moo"), "block");
    assert_eq!(verdict(&ann, "echo cowsay moo"), "allow", "text that is not run is not matched");
    assert_eq!(fields(&person.asks("add_guardrail", rule))["code"], "guardrail_exists");
    let softer = json!({ "pattern_name": "no_cowsay", "severity": "warn" });
    assert_eq!(fields(&person.asks("set_guardrail", softer))["severity"], "warn");
    assert_eq!(verdict(&ann, "cowsay moo"), "warn");
}

#[test]
fn a_rule_s_weight_and_trust_can_be_changed() {
    let world = World::new();
    let (ann, person) = (world.agent("ann"), world.person());
    let change = json!({ "pattern_name": "git_force_push", "severity": "warn", "min_trust": 5 });
    assert_eq!(fields(&person.asks("set_guardrail", change))["min_trust"], 5);
    assert_eq!(verdict(&ann, "git push --force"), "warn");
    assert_eq!(verdict(&person, "git push --force"), "warn", "nobody passes it now");
}

#[test]
fn what_protects_everything_cannot_be_passed_by_trust() {
    let world = World::new();
    let nobody = coord::guardrails::rules()
        .iter()
        .find(|rule| rule.min_trust == coord::guardrails::NOBODY)
        .expect("there is such a rule");
    let change = json!({ "pattern_name": nobody.id, "min_trust": 4 });
    let answer = fields(&world.person().asks("set_guardrail", change));
    assert_eq!(answer["code"], "guardrail_fixed");
}

#[test]
fn agents_change_nothing_and_scripts_loosen_nothing() {
    let world = World::new();
    let rule = json!({ "pattern_name": "git_force_push" });
    let mut script = world.person();
    script.caller.rule = "script".into();
    for actor in [world.agent("ann"), script] {
        for tool in ["disable_guardrail", "set_guardrail"] {
            let answer = fields(&actor.asks(tool, rule.clone()));
            assert_eq!(answer["code"], "person_required", "{tool}");
        }
    }
    let added = fields(&world.agent("ann").asks("add_guardrail", rule));
    assert_eq!(added["code"], "person_required");
    assert_eq!(checked(&world.agent("ann"), "git push --force")["safe"], false);
}

#[test]
fn a_change_that_makes_no_sense_is_refused_with_the_way_out() {
    let world = World::new();
    let person = world.person();
    let add = |name: &str, pattern: &str, why: &str| json!({ "pattern_name": name, "pattern": pattern, "explanation": why });
    let cases = [
        ("add_guardrail", add("No Name", "x", "why")),
        ("add_guardrail", add("a", "(", "why")),
        ("add_guardrail", add("a", "x*", "why")),
        ("add_guardrail", add("a", "x", " ")),
        ("add_guardrail", add("git_force_push", "x", "why")),
        ("disable_guardrail", json!({ "pattern_name": "git_force_pus" })),
        ("set_guardrail", json!({ "pattern_name": "git_force_push" })),
        ("set_guardrail", json!({ "pattern_name": "git_force_push", "min_trust": 6 })),
        ("set_guardrail", json!({ "pattern_name": "delete_system", "min_trust": 4 })),
    ];
    let told: Vec<String> = cases
        .into_iter()
        .map(|(tool, arguments)| {
            let answer = person.asks(tool, arguments);
            format!("{}: {}", answer.code().unwrap_or("done"), answer.sentence())
        })
        .collect();
    assert_snapshot!(told.join("\n"));
}

#[test]
fn the_list_tells_how_often_a_rule_was_broken() {
    let world = World::new();
    checked(&world.agent("ann"), "git push --force");
    checked(&world.agent("bob"), "git push -f");
    super::kept(&world, 2);
    let listed = rules(&world.agent("ann"), json!({ "category": "git" }));
    let rule = listed.iter().find(|rule| rule["pattern_name"] == "git_force_push");
    assert_eq!(rule.expect("it is listed")["broken"], 2);
}
