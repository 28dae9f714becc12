//! What a verdict costs, against a bare parse of the same text.

use std::hint::black_box;
use std::time::Instant;

use coord::guardrails::{Input, Setting, check, parse};
use serde_json::Value;

use super::table::{Table, Times};

/// How often each command is judged.
const ROUNDS: usize = 20;
/// Longest command of the target, in bytes.
const BYTES: usize = 4_000;

pub fn run(table: &mut Table) {
    let commands = commands();
    against_a_parse(table, "verdict on a command of the corpus", &commands);
    let scripts = scripts(&commands);
    against_a_parse(table, "verdict on a script of 4 kB", &scripts);
}

fn against_a_parse(table: &mut Table, what: &str, texts: &[String]) {
    let bare = timed(texts, |text| drop(black_box(parse(text))));
    let judged = timed(texts, |text| {
        drop(black_box(check(&Input::Shell(text), &Setting::default())));
    });
    let note = |part: f64| format!("bare parse {:.1} µs", bare.quantile(part));
    let plain = texts.iter().all(|text| text.lines().count() < 100);
    // A script is a hundred commands and more; each is to stay near the bound of one.
    let (p50, p99) = if plain { (10.0, 100.0) } else { (1_000.0, 1_000.0) };
    table.at_most(&format!("{what}, p50"), judged.p50(), p50, " µs", note(0.5));
    table.at_most(&format!("{what}, p99"), judged.p99(), p99, " µs", note(0.99));
    let ratio = judged.mean() / bare.mean();
    let note = format!("{} texts, {ROUNDS} times each", texts.len());
    table.at_most(&format!("{what}, mean against a bare parse"), ratio, 10.0, " ×", note);
}

fn timed(texts: &[String], deed: impl Fn(&str)) -> Times {
    let mut times = Vec::with_capacity(texts.len() * ROUNDS);
    for round in 0..=ROUNDS {
        for text in texts {
            let start = Instant::now();
            deed(black_box(text));
            if round > 0 {
                times.push(start.elapsed());
            }
        }
    }
    Times::new(times)
}

/// The commands of the corpus that are no longer than the target speaks of.
fn commands() -> Vec<String> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/corpus");
    let files = std::fs::read_dir(folder).expect("the corpus is there").flatten();
    let mut files: Vec<_> = files.map(|entry| entry.path()).collect();
    files.retain(|path| path.extension().is_some_and(|ext| ext == "jsonl"));
    files.sort();
    let texts = files.iter().map(|file| std::fs::read_to_string(file).expect("it is text"));
    let rows: Vec<Value> = texts
        .flat_map(|text| text.lines().map(str::to_owned).collect::<Vec<_>>())
        .map(|line| serde_json::from_str(&line).expect("each line is JSON"))
        .collect();
    let commands = rows.iter().filter_map(|row| row.get("cmd")?.as_str());
    commands.filter(|text| text.len() <= BYTES).map(str::to_owned).collect()
}

/// Commands of one line each, put together to scripts of the target's length.
fn scripts(commands: &[String]) -> Vec<String> {
    let mut scripts = vec![String::new()];
    for command in commands.iter().filter(|text| !text.contains(['\n', '\'', '"', '`', '#'])) {
        let script = scripts.last_mut().expect("there is one");
        if script.len() + command.len() < BYTES {
            script.push_str(command);
            script.push('\n');
        } else {
            scripts.push(format!("{command}\n"));
        }
    }
    scripts.pop();
    scripts
}
