//! All integration tests in one binary: one link, one place for helpers.

mod cli;
mod config;
mod repo;
mod schema;
mod world;
