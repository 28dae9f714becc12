//! The texts that the fuzzer keeps: a verdict for each, and never "allow" for want of
//! understanding.

use std::path::PathBuf;

use coord::guardrails::{Decision, Input, Setting, Verdict, batch_line, check, explain};

fn saved() -> Vec<PathBuf> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fuzz/corpus/verdict");
    let entries = std::fs::read_dir(folder).expect("the folder is kept").flatten();
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
    files.sort();
    files
}

fn verdicts(text: &str) -> Vec<Verdict> {
    let setting = Setting::default();
    let path = Input::FileEdit { path: text, op: "delete" };
    [Input::Shell(text), Input::Sql(text), Input::Text(text), path]
        .iter()
        .map(|input| check(input, &setting))
        .collect()
}

#[test]
fn every_saved_text_gets_the_same_verdict_twice() {
    let saved = saved();
    assert!(saved.len() >= 60, "the folder has the saved texts");
    for file in saved {
        let bytes = std::fs::read(&file).expect("it can be read");
        let text = String::from_utf8_lossy(&bytes);
        let first = verdicts(&text);
        for verdict in &first {
            let known = verdict.unknowns.is_empty();
            assert!(known || verdict.decision >= Decision::Warn, "{}", file.display());
        }
        assert_eq!(first, verdicts(&text), "{}", file.display());
        let shown = explain(&Input::Shell(&text), &Setting::default());
        assert_eq!(shown.verdict, first[0], "{}", file.display());
        assert!(batch_line(&text).starts_with("{\"verdict\":"), "{}", file.display());
    }
}

#[test]
fn every_prefix_of_a_saved_text_gets_a_verdict() {
    for file in saved() {
        let bytes = std::fs::read(&file).expect("it can be read");
        let text = String::from_utf8_lossy(&bytes);
        for (at, _) in text.char_indices().take(600) {
            let verdict = check(&Input::Shell(&text[..at]), &Setting::default());
            let known = verdict.unknowns.is_empty();
            assert!(known || verdict.decision >= Decision::Warn, "{} to {at}", file.display());
        }
    }
}
