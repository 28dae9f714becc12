//! Batch by batch and page by page: exactly which rows move, at and around the sizes of each.

use std::collections::BTreeSet;

use coord::mirror::export;
use coord_sync::batch::{HARD, USUAL};
use coord_sync::{Journal as _, wire};
use serde_json::json;

use super::fleet::{Machine, Mirror, settle};
use super::picture;
use crate::cloud::gateway::Fault;
use crate::world::World;

fn name(number: usize) -> String {
    format!("n{number:06}")
}

fn names(until: usize) -> BTreeSet<String> {
    (0..until).map(name).collect()
}

/// Makes rows that only their machine writes, so many in each transaction.
fn make(world: &World, transactions: &[usize]) {
    let mut next = 0;
    for &rows in transactions {
        let numbers = next..next + rows;
        next += rows;
        let insert = "INSERT INTO projects (project, root_hint, last_fence, created_at) VALUES (?1, NULL, 0, 1)";
        let written = world.service.store().write_blocking(move |tx| {
            for number in numbers.clone() {
                tx.run(insert, [name(number)])?;
            }
            Ok(())
        });
        written.unwrap();
    }
}

/// The rows that [`make`] made, as the mirror has them.
fn there(mirror: &Mirror, device: &str) -> BTreeSet<String> {
    let query =
        "select project from coord.projects where device_id::text = $1 and project like 'n%'";
    let rows = mirror.cloud.sql().query(query, &[&device]).unwrap();
    rows.iter().map(|row| row.get(0)).collect()
}

/// Those of another device that are known here.
fn known(machine: &Machine, device: &str) -> BTreeSet<String> {
    let sql = "SELECT pk ->> 0 FROM peer_rows
                WHERE device_id = ?1 AND tbl = 'projects' AND pk ->> 0 GLOB 'n*'";
    let rows = machine.store().read(|tx| Ok(tx.all(sql, [device], |row| row.get(0))?));
    let rows: Vec<String> = rows.unwrap();
    let known: BTreeSet<String> = rows.iter().cloned().collect();
    assert_eq!(known.len(), rows.len(), "none is there twice");
    known
}

/// A machine that has nothing to send.
fn level(mirror: &Mirror, workspace: &str) -> Machine {
    let mut machines = [Machine::join(mirror, workspace, World::new())];
    settle(mirror, workspace, &mut machines);
    let [machine] = machines;
    machine
}

/// Sends everything, and says after how many rows each batch ended. At each moment the mirror has
/// exactly what is acknowledged.
fn push(mirror: &Mirror, machine: &mut Machine) -> Vec<usize> {
    let (device, base) = (machine.device(), machine.state().acked);
    let mut ends = vec![];
    for _ in 0..100 {
        let state = machine.state();
        let taken = usize::try_from(state.acked - base).unwrap();
        if ends.last().copied().unwrap_or(0) != taken {
            ends.push(taken);
        }
        assert_eq!(there(mirror, &device), names(taken), "after {taken}");
        if state.acked == state.newest {
            return ends;
        }
        machine.step();
    }
    panic!("it never had everything: {}", machine.trouble());
}

#[test]
fn a_batch_has_exactly_its_rows() {
    const P: usize = USUAL.changes;
    let one_by_one = |rows| vec![1; rows];
    let cases: Vec<(Vec<usize>, Vec<usize>)> = vec![
        (one_by_one(0), vec![]),
        (one_by_one(1), vec![1]),
        (one_by_one(P - 1), vec![P - 1]),
        (one_by_one(P), vec![P]),
        (one_by_one(P + 1), vec![P, P + 1]),
        (one_by_one(2 * P), vec![P, 2 * P]),
        // Transactions are not cut, however large they are.
        (vec![P + 1], vec![P + 1]),
        (vec![2 * P], vec![2 * P]),
        (vec![P - 1, 1, 1], vec![P, P + 1]),
        (vec![P - 1, 2, 1], vec![P - 1, P + 2]),
        (vec![P, P, 1], vec![P, 2 * P, 2 * P + 1]),
        ([one_by_one(P - 2), vec![2, 3, 1]].concat(), vec![P, P + 4]),
        ([vec![1], vec![2 * P], vec![1]].concat(), vec![1, 2 * P + 1, 2 * P + 2]),
        // Only beyond what the mirror takes at all.
        (vec![HARD.changes - 1], vec![HARD.changes - 1]),
        (vec![HARD.changes], vec![HARD.changes]),
        (vec![HARD.changes + 1], vec![HARD.changes, HARD.changes + 1]),
    ];
    let mirror = Mirror::start();
    for (at, (transactions, ends)) in cases.into_iter().enumerate() {
        let mut machine = level(&mirror, &format!("w{at}"));
        make(&machine.world, &transactions);
        assert_eq!(push(&mirror, &mut machine), ends, "case {at}");
    }
}

/// Fetches everything, and says where each page ended, counted from where the machine stood. At
/// each moment it knows exactly what is up to its cursor.
fn pull(mirror: &Mirror, workspace: &str, machine: &mut Machine, of: &str) -> Vec<i64> {
    let base = machine.state().cursor.position;
    let head: i64 = mirror
        .cloud
        .ask(&format!("head from coord.workspaces where name = '{workspace}'"))
        .parse()
        .unwrap();
    let upto = "select l.pk::jsonb ->> 0 from coord.cloud_log l join coord.workspaces w using (workspace_id)
                 where w.name = $1 and l.pos <= $2 and l.device_id::text = $3 and l.tbl = 'projects'
                   and l.pk like '[\"n%'";
    let mut ends = vec![];
    for _ in 0..100 {
        let cursor = machine.state().cursor.position;
        if cursor > base && ends.last() != Some(&(cursor - base)) {
            ends.push(cursor - base);
        }
        let rows = mirror.cloud.sql().query(upto, &[&workspace, &cursor, &of]).unwrap();
        let wanted: BTreeSet<String> = rows.iter().map(|row| row.get(0)).collect();
        assert_eq!(known(machine, of), wanted, "at {cursor} of {head}");
        if cursor == head {
            return ends;
        }
        machine.step();
    }
    panic!("it never knew everything: {}", machine.trouble());
}

#[test]
fn a_page_has_exactly_its_rows_also_if_all_are_the_readers_own() {
    const P: usize = wire::PAGE;
    let page = i64::try_from(P).unwrap();
    // Rows of the reader's own, then rows of the other, then where its pages end.
    let cases: Vec<(usize, usize, Vec<i64>)> = vec![
        (0, 0, vec![]),
        (0, 1, vec![1]),
        (0, P - 1, vec![page - 1]),
        (0, P, vec![page]),
        (0, P + 1, vec![page, page + 1]),
        (0, 2 * P, vec![page, 2 * page]),
        (P, 0, vec![page]),
        (P, 1, vec![page, page + 1]),
        (2 * P, 1, vec![page, 2 * page, 2 * page + 1]),
        (P - 1, 1, vec![page]),
        (P - 1, 2, vec![page, page + 1]),
    ];
    let mirror = Mirror::start();
    for (at, (own, others, ends)) in cases.into_iter().enumerate() {
        let workspace = format!("w{at}");
        let mut machines = [
            Machine::join(&mirror, &workspace, World::new()),
            Machine::join(&mirror, &workspace, World::new()),
        ];
        settle(&mirror, &workspace, &mut machines);
        let [mut writer, mut reader] = machines;
        make(&reader.world, &vec![1; own]);
        push(&mirror, &mut reader);
        make(&writer.world, &vec![1; others]);
        push(&mirror, &mut writer);
        let got = pull(&mirror, &workspace, &mut reader, &writer.device());
        assert_eq!(got, ends, "{own} own, {others} of others");
        assert_eq!(known(&reader, &writer.device()), names(others));
        let own_rows = known(&reader, &reader.device());
        assert!(own_rows.is_empty(), "nobody is told what it said itself: {own_rows:?}");
    }
}

#[test]
fn a_snapshot_has_exactly_the_rows_that_are_there() {
    const P: usize = wire::PAGE;
    let mirror = Mirror::start();
    for (at, rows) in [0, 1, P - 1, P, P + 1, 2 * P].into_iter().enumerate() {
        let workspace = format!("w{at}");
        let mut writer = level(&mirror, &workspace);
        make(&writer.world, &vec![1; rows]);
        push(&mirror, &mut writer);

        let mut reader = Machine::join(&mirror, &workspace, World::new());
        make(&reader.world, &[3]);
        reader.journal().want_snapshot("a test").unwrap();
        let mut seen = BTreeSet::from([0]);
        for _ in 0..100 {
            reader.step();
            let known = known(&reader, &writer.device());
            assert_eq!(known, names(known.len()), "in the order of keys");
            seen.insert(known.len());
            if reader.state().resnapshot.is_none() {
                break;
            }
        }
        let pages = BTreeSet::from([0, rows.min(P), rows.min(2 * P)]);
        assert_eq!(seen, pages, "{rows} rows");
        assert_eq!(there(&mirror, &reader.device()), names(0), "nothing is sent before");

        // What happened since goes on from where the snapshot was.
        settle(&mirror, &workspace, std::slice::from_mut(&mut reader));
        assert_eq!(known(&reader, &writer.device()), names(rows));
        assert_eq!(there(&mirror, &reader.device()), names(3));
    }
}

#[test]
fn a_snapshot_of_what_all_share_has_more_than_a_page() {
    let mirror = Mirror::start();
    let mut writer = level(&mirror, "w");
    for number in 0..=wire::PAGE {
        let allow = json!({ "domain": format!("d{number}.example") });
        assert!(writer.world.person().asks("allow_domain", allow).success());
    }
    settle(&mirror, "w", std::slice::from_mut(&mut writer));
    let reader = Machine::join(&mirror, "w", World::new());
    reader.journal().want_snapshot("a test").unwrap();
    let mut machines = [writer, reader];
    settle(&mirror, "w", &mut machines);
    let shared = machines[1].shared();
    let domains = shared.keys().filter(|key| key.0 == "network_domains").count();
    assert_eq!(domains, wire::PAGE + 1);
    assert_eq!(machines[0].shared(), shared);
}

#[test]
fn a_step_of_the_export_has_exactly_its_rows() {
    const P: usize = export::STEP;
    for rows in [0, 1, P - 1, P, P + 1, 2 * P] {
        let world = World::new();
        make(&world, &[rows]);
        let store = world.service.store();
        store.write_blocking(export::switch_on).unwrap();
        let mut steps = vec![];
        loop {
            let before = picture::log(store, 0).len();
            if !store.write_blocking(export::step).unwrap() {
                break;
            }
            let exported = picture::log(store, i64::try_from(before).unwrap());
            let made = exported.iter().filter(|row| row.key.1.starts_with("[\"n")).count();
            steps.extend((made > 0).then_some(made));
        }
        let whole = [vec![P; rows / P], vec![rows % P]].concat();
        assert_eq!(steps, whole.into_iter().filter(|rows| *rows > 0).collect::<Vec<_>>());
        let log = picture::log(store, 0);
        let keys =
            log.iter().filter(|row| row.key.1.starts_with("[\"n")).map(|row| row.key.1.clone());
        let wanted = (0..rows).map(|number| json!([name(number)]).to_string());
        assert!(keys.eq(wanted), "each row once, in the order of keys");
    }
}

/// How many rows each table of the mirror has. How much callers may still ask is not of the mirror.
fn everything(mirror: &Mirror) -> Vec<(String, i64)> {
    let mut client = mirror.cloud.sql();
    let tables = "select relname::text from pg_class
                   where relnamespace = 'coord'::regnamespace and relkind = 'r' and relname <> 'rate_limits'";
    let names: Vec<String> =
        client.query(tables, &[]).unwrap().iter().map(|row| row.get(0)).collect();
    let counted = names.into_iter().map(|name| {
        let count = client.query_one(&format!("select count(*) from coord.{name}"), &[]).unwrap();
        (name, count.get(0))
    });
    counted.collect()
}

#[test]
fn a_batch_that_comes_again_adds_no_row() {
    let mirror = Mirror::start();
    let mut machine = level(&mirror, "w");
    for number in 0..20 {
        let (ann, person) = (machine.world.agent("ann"), machine.world.person());
        let task = json!({ "task_type": "t", "description": format!("{number}") });
        let memory = json!({ "event_type": "decision", "summary": format!("number {number}") });
        let rule = json!({ "domain": format!("d{number}.example") });
        let lock = json!({ "file_path": format!("{number}.rs") });
        for answer in [
            ann.asks("submit_work", task),
            ann.asks("remember", memory),
            person.asks("block_domain", rule),
            ann.asks("acquire_lock", lock.clone()),
            ann.asks("release_lock", lock),
        ] {
            assert!(answer.success(), "{:?}", answer.flat());
        }
    }
    make(&machine.world, &[1, USUAL.changes, 3]);
    let last = format!("last_seq from coord.devices where device_id = '{}'", machine.device());
    let mut replays = 0;
    for _ in 0..100 {
        let before = machine.state();
        if before.acked == before.newest {
            break;
        }
        // It is carried out, and the answer is lost.
        mirror.gateway.next([Fault::DropReply]);
        machine.step();
        if mirror.cloud.ask(&last) == before.acked.to_string() {
            continue;
        }
        assert_eq!(machine.state().acked, before.acked);
        let once = everything(&mirror);
        while machine.state().acked == before.acked {
            machine.step();
        }
        assert_eq!(everything(&mirror), once, "after {}", before.acked);
        replays += 1;
    }
    assert!(replays >= 2, "{replays} batches came again");
}
