//! `coord status`: who is doing what, on one screen.

use serde_json::{Map, Value, json};

use super::desk::Desk;
use super::render::style::{BAD, DIM, HEAD, WARN, paint};
use super::render::{bytes, count, fields, middle};
use super::{Trouble, agents, locks, work};
use crate::home::Home;
use crate::hooks::misses;
use crate::time::{DAY, HOUR, MINUTE, Time};

/// Rows of each part that fit one screen.
const ROWS: usize = 6;
/// Columns of a path and of a name in an alarm, which is one line.
const PATH_ROOM: usize = 32;
/// See [`PATH_ROOM`].
const NAME_ROOM: usize = 12;
/// Breaches that are told one by one.
const BREACHES: usize = 3;
/// A breach is alarming for so long.
const BREACH_SHOWN: i64 = HOUR;
/// Less room than this is alarming.
const ROOM_LOW: u64 = 512 << 20;

/// Show agents, locks, work and what needs attention, on one screen.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  coord status
  watch coord status
  coord status --json | jq .alarms")]
pub struct Status {}

impl Status {
    /// Asks for everything and prints it.
    ///
    /// # Errors
    /// That there is no daemon, or a fault.
    pub fn run(self, desk: &mut Desk) -> Result<(), Trouble> {
        let home = desk.home()?;
        let stale = desk.config()?.stale_agent_minutes();
        let mut whole = json!({
            "agents": part(desk, "discover_agents", "agents")?,
            "locks": part(desk, "check_locks", "locks")?,
            "work": desk.ask("pending_work", json!({}))?,
            "breaches": desk.ask("list_breaches", json!({}))?,
        });
        let alarms: Vec<String> = room(&home)
            .into_iter()
            .chain(missed(&home, desk.now))
            .chain(alarms(&whole, desk.now, stale))
            .collect();
        whole["alarms"] = alarms.into();
        if let Some(as_of) = seen(desk)? {
            whole["locks_as_of"] = as_of;
        }
        desk.show(&whole, || show(&whole, desk.now))
    }
}

/// As of when other machines' locks are shown, if that is some time ago.
fn seen(desk: &mut Desk) -> Result<Option<Value>, Trouble> {
    let reply = desk.ask("check_locks", json!({ "limit": 1 }))?;
    Ok(reply.get("as_of").cloned())
}

fn part(desk: &mut Desk, tool: &str, list: &str) -> Result<Value, Trouble> {
    let mut reply = desk.ask_whole(tool, Map::new(), list)?;
    Ok(reply.get_mut(list).map(Value::take).unwrap_or_default())
}

/// What is alarming about the disk.
fn room(home: &Home) -> Vec<String> {
    let mut alarms = Vec::new();
    if home.database().exists() && !home.ballast().exists() {
        alarms.push(
            "the disk is full: new work is refused until there is room, releases go through".into(),
        );
    } else if let Ok(stat) = rustix::fs::statvfs(home.dir()) {
        let free = stat.f_bavail.saturating_mul(stat.f_frsize);
        if free < ROOM_LOW {
            alarms.push(format!("only {} are left on the disk", bytes(free)));
        }
    }
    alarms
}

/// Checks of hooks that were not made since yesterday; a guard that lets pass tells so.
fn missed(home: &Home, now: Time) -> Option<String> {
    let missed = misses::since(home, now.plus(-DAY)).unwrap_or_default();
    let last = missed.last()?;
    Some(format!(
        "{} went unanswered since yesterday, the last {} ({}): coord doctor --clients",
        count(missed.len(), "hook"),
        crate::time::relative(last.at, now),
        middle(&last.why, 40)
    ))
}

/// What happened to held files lately, and what keeps the watcher from seeing more.
fn breached(whole: &Value, now: Time) -> Vec<String> {
    let part = whole.get("breaches").unwrap_or(&Value::Null);
    let lately = |breach: &&Value| {
        fields::time(breach, "last_at").is_some_and(|at| now.since(at) < BREACH_SHOWN)
    };
    let recent: Vec<&Value> = fields::list(part, "breaches").iter().filter(lately).collect();
    let mut alarms: Vec<String> =
        recent.iter().take(BREACHES).map(|breach| one_breach(breach, now)).collect();
    if recent.len() > BREACHES {
        let more = count(recent.len() - BREACHES, "held file");
        alarms.push(format!("{more} more changed within the hour: coord call list_breaches"));
    }
    let trouble = part.pointer("/watching/trouble").and_then(Value::as_str);
    alarms.into_iter().chain(trouble.map(str::to_owned)).collect()
}

fn one_breach(breach: &Value, now: Time) -> String {
    let suspect = match fields::text(breach, "perhaps_by") {
        none if none.is_empty() => String::new(),
        suspect => format!(", perhaps by {}", middle(&suspect, NAME_ROOM)),
    };
    format!(
        "{} was {} {} while {} held it{suspect}",
        middle(&fields::text(breach, "file_path"), PATH_ROOM),
        fields::text(breach, "what"),
        fields::when(breach, "last_at", now),
        middle(&fields::text(breach, "held_by"), NAME_ROOM),
    )
}

/// What is alarming about agents, locks and work.
#[must_use]
pub fn alarms(whole: &Value, now: Time, stale_minutes: u32) -> Vec<String> {
    let mut alarms = Vec::new();
    for agent in fields::list(whole, "agents") {
        let holds = fields::amount(agent, "locks") + fields::amount(agent, "tasks") > 0;
        let heard = fields::time(agent, "last_heartbeat");
        let silent = heard.is_some_and(|at| now.since(at) > i64::from(stale_minutes) * MINUTE);
        if holds && silent && fields::text(agent, "status") != "disconnected" {
            alarms.push(format!(
                "{} holds something and was last heard {}",
                middle(&fields::text(agent, "agent_id"), PATH_ROOM),
                fields::when(agent, "last_heartbeat", now)
            ));
        }
    }
    for lock in
        fields::list(whole, "locks").iter().filter(|lock| fields::amount(lock, "waiting") > 0)
    {
        let waiting = usize::try_from(fields::amount(lock, "waiting")).unwrap_or(usize::MAX);
        alarms.push(format!(
            "{} waiting for {}, which {} holds",
            match waiting {
                1 => "1 agent is".to_owned(),
                n => format!("{n} agents are"),
            },
            middle(&fields::text(lock, "file_path"), PATH_ROOM),
            middle(&fields::text(lock, "locked_by"), NAME_ROOM)
        ));
    }
    alarms.extend(breached(whole, now));
    match work::show::parked(whole.get("work").unwrap_or(&Value::Null)) {
        0 => {}
        n => alarms.push(format!("{} parked until somebody looks: coord work", count(n, "task"))),
    }
    alarms
}

/// Everything on one screen.
#[must_use]
pub fn show(whole: &Value, now: Time) -> String {
    let mut text = String::new();
    for alarm in fields::list(whole, "alarms").iter().filter_map(Value::as_str) {
        text += &format!("{} {}\n", paint(BAD, "!"), paint(WARN, &super::render::clean(alarm)));
    }
    if !text.is_empty() {
        text.push('\n');
    }
    let here = present(whole);
    text += &section("Agents", &here, |rows| agents::show(&json!({ "agents": rows }), now));
    let held = fields::list(whole, "locks");
    text += &section("Locks", held, |rows| locks::show(&json!({ "locks": rows }), now));
    text += &locks::seen(whole.get("locks_as_of"), now);
    let queue = whole.get("work").unwrap_or(&Value::Null);
    text + &format!("{}\n{}", paint(HEAD, "Work"), work::show::summary(queue, now, ROWS))
}

/// Agents that are not gone.
fn present(whole: &Value) -> Vec<Value> {
    let gone = |agent: &&Value| fields::text(agent, "status") == "disconnected";
    fields::list(whole, "agents").iter().filter(|agent| !gone(agent)).cloned().collect()
}

fn section(name: &str, rows: &[Value], table: impl FnOnce(&[Value]) -> String) -> String {
    let shown = rows.get(..ROWS).unwrap_or(rows);
    let mut text = format!("{}\n", paint(HEAD, &format!("{name} ({})", rows.len())));
    if rows.is_empty() {
        text += &format!("{}\n", paint(DIM, "none"));
    } else {
        text += &table(shown);
    }
    if rows.len() > shown.len() {
        let more =
            format!("… and {} more: coord {}", rows.len() - shown.len(), name.to_lowercase());
        text += &format!("{}\n", paint(DIM, &more));
    }
    text + "\n"
}
