//! The two engines: what they answer, that they agree, and what is done with a broken policy.

mod agree;
mod cedar;
mod groups;
mod project;
mod questions;
mod refusals;
mod validate;

use coord::config::PolicyEngine;
use coord::policy::{self, Settings};

use crate::world::World;

/// A world with this engine in force.
fn world(engine: PolicyEngine) -> World {
    let world = World::new();
    configure(&world, engine);
    world
}

fn configure(world: &World, engine: PolicyEngine) {
    policy::configure(world.service.store(), Settings { engine, ..Settings::default() });
}
