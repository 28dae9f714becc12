//! All integration tests in one binary: one link, one place for helpers.

mod config;
mod e2e;
mod repo;
mod schema;
mod tidy;
mod world;
