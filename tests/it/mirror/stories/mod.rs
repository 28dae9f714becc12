//! Whole histories of real machines and a real Postgres, by lot and repeatable by their seed.
//!
//! - A story is some machines in a workspace of their own, random work in all domains, a network
//!   that does what networks do, and misfortunes: killed daemons and servers, copies that
//!   were put back on either side, copied state directories, clocks that are off by an hour.
//! - When all is quiet again, everything that was acknowledged must be everywhere, once.
//! - In more than half of them machines are set to something special (`setting`): free text is encrypted, tables
//!   are left out, a project stays on its machine.
//! - `COORD_SEEDS=5000` tells so many, `COORD_FIRST=1000` begins there; `COORD_SEED=17` tells that one.

#![expect(clippy::print_stdout, reason = "whoever runs many wants to know which failed, and how")]

mod checks;
mod daemons;
mod history;
mod misfortune;
mod setting;
mod story;
mod told;
mod work;

use std::panic::{AssertUnwindSafe, catch_unwind};

use super::fleet::Mirror;
use crate::cloud::Cloud;
use crate::schema::pg::{Postgres, SURVIVING};
use crate::world::World;
use story::{Events, Story};

/// Stories of one run, together.
const STORIES: u64 = 208;
/// Tests that they are spread over.
const PARTS: usize = 4;

/// What a person asks for by a variable, or the usual.
#[expect(clippy::disallowed_methods, reason = "a switch of the tests, not a setting")]
fn asked(variable: &str) -> Option<u64> {
    std::env::var(variable).ok()?.parse().ok()
}

fn tell(part: u64) {
    let seeds: Vec<u64> = match asked("COORD_SEED") {
        Some(seed) => vec![seed],
        None => {
            let first = asked("COORD_FIRST").unwrap_or(0) + part;
            (first..asked("COORD_SEEDS").unwrap_or(STORIES)).step_by(PARTS).collect()
        }
    };
    let mirror = Mirror::of(Cloud::on(Postgres::start_with(SURVIVING)));
    mirror.cloud.sql().batch_execute(history::WATCH).expect("ours");
    let fresh = World::new().save();
    let (mut events, mut failed) = (Events::default(), vec![]);
    let many = seeds.len() as u64;
    for seed in seeds {
        // One that fails keeps none of the others from being told.
        let told = catch_unwind(AssertUnwindSafe(|| {
            let mut story = Story::begin(&mirror, &fresh, seed);
            story.play();
            story.end();
            events.add(&story.events);
        }));
        if told.is_err() {
            println!("COORD_SEED={seed} cargo nextest run -E 'test(stories::the_first)'");
            failed.push(seed);
        }
    }
    println!("{events:?}");
    assert_eq!(failed, [0; 0], "these stories, told alone, show how they fail");
    // Stories in which nothing happens prove nothing.
    assert!(many < STORIES / PARTS as u64 || events.are_many(), "{events:?}");
}

#[test]
fn the_first_part_of_the_stories_ends_well() {
    tell(0);
}

#[test]
fn the_second_part_of_the_stories_ends_well() {
    tell(1);
}

#[test]
fn the_third_part_of_the_stories_ends_well() {
    tell(2);
}

#[test]
fn the_fourth_part_of_the_stories_ends_well() {
    tell(3);
}
