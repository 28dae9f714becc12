//! The coordinator for coding agents: locks, work and memory for several agents
//! in one code base.
//!
//! Modules are listed from floor to roof; each uses only those above it, which
//! `tests/it/tidy.rs` checks.

// floor: words every module speaks
pub mod failure;
pub mod ingress;
pub mod answer;
pub mod time;
pub mod os;
pub mod home;
pub mod config;
pub mod repo;
pub mod guardrails;
pub mod ruling;
pub mod context;
pub mod store;
pub mod tool;
pub mod operations;
pub mod waits;
pub mod wire;

// domains: rules and rows
pub mod audit;
pub mod agents;
pub mod profiles;
pub mod network;
pub mod policy;
pub mod approvals;
pub mod locks;
pub mod work;
pub mod handoffs;
pub mod memory;
pub mod guard;
pub mod breaches;
pub mod mirror;
pub mod arbiter;
pub mod hooks;
pub mod life;

// the one path every call takes
pub mod service;
pub mod keeper;

// edges: each translates, none decides
pub mod client;
pub mod cloud;
pub mod seat;
pub mod mcp;
pub mod daemon;
pub mod shim;
pub mod setup;
pub mod demo;
pub mod cli;
