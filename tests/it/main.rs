//! All integration tests in one binary: one link, one place for helpers.

mod agents;
mod audit;
mod cli;
mod config;
mod e2e;
mod life;
mod locks;
mod handoffs;
mod memory;
mod repo;
mod schema;
mod tidy;
mod work;
mod world;
