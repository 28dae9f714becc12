//! Moves rows between a coordinator's store and its mirror in Postgres.
//!
//! - Knows rows, not domains: what a lock or a memory is, it cannot even ask.
//! - A change reaches the mirror once, however often it is sent: the log is dense, a
//!   batch is a range of it, and both sides compare the hash of what they have.
//! - Nothing blocks the log for good: what the mirror refuses is set aside and shown,
//!   and every retry has a timer.
//! - What to do next is decided by pure functions ([`next`], [`trouble`], [`batch`]);
//!   the [`worker`] carries it out over a [`Journal`] and a [`Transport`].

pub mod batch;
pub mod journal;
pub mod next;
pub mod pace;
mod plan;
pub mod remote;
pub mod report;
pub mod trouble;
pub mod wire;
pub mod worker;

pub use journal::{Blocked, Identity, Journal, Logged, Op, State};
pub use plan::{Action, Rule, Versions, plan};
pub use remote::{Reply, Transport};
pub use report::{Report, Stall};
pub use trouble::Trouble;
pub use worker::{Wake, Worker};
