//! Programs whose harmful forms fit a table.
//!
//! Not here: how a row is read (`programs::table`), programs that need code.

mod cloud;
mod cluster;
mod container;
mod framework;
mod hosting;
mod migration;
mod package;
mod secret;
mod storage;
mod system;
mod vcs;

use crate::guardrails::programs::table::Program;

/// All tables.
pub static ALL: [&[Program]; 11] = [
    vcs::PROGRAMS,
    framework::PROGRAMS,
    migration::PROGRAMS,
    cluster::PROGRAMS,
    container::PROGRAMS,
    cloud::PROGRAMS,
    hosting::PROGRAMS,
    package::PROGRAMS,
    storage::PROGRAMS,
    secret::PROGRAMS,
    system::PROGRAMS,
];

/// A program with two-dash options.
const fn program(
    names: &'static str,
    valued: &'static str,
    rows: &'static [crate::guardrails::programs::table::Row],
) -> Program {
    Program { names, valued, single: false, dry: "", rows }
}

/// A program with one-dash options.
const fn single(
    names: &'static str,
    valued: &'static str,
    rows: &'static [crate::guardrails::programs::table::Row],
) -> Program {
    Program { names, valued, single: true, dry: "", rows }
}
