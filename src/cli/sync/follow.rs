//! Waiting for the mirror to catch up, in front of whoever waits.

use std::time::{Duration, Instant};

use indicatif::ProgressBar;
use serde_json::{Value, json};

use super::show;
use crate::cli::Trouble;
use crate::cli::desk::{Desk, complain};
use crate::cli::render::fields::number;
use crate::time::{SECOND, Time};

/// How often it is looked whether the mirror has caught up.
const EVERY: Duration = Duration::from_millis(300);
/// How often it is told how far it has come, where there is no bar.
const TOLD_EVERY: Duration = Duration::from_secs(5);

/// Try at once, and wait until the mirror has everything.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  coord sync now
  coord sync now --timeout 5 || echo 'not everything is there'")]
pub struct Now {
    /// Give up after so many seconds
    #[arg(long, default_value_t = 60, value_name = "SECONDS")]
    timeout: u32,
}

impl Now {
    /// Hurries the worker and follows it.
    ///
    /// # Errors
    /// [`Trouble::Found`] if the mirror has not caught up in time.
    pub fn run(self, desk: &mut Desk) -> Result<(), Trouble> {
        let (status, done) = catch_up(desk, self.timeout)?;
        desk.show(&status, || show::status(&status, desk.now))?;
        if done { Ok(()) } else { Err(Trouble::Found) }
    }
}

/// Hurries the worker and waits; how it stands then, and whether the mirror has everything that
/// there was.
///
/// # Errors
/// That there is no daemon.
pub fn catch_up(desk: &mut Desk, seconds: u32) -> Result<(Value, bool), Trouble> {
    let asked = desk.ask("sync_now", json!({}))?;
    let since = desk.now;
    wait(desk, asked, Some(since), seconds)
}

/// Follows the first upload; a mirror in trouble ends the waiting. How it stands then, and whether
/// the mirror has everything.
///
/// # Errors
/// That there is no daemon.
pub fn first_upload(desk: &mut Desk) -> Result<(Value, bool), Trouble> {
    let status = desk.ask("sync_status", json!({}))?;
    wait(desk, status, None, 600)
}

/// Follows the worker until it is `done`, off or paused, or the time is over; how it stands then.
///
/// # Errors
/// That there is no daemon.
pub fn until(
    desk: &mut Desk,
    seconds: u32,
    done: impl Fn(&Value) -> bool,
) -> Result<Value, Trouble> {
    let end = Instant::now() + Duration::from_secs(seconds.into());
    loop {
        let status = desk.ask("sync_status", json!({}))?;
        let idle = status["state"] == "off" || status["state"] == "paused";
        if done(&status) || idle || Instant::now() > end {
            return Ok(status);
        }
        std::thread::sleep(EVERY);
    }
}

fn wait(
    desk: &mut Desk,
    begun: Value,
    since: Option<Time>,
    seconds: u32,
) -> Result<(Value, bool), Trouble> {
    let until = Instant::now() + Duration::from_secs(seconds.into());
    let mut teller = Teller::new(desk);
    // A stall from before is no answer to what was asked just now.
    let before = since.map(|_| begun["stall"]["next_try"].clone());
    let mut goal = Goal { since, last: None };
    let mut status = begun;
    let done = loop {
        if goal.is_reached(&status) {
            break true;
        }
        if is_stuck(&status, before.as_ref()) || Instant::now() > until {
            break false;
        }
        teller.tell(&status);
        std::thread::sleep(EVERY);
        status = desk.ask("sync_status", json!({}))?;
    };
    teller.bar.finish_and_clear();
    Ok((status, done))
}

/// What the mirror must have: each question is itself a change, so there is always one more.
struct Goal {
    /// When it must have answered last.
    since: Option<Time>,
    /// The last change that counts, once it is known.
    last: Option<u64>,
}

impl Goal {
    fn is_reached(&mut self, status: &Value) -> bool {
        if status["state"] != "on" {
            return false;
        }
        let last = *self.last.get_or_insert_with(|| number(status, "logged"));
        let answered = status["last_success"].as_str().and_then(|text| text.parse::<Time>().ok());
        // Times are told in whole seconds.
        let fresh =
            answered.is_some_and(|at| self.since.is_none_or(|since| since.since(at) < SECOND));
        number(status, "logged") - number(status, "lag_rows") >= last && fresh
    }
}

/// Whether waiting on would be in vain.
fn is_stuck(status: &Value, before: Option<&Value>) -> bool {
    let stall = &status["stall"];
    // A worker takes a moment to begin.
    let passing = ["busy", "not_running"].iter().any(|code| stall["code"] == *code);
    let lasts = stall.is_object() && !passing;
    let tried = before != Some(&stall["next_try"]) || stall["next_try"].is_null();
    lasts && tried || status["state"] == "off" || status["state"] == "paused"
}

/// Tells how far it has come: by a bar at a terminal, by a line now and then elsewhere.
struct Teller {
    bar: ProgressBar,
    plain: bool,
    told: Option<(Instant, u64)>,
}

impl Teller {
    fn new(desk: &Desk) -> Self {
        let bar = desk.progress("mirroring", 0);
        Self { plain: bar.is_hidden() && !desk.json, bar, told: None }
    }

    fn tell(&mut self, status: &Value) {
        let logged = number(status, "logged");
        let done = logged.saturating_sub(number(status, "lag_rows"));
        self.bar.set_length(logged);
        self.bar.set_position(done);
        let news = self.told.is_none_or(|(at, was)| at.elapsed() > TOLD_EVERY && was != done);
        if self.plain && news && logged > 0 {
            complain(&format!("mirroring: {done} of {logged} changes\n"));
            self.told = Some((Instant::now(), done));
        }
    }
}
