//! All integration tests in one binary: one link, one place for helpers.

#![expect(
    clippy::panic,
    clippy::needless_pass_by_value,
    reason = "helpers of tests end a test, and take JSON as it is written in the test"
)]

mod agents;
mod approvals;
mod audit;
mod breaches;
mod cli;
mod cloud;
mod config;
mod e2e;
mod guard;
mod life;
mod locks;
mod network;
mod policy;
mod price;
mod profiles;
mod handoffs;
mod hooks;
mod memory;
mod mirror;
mod repo;
mod schema;
mod setup;
mod surface;
mod tidy;
mod work;
mod world;
