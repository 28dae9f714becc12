//! Moves rows between a coordinator's store and its mirror in Postgres.
//!
//! - Knows rows, not domains: what a lock or a memory is, it cannot even ask.
//! - Each table has one rule for rows that both sides changed ([`Rule`]); what is
//!   to be done about a row is decided by [`plan()`], which is pure.
//!
//! So far this crate decides and does not yet carry out: the journal over SQLite,
//! the remote and the worker between them are still to come.

mod plan;

pub use plan::{Action, Rule, Versions, plan};
