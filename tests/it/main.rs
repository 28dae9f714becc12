//! All integration tests in one binary: one link, one place for helpers.

mod config;
mod schema;
mod world;
