//! All integration tests in one binary: one link, one place for helpers.

mod config;
mod repo;
mod schema;
mod work;
mod world;
