//! `coord doctor`: looks at everything that can be wrong, and says what to do.
//!
//! - It changes nothing and starts nothing.
//! - A *fail* keeps coord from working, a *warn* will sooner or later.

mod around;
mod clients;
mod daemon;
mod database;
mod home;
mod sync;
mod rules;

use std::borrow::Cow;

use serde::Serialize;
use serde_json::{Value, json};

use super::Trouble;
use super::desk::{Desk, project_root};
use super::render::style::{NOTE, of_status, paint};
use super::render::{clean, count};
use crate::config::Config;
use crate::home::Home;
use crate::setup::clients::Client;
use crate::time::Time;

/// Check the state directory, the database, the daemon and what surrounds them.
///
/// Nothing is changed and no daemon is started. The exit code is 1 if something
/// keeps coord from working.
///
/// With `--clients` each client's own configuration is tried out instead: what
/// it starts is started, and an edit of a file that another agent holds must be
/// stopped in its own protocol. That happens in a scratch state directory with a
/// daemon of its own; nothing of yours is touched.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  coord doctor
  coord doctor --clients
  coord doctor --json | jq '.checks[] | select(.verdict != \"ok\")'")]
pub struct Doctor {
    /// Try out every client that is installed or wired: its server, its hook,
    /// and what only a person can do
    #[arg(long)]
    clients: bool,
    /// With `--clients`: only this client; may be given several times
    #[arg(long = "client", value_name = "NAME", value_enum, requires = "clients")]
    only: Vec<Client>,
}

/// How a check ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// As it should be.
    Ok,
    /// It will be in the way sooner or later.
    Warn,
    /// It keeps coord from working.
    Fail,
}

/// One check.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Check {
    /// What was looked at.
    pub name: Cow<'static, str>,
    /// How it ended.
    pub verdict: Verdict,
    /// What was seen.
    pub message: String,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub advice: Option<String>,
}

/// What the checks look at.
struct Patient {
    home: Home,
    config: Config,
    now: Time,
}

impl Check {
    fn ok(name: impl Into<Cow<'static, str>>, message: impl Into<String>) -> Self {
        Self { name: name.into(), verdict: Verdict::Ok, message: message.into(), advice: None }
    }

    fn warn(
        name: impl Into<Cow<'static, str>>,
        message: impl Into<String>,
        advice: impl Into<String>,
    ) -> Self {
        let advice = Some(advice.into());
        Self { name: name.into(), verdict: Verdict::Warn, message: message.into(), advice }
    }

    fn fail(
        name: impl Into<Cow<'static, str>>,
        message: impl Into<String>,
        advice: impl Into<String>,
    ) -> Self {
        Self { verdict: Verdict::Fail, ..Self::warn(name, message, advice) }
    }

    /// What a refusal says, as a failed check.
    fn refused(name: impl Into<Cow<'static, str>>, trouble: &Trouble) -> Self {
        let told = trouble.json().unwrap_or_default();
        let field = |field: &str| told.get(field).and_then(Value::as_str).map(str::to_owned);
        Self {
            name: name.into(),
            verdict: Verdict::Fail,
            message: field("message").unwrap_or_default(),
            advice: field("hint"),
        }
    }
}

impl Doctor {
    /// Looks, prints, and fails if something is wrong.
    ///
    /// # Errors
    /// [`Trouble::Found`] if a check failed.
    pub fn run(self, desk: &Desk) -> Result<(), Trouble> {
        let checks = if self.clients { clients::checks(desk, &self.only)? } else { look(desk) };
        let worst = checks.iter().map(|check| check.verdict).max().unwrap_or(Verdict::Ok);
        if desk.json {
            desk.print_json(&json!({ "success": worst < Verdict::Fail, "checks": checks }))?;
        } else {
            desk.print(&show(&checks))?;
        }
        if worst == Verdict::Fail { Err(Trouble::Found) } else { Ok(()) }
    }
}

fn look(desk: &Desk) -> Vec<Check> {
    let home = match desk.home() {
        Ok(home) => home,
        Err(trouble) => return vec![Check::refused("home", &trouble)],
    };
    let mut checks = vec![around::program()];
    let config = match desk.config() {
        Ok(config) => {
            checks.push(Check::ok("settings", "every setting is right"));
            config
        }
        Err(trouble) => {
            checks.push(Check::refused("settings", &trouble));
            Config::defaults()
        }
    };
    let patient = Patient { home, config, now: desk.now };
    checks.extend(around::strangers());
    checks.extend(home::checks(&patient));
    checks.extend(database::checks(&patient));
    checks.extend(rules::checks(&patient, project_root().as_deref()));
    checks.extend(daemon::checks(&patient));
    checks.extend(sync::checks(&patient));
    checks
}

/// The checks as a list, what to do under what is wrong.
#[must_use]
pub fn show(checks: &[Check]) -> String {
    let mut text = String::new();
    let width = checks.iter().map(|check| check.name.len()).max().unwrap_or(0).max(11);
    let indent = width + 7;
    for check in checks {
        let word = match check.verdict {
            Verdict::Ok => "ok",
            Verdict::Warn => "warn",
            Verdict::Fail => "fail",
        };
        let painted = paint(of_status(word), &format!("{word:<4}"));
        text += &format!("{painted}  {:<width$} {}\n", check.name, clean(&check.message));
        if let Some(advice) = &check.advice {
            text += &format!("{:indent$}{} {}\n", "", paint(NOTE, "→"), clean(advice));
        }
    }
    let bad = |verdict| checks.iter().filter(|check| check.verdict == verdict).count();
    text + &match (bad(Verdict::Fail), bad(Verdict::Warn)) {
        (0, 0) => "\nAll is well.\n".to_owned(),
        (0, warned) => format!("\nIt works; {} to look at.\n", count(warned, "thing")),
        (failed, _) => format!("\n{} in the way.\n", count(failed, "thing")),
    }
}
