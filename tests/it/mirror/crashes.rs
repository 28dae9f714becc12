//! A process that ends between two transactions, or in one; and a request that is carried out after nobody waits
//! for it any more.

use std::time::Duration;

use serde_json::json;

use super::alike;
use super::crashing::End;
use super::fleet::{Machine, Mirror, settle};
use super::picture;
use crate::cloud::gateway::Fault;
use crate::world::World;

/// Something of each kind.
fn work(machine: &Machine) {
    let ann = machine.world.agent("ann");
    for (tool, arguments) in [
        ("remember", json!({ "event_type": "discovery", "summary": "it was found" })),
        ("acquire_lock", json!({ "file_path": "a.rs" })),
        ("submit_work", json!({ "task_type": "t", "description": "to be done" })),
        ("write_handoff", json!({ "summary": "half done" })),
    ] {
        assert!(ann.asks(tool, arguments).success(), "{tool}");
    }
    // Nobody else decides about it.
    let domain = format!("h{}.example", uuid::Uuid::new_v4().simple());
    let rule = json!({ "domain": domain, "reason": "no" });
    assert!(machine.world.person().asks("block_domain", rule).success());
}

/// Every change is there once, and everybody has all of it.
fn check(mirror: &Mirror, machines: &mut [Machine]) {
    machines.iter_mut().for_each(Machine::pass_a_day);
    settle(mirror, "w", machines);
    alike::check(mirror, machines);
    for machine in machines.iter() {
        assert_eq!(machine.report().differing, [""; 0]);
    }
    let doubles = "count(*) from (select 1 from coord.cloud_log where device_id is not null
                                   group by device_id, dev_seq having count(*) > 1) x";
    assert_eq!(mirror.ask(doubles), "0");
    assert_eq!(mirror.ask("count(*) from coord.dead_letters"), "0");
    assert_eq!(mirror.ask("count(*) from coord.devices where broken_at is not null"), "0");
    assert_eq!(mirror.ask("count(*) from coord.devices where forked_from is not null"), "0");
}

#[test]
fn wherever_a_process_ends_between_two_transactions_it_goes_on_from_there() {
    let mut points = 0;
    for done in [false, true] {
        let mirror = Mirror::start();
        let mut machines =
            [Machine::join(&mirror, "w", World::new()), Machine::join(&mirror, "w", World::new())];
        work(&machines[1]);
        settle(&mirror, "w", &mut machines[1..]);
        work(&machines[0]);
        // The export, the first snapshot or pages, what is sent: the process ends at one after another.
        for after in [0, 1, 2, 3, 5, 8, 13] {
            points += u32::from(machines[0].work_until(End { after, done }, 60));
            work(&machines[0]);
            machines[1].step();
        }
        settle(&mirror, "w", &mut machines);
        check(&mirror, &mut machines);
    }
    assert!(points >= 8, "it ended {points} times");
}

#[test]
fn a_page_is_written_with_its_cursor_or_not_at_all() {
    let mirror = Mirror::start();
    let mut machines =
        [Machine::join(&mirror, "w", World::new()), Machine::join(&mirror, "w", World::new())];
    settle(&mirror, "w", &mut machines);
    work(&machines[0]);
    settle(&mirror, "w", &mut machines[..1]);
    let (rows, cursor) = (picture::take(machines[1].store()), machines[1].state().cursor);

    let cut = "CREATE TRIGGER cut BEFORE INSERT ON sync_state WHEN new.name = 'cursor'
               BEGIN SELECT raise(ABORT, 'it ends between the rows and the cursor'); END";
    machines[1].store().write_blocking(move |tx| Ok(tx.run(cut, []).map(drop)?)).unwrap();
    for _ in 0..6 {
        machines[1].step();
    }
    assert!(machines[1].trouble().contains("it ends between"), "{}", machines[1].trouble());
    assert_eq!(picture::take(machines[1].store()), rows, "no row came without the cursor");
    assert_eq!(machines[1].state().cursor, cursor);

    machines[1].kill();
    machines[1].store().write_blocking(|tx| Ok(tx.run("DROP TRIGGER cut", []).map(drop)?)).unwrap();
    settle(&mirror, "w", &mut machines);
    check(&mirror, &mut machines);
}

#[test]
fn a_request_that_was_given_up_and_is_carried_out_later_has_one_effect() {
    const PATIENCE: Duration = Duration::from_millis(400);
    const LATE: Duration = Duration::from_millis(1_200);
    // Before it is tried again, and after that was answered.
    for again_first in [false, true] {
        let mirror = Mirror::start();
        let mut machines =
            [Machine::join(&mirror, "w", World::new()), Machine::join(&mirror, "w", World::new())];
        settle(&mirror, "w", &mut machines);
        machines[0].wait_no_longer_than(&mirror, PATIENCE);
        // What the mirror has of it is looked at first.
        machines[0].step();
        work(&machines[0]);
        mirror.gateway.next([Fault::Late(LATE)]);
        machines[0].step();
        let known = "last_seq from coord.devices where device_id = ";
        let known = format!("{known}'{}'", machines[0].device());
        let before: i64 = mirror.ask(&known).parse().unwrap();
        let state = machines[0].state();
        assert_eq!(before, state.acked, "it was given up before it was carried out");
        assert!(state.acked < state.newest);
        machines[0].wait_no_longer_than(&mirror, Duration::from_secs(30));
        if again_first {
            settle(&mirror, "w", &mut machines);
        }
        std::thread::sleep(LATE + PATIENCE);
        assert!(mirror.ask(&known).parse::<i64>().unwrap() > before, "it was carried out");
        settle(&mirror, "w", &mut machines);
        check(&mirror, &mut machines);
    }
}
