//! The coordinator for coding agents. Modules are listed from floor to roof;
//! each uses only those above it.

pub mod failure;
pub mod repo;
