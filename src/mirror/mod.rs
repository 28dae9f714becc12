//! What this device and its mirror in the cloud tell each other.
//!
//! - While sync is on, triggers write every change of a mirrored row into the change
//!   log, in the transaction that made it; while it is off there is no trigger.
//! - Switched on later, what is there is exported as ordinary changes; so is a table that
//!   was left out for a while.
//! - With a key, free text is encrypted on its way out and opened on its way in.
//!
//! Not here: batches and the network (the crate `sync`), rules of rows (the other domains).

pub mod advice;
mod agreed;
mod answered;
pub mod aside;
pub mod board;
pub mod capture;
pub mod catalogue;
pub mod cipher;
pub mod export;
pub mod journal;
pub mod kept;
pub mod key;
pub mod keys;
mod lineage;
mod log;
pub mod login;
mod marks;
mod modes;
mod peers;
mod receive;
pub mod rekey;
mod resend;
mod restored;
mod rows;
mod scope;
mod snapshot;
mod sql;
pub mod standing;
mod stricter;
pub mod tools;

pub use sql::awaits_audit;
