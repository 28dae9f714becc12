//! What a hook does when no daemon answers: guardrails are judged here, edits go by the
//! setting `hook_failure`, the miss is noted, and a daemon is started for the next time.
//!
//! - Without the store there is nobody's trust and nobody's own rules: the built-in rules
//!   hold, for the trust that is set for unknown agents.

use std::path::Path;

use super::{ask, note, place};
use crate::client::{self, ClientError};
use crate::config::{Config, HookFailure};
use crate::guardrails::{self, Input, Setting};
use crate::home::Home;
use crate::hooks::{self, Client, Event, Kind, Verdict};

/// The verdict on an event that nobody could be asked about.
pub fn without_daemon(
    client: Client,
    home: &Home,
    event: &Event,
    cwd: &Path,
    error: &ClientError,
) -> Verdict {
    // Where its folder is gone, the home may be as well: neither is made again.
    let is_there = cwd.is_dir();
    if is_there || home.found().is_ok() {
        note::miss(home, client.name(), &event.name, &error.to_string());
    }
    if is_there && matches!(error, ClientError::NotRunning) {
        // If that fails too, the next hook will say so again.
        drop(client::start_behind(home));
    }
    if event.kind != Kind::BeforeTool {
        return Verdict::Nothing;
    }
    let config = settings(home, cwd);
    match blocked(event, cwd, config.profiles_default_trust()) {
        Some(reason) => Verdict::Deny(reason),
        None => by_setting(event, &config, "no daemon of coord answers"),
    }
}

/// The verdict on an event that could be asked about, without an answer.
pub fn unchecked(home: &Home, event: &Event, why: &str) -> Verdict {
    if event.kind != Kind::BeforeTool {
        return Verdict::Nothing;
    }
    let cwd = event.cwd.clone().unwrap_or_default();
    by_setting(event, &settings(home, &cwd), why)
}

fn by_setting(event: &Event, config: &Config, why: &str) -> Verdict {
    if config.hook_failure() == HookFailure::Open || event.deed.is_nothing() {
        return Verdict::Nothing;
    }
    Verdict::Deny(format!(
        "{why}, so nobody can say who holds what, and hook_failure is \"closed\". `coord doctor` says what is in the way."
    ))
}

/// Settings that cannot be read are the defaults; what is wrong with them is told elsewhere.
fn settings(home: &Home, cwd: &Path) -> Config {
    Config::load(home, place::root(cwd), &[]).unwrap_or_else(|_wrong| Config::defaults())
}

/// Why the built-in guardrails stop a command, if they do.
fn blocked(event: &Event, cwd: &Path, trust: u32) -> Option<String> {
    let command = event.deed.command.as_deref()?;
    let start = ask::started_at(event, cwd);
    let root = place::root(&start).unwrap_or(&start);
    let folder = start.strip_prefix(root).unwrap_or(Path::new("")).to_string_lossy();
    let (text, root_text) = (hooks::started_in(command, Some(&folder)), root.to_string_lossy());
    let trust = u8::try_from(trust).unwrap_or(0);
    let setting = Setting { cwd: Some(&root_text), trust, ..Setting::default() };
    let verdict = guardrails::check(&Input::Shell(&text), &setting);
    let found = verdict.violations.into_iter().find(|violation| violation.blocked)?;
    let safer = found.safer.map(|safer| format!(" What can be done instead: {safer}."));
    Some(format!(
        "`{}` is blocked by the guardrail {}: it {}.{}",
        found.matched_text,
        found.rule,
        found.explanation,
        safer.unwrap_or_default()
    ))
}
