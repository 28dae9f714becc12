//! Wiring clients and git, and taking the wires out again.

mod clients;
mod corpus;
mod doctor;
mod ground;
mod hooks;
mod refusals;
mod texts;
