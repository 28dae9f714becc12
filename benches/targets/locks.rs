//! A lock taken and released through a real stdio client, and what many at once cost.

use std::sync::{Arc, Barrier};
use std::time::Instant;

use serde_json::json;

use super::mcp::{Client, Site};
use super::table::{Table, Times};
use super::yardstick::bare_insert;

/// Locks that one agent takes.
const ROUNDS: usize = 2_000;
/// Clients that work at once, and what each does.
const CLIENTS: usize = 64;
const EACH: usize = 100;

pub fn run(table: &mut Table) {
    let fast = one_agent("fast", ROUNDS);
    table.at_most(
        "lock acquire through stdio, one agent, durability fast, p50",
        fast.p50() / 1_000.0,
        0.3,
        " ms",
        format!("p99 {:.2} ms", fast.p99() / 1_000.0),
    );
    let bare = {
        let site = Site::new("full");
        bare_insert(site.folder.path(), true, ROUNDS)
    };
    let full = one_agent("full", ROUNDS);
    table.at_most(
        "the same, durability full, against one bare flushed insert, p50",
        full.p50() / bare.p50(),
        2.0,
        " ×",
        format!("{:.0} µs against {:.0} µs", full.p50(), bare.p50()),
    );
}

fn one_agent(durability: &'static str, rounds: usize) -> Times {
    let site = Site::new(durability);
    let mut client = Client::open(&site, "ann");
    let lock = json!({ "file_path": "src/main.rs" });
    let mut times = Vec::with_capacity(rounds);
    for round in 0..rounds + rounds / 10 {
        let (answer, took) = client.timed("acquire_lock", &lock);
        assert_eq!(answer["action"], "acquired", "{answer}");
        client.call("release_lock", &lock);
        if round >= rounds / 10 {
            times.push(took);
        }
    }
    Times::new(times)
}

/// Many clients at once against one after the other, both flushed.
pub fn grouped(table: &mut Table) {
    let alone = {
        let site = Site::new("full");
        let mut client = Client::open(&site, "alone");
        let start = Instant::now();
        for n in 0..EACH * 4 {
            client.call("acquire_lock", &json!({ "file_path": format!("f{n}") }));
        }
        (EACH * 4) as f64 / start.elapsed().as_secs_f64()
    };
    let site = Arc::new(Site::new("full"));
    let ready = Arc::new(Barrier::new(CLIENTS + 1));
    let clients: Vec<_> = (0..CLIENTS)
        .map(|n| {
            let (site, ready) = (Arc::clone(&site), Arc::clone(&ready));
            std::thread::spawn(move || {
                let mut client = Client::open(&site, &format!("c{n}"));
                ready.wait();
                for m in 0..EACH {
                    let answer =
                        client.call("acquire_lock", &json!({ "file_path": format!("f{n}-{m}") }));
                    assert_eq!(answer["success"], true, "{answer}");
                }
                ready.wait();
            })
        })
        .collect();
    ready.wait();
    let start = Instant::now();
    ready.wait();
    let together = (CLIENTS * EACH) as f64 / start.elapsed().as_secs_f64();
    for client in clients {
        client.join().expect("no client met an error");
    }
    table.at_least(
        "64 clients, durability full, locks a second against one client's",
        together / alone,
        3.0,
        " ×",
        format!("{together:.0}/s against {alone:.0}/s"),
    );
}
