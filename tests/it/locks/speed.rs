//! A lock costs the same however many others are held.

use std::time::{Duration, Instant};

use serde_json::json;

use super::{acquire, release};
use crate::world::{Actor, World};

/// Median time of taking a free file, in a folder that is crowded or not.
fn median(agent: &Actor<'_>) -> Duration {
    let mut times: Vec<Duration> = (0..200)
        .map(|round| {
            let path = format!("src/deep/er/file-{round}.rs");
            let start = Instant::now();
            assert!(acquire(agent, json!({ "file_path": path })).success());
            let took = start.elapsed();
            assert!(release(agent, &path).success());
            took
        })
        .collect();
    times.sort_unstable();
    times[times.len() / 2]
}

#[test]
fn taking_a_lock_costs_the_same_among_ten_others_and_ten_thousand() {
    let world = World::new();
    let (hoarder, agent) = (world.agent("hoarder"), world.agent("agent"));
    let hoard = |from: usize, to: usize| {
        for chunk in (from..to).collect::<Vec<_>>().chunks(100) {
            let paths: Vec<String> =
                chunk.iter().map(|n| format!("src/deep/er/held-{n}.rs")).collect();
            assert!(acquire(&hoarder, json!({ "file_paths": paths })).success());
        }
    };
    hoard(0, 10);
    let few = median(&agent);
    hoard(10, 10_000);

    let many = median(&agent);

    let ratio = many.as_secs_f64() / few.as_secs_f64();
    println!("median among 10: {few:?}, among 10,000: {many:?}, ratio {ratio:.2}");
    // A walk over all of them would cost fifty times as much.
    assert!(ratio < 4.0, "{many:?} among 10,000, {few:?} among 10");
}
