//! Two machines change the same: who stands, who is asked, and that nobody is passed over.

use coord::time::HOUR;
use serde_json::{Value, json};

use super::fleet::{Machine, Mirror, settle};
use crate::cloud::gateway::Fault;
use crate::world::{World, fields};

fn two(mirror: &Mirror) -> [Machine; 2] {
    let mut machines =
        [Machine::join(mirror, "w", World::new()), Machine::join(mirror, "w", World::new())];
    settle(mirror, "w", &mut machines);
    machines
}

fn person(machine: &Machine, tool: &str, arguments: Value) -> Value {
    let answer = machine.world.person().asks(tool, arguments);
    assert!(answer.success(), "{tool}: {}", answer.flat());
    fields(&answer)
}

fn remember(machine: &Machine) -> String {
    let memory = json!({ "event_type": "discovery", "summary": "a cave" });
    let done = fields(&machine.world.agent("ann").asks("remember", memory));
    done["memory_id"].as_str().unwrap().to_owned()
}

/// How many memories are not forgotten.
fn memories(machine: &Machine) -> i64 {
    let sql = "SELECT count(*) FROM episodic_memories WHERE forgotten_at IS NULL";
    let count = machine.store().read(|tx| Ok(tx.one(sql, [], |row| row.get(0))?));
    count.unwrap().unwrap()
}

fn conflicts(machine: &Machine) -> Vec<Value> {
    person(machine, "list_conflicts", json!({}))["conflicts"].as_array().unwrap().clone()
}

/// Lets one machine send what it has.
fn send(machine: &mut Machine) {
    while machine.state().acked < machine.state().newest {
        machine.step();
    }
}

#[test]
fn who_is_an_hour_behind_still_has_the_last_word_about_what_it_saw() {
    let mirror = Mirror::start();
    let mut machines = two(&mirror);
    machines[0].world.clock.wind(HOUR);
    let id = remember(&machines[0]);
    settle(&mirror, "w", &mut machines);
    // Not even a restart makes it forget how late it is for the others.
    machines[1].kill();
    person(&machines[1], "forget_memory", json!({ "memory_id": id }));
    settle(&mirror, "w", &mut machines);
    assert_eq!((memories(&machines[0]), memories(&machines[1])), (0, 0));
}

#[test]
fn what_is_forgotten_stays_forgotten_though_somebody_pins_it_later() {
    let mirror = Mirror::start();
    let mut machines = two(&mirror);
    let id = remember(&machines[0]);
    settle(&mirror, "w", &mut machines);
    machines[0].world.clock.wind(HOUR);
    person(&machines[0], "pin_memory", json!({ "memory_id": id }));
    person(&machines[1], "forget_memory", json!({ "memory_id": id }));
    // The one that loses by its time is told so, which holds up nobody.
    send(&mut machines[0]);
    settle(&mirror, "w", &mut machines);
    assert_eq!((memories(&machines[0]), memories(&machines[1])), (0, 0));
    assert_eq!(machines[0].shared(), machines[1].shared());
}

#[test]
fn a_policy_that_is_changed_twice_before_the_first_answer_overrides_nobody() {
    let mirror = Mirror::start();
    let mut machines = two(&mirror);
    let host = |reason: &str| json!({ "domain": "x.example", "reason": reason });
    person(&machines[0], "allow_domain", host("agreed"));
    settle(&mirror, "w", &mut machines);

    person(&machines[1], "block_domain", host("theirs"));
    send(&mut machines[1]);
    person(&machines[0], "allow_domain", host("first"));
    mirror.gateway.next([Fault::DropReply]);
    machines[0].step();
    person(&machines[0], "allow_domain", host("second"));
    settle(&mirror, "w", &mut machines);

    let open = conflicts(&machines[0]);
    assert_eq!(open.len(), 1, "one question about one row: {open:?}");
    assert_eq!(open[0]["theirs"]["reason"], "theirs", "{open:?}");
    for machine in &machines {
        let verdict = person(machine, "check_domain", json!({ "host": "x.example" }));
        assert_eq!(verdict["allowed"], false, "nobody has decided: {verdict}");
    }
}

#[test]
fn what_others_do_meanwhile_is_what_a_person_decides_about() {
    let mirror = Mirror::start();
    let mut machines = two(&mirror);
    let host = |reason: &str| json!({ "domain": "x.example", "reason": reason });
    person(&machines[1], "allow_domain", host("theirs"));
    send(&mut machines[1]);
    person(&machines[0], "block_domain", host("ours"));
    settle(&mirror, "w", &mut machines);
    assert_eq!(conflicts(&machines[0]).len(), 1);

    person(&machines[1], "allow_domain", host("theirs, again"));
    settle(&mirror, "w", &mut machines);
    let open = conflicts(&machines[0]);
    assert_eq!(open[0]["theirs"]["reason"], "theirs, again", "{open:?}");
    person(
        &machines[0],
        "resolve_conflict",
        json!({ "conflict": open[0]["conflict"], "keep": "theirs" }),
    );
    settle(&mirror, "w", &mut machines);
    assert_eq!(machines[0].shared(), machines[1].shared());

    // Whoever changes the row after a conflict has decided it.
    person(&machines[1], "allow_domain", host("theirs, later"));
    send(&mut machines[1]);
    person(&machines[0], "block_domain", host("ours, later"));
    settle(&mirror, "w", &mut machines);
    assert_eq!(conflicts(&machines[0]).len(), 1);
    person(&machines[0], "allow_domain", host("decided"));
    settle(&mirror, "w", &mut machines);
    assert_eq!(conflicts(&machines[0]), Vec::<Value>::new());
    assert_eq!(machines[0].shared(), machines[1].shared());
}

#[test]
fn a_rule_that_came_and_went_unheard_gives_nobody_the_right_to_pass_another_over() {
    let mirror = Mirror::start();
    let mut machines = two(&mirror);
    let host = |reason: &str| json!({ "domain": "x.example", "reason": reason });
    person(&machines[0], "allow_domain", host("unheard"));
    person(&machines[0], "allow_domain", json!({ "domain": "x.example", "remove": true }));
    send(&mut machines[0]);
    person(&machines[1], "block_domain", host("theirs"));
    send(&mut machines[1]);
    person(&machines[0], "allow_domain", host("ours"));
    settle(&mirror, "w", &mut machines);
    assert_eq!(conflicts(&machines[0]).len(), 1);
    let verdict = person(&machines[1], "check_domain", json!({ "host": "x.example" }));
    assert_eq!(verdict["allowed"], false, "{verdict}");
}

#[test]
fn two_machines_that_decide_alike_need_no_person() {
    let mirror = Mirror::start();
    let mut machines = two(&mirror);
    for machine in &machines {
        person(machine, "block_domain", json!({ "domain": "x.example", "reason": "bad" }));
    }
    settle(&mirror, "w", &mut machines);
    for machine in &machines {
        assert_eq!(conflicts(machine), Vec::<Value>::new());
    }
    // Both stand on the revision that is there: the next change is nobody's conflict either.
    for at in [0, 1] {
        person(
            &machines[at],
            "allow_domain",
            json!({ "domain": "x.example", "reason": format!("{at}") }),
        );
        settle(&mirror, "w", &mut machines);
        assert_eq!(conflicts(&machines[at]), Vec::<Value>::new());
    }
    assert_eq!(machines[0].shared(), machines[1].shared());
}
