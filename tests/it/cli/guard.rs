//! `coord guard` as a program: what it prints and how it ends, without a daemon.

use std::io::Write as _;
use std::process::{Command, Output, Stdio};

use serde_json::Value;

/// The binary in a folder of its own, which has no state directory to start a daemon from.
struct Place(tempfile::TempDir);

impl Place {
    fn new() -> Self {
        Self(tempfile::tempdir().expect("a temporary folder can be made"))
    }

    fn write(&self, name: &str, bytes: &[u8]) {
        std::fs::write(self.0.path().join(name), bytes).expect("the folder is there");
    }

    fn run(&self, arguments: &[&str], input: &[u8]) -> Output {
        let mut child = Command::new(env!("CARGO_BIN_EXE_coord"))
            .args(arguments)
            .env_clear()
            .env("COORD_HOME", "/dev/null/nowhere")
            .current_dir(self.0.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the binary was built");
        let mut stdin = child.stdin.take().expect("it is a pipe");
        let input = input.to_owned();
        let feeding = std::thread::spawn(move || stdin.write_all(&input).ok());
        let output = child.wait_with_output().expect("it ends");
        feeding.join().expect("it does not panic");
        output
    }
}

fn lines(output: &Output) -> Vec<Value> {
    let text = String::from_utf8(output.stdout.clone()).expect("answers are text");
    text.lines().map(|line| serde_json::from_str(line).expect("each line is JSON")).collect()
}

fn verdicts(output: &Output) -> Vec<String> {
    let word = |answer: &Value| answer["verdict"].as_str().expect("a verdict").to_owned();
    lines(output).iter().map(word).collect()
}

#[test]
fn a_batch_is_answered_line_by_line_in_its_order() {
    let place = Place::new();
    let batch = "{\"cmd\": \"git push --force\"}\n{\"cmd\": \"ls\"}\r\n\nnonsense\n{\"sql\": \"DROP TABLE t\"}\n\
                 {\"text\": \"Drop the table from the docs\"}\n{\"path\": \".env\", \"op\": \"write\"}";
    place.write("b.jsonl", batch.as_bytes());
    let wanted = ["block", "allow", "warn", "warn", "block", "allow", "warn"];
    let output = place.run(&["guard", "check", "--json", "--batch", "b.jsonl"], b"");
    assert!(output.status.success());
    assert_eq!(verdicts(&output), wanted);
    let piped = place.run(&["guard", "check", "--batch", "-", "--json"], batch.as_bytes());
    assert_eq!(piped.stdout, output.stdout);
}

#[test]
fn bytes_that_are_no_text_are_answered_and_shift_no_other_line() {
    let place = Place::new();
    let mut batch = vec![0xFF, 0xFE, b'\n', 0, b'\n'];
    batch.extend(b"{\"cmd\": \"ls \xFF\"}\n{\"cmd\": \"git push -f\"}\n");
    let output = place.run(&["guard", "check", "--json", "--batch", "-"], &batch);
    let found = verdicts(&output);
    assert_eq!(found.len(), 4);
    assert_eq!((found[0].as_str(), found[3].as_str()), ("warn", "block"));
}

#[test]
fn ten_megabytes_on_one_line_are_one_question() {
    let place = Place::new();
    let mut batch = b"{\"cmd\": \"".to_vec();
    batch.extend(std::iter::repeat_n(b'a', 20 << 20));
    batch.extend(b"\"}\n{\"cmd\": \"ls\"}\n");
    let output = place.run(&["guard", "check", "--json", "--batch", "-"], &batch);
    assert_eq!(verdicts(&output), ["warn", "allow"]);
}

#[test]
fn every_rule_stands_its_own_test() {
    let output = Place::new().run(&["guard", "test", "--json"], b"");
    let reply = &lines(&output)[0];
    assert!(output.status.success(), "{reply}");
    assert_eq!(reply["rules"], coord::guardrails::rules().len());
    assert!(reply["examples"].as_u64().is_some_and(|count| count > 100));
}

#[test]
fn an_explanation_shows_what_would_run_and_why_it_is_stopped() {
    let output = Place::new().run(&["guard", "explain", "cd web && rm -rf \"$X\" # now"], b"");
    insta::assert_snapshot!(String::from_utf8_lossy(&output.stdout));
}

#[test]
fn a_scan_tells_where_and_ends_with_1_if_something_is_blocked() {
    let place = Place::new();
    place.write("deploy.sh", b"#!/bin/sh\necho hi\ngit push --force\n");
    place.write("notes.md", b"git push --force\n");
    let output = place.run(&["guard", "scan", "."], b"");
    assert_eq!(output.status.code(), Some(1));
    insta::assert_snapshot!(String::from_utf8_lossy(&output.stdout));
    let sarif = place.run(&["guard", "scan", "--sarif"], b"");
    let log: Value = serde_json::from_slice(&sarif.stdout).expect("SARIF is JSON");
    assert_eq!(log["runs"][0]["results"][0]["ruleId"], "git_force_push");
    place.write("deploy.sh", b"echo hi\n");
    assert_eq!(place.run(&["guard", "scan"], b"").status.code(), Some(0));
    assert_eq!(place.run(&["guard", "scan", "gone"], b"").status.code(), Some(2));
}
