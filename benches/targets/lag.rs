//! How far the mirror is behind while agents work, and how far another machine is: real daemons on both sides.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use rusqlite::{Connection, OpenFlags};
use serde_json::json;

use super::mcp::{Client, Site};
use super::mirror::switch_on;
use super::mirrored::{Mirror, home};
use super::table::{Table, Times};

/// How long agents work, and the pause of each between two calls.
const WORKS: Duration = Duration::from_secs(40);
const PAUSE: Duration = Duration::from_millis(50);
const AGENTS: usize = 3;

pub fn run(table: &mut Table) {
    let mirror = Mirror::start();
    let (here, there) = (enrolled(&mirror), enrolled(&mirror));
    // Whoever sits at the other machine only looks.
    let _reader = Client::open(&there, "reader");
    let stop = Arc::new(AtomicBool::new(false));
    let watch = {
        let (stop, here, there) = (Arc::clone(&stop), database(&here), database(&there));
        std::thread::spawn(move || watch(&here, &there, &stop))
    };
    let agents: Vec<_> = (0..AGENTS)
        .map(|number| {
            let mut client = Client::open(&here, &format!("agent-{number}"));
            std::thread::spawn(move || work(&mut client, number))
        })
        .collect();
    let calls: usize = agents.into_iter().map(|agent| agent.join().expect("it works")).sum();
    std::thread::sleep(Duration::from_secs(8));
    stop.store(true, Ordering::Relaxed);
    let seen = watch.join().expect("it looks");

    let sent = Times::new(lags(&seen, |look| look.newest, |look| look.acked));
    let note = format!(
        "{calls} calls of {AGENTS} agents in {} s, {} changes",
        WORKS.as_secs(),
        seen.last().map_or(0, |look| look.newest)
    );
    for (name, part, limit) in [("p50", 0.5, 1_000.0), ("p99", 0.99, 3_000.0)] {
        let what =
            format!("from the commit to the mirror's acknowledgement, {AGENTS} agents, {name}");
        table.at_most(&what, sent.quantile(part) / 1_000.0, limit, " ms", note.clone());
    }
    let known = Times::new(lags(&seen, |look| look.learned, |look| look.known));
    for (name, part) in [("p50", 0.5), ("p99", 0.99)] {
        table.told(
            &format!("from the commit of a memory to another machine's database, {name}"),
            known.quantile(part) / 1_000.0,
            " ms",
            format!("{} memories", seen.last().map_or(0, |look| look.known)),
        );
    }
}

fn enrolled(mirror: &Mirror) -> Site {
    let site = Site::new("full");
    switch_on(&site);
    mirror.enrol(&home(&site.home()));
    site
}

fn database(site: &Site) -> PathBuf {
    site.home().join("coord.db")
}

/// One agent at work; how often it called.
fn work(client: &mut Client, number: usize) -> usize {
    let (start, mut calls, mut memories) = (Instant::now(), 0, 0);
    while start.elapsed() < WORKS {
        let lock = json!({ "file_path": format!("src/{number}/{}.rs", calls % 50) });
        client.call("acquire_lock", &lock);
        std::thread::sleep(PAUSE);
        client.call("release_lock", &lock);
        std::thread::sleep(PAUSE);
        calls += 2;
        if calls % 10 == 0 {
            let memory = json!({
                "event_type": "discovery", "summary": format!("agent {number} found case {calls}"),
            });
            client.call("remember", &memory);
            memories += 1;
        }
    }
    calls + memories
}

/// What both databases hold at one moment.
struct Look {
    at: Instant,
    newest: i64,
    acked: i64,
    learned: i64,
    known: i64,
}

fn watch(here: &PathBuf, there: &PathBuf, stop: &AtomicBool) -> Vec<Look> {
    let open = |path| {
        Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY).expect("it is there")
    };
    let (here, there) = (open(here), open(there));
    let ask = |conn: &Connection, sql: &str| -> i64 {
        let mut look = conn.prepare_cached(sql).expect("it is SQL");
        look.query_row([], |row| row.get(0)).expect("a number")
    };
    let mut seen = vec![];
    while !stop.load(Ordering::Relaxed) {
        seen.push(Look {
            newest: ask(&here, "SELECT coalesce(max(seq), 0) FROM change_log"),
            acked: ask(
                &here,
                "SELECT coalesce((SELECT CAST(value AS INTEGER) FROM sync_state WHERE name = 'acked'), 0)",
            ),
            learned: ask(&here, "SELECT count(*) FROM episodic_memories"),
            known: ask(&there, "SELECT count(*) FROM episodic_memories"),
            at: Instant::now(),
        });
        std::thread::sleep(Duration::from_millis(4));
    }
    seen
}

/// How long each number of the first kind took to be reached by the second.
fn lags(seen: &[Look], made: fn(&Look) -> i64, arrived: fn(&Look) -> i64) -> Vec<Duration> {
    let first = seen.first().map_or(0, made);
    let last = seen.last().map_or(0, made);
    let (mut from, mut to) = (0, 0);
    (first + 1..=last)
        .map(|number| {
            while made(&seen[from]) < number {
                from += 1;
            }
            while to < seen.len() && arrived(&seen[to]) < number {
                to += 1;
            }
            assert!(to < seen.len(), "number {number} never arrived");
            seen[to].at.saturating_duration_since(seen[from].at)
        })
        .collect()
}
