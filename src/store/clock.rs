//! Where wall clock and uptime stood when we last wrote, and what a step means.
//!
//! - The wall clock may jump; the uptime (suspend included) does not. What the
//!   two disagree about is a *step*.
//! - Leases are durations: after a step every deadline moves with the clock, so
//!   that no lease is cut short or drawn out by it (`shift`).

use rusqlite::named_params;

use super::tx::{Topic, Tx};
use crate::os;
use crate::time::{Clock, SECOND, Time};

/// Smaller disagreements are the clock being disciplined, not stepped.
pub const STEP_MIN: i64 = 2 * SECOND;
/// The mark is renewed at most this often.
const MARK_EVERY: i64 = SECOND;

/// Both clocks at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reading {
    /// Which run of the machine the uptime belongs to.
    pub boot: String,
    /// The wall clock.
    pub wall: Time,
    /// Milliseconds since the machine started.
    pub uptime: i64,
}

impl Reading {
    /// The clocks now.
    #[must_use]
    pub fn take(clock: &Clock) -> Self {
        let boot = os::boot_id();
        Self { boot, wall: Time::default(), uptime: 0 }.again(clock)
    }

    /// The clocks now, in the same run of the machine as this reading.
    #[must_use]
    pub fn again(&self, clock: &Clock) -> Self {
        let wall = clock.now();
        // A wound clock is its own uptime: it never steps by itself.
        let uptime = if matches!(clock, Clock::System) { os::uptime_ms() } else { wall.ms() };
        Self { boot: self.boot.clone(), wall, uptime }
    }

    /// How far the wall clock has stepped between `before` and this reading.
    /// After a reboot only a step back shows; time that seems to have passed
    /// while the machine was off is taken at its word.
    #[must_use]
    pub fn step_since(&self, before: &Self) -> i64 {
        let passed = self.wall.since(before.wall);
        let step = if self.boot == before.boot {
            passed - (self.uptime - before.uptime)
        } else {
            passed.min(0)
        };
        if step.abs() < STEP_MIN { 0 } else { step }
    }
}

/// Keeps the latest reading in the database.
pub struct Mark {
    clock: Clock,
    boot: String,
    kept: Option<Time>,
}

impl Mark {
    /// A mark that has not been kept yet.
    #[must_use]
    pub fn new(clock: Clock) -> Self {
        Self { clock, boot: os::boot_id(), kept: None }
    }

    /// The present.
    pub(super) fn now(&self) -> Time {
        self.clock.now()
    }

    /// Renews the mark as part of the transaction that is about to commit.
    pub(super) fn keep(&mut self, tx: &Tx<'_>) -> rusqlite::Result<()> {
        let wall = self.clock.now();
        if self.kept.is_some_and(|kept| wall.since(kept).abs() < MARK_EVERY) {
            return Ok(());
        }
        let uptime = if matches!(self.clock, Clock::System) { os::uptime_ms() } else { wall.ms() };
        note(tx, &Reading { boot: self.boot.clone(), wall, uptime })?;
        self.kept = Some(wall);
        Ok(())
    }
}

/// Writes a reading down, as the one that the next step is measured from.
///
/// # Errors
/// What SQLite says.
pub fn note(tx: &Tx<'_>, reading: &Reading) -> rusqlite::Result<()> {
    let value = format!("{} {} {}", reading.boot, reading.wall.ms(), reading.uptime);
    super::meta::set(tx, "clock", &value)
}

/// The reading at the last write, if there was one.
///
/// # Errors
/// What SQLite says.
pub fn last_reading(tx: &Tx<'_>) -> rusqlite::Result<Option<Reading>> {
    let text = super::meta::get(tx, "clock")?.unwrap_or_default();
    let mut parts = text.split(' ');
    Ok(match (parts.next(), parts.next(), parts.next()) {
        (Some(boot), Some(wall), Some(uptime)) => wall
            .parse()
            .ok()
            .zip(uptime.parse().ok())
            .map(|(wall, uptime)| Reading { boot: boot.into(), wall: Time::from_ms(wall), uptime }),
        _ => None,
    })
}

/// Moves every deadline by what the wall clock has stepped since the last write;
/// returns the step in milliseconds, 0 for none.
///
/// # Errors
/// What SQLite says.
pub fn rebase(tx: &Tx<'_>, now: &Reading) -> rusqlite::Result<i64> {
    let step = last_reading(tx)?.map_or(0, |before| now.step_since(&before));
    if step != 0 {
        shift(tx, step)?;
        // Else the next reading would be held against the old one, and the step taken twice.
        note(tx, now)?;
        for topic in [Topic::Agents, Topic::Locks, Topic::Work] {
            tx.changed(topic);
        }
    }
    Ok(step)
}

/// Moves every running lease, wait and sign of life by `step` milliseconds.
///
/// # Errors
/// What SQLite says.
pub fn shift(tx: &Tx<'_>, step: i64) -> rusqlite::Result<()> {
    const MOVES: [&str; 4] = [
        "UPDATE file_locks SET acquired_at = acquired_at + :step, expires_at = expires_at + :step",
        "UPDATE work_queue SET claimed_at = claimed_at + :step,
                lease_expires_at = lease_expires_at + :step
          WHERE status IN ('claimed', 'running')",
        "UPDATE waits SET enqueued_at = enqueued_at + :step, deadline_at = deadline_at + :step",
        "UPDATE agent_sessions SET started_at = started_at + :step,
                last_seen_at = last_seen_at + :step
          WHERE ended_at IS NULL",
    ];
    for sql in MOVES {
        tx.run(sql, named_params! { ":step": step })?;
    }
    tx.run(
        "UPDATE work_queue SET run_after = run_after + :step WHERE status = 'pending' AND run_after > 0",
        named_params! { ":step": step },
    )?;
    Ok(())
}
