//! All integration tests in one binary: one link, one place for helpers.

mod agents;
mod audit;
mod config;
mod life;
mod repo;
mod schema;
mod world;
