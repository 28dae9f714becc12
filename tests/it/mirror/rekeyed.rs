//! A key that comes while something is under way: what the mirror has already in another form is sent again.

use coord::mirror::key::Key;
use serde_json::json;

use super::fleet::{self, Machine, Mirror, settle};
use crate::cloud::gateway::Fault;
use crate::world::World;

const WORD: &str = "zebrafish";

fn remember(machine: &Machine) {
    let memory = json!({ "event_type": "discovery", "summary": WORD });
    assert!(machine.world.agent("ann").asks("remember", memory).success());
}

/// Sends what there is; the mirror has it, and no answer says so.
fn send_unheard(mirror: &Mirror, machine: &mut Machine) {
    // That the mirror tells how far it has come is heard.
    machine.step();
    mirror.gateway.always(Fault::DropReply);
    let memories = || mirror.ask("count(*) from coord.episodic_memories");
    let before = memories();
    for _ in 0..20 {
        machine.step();
    }
    assert_ne!(memories(), before, "it was sent");
    assert!(machine.state().acked < machine.state().newest, "nothing was heard of it");
    mirror.gateway.always(Fault::None);
}

fn settle_for_a_day(mirror: &Mirror, machines: &mut [Machine]) {
    settle(mirror, "w", machines);
    machines.iter_mut().for_each(Machine::pass_a_day);
    settle(mirror, "w", machines);
}

/// How many memories of the mirror have that in them.
fn memories_with(mirror: &Mirror, text: &str) -> String {
    mirror.ask(&format!(
        "count(*) from coord.episodic_memories t where strpos(t::text, '{text}') > 0"
    ))
}

#[test]
fn what_was_sent_in_clear_and_not_acknowledged_is_encrypted_once_there_is_a_key() {
    let mirror = Mirror::start();
    let mut machines = [Machine::join(&mirror, "w", World::new())];
    remember(&machines[0]);
    send_unheard(&mirror, &mut machines[0]);
    assert_eq!(memories_with(&mirror, WORD), "1");

    let key = Key::random().unwrap();
    key.save(&fleet::home(&machines[0].world)).unwrap();
    settle_for_a_day(&mirror, &mut machines);
    assert_eq!(memories_with(&mirror, WORD), "0");
    assert_eq!(memories_with(&mirror, &key.name), "1");
    assert_eq!(machines[0].differing(), Vec::<String>::new());
}

#[test]
fn what_was_under_way_when_the_keys_were_changed_is_read_with_the_new_one() {
    let mirror = Mirror::start();
    let (old, new) = (Key::random().unwrap(), Key::random().unwrap());
    let worlds = [World::new(), World::new()];
    worlds.iter().for_each(|world| old.save(&fleet::home(world)).unwrap());
    let mut machines = worlds.map(|world| Machine::join(&mirror, "w", world));
    settle(&mirror, "w", &mut machines);
    remember(&machines[0]);
    send_unheard(&mirror, &mut machines[0]);

    for machine in &machines {
        new.save(&fleet::home(&machine.world)).unwrap();
    }
    settle_for_a_day(&mirror, &mut machines);
    assert_eq!(memories_with(&mirror, &old.name), "0");
    assert_eq!(memories_with(&mirror, &new.name), "1");
    assert_eq!(machines[0].shared(), machines[1].shared());
    assert_eq!(machines[1].differing(), Vec::<String>::new());
}
