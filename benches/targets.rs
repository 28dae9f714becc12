//! Every figure of `docs/benchmarks.md`: `cargo bench --bench targets [-- NAME…]`.
//!
//! Figures are ratios to a yardstick of the same run, because machines differ and
//! are shared; absolute times stand beside them as a note.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::disallowed_methods,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::too_many_arguments,
    reason = "a program that measures and prints, with figures far below the bounds"
)]

mod targets {
    pub mod arbiter;
    pub mod claims;
    pub mod cloud;
    pub mod contention;
    #[path = "../../tests/it/cloud/errors.rs"]
    pub mod errors;
    #[path = "../../tests/it/cloud/gateway.rs"]
    #[expect(dead_code, reason = "the tests use more of it")]
    pub mod gateway;
    pub mod guardrails;
    pub mod hook;
    pub mod lag;
    pub mod locks;
    pub mod mcp;
    pub mod mirror;
    pub mod mirrored;
    pub mod policy;
    pub mod memory;
    #[path = "../../tests/it/schema/pg.rs"]
    #[expect(dead_code, reason = "the tests use more of it")]
    pub mod pg;
    pub mod push;
    #[path = "../../tests/it/cloud/rest.rs"]
    #[expect(dead_code, reason = "the tests use more of it")]
    pub mod rest;
    pub mod size;
    pub mod start;
    pub mod table;
    pub mod yardstick;
}

use targets::table::Table;

/// One measurement by name.
type Bench = (&'static str, fn(&mut Table));

const BENCHES: &[Bench] = &[
    ("locks", targets::locks::run),
    ("contention", targets::contention::run),
    ("group", targets::locks::grouped),
    ("claims", targets::claims::run),
    ("cloud", targets::cloud::run),
    ("arbiter", targets::arbiter::run),
    ("policy", targets::policy::run),
    ("memory", targets::memory::run),
    ("guardrails", targets::guardrails::run),
    ("hook", targets::hook::run),
    ("start", targets::start::run),
    ("recovery", targets::start::recovery),
    ("push", targets::push::run),
    ("lag", targets::lag::run),
    ("mirror", targets::mirror::run),
    ("size", targets::size::run),
];

fn main() {
    let asked: Vec<String> =
        std::env::args().skip(1).filter(|argument| !argument.starts_with('-')).collect();
    let mut table = Table::default();
    for (name, bench) in BENCHES {
        if asked.is_empty() || asked.iter().any(|one| one == name) {
            eprintln!("measuring {name} …");
            bench(&mut table);
        }
    }
    println!("{table}");
}
