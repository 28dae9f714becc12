//! What the engine says, against what a jailed bash really runs.

use std::process::Command;

/// Composed afresh from this seed, so that a failure can be repeated.
const SEED: &str = "20261123";
/// Commands; each runs in a jail of its own.
const COUNT: &str = "200";

#[test]
fn nothing_destructive_that_bash_runs_is_allowed() {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/oracle/compare.py");
    let engine = format!("{} guard check --json --batch", env!("CARGO_BIN_EXE_coord"));
    let run = Command::new("python3")
        .args([root, "--engine", &engine, "--seed", SEED, "--count", COUNT])
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .output()
        .expect("python3 is needed to run the oracle");
    let told = String::from_utf8_lossy(&run.stdout);
    let troubles = String::from_utf8_lossy(&run.stderr);
    assert!(run.status.success(), "{told}\n{troubles}");
    let summary = told.lines().last().expect("it says what it did");
    let count = |word: &str| -> u32 {
        let before = summary.split(word).next().unwrap_or_default();
        before.split_whitespace().last().and_then(|n| n.parse().ok()).expect("a count stands there")
    };
    assert!(count("ran a destructive payload") >= 20, "the oracle compares something: {summary}");
    assert!(count("harmless") >= 5, "it has harmless commands too: {summary}");
}
