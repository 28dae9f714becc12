//! Tables that stay on a machine: nothing of them leaves it, and when they no longer stay all of them goes.

use coord_sync::Journal as _;
use serde_json::json;

use super::alike;
use super::fleet::{Machine, Mirror, settle};
use super::picture;
use crate::world::World;

/// One of each kind, and the log, which repeats what was asked.
const KEPT: [&str; 7] = [
    "work_queue",
    "work_dependencies",
    "episodic_memories",
    "network_domains",
    "audit_log",
    "audit_seals",
    "network_access_log",
];

/// A word that stands in every row of those tables, and in no other.
const WORD: &str = "quagga";

fn work(world: &World, turn: usize) {
    let (ann, person) = (world.agent("ann"), world.person());
    let task = json!({ "task_type": "t", "description": format!("{WORD} {turn}") });
    let first = ann.asks("submit_work", task).flat()["task_id"].clone();
    let task = json!({ "task_type": "t", "description": format!("{WORD} {turn} after"), "depends_on": [first] });
    let second = ann.asks("submit_work", task);
    let memory = json!({ "event_type": "decision", "summary": format!("{WORD} {turn}") });
    let rule = json!({ "domain": format!("{WORD}{turn}.example"), "reason": "no" });
    let look = json!({ "operation": "network_access", "resource": format!("{WORD}.example") });
    let shown = json!({ "summary": format!("shown {turn}") });
    for answer in [
        second,
        ann.asks("remember", memory),
        person.asks("block_domain", rule),
        ann.asks("check_policy", look),
        ann.asks("write_handoff", shown),
    ] {
        assert!(answer.success(), "{:?}", answer.flat());
    }
}

/// The tables of the mirror in which a text stands anywhere.
fn found(mirror: &Mirror, text: &str) -> Vec<String> {
    let mut client = mirror.cloud.sql();
    let tables = "select relname::text from pg_class
                   where relnamespace = 'coord'::regnamespace and relkind = 'r' order by 1";
    let names: Vec<String> =
        client.query(tables, &[]).unwrap().iter().map(|row| row.get(0)).collect();
    names
        .into_iter()
        .filter(|name| {
            let query = format!("select exists (select from coord.{name} e where e::text ~* $1)");
            client.query_one(&query, &[&text]).unwrap().get(0)
        })
        .collect()
}

/// Both sides are compared, and nothing differs.
fn is_quiet(mirror: &Mirror, machines: &mut [Machine]) {
    for machine in &mut *machines {
        machine.pass_a_day();
    }
    settle(mirror, "w", machines);
    for machine in machines {
        assert_eq!(machine.report().differing, [""; 0]);
        let theirs = mirror.cloud.ask("count(*) from coord.dead_letters");
        assert_eq!(theirs, "0");
    }
}

#[test]
fn nothing_of_a_table_that_is_left_out_leaves_and_all_of_it_goes_when_it_no_longer_is() {
    let mirror = Mirror::start();
    let world = World::new();
    work(&world, 0);
    let mut machines = [
        Machine::join_without(&mirror, "w", world, &KEPT),
        Machine::join(&mirror, "w", World::new()),
    ];
    settle(&mirror, "w", &mut machines);
    work(&machines[0].world, 1);
    settle(&mirror, "w", &mut machines);
    is_quiet(&mirror, &mut machines);
    assert_eq!(found(&mirror, WORD), [""; 0], "it stands where it must not");
    assert!(found(&mirror, "shown 1").contains(&"handoff_documents".into()));
    alike::check_own(&mirror, &machines);

    // Whoever leaves a table out does not get others' rows of it either.
    work(&machines[1].world, 2);
    settle(&mirror, "w", &mut machines);
    let there = picture::take(machines[0].store());
    assert!(!there.values().any(|row| row["summary"] == format!("{WORD} 2")));

    // Others decide about something meanwhile.
    machines[0].left_out.clear();
    machines[0].restart();
    work(&machines[0].world, 3);
    settle(&mirror, "w", &mut machines);
    is_quiet(&mirror, &mut machines);
    alike::check(&mirror, &machines);
    let broken = mirror.cloud.ask("count(*) from coord.devices where broken_at is not null");
    assert_eq!(broken, "0", "the audit goes on without a gap");
}

#[test]
fn a_table_that_stays_for_a_while_loses_nothing_of_that_while() {
    let mirror = Mirror::start();
    let mut machines =
        [Machine::join(&mirror, "w", World::new()), Machine::join(&mirror, "w", World::new())];
    work(&machines[0].world, 0);
    settle(&mirror, "w", &mut machines);

    machines[0].left_out = KEPT.iter().map(ToString::to_string).collect();
    machines[0].restart();
    settle(&mirror, "w", &mut machines);
    work(&machines[0].world, 1);
    // One that both know is taken back.
    let back = json!({ "domain": format!("{WORD}0.example"), "remove": true });
    assert!(machines[0].world.person().asks("block_domain", back).success());
    settle(&mirror, "w", &mut machines);
    assert_eq!(found(&mirror, &format!("{WORD} ?1")), [""; 0], "it stands where it must not");

    machines[0].left_out.clear();
    machines[0].restart();
    settle(&mirror, "w", &mut machines);
    is_quiet(&mirror, &mut machines);
    alike::check(&mirror, &machines);
    let shared = machines[1].shared();
    let rules: Vec<_> = shared.keys().filter(|key| key.0 == "network_domains").collect();
    assert_eq!(rules.len(), 1, "one was made and one taken back: {rules:?}");
}

#[test]
fn a_snapshot_leaves_what_is_left_out_alone() {
    let mirror = Mirror::start();
    let mut machines = [Machine::join_without(&mirror, "w", World::new(), &KEPT)];
    work(&machines[0].world, 0);
    settle(&mirror, "w", &mut machines);
    let before = picture::take(machines[0].store());
    machines[0].journal().want_snapshot("a test").unwrap();
    settle(&mirror, "w", &mut machines);
    let after = picture::take(machines[0].store());
    let missing: Vec<_> = before.keys().filter(|key| !after.contains_key(*key)).collect();
    assert!(missing.is_empty(), "the snapshot took {missing:?} away");
}
