//! Whether the demonstration went as it must: from the audit log, the diaries and
//! the files, each against the others.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;

use super::diary::Entry;
use super::plan::STEPS;
use crate::audit::Row;
use crate::audit::chain::{GENESIS, Walk};

/// An edit that nothing in the log allows, a task done twice, a lost update…
pub type Breach = String;

/// What the log and the diaries came to.
pub struct Verdict {
    /// What must not have happened, and did.
    pub breaches: Vec<Breach>,
    /// Audit rows that were verified.
    pub rows: usize,
    /// Edits that were made, each under its lock.
    pub edits: usize,
    /// Times an agent asked for a file that another one held.
    pub contended: usize,
}

/// Judges everything.
#[must_use]
pub fn judge(rows: &[Row], diaries: &[Entry], repo: &Path) -> Verdict {
    let mut breaches = Vec::new();
    breaches.extend(chain(rows));
    let held = locks(rows);
    held_by_two(&held, &mut breaches);
    let edits = edits_without_lock(&held, diaries, &mut breaches);
    tasks_done_once(rows, &mut breaches);
    nothing_lost(repo, &mut breaches);
    let contended =
        rows.iter().filter(|row| row.code.as_deref() == Some("locked_by_other")).count();
    Verdict { breaches, rows: rows.len(), edits, contended }
}

fn chain(rows: &[Row]) -> Option<Breach> {
    let mut walk = Walk::after(0, GENESIS.to_owned());
    rows.iter()
        .find_map(|row| walk.step(row).err())
        .map(|broken| format!("audit row {}: {}", broken.seq, broken.why))
}

/// A lock as the log tells it: whose, since when and until when, by the clock and by the
/// order of its rows. The clock is read when a call arrives, the order is that of the deeds.
struct Held {
    agent: String,
    from: i64,
    to: i64,
    first: i64,
    last: i64,
}

/// Each edit must lie within a time in which its agent held the file.
fn edits_without_lock(
    held: &BTreeMap<String, Vec<Held>>,
    diaries: &[Entry],
    breaches: &mut Vec<Breach>,
) -> usize {
    let mut begun: BTreeMap<(&str, &str), i64> = BTreeMap::new();
    let mut edits = 0;
    for entry in diaries {
        let key = (entry.agent.as_str(), entry.text("file"));
        match entry.what.as_str() {
            "edit begins" => drop(begun.insert(key, entry.at)),
            "edit ends" => {
                edits += 1;
                let from = begun.remove(&key).unwrap_or(entry.at);
                let allowed = held.get(key.1).is_some_and(|spans| {
                    spans
                        .iter()
                        .any(|one| one.agent == key.0 && one.from <= from && entry.at <= one.to)
                });
                if !allowed {
                    breaches.push(format!("{} edited {} without its lock", key.0, key.1));
                }
            }
            _ => {}
        }
    }
    edits
}

/// Every lock of the log by file.
fn locks(rows: &[Row]) -> BTreeMap<String, Vec<Held>> {
    let mut held: BTreeMap<String, Vec<Held>> = BTreeMap::new();
    for row in rows.iter().filter(|row| row.success) {
        let done: Value = serde_json::from_str(&row.result).unwrap_or_default();
        let reply = &done["done"];
        match row.operation.as_str() {
            "acquire_lock" if reply["action"] == "acquired" => {
                for file in files(reply) {
                    held.entry(file).or_default().push(Held {
                        agent: row.agent_id.clone(),
                        from: row.at.ms(),
                        to: i64::MAX,
                        first: row.seq,
                        last: i64::MAX,
                    });
                }
            }
            "release_lock" => {
                for file in files(reply) {
                    end(&mut held, &file, &row.agent_id, row);
                }
            }
            _ => {}
        }
        // One death has a row of its own; the reaper's row can tell of several.
        for dead in reply["ended"].as_array().into_iter().flatten().chain([reply]) {
            for lock in dead["released"].as_array().into_iter().flatten() {
                let (file, agent) = (lock["path"].as_str(), dead["agent_id"].as_str());
                end(&mut held, file.unwrap_or_default(), agent.unwrap_or_default(), row);
            }
        }
    }
    held
}

/// At no time did two agents hold one file.
fn held_by_two(held: &BTreeMap<String, Vec<Held>>, breaches: &mut Vec<Breach>) {
    for (file, spans) in held {
        for (n, one) in spans.iter().enumerate() {
            for other in spans.iter().skip(n + 1) {
                if one.agent != other.agent && one.first < other.last && other.first < one.last {
                    breaches.push(format!("{} and {} held {file} at once", one.agent, other.agent));
                }
            }
        }
    }
}

fn files(reply: &Value) -> Vec<String> {
    let one = reply["file_path"].as_str().map(str::to_owned);
    let many = reply["file_paths"].as_array().into_iter().flatten();
    one.into_iter().chain(many.filter_map(|file| file.as_str().map(str::to_owned))).collect()
}

fn end(held: &mut BTreeMap<String, Vec<Held>>, file: &str, agent: &str, row: &Row) {
    let spans = held.get_mut(file).into_iter().flatten();
    for span in spans.filter(|span| span.agent == agent && span.to == i64::MAX) {
        (span.to, span.last) = (row.at.ms(), row.seq);
    }
}

fn tasks_done_once(rows: &[Row], breaches: &mut Vec<Breach>) {
    let mut done: BTreeMap<String, usize> = BTreeMap::new();
    for row in rows.iter().filter(|row| row.operation == "complete_work" && row.success) {
        let arguments: Value = serde_json::from_str(&row.arguments).unwrap_or_default();
        *done.entry(arguments["task_id"].as_str().unwrap_or_default().to_owned()).or_default() += 1;
    }
    for (task, times) in done.iter().filter(|(_, times)| **times > 1) {
        breaches.push(format!("task {task} was completed {times} times"));
    }
    if done.len() != STEPS.len() {
        breaches.push(format!("{} of {} tasks were completed", done.len(), STEPS.len()));
    }
}

/// Each task's mark stands once in each of its files.
fn nothing_lost(repo: &Path, breaches: &mut Vec<Breach>) {
    for step in STEPS {
        for file in step.files {
            let text = std::fs::read_to_string(repo.join(file)).unwrap_or_default();
            let times = text.matches(&super::mark(step.name)).count();
            if times != 1 {
                breaches.push(format!("the edit of {} stands {times} times in {file}", step.name));
            }
        }
    }
}
