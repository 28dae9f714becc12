//! Two machines and a real PostgreSQL: what one does, the other sees.

use serde_json::json;

use super::capture::{Watched, tour};
use super::fleet::{self, Machine, Mirror, settle};
use super::picture;
use crate::world::{World, fields};

#[test]
fn what_one_machine_learns_the_other_knows() {
    let mirror = Mirror::start();
    let world = World::new();
    // What was there before sync was switched on goes along.
    tour(&mut Watched::from_now(&world));
    let mut machines =
        [Machine::join(&mirror, "w", world), Machine::join(&mirror, "w", World::new())];
    settle(&mirror, "w", &mut machines);
    let [first, second] = &machines;

    let found = fields(&second.world.agent("cat").asks("recall", json!({ "query": "broke" })));
    assert_eq!(found["memories"][0]["summary"], "it broke", "{found}");
    assert_eq!(found["memories"][0]["from_device"], json!(first.device()), "{found}");
    let read = fields(&second.world.agent("cat").asks("read_handoff", json!({})));
    assert_eq!(read["handoffs"][0]["summary"], "half done", "{read}");
    assert_eq!(read["handoffs"][0]["from_device"], json!(first.device()), "{read}");
    let verdict = json!({ "host": "evil.example" });
    let verdict = fields(&second.world.person().asks("check_domain", verdict));
    assert_eq!(verdict["allowed"], false, "{verdict}");
    assert_eq!(first.shared(), second.shared());

    // Locks and tasks of the first are seen by the second and hold nobody up there.
    let status = fields(&second.world.person().asks("sync_status", json!({})));
    assert!(status["peers"].to_string().contains("work_queue"), "{status}");
    // The first lets nobody take a lock unasked, and by now the second neither.
    let asked = second.world.agent("cat").asks("acquire_lock", json!({ "file_path": "c.rs" }));
    assert_eq!(asked.code(), Some("approval_required"));
    check_whole(&mirror, &machines);
}

/// The mirror has every audit row of each device, and found no break in a chain.
fn check_whole(mirror: &Mirror, machines: &[Machine]) {
    let broken = mirror.cloud.ask("count(*) from coord.devices where broken_at is not null");
    assert_eq!(broken, "0");
    for machine in machines {
        let here = picture::take(machine.store());
        let rows = here.keys().filter(|key| key.0 == "audit_log").count();
        // Since it settled nobody asked but this test.
        let there = fleet::counted(mirror, "audit_log", &machine.device());
        assert!(usize::try_from(there).unwrap() + 8 >= rows, "{there} of {rows}");
    }
}

#[test]
fn of_two_changes_of_a_policy_the_stricter_holds_until_a_person_decides() {
    let mirror = Mirror::start();
    let mut machines =
        [Machine::join(&mirror, "w", World::new()), Machine::join(&mirror, "w", World::new())];
    settle(&mirror, "w", &mut machines);
    let allow = json!({ "domain": "x.example" });
    assert!(machines[0].world.person().asks("allow_domain", allow.clone()).success());
    assert!(machines[1].world.person().asks("block_domain", allow).success());
    settle(&mirror, "w", &mut machines);

    // Whoever was second has the conflict, and keeps what is blocked blocked.
    let conflicts: Vec<_> = machines
        .iter()
        .map(|machine| fields(&machine.world.person().asks("list_conflicts", json!({}))))
        .collect();
    let loser = usize::from(conflicts[0]["conflicts"].as_array().unwrap().is_empty());
    let conflict = &conflicts[loser]["conflicts"][0];
    assert_eq!(conflict["code"], "conflict", "{conflicts:?}");
    let machine = &machines[loser];
    let verdict =
        fields(&machine.world.person().asks("check_domain", json!({ "host": "x.example" })));
    assert_eq!(verdict["allowed"], false, "{verdict}");

    let decision = json!({ "conflict": conflict["conflict"], "keep": "ours" });
    assert!(machine.world.person().asks("resolve_conflict", decision.clone()).success());
    let again = machine.world.person().asks("resolve_conflict", decision);
    assert_eq!(again.code(), Some("conflict_not_found"));
    settle(&mirror, "w", &mut machines);
    assert_eq!(machines[0].shared(), machines[1].shared(), "what was decided reached both");
}

#[test]
fn a_copied_state_directory_becomes_a_device_of_its_own() {
    let mirror = Mirror::start();
    let mut machines = vec![Machine::join(&mirror, "w", World::new())];
    machines[0]
        .world
        .agent("ann")
        .asks("remember", json!({ "event_type": "error", "summary": "before" }));
    settle(&mirror, "w", &mut machines);
    let original = machines[0].device();

    let copy = World::copy_of(&machines[0].world);
    machines[0]
        .world
        .agent("ann")
        .asks("remember", json!({ "event_type": "error", "summary": "there" }));
    copy.agent("ann").asks("remember", json!({ "event_type": "error", "summary": "here" }));
    machines.push(Machine::of(&mirror, copy));
    settle(&mirror, "w", &mut machines);

    assert_eq!(machines[0].device(), original);
    assert_ne!(machines[1].device(), original);
    assert_eq!(machines[0].shared(), machines[1].shared());
    assert_eq!(machines[0].shared().len(), 3, "nobody's memory was lost");
    check_whole(&mirror, &machines);
}
