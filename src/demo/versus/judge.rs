//! What came of one half: what was lost, by the files; what was written without its
//! lock, by the witness, the diaries and the audit log.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Serialize;
use serde_json::Value;

use super::witness::Seen;
use crate::audit::Row;
use crate::demo::diary::Entry;

/// File systems tell the time of a write by a clock that ticks, in milliseconds.
const TICK: i64 = 20;

/// The numbers of one half.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Outcome {
    /// Edits that were made.
    pub edits: usize,
    /// Edits that are in no file any more.
    pub lost: usize,
    /// Deeds that a hook stopped, because another agent held the file.
    pub denied: usize,
    /// Writes that the witness saw.
    pub seen: usize,
    /// Those by an agent that did not hold the file's lock; without the coordinator nobody
    /// does.
    pub unlocked: usize,
    /// Times at which two agents held one file.
    pub held_by_two: usize,
}

impl Outcome {
    /// What must not be, where the coordinator was there.
    pub fn broken(&self) -> Vec<String> {
        let all = [
            (self.lost, "updates were lost"),
            (self.unlocked, "writes were made without the file's lock"),
            (self.held_by_two, "times two agents held one file"),
        ];
        let mut broken: Vec<String> = all
            .iter()
            .filter(|(times, _)| *times > 0)
            .map(|(times, what)| format!("{times} {what}"))
            .collect();
        if self.edits == 0 || self.seen == 0 {
            broken.push("nothing was edited, or nobody saw it".into());
        }
        broken
    }
}

/// The time in which an agent held a file, by the clock and by the order of the audit log.
/// The clock is read when a call arrives, the order is that in which calls were carried out.
struct Held {
    agent: String,
    from: i64,
    to: i64,
    first: i64,
    last: i64,
}

/// Judges one half; without an audit log, only what was lost.
pub fn judge(repo: &Path, diaries: &[Entry], seen: &[Seen], rows: Option<&[Row]>) -> Outcome {
    let ended = || diaries.iter().filter(|entry| entry.what == "edit ends");
    let mut outcome = Outcome {
        edits: ended().count(),
        denied: diaries.iter().filter(|entry| entry.what == "denied").count(),
        seen: seen.len(),
        ..Outcome::default()
    };
    let mut texts: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for entry in ended() {
        let lines = texts.entry(entry.text("file")).or_insert_with(|| {
            let text = std::fs::read_to_string(repo.join(entry.text("file")));
            text.unwrap_or_default().lines().map(str::to_owned).collect()
        });
        outcome.lost += usize::from(!lines.iter().any(|line| line == entry.text("mark")));
    }
    if let Some(rows) = rows {
        let held = locks(rows);
        outcome.held_by_two = held.values().map(|spans| overlapping(spans)).sum();
        outcome.unlocked = seen.iter().filter(|one| !is_held(&held, one)).count()
            + edits_without_lock(&held, diaries);
    }
    outcome
}

fn is_held(held: &BTreeMap<String, Vec<Held>>, seen: &Seen) -> bool {
    covered(held, &seen.file, &seen.writer, seen.at, seen.at)
}

fn covered(
    held: &BTreeMap<String, Vec<Held>>,
    file: &str,
    agent: &str,
    from: i64,
    to: i64,
) -> bool {
    held.get(file)
        .into_iter()
        .flatten()
        .any(|span| span.agent == agent && span.from - TICK <= from && to <= span.to)
}

fn edits_without_lock(held: &BTreeMap<String, Vec<Held>>, diaries: &[Entry]) -> usize {
    let mut begun: BTreeMap<&str, i64> = BTreeMap::new();
    let mut without = 0;
    for entry in diaries {
        match entry.what.as_str() {
            "edit begins" => drop(begun.insert(entry.text("mark"), entry.at)),
            "edit ends" => {
                let from = begun.remove(entry.text("mark")).unwrap_or(entry.at);
                let held = covered(held, entry.text("file"), &entry.agent, from, entry.at);
                without += usize::from(!held);
            }
            _ => {}
        }
    }
    without
}

/// Who held which file when, as the audit log has it: from the hook that let a deed
/// pass to the release.
fn locks(rows: &[Row]) -> BTreeMap<String, Vec<Held>> {
    let mut held: BTreeMap<String, Vec<Held>> = BTreeMap::new();
    for row in rows.iter().filter(|row| row.success) {
        let arguments: Value = serde_json::from_str(&row.arguments).unwrap_or_default();
        let said = arguments.to_string();
        match row.operation.as_str() {
            "edit_file" | "run_command" => {
                let Some(at) = said.find("src/part-") else { continue };
                let file: String = said[at..].chars().take("src/part-00.txt".len()).collect();
                held.entry(file).or_default().push(Held {
                    agent: row.agent_id.clone(),
                    from: row.at.ms(),
                    to: i64::MAX,
                    first: row.seq,
                    last: i64::MAX,
                });
            }
            "release_lock" => {
                let file = arguments["file_path"].as_str().unwrap_or_default();
                for span in held.get_mut(file).into_iter().flatten() {
                    if span.agent == row.agent_id && span.to == i64::MAX {
                        (span.to, span.last) = (row.at.ms(), row.seq);
                    }
                }
            }
            _ => {}
        }
    }
    held
}

/// Pairs of times in which two agents held one file.
fn overlapping(spans: &[Held]) -> usize {
    let pairs = spans
        .iter()
        .enumerate()
        .flat_map(|(n, one)| spans.iter().skip(n + 1).map(move |other| (one, other)));
    pairs
        .filter(|(one, other)| {
            one.agent != other.agent && one.first < other.last && other.first < one.last
        })
        .count()
}
