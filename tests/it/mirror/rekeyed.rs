//! A key that comes while something is under way: what the mirror has already in another form is sent again.

use coord::mirror::key::Key;
use coord_sync::Journal as _;
use serde_json::json;

use super::fleet::{self, Machine, Mirror, settle};
use crate::cloud::gateway::Fault;
use crate::world::{World, fields};

const WORD: &str = "zebrafish";

fn remember(machine: &Machine) {
    let memory = json!({ "event_type": "discovery", "summary": WORD });
    assert!(machine.world.agent("ann").asks("remember", memory).success());
}

/// Sends what there is; the mirror has it, and no answer says so.
fn send_unheard(mirror: &Mirror, machine: &mut Machine) {
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
    // That the mirror tells how far it has come is heard.
    machines[0].step();
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

#[test]
fn a_key_that_comes_in_the_middle_of_a_snapshot_opens_the_whole_of_it() {
    let mirror = Mirror::start();
    let key = Key::random().unwrap();
    let world = World::new();
    key.save(&fleet::home(&world)).unwrap();
    let mut machines = vec![Machine::join(&mirror, "w", world)];
    remember(&machines[0]);
    let ann = machines[0].world.agent("ann");
    for (tool, arguments) in [
        ("register_session", json!({ "current_task": WORD })),
        ("acquire_lock", json!({ "file_path": "a.rs", "reason": WORD })),
        ("submit_work", json!({ "task_type": "t", "description": WORD })),
        ("write_handoff", json!({ "summary": WORD })),
    ] {
        assert!(ann.asks(tool, arguments).success(), "{tool}");
    }
    settle(&mirror, "w", &mut machines);
    let tables = machines[0].journal().snapshot_tables().len();
    let mut were_blind = 0;
    for steps in 0..tables + 3 {
        let mut late = Machine::join(&mirror, "w", World::new());
        late.journal().want_snapshot("a test").unwrap();
        for _ in 0..steps {
            late.step();
        }
        let unread = |machine: &Machine| {
            let status = fields(&machine.world.person().asks("sync_status", json!({})));
            status["encryption"]["unread"].as_i64()
        };
        were_blind += i32::from(unread(&late) > Some(0) && late.state().resnapshot.is_some());
        key.save(&fleet::home(&late.world)).unwrap();
        machines.truncate(1);
        machines.push(late);
        settle(&mirror, "w", &mut machines);
        assert_eq!(unread(&machines[1]), Some(0), "the key came after {steps} steps");
    }
    assert!(were_blind > 2, "the key came in the middle {were_blind} times");
}
