//! On the built-in policies both engines give the same answer.

use std::collections::BTreeSet;
use std::sync::Arc;

use coord::config::PolicyEngine;
use coord::context::{Caller, Context};
use coord::operations::{self, BEYOND_TOOLS, Operation};
use coord::policy::{self, Decision, Effect, Resource};
use coord::profiles::{Held, Profile, Source};
use coord::service::TOOLS;
use coord::tool::Audience;
use proptest::prelude::*;
use serde_json::Map;

use super::world;
use crate::world::World;

#[test]
fn every_tool_is_an_action_and_every_action_a_tool() {
    let mut tools: Vec<Operation> = TOOLS
        .iter()
        .map(|tool| Operation {
            name: tool.name,
            access: tool.access,
            people: tool.audience == Audience::People,
        })
        .collect();
    tools.sort_by_key(|tool| tool.name);
    let is_tool = |operation: &Operation| !BEYOND_TOOLS.contains(&operation.name);
    let actions: Vec<Operation> = operations::all().filter(is_tool).collect();
    assert_eq!(tools, actions, "mend cedar/coordinator.cedarschema");
}

#[test]
fn only_one_module_knows_cedar() {
    let output = std::process::Command::new("grep")
        .args(["-rlE", "cedar_policy(::|;)", concat!(env!("CARGO_MANIFEST_DIR"), "/src")])
        .output()
        .expect("grep is there");
    let found = String::from_utf8(output.stdout).expect("paths are text");
    let inside =
        |file: &str| file.contains("src/policy/cedar.rs") || file.contains("src/policy/cedar/");
    assert!(!found.is_empty() && found.lines().all(inside), "{found}");
}

fn context(world: &World, person: bool) -> Context {
    let caller = if person { Caller::person() } else { world.agent("ann").caller };
    let (repo, now) = (Arc::clone(&world.repo), world.clock.now());
    Context {
        caller,
        repo,
        now,
        request_key: None,
        resent: false,
        settings: coord::context::Settings::default(),
        ticket: None,
        ruling: None,
    }
}

fn decide(
    world: &World,
    person: bool,
    profile: &Profile,
    operation: Operation,
    resource: &Resource,
) -> Decision {
    let held = Held { profile: Arc::new(profile.clone()), source: Source::Default };
    let ctx = context(world, person);
    let answer = world
        .service
        .store()
        .read(|tx| policy::decide(tx, &ctx, &held, (operation, resource), &Map::new()));
    answer.expect("an engine answers")
}

fn resources() -> [(&'static str, Resource); 5] {
    let host = |permitted| Resource::Domain { name: "host.example".into(), permitted };
    [
        ("project", Resource::Project),
        ("file", Resource::File("src/main.rs".into())),
        ("task", Resource::Task("018f2c1a-0000-7abc-8def-0123456789ab".into())),
        ("host", host(true)),
        ("closed host", host(false)),
    ]
}

#[test]
fn who_may_call_what_is_the_same_for_both_engines() {
    let worlds = [world(PolicyEngine::Native), world(PolicyEngine::Cedar)];
    let mut table = format!("{:29}0 1 2 3 4   person\n", "trust");
    for operation in operations::all() {
        let mut cells: BTreeSet<(String, Vec<&str>)> = BTreeSet::new();
        for (class, resource) in resources() {
            let mut row = Vec::new();
            for (person, trust) in
                [(false, 0), (false, 1), (false, 2), (false, 3), (false, 4), (true, 4)]
            {
                let profile = Profile { name: "p".into(), trust, ..Profile::default() };
                let [native, cedar] =
                    [0, 1].map(|at| decide(&worlds[at], person, &profile, operation, &resource));
                assert_eq!(native, cedar, "{} on {class} at trust {trust}", operation.name);
                row.push(if native.effect == Effect::Allow { "y" } else { "-" });
            }
            let others = operation.name != operations::NETWORK_ACCESS || class != "closed host";
            cells.insert((if others { String::new() } else { format!(" ({class})") }, row));
        }
        for (class, row) in cells {
            let name = operation.name.to_owned() + class.as_str();
            table += &format!("{name:29}{}   {}\n", row[..5].join(" "), row[5]);
        }
    }
    insta::assert_snapshot!("who_may_call_what", table);
}

fn some_operations() -> impl Strategy<Value = BTreeSet<String>> {
    let names: Vec<String> = operations::all().map(|operation| operation.name.into()).collect();
    proptest::collection::btree_set(proptest::sample::select(names), 0..6)
}

prop_compose! {
    fn profiles()(
        trust in 0_u8..=4,
        allowed in proptest::option::of(some_operations()),
        blocked in some_operations(),
        ask in some_operations(),
        name in "\\PC{1,12}",
    ) -> Profile {
        Profile { name, trust, allowed, blocked, ask, ..Profile::default() }
    }
}

fn things() -> impl Strategy<Value = Resource> {
    prop_oneof![
        Just(Resource::Project),
        "\\PC{0,20}".prop_map(Resource::File),
        "\\PC{0,20}".prop_map(Resource::Task),
        ("\\PC{0,20}", any::<bool>())
            .prop_map(|(name, permitted)| Resource::Domain { name, permitted }),
    ]
}

#[test]
fn random_profiles_and_questions_find_no_difference() {
    let worlds = [world(PolicyEngine::Native), world(PolicyEngine::Cedar)];
    let all: Vec<Operation> = operations::all().collect();
    // Half of the questions are about an operation that the profile names.
    let questions =
        (profiles(), proptest::sample::select(all), things(), any::<bool>(), any::<bool>());
    proptest!(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() },
    |((profile, operation, resource, person, named) in questions)| {
        let mut profile = profile;
        if named && let Some(all) = &mut profile.allowed {
            all.insert(operation.name.into());
        }
        let [native, cedar] =
            [0, 1].map(|at| decide(&worlds[at], person, &profile, operation, &resource));
        prop_assert_eq!(native, cedar);
    });
}
