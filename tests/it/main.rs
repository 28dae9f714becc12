//! All integration tests in one binary: one link, one place for helpers.

mod config;
mod locks;
mod repo;
mod schema;
mod world;
