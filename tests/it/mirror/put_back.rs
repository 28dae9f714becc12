//! The mirror is put back to an older copy: it gets again what machines still have, and no rule passes over another.

use coord_sync::pace;
use serde_json::{Value, json};

use super::fleet::{Machine, Mirror, settle};
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

fn host(reason: &str) -> Value {
    json!({ "domain": "x.example", "reason": reason })
}

fn conflicts(machine: &Machine) -> Vec<Value> {
    person(machine, "list_conflicts", json!({}))["conflicts"].as_array().unwrap().clone()
}

fn machines(mirror: &Mirror, count: usize) -> Vec<Machine> {
    let mut all: Vec<_> = (0..count).map(|_| Machine::join(mirror, "w", World::new())).collect();
    person(&all[0], "allow_domain", host("agreed"));
    settle(mirror, "w", &mut all);
    all
}

/// Why the mirror's rule is there, and its revision.
fn rule(mirror: &Mirror) -> String {
    mirror.ask("string_agg(reason || ' ' || rev, ', ') from coord.network_domains where deleted_at is null")
}

/// What the mirror lost when it was put back it gets again from whoever has it, though who did it
/// is not there any more.
#[test]
fn a_mirror_that_was_put_back_gets_again_what_a_live_device_has() {
    let mirror = Mirror::start();
    let mut machines =
        vec![Machine::join(&mirror, "w", World::new()), Machine::join(&mirror, "w", World::new())];
    let host = |name: &str| json!({ "domain": name, "reason": name });
    let forgotten = remember(&machines[1], "to be forgotten");
    for name in ["changed.example", "removed.example"] {
        person(&machines[1], "allow_domain", host(name));
    }
    settle(&mirror, "w", &mut machines);
    mirror.copy();

    person(&machines[1], "forget_memory", json!({ "memory_id": forgotten }));
    remember(&machines[1], "afterwards");
    person(&machines[1], "block_domain", host("new.example"));
    person(&machines[1], "block_domain", host("changed.example"));
    let back = json!({ "domain": "removed.example", "remove": true });
    person(&machines[1], "allow_domain", back);
    settle(&mirror, "w", &mut machines);
    let (known, gone) = (machines[0].shared(), machines.pop());
    mirror.put_back();
    drop(gone);

    settle(&mirror, "w", &mut machines);
    assert_eq!(
        machines[0].shared(),
        known,
        "nobody's rule was lifted, nothing was remembered again"
    );
    machines.push(Machine::join(&mirror, "w", World::new()));
    settle(&mirror, "w", &mut machines);
    assert_eq!(machines[1].shared(), known, "a new machine gets it from the mirror");
    assert_eq!(person(&machines[0], "list_conflicts", json!({}))["conflicts"], json!([]));
}

/// The revision that was lost and the one that took its number are two: whoever knows one has not
/// seen the other.
#[test]
fn a_rule_that_was_changed_on_both_sides_of_that_is_decided_by_a_person() {
    let mirror = Mirror::start();
    let mut three = machines(&mirror, 3);
    let mut away = [three.pop().unwrap()];
    mirror.copy();
    person(&three[1], "block_domain", host("lost"));
    settle(&mirror, "w", &mut three);
    mirror.put_back();
    person(&away[0], "allow_domain", host("new"));
    settle(&mirror, "w", &mut away);
    assert_eq!(rule(&mirror), "new 2");

    person(&three[1], "block_domain", host("made of what was lost"));
    settle(&mirror, "w", &mut three);
    assert_eq!(rule(&mirror), "new 2", "nobody who had not seen it replaced it");
    for (machine, ours) in three.iter().zip(["lost", "made of what was lost"]) {
        let open = conflicts(machine);
        assert_eq!(open.len(), 1, "{open:?}");
        let reasons = (&open[0]["ours"]["reason"], &open[0]["theirs"]["reason"]);
        assert_eq!(reasons, (&json!(ours), &json!("new")));
        let verdict = person(machine, "check_domain", json!({ "host": "x.example" }));
        assert_eq!(verdict["allowed"], false, "nobody has decided: {verdict}");
    }

    let keep = |machine: &Machine, keep: &str| {
        let number = conflicts(machine)[0]["conflict"].clone();
        person(machine, "resolve_conflict", json!({ "conflict": number, "keep": keep }));
    };
    keep(&three[1], "ours");
    three.append(&mut Vec::from(away));
    settle(&mirror, "w", &mut three);
    keep(&three[0], "theirs");
    settle(&mirror, "w", &mut three);
    assert_eq!(rule(&mirror), "made of what was lost 3");
    for machine in &three {
        assert_eq!(conflicts(machine), Vec::<Value>::new());
        assert_eq!(machine.shared(), three[0].shared());
    }
}

/// A rule that others gave back and then changed came of the one that is known here.
#[test]
fn a_rule_that_went_on_from_what_was_lost_is_simply_taken() {
    let mirror = Mirror::start();
    let mut two = machines(&mirror, 2);
    mirror.copy();
    person(&two[1], "block_domain", host("lost"));
    settle(&mirror, "w", &mut two);
    mirror.put_back();
    let mut first = [two.pop().unwrap()];
    settle(&mirror, "w", &mut first);
    assert_eq!(rule(&mirror), "lost 2", "it was given back");
    person(&first[0], "block_domain", host("on from there"));
    settle(&mirror, "w", &mut first);
    two.append(&mut Vec::from(first));
    settle(&mirror, "w", &mut two);
    assert_eq!(rule(&mirror), "on from there 3");
    for machine in &two {
        assert_eq!(conflicts(machine), Vec::<Value>::new());
        assert_eq!(machine.shared(), two[0].shared());
    }
}

/// Whoever removed a rule after the copy and whoever changed it had not seen each other either.
#[test]
fn a_rule_that_is_gone_on_one_side_is_decided_by_a_person_too() {
    let mirror = Mirror::start();
    let mut two = machines(&mirror, 2);
    let mut away = [two.pop().unwrap()];
    mirror.copy();
    person(&two[0], "block_domain", host("lost"));
    settle(&mirror, "w", &mut two);
    mirror.put_back();
    person(&away[0], "allow_domain", json!({ "domain": "x.example", "remove": true }));
    settle(&mirror, "w", &mut away);
    // Nothing waits to be sent: it shows when the machine asks.
    two[0].pass(pace::VERIFY);
    settle(&mirror, "w", &mut two);
    assert_eq!(rule(&mirror), "null", "nobody who had not seen its removal brought it back");
    let open = conflicts(&two[0]);
    assert_eq!((open.len(), &open[0]["theirs"]), (1, &Value::Null), "{open:?}");
    let verdict = person(&two[0], "check_domain", json!({ "host": "x.example" }));
    assert_eq!(verdict["allowed"], false, "nobody has decided: {verdict}");
}
