//! Thirty-two agents, each a process of its own, over sixteen hot paths.
//!
//! Twice: as agents are, with a pause between two calls (a model that thinks for a
//! tenth of a second is a fast one), and without any, where the machine itself is
//! what they wait for.

use std::collections::BTreeMap;
use std::sync::{Arc, Barrier, Mutex};
use std::time::{Duration, Instant};

use serde_json::json;

use super::mcp::{Client, Site};
use super::table::{Table, Times};

const AGENTS: usize = 32;
const PATHS: usize = 16;
const ROUNDS: usize = 60;

/// When a path was held: from after the grant to before the release.
type Spans = BTreeMap<usize, Vec<(Instant, Instant)>>;

/// Longest pause of an agent between two calls; the mean is half of it.
const PAUSE_MS: u64 = 100;

pub fn run(table: &mut Table) {
    let alone = single();
    one(table, &alone, "32 agents on 16 hot paths, pausing 0–100 ms", PAUSE_MS);
    one(table, &alone, "32 agents on 16 hot paths, never pausing", 0);
}

fn one(table: &mut Table, alone: &Times, what: &str, pause: u64) {
    let (asks, waits, spans) = crowd(pause);
    let (asks, waits) = (Times::new(asks), Times::new(waits));
    table.at_most(
        &format!("{what}: an answer without waiting, p99 against one agent's p50"),
        asks.p99() / alone.p50(),
        10.0,
        " ×",
        format!("{:.2} ms against {:.2} ms", asks.p99() / 1_000.0, alone.p50() / 1_000.0),
    );
    table.at_most("the same: double grants", double_grants(&spans), 0.0, "", String::new());
    table.at_most(
        "the same: waiting for a lock, worst wait against the mean",
        waits.worst() / waits.mean(),
        3.0,
        " ×",
        format!("mean {:.1} ms, worst {:.1} ms", waits.mean() / 1_000.0, waits.worst() / 1_000.0),
    );
}

fn single() -> Times {
    let site = Site::new("fast");
    let mut client = Client::open(&site, "alone");
    let mut times = Vec::new();
    for n in 0..1_000 {
        let lock = json!({ "file_path": format!("hot-{}", n % PATHS) });
        times.push(client.timed("acquire_lock", &lock).1);
        client.call("release_lock", &lock);
    }
    Times::new(times)
}

fn crowd(pause: u64) -> (Vec<Duration>, Vec<Duration>, Spans) {
    let site = Arc::new(Site::new("fast"));
    let ready = Arc::new(Barrier::new(AGENTS));
    let results = Arc::new(Mutex::new((Vec::new(), Vec::new(), Spans::new())));
    let agents: Vec<_> = (0..AGENTS)
        .map(|n| {
            let (site, ready, results) =
                (Arc::clone(&site), Arc::clone(&ready), Arc::clone(&results));
            std::thread::spawn(move || {
                let mut client = Client::open(&site, &format!("a{n}"));
                ready.wait();
                let (mut asks, mut waits, mut spans) = (Vec::new(), Vec::new(), Vec::new());
                for round in 0..ROUNDS {
                    let path = (n * 7 + round * 5) % PATHS;
                    think(pause, n + round * 31);
                    let lock = json!({ "file_path": format!("hot-{path}") });
                    asks.push(client.timed("acquire_lock", &lock).1);
                    let wait = json!({ "file_path": format!("hot-{path}"), "wait_seconds": 50 });
                    let (answer, took) = client.timed("acquire_lock", &wait);
                    assert_eq!(answer["success"], true, "{answer}");
                    waits.push(took);
                    let from = Instant::now();
                    std::thread::sleep(Duration::from_millis(1));
                    spans.push((path, (from, Instant::now())));
                    client.call("release_lock", &lock);
                }
                let mut all = results.lock().expect("no agent met an error");
                all.0.extend(asks);
                all.1.extend(waits);
                for (path, span) in spans {
                    all.2.entry(path).or_default().push(span);
                }
            })
        })
        .collect();
    for agent in agents {
        agent.join().expect("no agent met an error");
    }

    std::mem::take(&mut *results.lock().expect("all agents have ended"))
}

/// A pause that differs from agent to agent and from round to round.
fn think(longest_ms: u64, seed: usize) {
    if longest_ms > 0 {
        let part = (seed as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 33;
        std::thread::sleep(Duration::from_millis(part % longest_ms));
    }
}

fn double_grants(spans: &Spans) -> f64 {
    let overlaps = |spans: &Vec<(Instant, Instant)>| {
        let mut sorted = spans.clone();
        sorted.sort_unstable();
        sorted.windows(2).filter(|pair| pair[1].0 < pair[0].1).count()
    };
    spans.values().map(overlaps).sum::<usize>() as f64
}
