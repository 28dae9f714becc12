//! Whole histories of several devices and their mirror, by lot and repeatable by their seed.
//!
//! - The mirror is a model of the wire's specification, the devices' stores are in memory:
//!   what is tried is the worker and what it decides.
//! - `COORD_SEEDS=5000` runs so many; `COORD_SEED=17` runs that one.

#![expect(
    clippy::panic,
    clippy::unwrap_used,
    clippy::too_many_arguments,
    reason = "helpers of tests end a test, and a row has many parts"
)]

mod batches;
mod device;
mod faults;
mod marks;
mod model;
mod story;

use story::Story;

/// What a person asks for by a variable, or the usual.
#[expect(clippy::disallowed_methods, reason = "a switch of the tests, not a setting")]
fn asked(variable: &str) -> Option<u64> {
    std::env::var(variable).ok()?.parse().ok()
}

#[test]
fn every_history_converges_and_nothing_is_lost_or_done_twice() {
    let seeds: Vec<u64> = match asked("COORD_SEED") {
        Some(seed) => vec![seed],
        None => (0..asked("COORD_SEEDS").unwrap_or(300)).collect(),
    };
    let mut told = story::Told::default();
    for seed in seeds {
        let mut story = Story::new(seed);
        story.play();
        story.calm_down();
        story.check();
        told.add(&story);
    }
    // A simulation in which nothing happens proves nothing.
    println!("{told:?}");
    if asked("COORD_SEED").is_none() {
        assert!(told.pushed > 1_000 && told.pulled > 1_000 && told.forks > 10, "{told:?}");
        assert!(told.refused > 10 && told.snapshots > 10 && told.stalls > 100, "{told:?}");
    }
}
