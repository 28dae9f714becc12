//! The daemon: whether it runs, answers and fits this program, and what its log says.

use std::io::{BufRead as _, BufReader, Seek as _, SeekFrom};
use std::path::Path;
use std::time::Instant;

use serde_json::{Value, json};

use super::{Check, Patient};
use crate::answer::Answer;
use crate::cli::Trouble;
use crate::cli::render::{count, start};
use crate::client::Client;
use crate::daemon::lockfile;
use crate::time::{DAY, Time};
use crate::wire::Role;

/// Of each log file, at most this much is read, from its end.
const LOG_BYTES: u64 = 1 << 20;
/// Columns of a log line that are shown.
const SHOWN: usize = 160;

pub fn checks(patient: &Patient) -> Vec<Check> {
    let mut checks = vec![daemon(patient), log(patient)];
    checks.extend(watch(patient));
    let minutes = patient.config.idle_stop_minutes();
    if let (Some(minutes), Some(first)) = (minutes, checks.first_mut()) {
        first.message += &format!("; it stops after {minutes} idle minutes");
    }
    checks
}

fn daemon(patient: &Patient) -> Check {
    let Some(holder) = lockfile::holder(&patient.home.lock_file()) else {
        let unclean = patient.home.running_mark().exists();
        let message = if unclean {
            "none runs, and the last one did not end cleanly; the next one checks the database"
        } else {
            "none runs; it starts by itself when it is needed"
        };
        return Check::ok("daemon", message);
    };
    let begun = Instant::now();
    // Any answer will do, also a refusal.
    let answer = Client::connect_running(&patient.home, Role::Cli)
        .and_then(|mut client| client.call("check_locks", json!({})));
    let who = format!("pid {}, version {}", holder.pid, holder.version);
    match answer {
        Err(error) => {
            let told = Check::refused("daemon", &Trouble::from(error));
            Check { message: format!("{who} does not answer: {}", told.message), ..told }
        }
        Ok(Answer::Fault(incident)) => Check::fail(
            "daemon",
            format!("{who} is in trouble: {}", incident.message()),
            format!("its log in {} has the rest", patient.home.logs().display()),
        ),
        Ok(_) if holder.version != env!("CARGO_PKG_VERSION") => Check::warn(
            "daemon",
            format!("{who} answers, but this program is version {}", env!("CARGO_PKG_VERSION")),
            "`coord daemon stop` lets the next one be of this version",
        ),
        Ok(_) => {
            Check::ok("daemon", format!("{who}, answers in {} ms", begun.elapsed().as_millis()))
        }
    }
}

/// What the watcher of held files sees; nothing while no daemon runs.
fn watch(patient: &Patient) -> Option<Check> {
    let mut client = Client::connect_running(&patient.home, Role::Cli).ok()?;
    let Ok(Answer::Done(told)) = client.call("list_breaches", json!({})) else { return None };
    let sight = told.get("watching")?;
    if let Some(trouble) = sight.get("trouble").and_then(Value::as_str) {
        let (fact, advice) = trouble.split_once("; ").unwrap_or((trouble, ""));
        return Some(Check::warn("watch", fact, advice));
    }
    let held = usize::try_from(sight.get("held")?.as_u64()?).ok()?;
    Some(Check::ok(
        "watch",
        match held {
            0 => "nothing is held, so nothing is watched".to_owned(),
            held => format!("{} watched for changes by others", count(held, "lock")),
        },
    ))
}

/// What went wrong in the last day.
fn log(patient: &Patient) -> Check {
    let folder = patient.home.logs();
    let since = patient.now.plus(-DAY);
    let mut errors: Vec<(Time, String)> = Vec::new();
    for entry in std::fs::read_dir(&folder).into_iter().flatten().flatten() {
        errors.extend(errors_in(&entry.path(), since).unwrap_or_default());
    }
    match errors.iter().max_by_key(|(at, _)| *at) {
        None => Check::ok("log", "no errors in the last day"),
        Some((at, last)) => Check::warn(
            "log",
            format!(
                "{} in the last day, last: {}",
                count(errors.len(), "error"),
                start(last, SHOWN)
            ),
            format!("{} has the rest, around {at}", folder.display()),
        ),
    }
}

/// The errors of one log file since a time. A line starts with its time and level.
fn errors_in(file: &Path, since: Time) -> std::io::Result<Vec<(Time, String)>> {
    let mut open = std::fs::File::open(file)?;
    let size = open.metadata()?.len();
    open.seek(SeekFrom::Start(size.saturating_sub(LOG_BYTES)))?;
    let mut errors = Vec::new();
    for line in BufReader::new(open).split(b'\n') {
        let line = line?;
        let text = String::from_utf8_lossy(&line);
        if let Some(found) = parse(&text).filter(|(at, _)| *at >= since) {
            errors.push(found);
        }
    }
    Ok(errors)
}

fn parse(line: &str) -> Option<(Time, String)> {
    let (at, rest) = line.split_once(' ')?;
    let message = rest.trim_start().strip_prefix("ERROR")?;
    Some((at.parse().ok()?, message.trim_start().to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_errors_are_taken_from_a_log_with_their_time() {
        let line = "2026-01-01T12:00:00.250000Z ERROR the disk is full incident=\"ab\"";
        let (at, message) = parse(line).expect("it is an error");
        assert_eq!(at.to_string(), "2026-01-01T12:00:00Z");
        assert_eq!(message, "the disk is full incident=\"ab\"");
        assert!(parse("2026-01-01T12:00:00.250000Z  INFO serving").is_none());
        assert!(parse("   at somewhere").is_none());
    }
}
