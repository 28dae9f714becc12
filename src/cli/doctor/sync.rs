//! Sync: whether the mirror answers this device, how it stands with the worker, and what to do.
//!
//! The mirror is asked one small question that changes nothing but when it was last asked.

use std::os::unix::fs::PermissionsExt as _;

use coord_sync::remote::Remote;
use coord_sync::wire::PROTO;
use coord_sync::{Transport as _, Trouble, trouble};
use serde_json::{Value, json};

use super::{Check, Patient};
use crate::answer::Answer;
use crate::cli::render::count;
use crate::cli::render::fields::{amount, number, text, when};
use crate::cli::sync::notes::notes;
use crate::cli::sync::show::CLOCK_SLACK;
use crate::client::Client;
use crate::mirror::advice::advice;
use crate::mirror::catalogue;
use crate::mirror::key::Key;
use crate::mirror::keys::Keys;
use crate::mirror::login::Login;
use crate::time::{Clock, SECOND, Time};
use crate::wire::Role;

pub fn checks(patient: &Patient) -> Vec<Check> {
    let login = match Login::load(&patient.home) {
        Ok(Some(login)) => login,
        Ok(None) => return settings(patient).into_iter().chain(worker(patient)).collect(),
        Err(error) => {
            return vec![Check::fail("sync", format!("{error:#}"), advice("login_damaged"))];
        }
    };
    let mut checks = Vec::new();
    checks.extend(files(patient));
    if login.was_copied(&patient.home).unwrap_or(false) {
        let message = "the state directory is a copy of another one";
        checks.push(Check::warn("sync", message, "nothing: it takes a name of its own by itself"));
        return checks;
    }
    if login.opener().is_none() {
        let message = "no key is kept here, and the settings have none";
        checks.push(Check::warn("sync", message, advice("key_missing")));
        return checks;
    }
    if login.key_in_words().contains("service key, kept") {
        let advice = "`coord sync login` with the publishable key makes a login without it";
        checks.push(Check::warn("sync login", "the service key lies in sync.json", advice));
    }
    checks.extend(mirror(&login));
    checks.extend(worker(patient));
    checks
}

/// What the settings alone will come to, where nobody has logged in.
fn settings(patient: &Patient) -> Option<Check> {
    let url = patient.config.supabase_url()?;
    let keys = Keys::of(&patient.config);
    let runs = Client::connect_running(&patient.home, Role::Cli).is_ok();
    Some(match (&keys.service, &keys.publishable) {
        (Some(_), _) if runs => Check::ok("sync", format!("{url} is set; see the worker")),
        (Some(_), _) => {
            Check::ok("sync", format!("the next daemon enrols this machine with {url}"))
        }
        (None, Some(_)) => {
            let message = format!("{url} is set, but its publishable key alone lets no machine in");
            Check::warn("sync", message, advice("needs_code"))
        }
        (None, None) => {
            let message = format!("{url} is set, but no key");
            Check::warn(
                "sync",
                message,
                "set SUPABASE_SERVICE_KEY, or `coord sync login` with a code",
            )
        }
    })
}

/// Whether the login and the key are their owner's alone, and the key is one.
fn files(patient: &Patient) -> Vec<Check> {
    let mut checks = Vec::new();
    let (login, key) = (patient.home.sync_login(), patient.home.sync_key());
    for (name, path) in [("sync login", login), ("sync key", key)] {
        let mode = std::fs::metadata(&path).map_or(0, |meta| meta.permissions().mode());
        if mode & 0o077 != 0 {
            let message = format!("others may read {}", path.display());
            checks.push(Check::fail(name, message, format!("chmod 600 {}", path.display())));
        }
    }
    if let Err(error) = Key::load(&patient.home) {
        let advice = advice("encryption_key_damaged");
        checks.push(Check::fail("sync key", format!("sync.key: {error:#}"), advice));
    }
    checks
}

/// What the mirror itself says.
fn mirror(login: &Login) -> Vec<Check> {
    match ask(login) {
        Err(trouble) => {
            let message = format!("{}: {}", login.url, trouble.what());
            vec![Check::warn("sync", message, advice(trouble.code()))]
        }
        Ok(answer) => {
            let mut checks = vec![match text(&answer, "status").as_str() {
                status @ ("upgrade_server" | "upgrade_client") => {
                    let message = format!("{}: its schema is not that of this coord", login.url);
                    Check::warn("sync", message, advice(status))
                }
                _ => Check::ok("sync", format!("the mirror at {} knows this device", login.url)),
            }];
            checks.extend(clock(&answer));
            checks
        }
    }
}

fn clock(answer: &Value) -> Option<Check> {
    let theirs = Time::from_ms(answer["now"].as_i64()?);
    let ahead = theirs.since(Clock::System.now()) / SECOND;
    let message = format!("the mirror's clock is {ahead} s ahead of this machine's");
    let advice = "set this machine's clock; what is newer than others' is told by it";
    (ahead.abs() > CLOCK_SLACK).then(|| Check::warn("sync clock", message, advice))
}

/// One small question to the mirror, which it answers only to a device whose program fits it.
fn ask(login: &Login) -> Result<Value, Trouble> {
    let offline = |what: String| Trouble::Offline { what, page: false };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| offline(error.to_string()))?;
    let mut remote = Remote::new(&login.address(), env!("CARGO_PKG_VERSION"))
        .map_err(|error| Trouble::Nonsense { what: format!("{error:#}") })?;
    remote.identify(&login.token);
    let question =
        json!({ "proto": PROTO, "schema": catalogue::schema(), "cursor": 0, "limit": 1 });
    let reply = runtime.block_on(remote.call("coord_pull", &question)).map_err(offline)?;
    trouble::read(&reply)
}

/// How it stands with the daemon's worker; nothing while no daemon runs or sync is off.
fn worker(patient: &Patient) -> Vec<Check> {
    let asked = Client::connect_running(&patient.home, Role::Cli)
        .and_then(|mut client| client.call("sync_status", json!({})));
    let Ok(Answer::Done(status)) = asked else { return Vec::new() };
    let mut checks: Vec<Check> = notes(&patient.config, &status)
        .into_iter()
        .map(|note| {
            let (fact, way_out) = note.split_once(": ").unwrap_or((&note, ""));
            Check::warn("sync settings", fact, way_out)
        })
        .collect();
    if status["state"] == "off" && !status["stall"].is_object() {
        return checks;
    }
    checks.push(progress(&status, patient.now));
    if let aside @ 1.. = usize::try_from(number(&status, "set_aside")).unwrap_or(0) {
        let message = format!("{} set aside", count(aside, "change"));
        let advice = "`coord sync conflicts` shows them, `coord sync resolve` decides";
        checks.push(Check::warn("sync conflicts", message, advice));
    }
    if status["quarantined"].is_string() {
        let message = format!(
            "the mirror keeps what is shared from others: {}",
            text(&status, "quarantined")
        );
        let lift = format!("select coord.lift('{}')", text(&status, "device"));
        let advice = format!("`coord audit verify` looks here; there, a person lifts it: {lift}");
        checks.push(Check::warn("sync chain", message, advice));
    }
    if let gone @ 1.. = usize::try_from(amount(&status, "missing_triggers")).unwrap_or(0) {
        let message = format!("{} missing: changes are not written down", count(gone, "trigger"));
        let advice = "`coord daemon stop`: the next daemon sets them anew";
        checks.push(Check::warn("sync triggers", message, advice));
    }
    checks
}

fn progress(status: &Value, now: Time) -> Check {
    let behind = usize::try_from(number(status, "lag_rows")).unwrap_or(0);
    let lag =
        format!("{} behind, for {} s", count(behind, "change"), number(status, "lag_seconds"));
    let stall = &status["stall"];
    if !stall.is_object() {
        let state = text(status, "state");
        return match state.as_str() {
            "paused" => Check::warn("sync worker", format!("paused, {lag}"), "`coord sync resume`"),
            _ => Check::ok("sync worker", format!("{state}, {lag}")),
        };
    }
    let next = match stall["next_try"].is_string() {
        true => format!(", next try {}", when(stall, "next_try", now)),
        false => String::new(),
    };
    let (reason, since) = (text(stall, "reason"), when(stall, "since", now));
    let message = format!("stalled since {since}: {reason}; {lag}{next}");
    Check::warn("sync worker", message, text(stall, "advice"))
}
