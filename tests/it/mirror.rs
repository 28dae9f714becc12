//! The mirror's side on this device: the change log and what is made of it.

#![expect(clippy::unwrap_used, reason = "helpers of tests end a test")]

mod capture;
mod disputes;
mod exchange;
mod fleet;
mod picture;
mod returns;
mod stories;
