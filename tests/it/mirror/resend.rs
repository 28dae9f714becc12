//! Rows in which the mirror differs go there again, a step at a time.

use std::collections::BTreeMap;

use coord::mirror::export;
use serde_json::json;

use super::fleet::{self, Machine, Mirror, settle};
use super::picture;
use crate::world::World;

/// Rows that this device alone writes.
fn make(machine: &Machine, count: usize) {
    let written = machine.store().write_blocking(move |tx| {
        for number in 0..count {
            let insert = "INSERT INTO projects (project, root_hint, last_fence, created_at) VALUES (?1, NULL, 0, 1)";
            tx.run(insert, [format!("n{number:06}")])?;
        }
        Ok(())
    });
    written.unwrap();
}

/// How many changes each request behind `after` has logged.
fn together(machine: &Machine, after: i64) -> Vec<usize> {
    let mut sizes: BTreeMap<i64, usize> = BTreeMap::new();
    for row in picture::log(machine.store(), after).iter().filter(|row| row.key.0 == "projects") {
        *sizes.entry(row.tx).or_default() += 1;
    }
    sizes.into_values().collect()
}

#[test]
fn rows_that_the_mirror_lost_are_logged_again_in_steps_beside_others_work() {
    let mirror = Mirror::start();
    for (at, count) in
        [1, export::STEP - 1, export::STEP, export::STEP + 1, 5_300].into_iter().enumerate()
    {
        let workspace = format!("w{at}");
        let mut machines = [Machine::join(&mirror, &workspace, World::new())];
        make(&machines[0], count);
        settle(&mirror, &workspace, &mut machines);
        let device = machines[0].device();
        let rows = fleet::counted(&mirror, "projects", &device);
        assert_eq!(rows, i64::try_from(count).unwrap());
        let lose = format!("delete from coord.projects where device_id = '{device}'");
        mirror.cloud.sql().batch_execute(&lose).unwrap();
        let before = machines[0].state().newest;
        // A gateway that takes less than a step has.
        mirror.gateway.takes_at_most(30_000);
        machines[0].compare();
        settle(&mirror, &workspace, &mut machines);
        mirror.gateway.takes_at_most(10_000_000);

        assert!(!machines[0].found_differing().is_empty());
        assert_eq!(fleet::counted(&mirror, "projects", &device), rows);
        let steps = together(&machines[0], before);
        assert_eq!(i64::try_from(steps.iter().sum::<usize>()).unwrap(), rows);
        let (last, whole) = steps.split_last().unwrap();
        assert!(whole.iter().all(|step| *step == export::STEP), "{steps:?}");
        assert!((1..=export::STEP).contains(last), "{steps:?}");
        machines[0].compare();
        settle(&mirror, &workspace, &mut machines);
        assert_eq!(machines[0].found_differing(), Vec::<String>::new());
    }
}

#[test]
fn nothing_is_exported_with_a_time_that_is_still_to_come() {
    let mirror = Mirror::start();
    let world = World::new();
    let ann = world.agent("ann");
    assert!(ann.asks("acquire_lock", json!({ "file_path": "a.rs", "ttl_minutes": 480 })).success());
    let task = json!({ "task_type": "t", "description": "d", "deadline": "2027-01-01T00:00:00Z" });
    assert!(ann.asks("submit_work", task).success());
    let profile = json!({ "name": "unknown", "ask_operations": ["release_lock"] });
    assert!(world.person().asks("set_profile", profile).success());
    assert!(!ann.asks("release_lock", json!({})).success(), "a person is asked");
    let mut machines = [Machine::join(&mirror, "w", world)];
    settle(&mirror, "w", &mut machines);
    let check = |machine: &Machine, after: i64, tables: &[&str]| {
        let now = machine.world.clock.now().ms();
        let log = picture::log(machine.store(), after);
        for name in tables {
            assert!(log.iter().any(|row| row.key.0 == *name), "{name}");
        }
        log.iter().for_each(|row| assert!(row.hlc >> 16 <= now, "{row:?}"));
    };
    check(&machines[0], 0, &["file_locks", "work_queue", "approval_queue"]);
    // Nor is it when it is sent again.
    let before = machines[0].state().newest;
    mirror.cloud.sql().batch_execute("delete from coord.approval_queue").unwrap();
    machines[0].compare();
    settle(&mirror, "w", &mut machines);
    check(&machines[0], before, &["approval_queue"]);
}
