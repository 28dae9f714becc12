//! The real binary, its socket and its shim, each test in a home of its own.

#![expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "these tests set up a world outside the program, and tell their seeds"
)]

mod agents;
mod basics;
mod client;
mod chaos;
mod clients;
mod consent;
mod contract;
mod hooks;
mod hostile;
mod people;
mod project;
pub mod rpc;
pub mod site;
mod surface;
mod sync;
mod trouble;
mod versus;
mod watch;
