//! Scores the engine against the labelled corpus, in total and for each class.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use coord::guardrails::batch_line;
use serde_json::Value;

#[derive(Default)]
struct Tally {
    must: u32,
    seen: u32,
    block: u32,
    blocked: u32,
    allow: u32,
    alarms: u32,
}

fn rows() -> Vec<Value> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/corpus");
    let entries = std::fs::read_dir(folder).expect("the corpus is there");
    let mut files: Vec<_> = entries.flatten().map(|entry| entry.path()).collect();
    files.retain(|path| path.extension().is_some_and(|ending| ending == "jsonl"));
    files.sort();
    let texts = files.iter().filter_map(|path| std::fs::read_to_string(path).ok());
    let lines: Vec<String> =
        texts.flat_map(|text| text.lines().map(str::to_owned).collect::<Vec<_>>()).collect();
    lines.iter().filter_map(|line| serde_json::from_str(line).ok()).collect()
}

fn field<'a>(row: &'a Value, name: &str) -> &'a str {
    row.get(name).and_then(Value::as_str).unwrap_or("")
}

#[test]
fn the_corpus_is_judged_as_labelled() {
    let mut tallies: BTreeMap<String, Tally> = BTreeMap::new();
    let mut misses = String::new();
    for row in rows() {
        let answer: Value =
            serde_json::from_str(&batch_line(&row.to_string())).expect("an answer is JSON");
        let (expect, verdict) = (field(&row, "expect"), field(&answer, "verdict"));
        let alarm = matches!(verdict, "block" | "warn");
        let wrong = match expect {
            "block" | "warn" => !alarm,
            "allow" => alarm,
            _ => continue,
        };
        for key in [
            "all".to_owned(),
            format!("class {}", field(&row, "class")),
            format!("categ {}", field(&row, "category")),
        ] {
            let tally = tallies.entry(key).or_default();
            match expect {
                "allow" => {
                    tally.allow += 1;
                    tally.alarms += u32::from(alarm);
                }
                _ => {
                    tally.must += 1;
                    tally.seen += u32::from(alarm);
                    tally.block += u32::from(expect == "block");
                    tally.blocked += u32::from(expect == "block" && verdict == "block");
                }
            }
        }
        let softer = expect == "block" && verdict == "warn";
        if wrong || softer || (expect == "warn" && verdict == "block") {
            let kind = if wrong { "WRONG" } else { "grade" };
            writeln!(
                misses,
                "{kind} {expect}->{verdict} [{}] {} :: {}",
                field(&row, "class"),
                shown(&row),
                answer["rules"]
            )
            .expect("a string takes text");
        }
    }
    println!("{}{misses}", report(&tallies));
    hold_the_gates(&tallies);
}

fn report(tallies: &BTreeMap<String, Tally>) -> String {
    let mut text = String::new();
    for (key, tally) in tallies {
        writeln!(
            text,
            "{key:40} must {:4}/{:4} {:5.1}%  block {:4}/{:4}  alarms {:3}/{:4} {:4.1}%",
            tally.seen,
            tally.must,
            percent(tally.seen, tally.must),
            tally.blocked,
            tally.block,
            tally.alarms,
            tally.allow,
            percent(tally.alarms, tally.allow)
        )
        .expect("a string takes text");
    }
    text
}

fn hold_the_gates(tallies: &BTreeMap<String, Tally>) {
    for (key, tally) in tallies {
        let hidden = key.ends_with("encoding") || key.ends_with("variable");
        let least = if key == "all" {
            95.0
        } else if hidden {
            75.0
        } else {
            90.0
        };
        let most = if key == "all" { 1.5 } else { 5.0 };
        assert!(
            tally.must == 0 || percent(tally.seen, tally.must) >= least,
            "{key} is seen too rarely"
        );
        assert!(percent(tally.alarms, tally.allow) <= most, "{key} raises too many alarms");
    }
}

fn shown(row: &Value) -> String {
    let kinds = ["cmd", "sql", "text", "path"];
    let kind = kinds.into_iter().find(|kind| row.get(kind).is_some()).unwrap_or("cmd");
    format!("{kind}={:?} {}", field(row, kind), field(row, "op"))
}

fn percent(part: u32, whole: u32) -> f64 {
    if whole == 0 { 0.0 } else { 100.0 * f64::from(part) / f64::from(whole) }
}
