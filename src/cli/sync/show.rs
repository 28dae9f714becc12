//! What `coord sync` shows, and deciding between two versions.

use serde_json::{Value, json};

use crate::cli::Trouble;
use crate::cli::desk::Desk;
use crate::cli::render::fields::{amount, list, number, text, when};
use crate::cli::render::style::{BAD, DIM, NOTE, paint};
use crate::cli::render::{clean, count};
use crate::time::Time;

/// Clocks differ a little; beyond so many seconds somebody should look.
pub const CLOCK_SLACK: i64 = 30;

/// How it stands, for a person.
#[must_use]
pub fn status(reply: &Value, now: Time) -> String {
    let state = text(reply, "state");
    let mut lines = match state.as_str() {
        "off" if reply["stall"].is_object() => vec!["Sync is off.".to_owned()],
        "off" => vec!["Sync is off. `coord sync login` begins it.".to_owned()],
        "enrolling" => vec!["This machine is about to be enrolled.".to_owned()],
        _ => vec![format!("sync: {state}, mode {}", text(reply, "mode")), behind(reply)],
    };
    if reply["url"].is_string() {
        lines.push(format!("mirror: {}, opened by {}", text(reply, "url"), text(reply, "key")));
    }
    if reply["last_success"].is_string() {
        lines.push(format!("last answer: {}", when(reply, "last_success", now)));
    }
    if reply["stall"].is_object() {
        lines.extend(stall(&reply["stall"], now));
    }
    lines.extend(encryption(&reply["encryption"]));
    lines.extend(oddities(reply));
    for project in list(reply, "kept_here") {
        let project = clean(project.as_str().unwrap_or_default());
        lines.push(format!("stays on this machine: {project}"));
    }
    for note in list(reply, "notes") {
        lines.push(format!(
            "{} {}",
            paint(NOTE, "note:"),
            clean(note.as_str().unwrap_or_default())
        ));
    }
    for peer in list(reply, "peers") {
        let machines = usize::try_from(number(peer, "devices")).unwrap_or(0);
        let (rows, table) = (number(peer, "rows"), text(peer, "table"));
        lines.push(paint(
            DIM,
            &format!("{rows} of {table} on {}", count(machines, "other machine")),
        ));
    }
    lines.join("\n") + "\n"
}

fn behind(reply: &Value) -> String {
    match usize::try_from(number(reply, "lag_rows")).unwrap_or(0) {
        0 => "the mirror has everything".into(),
        lag => format!("{} behind, for {} s", count(lag, "change"), number(reply, "lag_seconds")),
    }
}

/// How it stands with encryption.
fn encryption(reply: &Value) -> Vec<String> {
    let mut lines = vec![match (text(reply, "state").as_str(), text(reply, "key")) {
        ("on", key) => format!("free text is encrypted, with the key {key}"),
        ("changing", _) => "rows are being sent again under another key".into(),
        _ => paint(DIM, "free text is not encrypted; `coord sync key new` begins that"),
    }];
    for (field, what) in [
        ("unread", "encrypted with a key that is not here: `coord sync key import`"),
        ("in_clear", "of other machines in clear: `coord sync key import` there encrypts them"),
        ("altered", "altered in the mirror and not taken: `coord sync conflicts` shows them"),
    ] {
        if let rows @ 1.. = usize::try_from(number(reply, field)).unwrap_or(0) {
            lines.push(paint(NOTE, &format!("{} {what}", count(rows, "row"))));
        }
    }
    lines
}

fn stall(stall: &Value, now: Time) -> Vec<String> {
    let (reason, since) = (text(stall, "reason"), when(stall, "since", now));
    let next = match stall["next_try"].is_string() {
        true => format!("  next try: {}", when(stall, "next_try", now)),
        false => "  it is not tried again before that".to_owned(),
    };
    vec![
        format!("{} {reason} ({since})", paint(BAD, "stalled:")),
        format!("  {} {}", paint(NOTE, "→"), text(stall, "advice")),
        next,
    ]
}

/// What somebody should look at though it stops nothing.
fn oddities(reply: &Value) -> Vec<String> {
    let mut lines = Vec::new();
    if let aside @ 1.. = usize::try_from(number(reply, "set_aside")).unwrap_or(0) {
        let what = count(aside, "change");
        lines.push(format!("{what} set aside: `coord sync conflicts` shows them"));
    }
    if reply["quarantined"].is_string() {
        let why = text(reply, "quarantined");
        lines.push(format!("the mirror keeps what is shared from others: {why}"));
        let device = text(reply, "device");
        lines
            .push(format!("  {} `select coord.lift('{device}')` there lifts it", paint(NOTE, "→")));
    }
    let ahead = reply["clock_ahead_seconds"].as_i64().unwrap_or(0);
    if ahead.abs() > CLOCK_SLACK {
        lines.push(format!("the mirror's clock is {ahead} s ahead of this machine's"));
    }
    if let gone @ 1.. = usize::try_from(amount(reply, "missing_triggers")).unwrap_or(0) {
        let what = count(gone, "trigger");
        lines.push(format!(
            "{what} missing: changes are not written down; `coord daemon stop` sets them anew"
        ));
    }
    lines
}

/// The conflicts, for a person.
#[must_use]
pub fn conflicts(reply: &Value, now: Time) -> String {
    let rows = list(reply, "conflicts");
    if rows.is_empty() {
        return "Nothing waits for a decision.\n".into();
    }
    let mut shown = String::new();
    for row in rows {
        shown += &format!(
            "{}  {} {}  {} ({}), {}\n",
            number(row, "conflict"),
            text(row, "table"),
            text(row, "key"),
            text(row, "code"),
            text(row, "reason"),
            when(row, "at", now),
        );
        for (whose, field) in [("ours  ", "ours"), ("theirs", "theirs")] {
            if row[field].is_object() {
                shown += &format!("   {whose} {}\n", text(row, field));
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
