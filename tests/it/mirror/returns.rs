//! What comes twice, late, under another name, or again after it was lost.

use coord_sync::{Journal as _, pace};
use serde_json::{Value, json};

use super::fleet::{self, Machine, Mirror, settle};
use crate::cloud::gateway::Fault;
use crate::world::{World, fields};

fn person(machine: &Machine, tool: &str, arguments: Value) -> Value {
    let answer = machine.world.person().asks(tool, arguments);
    assert!(answer.success(), "{tool}: {}", answer.flat());
    fields(&answer)
}

fn remember(machine: &Machine, summary: &str) -> Value {
    let memory = json!({ "event_type": "discovery", "summary": summary });
    fields(&machine.world.agent("ann").asks("remember", memory))["memory_id"].clone()
}

fn remember_in(world: &World, summary: &str) {
    let memory = json!({ "event_type": "discovery", "summary": summary });
    assert!(world.agent("ann").asks("remember", memory).success());
}

/// The others' devices that have rows of a table here.
fn peers(machine: &Machine, table: &str) -> Vec<String> {
    let sql = "SELECT DISTINCT device_id FROM peer_rows WHERE tbl = ?1";
    machine.store().read(|tx| Ok(tx.all(sql, [table], |row| row.get(0))?)).unwrap()
}

#[test]
fn a_batch_that_comes_twice_or_late_has_its_effect_once() {
    let mirror = Mirror::start();
    let mut machines = [Machine::join(&mirror, "w", World::new())];
    settle(&mirror, "w", &mut machines);
    for fault in [Fault::Twice, Fault::Hold, Fault::Again] {
        remember(&machines[0], &format!("{fault:?}"));
        mirror.gateway.next([fault]);
        settle(&mirror, "w", &mut machines);
    }
    remember(&machines[0], "what came before arrives now");
    mirror.gateway.next([Fault::Overtaken]);
    settle(&mirror, "w", &mut machines);
    assert_eq!(mirror.ask("count(*) from coord.episodic_memories"), "4");
    let told = "count(*) from coord.cloud_log where tbl = 'episodic_memories'";
    assert_eq!(mirror.ask(told), "4", "each was told once");
}

#[test]
fn a_device_that_took_another_name_knows_it_and_sees_what_it_left() {
    let mirror = Mirror::start();
    let mut machines = [Machine::join(&mirror, "w", World::new())];
    remember(&machines[0], "before");
    settle(&mirror, "w", &mut machines);
    let before = machines[0].device();
    machines[0].journal().want_fork("asked").unwrap();
    settle(&mirror, "w", &mut machines);

    let after = machines[0].device();
    assert_ne!(before, after);
    assert_eq!(person(&machines[0], "sync_status", json!({}))["device"], json!(after));
    assert_eq!(peers(&machines[0], "agent_sessions"), [before]);
    // The login names the new one, and nothing is forgotten when it is named again.
    let logged = machines[0].state().newest;
    person(&machines[0], "sync_switch", json!({ "action": "on", "device": after }));
    assert!(machines[0].state().newest >= logged);
}

#[test]
fn a_change_that_somebody_once_called_too_large_is_sent_all_the_same() {
    let mirror = Mirror::start();
    let mut machines = [Machine::join(&mirror, "w", World::new())];
    settle(&mirror, "w", &mut machines);
    person(&machines[0], "allow_domain", json!({ "domain": "x.example" }));
    mirror.gateway.next([Fault::Status(413), Fault::Status(413), Fault::Status(413)]);
    settle(&mirror, "w", &mut machines);
    assert_eq!(mirror.ask("count(*) from coord.network_domains"), "1");
    assert_eq!(person(&machines[0], "list_conflicts", json!({}))["conflicts"], json!([]));
}

#[test]
fn what_an_administrator_removed_goes_from_whoever_was_changing_it() {
    let mirror = Mirror::start();
    let mut machines = [Machine::join(&mirror, "w", World::new())];
    let id = remember(&machines[0], "secret");
    settle(&mirror, "w", &mut machines);
    person(&machines[0], "pin_memory", json!({ "memory_id": id }));
    let bury = format!(
        "select coord.bury(workspace_id, 'episodic_memories', '[{id}]') from coord.workspaces"
    );
    mirror.cloud.sql().batch_execute(&bury).unwrap();
    settle(&mirror, "w", &mut machines);
    assert_eq!(machines[0].shared().len(), 0, "{:?}", machines[0].shared());
    let told = person(&machines[0], "list_conflicts", json!({}))["conflicts"].clone();
    assert_eq!((told.as_array().unwrap().len(), &told[0]["code"]), (1, &json!("gone")), "{told}");
    machines[0].pass(pace::COMPARE);
    settle(&mirror, "w", &mut machines);
    assert_eq!(person(&machines[0], "list_conflicts", json!({}))["conflicts"], told);
}

#[test]
fn groups_are_everybody_s_and_breaches_are_shown_to_all() {
    let mirror = Mirror::start();
    let mut machines =
        [Machine::join(&mirror, "w", World::new()), Machine::join(&mirror, "w", World::new())];
    person(&machines[0], "change_group", json!({ "group": "guests", "agent_type": "test" }));
    let breach = machines[0].store().write_blocking(|tx| {
        let sql = "INSERT INTO breaches VALUES ('00000000-0000-7000-8000-000000000001', 'p', 'a.rs', '/w',
                       'written', 's', 'ann', 1, NULL, NULL, 1, 1, 1)";
        tx.run(sql, []).map(drop).map_err(Into::into)
    });
    breach.unwrap();
    settle(&mirror, "w", &mut machines);

    let groups = person(&machines[1], "list_groups", json!({}));
    assert!(groups.to_string().contains("guests"), "{groups}");
    assert_eq!(peers(&machines[1], "breaches"), [machines[0].device()]);
    person(
        &machines[1],
        "change_group",
        json!({ "group": "guests", "agent_type": "test", "remove": true }),
    );
    settle(&mirror, "w", &mut machines);
    let groups = person(&machines[0], "list_groups", json!({}));
    assert!(!groups.to_string().contains("guests"), "{groups}");
    assert_eq!(fleet::counted(&mirror, "breaches", &machines[0].device()), 1);
}

#[test]
fn a_device_that_sealed_audit_rows_before_is_whole_to_the_mirror_under_every_name() {
    let mirror = Mirror::start();
    let world = World::new();
    remember_in(&world, "sealed");
    fleet::seal(&world);
    remember_in(&world, "not sealed");
    let mut machines = [Machine::join(&mirror, "w", world)];
    for forks in 0..2 {
        settle(&mirror, "w", &mut machines);
        let broken = "count(*) from coord.devices where broken_at is not null";
        assert_eq!(mirror.ask(broken), "0", "after {forks} forks");
        let device = machines[0].device();
        assert_eq!(fleet::counted(&mirror, "audit_seals", &device), forks + 1);
        assert_eq!(person(&machines[0], "list_conflicts", json!({}))["conflicts"], json!([]));
        settle(&mirror, "w", &mut machines);
        fleet::seal(&machines[0].world);
        machines[0].journal().want_fork("asked").unwrap();
    }
}
