//! What `coord sync` shows, and waiting for the mirror to catch up.

use std::time::Duration;

use serde_json::{Value, json};

use crate::cli::Trouble;
use crate::cli::desk::Desk;
use crate::cli::render::style::{BAD, DIM, NOTE, paint};
use crate::cli::render::{clean, count};
use crate::time::{Time, relative};

/// How often it is looked whether the mirror has caught up.
const EVERY: Duration = Duration::from_millis(300);

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
        desk.ask("sync_switch", json!({ "action": "now" }))?;
        let status = wait(desk, self.timeout, is_done)?;
        let behind = !is_done(&status);
        desk.show(&status, || self::status(&status, desk.now))?;
        if behind { Err(Trouble::Found) } else { Ok(()) }
    }
}

/// Follows the first upload, with a bar; a mirror in trouble ends the waiting.
///
/// # Errors
/// That there is no daemon.
pub fn follow(desk: &mut Desk) -> Result<(), Trouble> {
    wait(desk, 600, is_done).map(drop)
}

/// Follows the worker until it is `done`, in trouble or off, or the time is over.
///
/// # Errors
/// That there is no daemon.
pub fn wait(
    desk: &mut Desk,
    seconds: u32,
    done: impl Fn(&Value) -> bool,
) -> Result<Value, Trouble> {
    let bar = desk.progress("mirroring", 0);
    let looks = u128::from(seconds) * 1_000 / EVERY.as_millis();
    let mut status = desk.ask("sync_status", json!({}))?;
    for _ in 0..looks.max(1) {
        let (logged, lag) = (number(&status, "logged"), number(&status, "lag_rows"));
        bar.set_length(logged.unsigned_abs());
        bar.set_position((logged - lag).unsigned_abs());
        let stalled = status["stall"].is_object() && status["stall"]["code"] != "busy";
        if done(&status) || stalled || status["state"] == "off" || status["state"] == "paused" {
            break;
        }
        std::thread::sleep(EVERY);
        status = desk.ask("sync_status", json!({}))?;
    }
    bar.finish_and_clear();
    Ok(status)
}

/// Whether the mirror has everything. Each question is itself a change of the log, so a few are always
/// under way.
pub fn is_done(status: &Value) -> bool {
    status["state"] == "on" && number(status, "lag_rows") <= 3 && status["last_success"].is_string()
}

fn number(reply: &Value, field: &str) -> i64 {
    reply.get(field).and_then(Value::as_i64).unwrap_or(0)
}

fn text<'r>(reply: &'r Value, field: &str) -> &'r str {
    reply.get(field).and_then(Value::as_str).unwrap_or_default()
}

fn time(text: &str, now: Time) -> String {
    text.parse().map_or_else(|_no_time| text.to_owned(), |at: Time| relative(at, now))
}

/// How it stands, for a person.
#[must_use]
pub fn status(reply: &Value, now: Time) -> String {
    let state = text(reply, "state");
    if state == "off" {
        return "Sync is off. `coord sync login` begins it.\n".into();
    }
    let mut lines = vec![format!("sync: {state}")];
    let lag = number(reply, "lag_rows");
    lines.push(match lag {
        0 => "the mirror has everything".into(),
        _ => format!(
            "{} behind, for {} s",
            count(usize::try_from(lag).unwrap_or(0), "change"),
            number(reply, "lag_seconds")
        ),
    });
    if let Some(at) = reply["last_success"].as_str() {
        lines.push(format!("last answer: {}", time(at, now)));
    }
    if let Some(stall) = reply["stall"].as_object() {
        let field = |name: &str| stall.get(name).and_then(Value::as_str).unwrap_or_default();
        lines.push(format!(
            "{} {} ({})",
            paint(BAD, "stalled:"),
            clean(field("reason")),
            time(field("since"), now)
        ));
        lines.push(format!("  {} {}", paint(NOTE, "→"), field("advice")));
        lines.push(format!("  next try: {}", time(field("next_try"), now)));
    }
    lines.extend(encryption(&reply["encryption"]));
    let aside = number(reply, "set_aside");
    if aside > 0 {
        let what = count(usize::try_from(aside).unwrap_or(0), "change");
        lines.push(format!("{what} set aside: `coord sync conflicts` shows them"));
    }
    let ahead = number(reply, "clock_ahead_seconds");
    if ahead.abs() > 30 {
        lines.push(format!("the mirror's clock is {ahead} s ahead of this machine's"));
    }
    for peer in reply["peers"].as_array().into_iter().flatten() {
        let rows = format!("{} of {} on other machines", number(peer, "rows"), text(peer, "table"));
        lines.push(paint(DIM, &rows));
    }
    lines.join("\n") + "\n"
}

/// How it stands with encryption.
fn encryption(reply: &Value) -> Vec<String> {
    let mut lines = vec![match (text(reply, "state"), text(reply, "key")) {
        ("on", key) => format!("free text is encrypted, with the key {key}"),
        ("changing", _) => "rows are being sent again under another key".into(),
        _ => paint(DIM, "free text is not encrypted; `coord sync key new` begins that"),
    }];
    for (field, what) in [
        ("unread", "encrypted with a key that is not here: `coord sync key import`"),
        ("in_clear", "of other machines in clear: `coord sync key import` there encrypts them"),
        ("altered", "altered in the mirror and not taken: `coord sync conflicts` shows them"),
    ] {
        let rows = number(reply, field);
        if rows > 0 {
            let rows = count(usize::try_from(rows).unwrap_or(0), "row");
            lines.push(paint(NOTE, &format!("{rows} {what}")));
        }
    }
    lines
}

/// The conflicts, for a person.
#[must_use]
pub fn conflicts(reply: &Value, now: Time) -> String {
    let rows = reply["conflicts"].as_array().map(Vec::as_slice).unwrap_or_default();
    if rows.is_empty() {
        return "Nothing waits for a decision.\n".into();
    }
    let mut shown = String::new();
    for row in rows {
        shown += &format!(
            "{}  {} {}  {} ({}), {}\n",
            number(row, "conflict"),
            text(row, "table"),
            clean(text(row, "key")),
            text(row, "code"),
            clean(text(row, "reason")),
            time(text(row, "at"), now),
        );
        for (whose, field) in [("ours  ", "ours"), ("theirs", "theirs")] {
            if row[field].is_object() {
                shown += &format!("   {whose} {}\n", clean(&row[field].to_string()));
            }
        }
    }
    shown + "\n`coord sync resolve NUMBER --keep ours|theirs` decides.\n"
}

/// Decide about a change that was set aside.
///
/// Until then the stricter of the two versions holds.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:
  coord sync resolve 3 --keep theirs")]
pub struct Resolve {
    /// Which; `coord sync conflicts` has the numbers
    #[arg(value_name = "NUMBER")]
    conflict: i64,
    /// Whose version stands
    #[arg(long, value_parser = ["ours", "theirs"])]
    keep: String,
}

impl Resolve {
    /// Decides.
    ///
    /// # Errors
    /// `conflict_not_found`, or that there is no daemon.
    pub fn run(self, desk: &mut Desk) -> Result<(), Trouble> {
        let arguments = json!({ "conflict": self.conflict, "keep": self.keep });
        let reply = desk.ask("resolve_conflict", arguments)?;
        let whose = if self.keep == "ours" { "This machine's" } else { "The mirror's" };
        desk.done(&reply, &format!("{whose} version stands."))
    }
}
