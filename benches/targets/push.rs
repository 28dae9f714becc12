//! From the change log of one machine into a real PostgreSQL, and from there to another machine.

use coord::mirror::key::Key;
use coord_sync::Journal as _;
use serde_json::json;

use super::mirrored::{Machine, Mirror};
use super::table::Table;

/// Calls of agents whose changes are carried over.
const CALLS: usize = 12_000;

pub fn run(table: &mut Table) {
    let mirror = Mirror::start();
    let plain = Pushed::by(&mut Machine::join(&mirror), &mirror);
    let Pushed { rows, sent, calls, took, away } = plain;
    table.at_least(
        "rows of the change log in a PostgreSQL that flushes, end to end",
        plain.rate(),
        5_000.0,
        " a second",
        format!(
            "{rows} rows (the last images of them: {sent}), {calls} requests, {took:.2} s, of which {away:.2} s until the answers came"
        ),
    );
    encrypted(table, &plain);
    fetched(table, &mirror);
}

/// What a machine has sent, and how long that took.
struct Pushed {
    rows: f64,
    sent: i64,
    calls: usize,
    took: f64,
    away: f64,
}

impl Pushed {
    fn by(writer: &mut Machine, mirror: &Mirror) -> Self {
        writer.until(|state| !state.exporting && state.acked == state.newest);
        let before = writer.state().acked;
        work(writer);
        writer.worker.transport().took = std::time::Duration::ZERO;
        writer.worker.transport().calls = 0;
        let took = writer.until(|state| state.acked == state.newest).as_secs_f64();
        let rows = (writer.state().newest - before) as f64;
        let (calls, away) = (writer.worker.transport().calls, writer.worker.transport().took);
        let sent = mirror
            .ask("(select count(*) from coord.cloud_log) + (select count(*) from coord.audit_log)");
        Self { rows, sent, calls, took, away: away.as_secs_f64() }
    }

    fn rate(&self) -> f64 {
        self.rows / self.took
    }
}

/// The same with a key, in a mirror of its own.
fn encrypted(table: &mut Table, plain: &Pushed) {
    let (mirror, key) = (Mirror::start(), Key::random().expect("there is randomness"));
    let hidden = Pushed::by(&mut Machine::join_with(&mirror, Some(&key)), &mirror);
    let Pushed { rows, sent, calls, took, away } = hidden;
    table.at_least(
        "the same with a key: encrypted",
        hidden.rate(),
        5_000.0,
        " a second",
        format!("{rows} rows ({sent}), {calls} requests, {took:.2} s, of which {away:.2} s until the answers came"),
    );
    table.told(
        "rows a second with a key, against without",
        hidden.rate() / plain.rate(),
        " ×",
        String::new(),
    );
    let own = |pushed: &Pushed| (pushed.took - pushed.away) / pushed.rows * 1e6;
    table.told(
        "the device's own share of a row with a key, against without",
        own(&hidden) / own(plain),
        " ×",
        format!("{:.1} µs against {:.1} µs", own(&hidden), own(plain)),
    );
}

/// What another machine gets of it.
fn fetched(table: &mut Table, mirror: &Mirror) {
    let head = mirror.ask("select head from coord.workspaces");
    let mut reader = Machine::join(mirror);
    let took = reader.until(|state| state.cursor.position >= head).as_secs_f64();
    table.told(
        "rows pulled by another machine, end to end",
        head as f64 / took,
        " a second",
        format!("{head} rows in {took:.2} s"),
    );
    let mut other = Machine::join(mirror);
    other.worker.journal().want_snapshot("measured").expect("it can be noted");
    let took = other.until(|state| state.resnapshot.is_none()).as_secs_f64();
    let rows = mirror.ask(
        "(select count(*) from coord.file_locks) + (select count(*) from coord.work_queue)
         + (select count(*) from coord.agent_sessions) + (select count(*) from coord.episodic_memories)
         + (select count(*) from coord.projects)",
    );
    table.told(
        "rows of a snapshot fetched by another machine, end to end",
        rows as f64 / took,
        " a second",
        format!("{rows} rows in {took:.2} s"),
    );
}

/// Locks, tasks and memories, as agents make them.
fn work(machine: &Machine) {
    for number in 0..CALLS / 4 {
        let agent = format!("agent-{}", number % 3);
        let lock = json!({ "file_path": format!("src/file{}.rs", number % 400), "reason": "the next step" });
        machine.call(&agent, "acquire_lock", lock.clone());
        machine.call(&agent, "release_lock", json!({ "file_path": lock["file_path"] }));
        machine.call(
            &agent,
            "submit_work",
            json!({
                "task_type": "build", "description": format!("what is to be done about case {number}"),
                "input_data": { "case": number, "of": ["a", "b"] },
            }),
        );
        machine.call(
            &agent,
            "remember",
            json!({
                "event_type": "discovery", "summary": format!("case {number} fails because of its first line"),
                "lessons": ["read the first line"], "tags": ["case"],
            }),
        );
    }
}
