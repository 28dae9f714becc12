//! A change log of a million rows: it is read, sent and pruned as one of a thousand is, piece by piece.

use std::time::Instant;

use coord::mirror::export;
use coord::mirror::journal::StoreJournal;
use coord::mirror::login::Login;
use coord::store::Store;
use coord_sync::batch::{self, USUAL};
use coord_sync::{Journal as _, State};
use serde_json::json;

use super::fleet::{self, Machine, Mirror};
use crate::world::{World, fields};

const ROWS: i64 = 1_000_000;
/// Rows of each transaction that fills the log.
const TOGETHER: i64 = 250;
/// Rows that are filled in at once, and the keys among which they change.
const CHUNK: i64 = 50_000;
const KEYS: i64 = 997;

/// Fills the log by changing the same rows again and again, as the triggers would note it: about half of
/// what agents do leaves no row behind, like a lock that was taken and given back.
fn fill(store: &Store, rows: i64) {
    for from in (0..rows).step_by(usize::try_from(CHUNK).unwrap()) {
        let filled = store.write_blocking(move |tx| {
            Ok(tx.run(
                "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?1),
                        l AS MATERIALIZED (SELECT max(seq) AS seq, max(tx) AS tx, max(hlc) AS hlc FROM change_log)
                 INSERT INTO change_log (seq, tx, hlc, tbl, pk, op, body, hash)
                 SELECT l.seq + i, l.tx + 1 + i / ?2, l.hlc + i, 'projects', json_array('n' || (i % ?3)),
                        iif(i % 2, 'u', 'd'),
                        iif(i % 2, json_object('project', 'n' || (i % ?3), 'root_hint', NULL, 'last_fence', i,
                                               'created_at', 1), NULL),
                        printf('%064x', l.seq + i)
                   FROM l, n",
                [CHUNK.min(rows - from), TOGETHER, KEYS],
            )?)
        });
        filled.unwrap();
    }
}

/// Memory of this process, in KiB.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

fn journal(world: &World) -> StoreJournal {
    let home = fleet::home(world);
    let login = Login::new(&home, "http://127.0.0.1:9", None, "key").unwrap();
    StoreJournal::new(std::sync::Arc::clone(world.service.store()), home, login, vec![])
}

/// Everything that waits, batch by batch, as a mirror that takes everything would have it.
fn drain(journal: &StoreJournal) -> Vec<i64> {
    let mut ends = vec![];
    loop {
        let State { acked, acked_hash, newest, .. } = journal.state().unwrap();
        if acked == newest {
            return ends;
        }
        let rows = journal.read(acked, USUAL.changes + 1, USUAL.bytes).unwrap();
        assert!(rows.len() <= USUAL.changes + 1, "no more is read than is sent");
        let batch = batch::batch(&acked_hash, &rows, USUAL, None).unwrap();
        assert_eq!(batch.first, acked + 1, "nothing is left out");
        ends.push(batch.last);
        journal.acknowledge(batch.last, &[]).unwrap();
    }
}

#[test]
fn a_million_changes_are_read_acknowledged_and_pruned_in_pieces() {
    let world = World::new();
    let store = world.service.store();
    store.write_blocking(export::switch_on).unwrap();
    while store.write_blocking(export::step).unwrap() {}
    world.person().asks("allow_domain", json!({ "domain": "a.example" }));
    fill(store, ROWS);
    let journal = journal(&world);
    let State { newest, acked, .. } = journal.state().unwrap();
    assert!(newest - acked >= ROWS);
    let standing = fields(&world.person().asks("sync_status", json!({})));
    assert_eq!(standing["lag_rows"], json!(newest - acked), "{standing}");

    let front = journal.read(0, USUAL.changes + 1, USUAL.bytes).unwrap().len();
    let back = journal.read(newest - 1_000, USUAL.changes + 1, USUAL.bytes).unwrap().len();
    assert_eq!([front, back], [USUAL.changes + 1; 2], "a batch is as large anywhere");

    let before = resident();
    let ends = drain(&journal);
    assert!(ends.windows(2).all(|pair| pair[1] - pair[0] <= i64::try_from(USUAL.changes).unwrap()));
    // A tenth of what the log has.
    let grown = resident().saturating_sub(before);
    assert!(grown < 64 << 10, "it grew by {grown} KiB");
    let state = journal.state().unwrap();
    assert_eq!(state.acked, state.newest);

    // Nothing is old yet, and then everything but the last.
    let count = || {
        let sql = "SELECT count(*) FROM change_log";
        store.read(|tx| Ok(tx.one(sql, [], |row| row.get::<_, i64>(0))?)).unwrap().unwrap()
    };
    let all = count();
    journal.prune().unwrap();
    assert_eq!(count(), all);
    world.pass_minutes(40 * 24 * 60);
    world.person().asks("allow_domain", json!({ "domain": "b.example" }));
    journal.prune().unwrap();
    let kept = count();
    assert!(kept < 20, "{kept} are kept");
    let state = journal.state().unwrap();
    assert_eq!(journal.hash_at(state.acked).unwrap().as_ref(), Some(&state.acked_hash));
    assert!(!state.acked_hash.is_empty(), "where it stands is never pruned");
}

/// `just million` pushes all of it into a real PostgreSQL; without being told, a hundredth.
#[test]
fn a_long_log_is_pushed_to_its_end() {
    let rows = rows_asked().unwrap_or(ROWS / 100);
    let mirror = Mirror::start();
    let lift = "update coord.installation set calls_per_second = 1e6, calls_at_once = 1e6";
    mirror.cloud.sql().batch_execute(lift).unwrap();
    let mut machine = Machine::join(&mirror, "w", World::new());
    fleet::settle(&mirror, "w", std::slice::from_mut(&mut machine));
    fill(machine.store(), rows);
    let before = machine.state();
    let (start, memory) = (Instant::now(), resident());
    let mut most = 0;
    loop {
        machine.step();
        let state = machine.state();
        most = most.max(resident());
        if state.acked == state.newest {
            break;
        }
        assert!(machine.report().stall.is_none(), "{}", machine.trouble());
    }
    let state = machine.state();
    assert!(state.newest - before.acked >= rows);
    println!(
        "{rows} rows in {:.1} s; memory rose from {memory} to at most {most} KiB",
        start.elapsed().as_secs_f64()
    );
    assert!(most.saturating_sub(memory) < 128 << 10, "it grew to {most} KiB");
    let query = format!("last_seq from coord.devices where device_id = '{}'", machine.device());
    assert_eq!(mirror.cloud.ask(&query), state.newest.to_string());
    // The last image of each row, and of those that went none.
    let last = (rows - 1) % CHUNK + 1;
    let present = (last - KEYS + 1..=last).filter(|number| number % 2 == 1);
    let wanted: Vec<String> = present.map(|number| number.to_string()).collect();
    let query = format!(
        "string_agg(last_fence::text, ',' order by last_fence) from coord.projects
          where project like 'n%' and device_id = '{}'",
        machine.device()
    );
    assert_eq!(mirror.cloud.ask(&query), wanted.join(","));
}

#[expect(clippy::disallowed_methods, reason = "a switch of the tests, not a setting")]
fn rows_asked() -> Option<i64> {
    std::env::var("COORD_LOG_ROWS").ok()?.parse().ok()
}
