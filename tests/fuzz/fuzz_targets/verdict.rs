//! Any bytes at all, as every kind of input.

#![no_main]

use coord::guardrails::{Decision, Input, Setting, batch_line, check, explain};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let text = String::from_utf8_lossy(bytes);
    let setting = Setting::default();
    let path = Input::FileEdit { path: &text, op: "delete" };
    for input in [Input::Shell(&text), Input::Sql(&text), Input::Text(&text), path] {
        let verdict = check(&input, &setting);
        assert!(verdict.unknowns.is_empty() || verdict.decision >= Decision::Warn);
    }
    drop(explain(&Input::Shell(&text), &setting));
    drop(batch_line(&text));
});
