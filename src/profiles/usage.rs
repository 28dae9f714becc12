//! What agents use up, and whether there is still room under their limits.
//!
//! - The count in memory is the one that decides; it is written with each call, so
//!   that a restart goes on from there.
//! - Windows are fixed: the hour and the day (UTC) of the clock. The clock of a
//!   request decides in which window it falls.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use super::cache;
use super::refusal::{Limit, ProfileRefusal};
use super::{Held, sql};
use crate::context::{Caller, Context};
use crate::failure::Outcome;
use crate::store::Tx;
use crate::time::{DAY, HOUR, MINUTE, SECOND, Time};

/// A longer silence than this is not time spent working.
const SILENCE: i64 = 5 * MINUTE;
/// Agents that are remembered at once, before those of earlier days are dropped.
const REMEMBERED: usize = 1_024;

/// Counters of one agent in one project.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "the columns of agent_usage")]
pub struct Usage {
    pub hour_start: Time,
    pub calls: i64,
    pub day_start: Time,
    pub active_ms: i64,
    pub last_at: Time,
}

type Key = (String, String);

/// The counters in memory.
#[derive(Default)]
pub struct Counters(Mutex<HashMap<Key, Usage>>);

impl Usage {
    /// The counters as they stand at `now`: windows that are over are empty.
    #[must_use]
    pub fn at(mut self, now: Time) -> Self {
        let (hour, day) = (floor(now, HOUR), floor(now, DAY));
        if self.hour_start != hour {
            (self.hour_start, self.calls) = (hour, 0);
        }
        if self.day_start != day {
            (self.day_start, self.active_ms) = (day, 0);
        }
        self
    }

    /// One call more.
    fn plus_call(mut self, now: Time) -> Self {
        let pause = now.since(self.last_at);
        self.calls += 1;
        if (0..=SILENCE).contains(&pause) {
            self.active_ms += pause.min(now.since(self.day_start));
        }
        self.last_at = now;
        self
    }
}

fn floor(now: Time, span: i64) -> Time {
    Time::from_ms(now.ms().div_euclid(span) * span)
}

/// Counts a call, unless a limit is reached. `limited` is false for what frees, renews or
/// finishes something: it counts, and is never refused.
///
/// # Errors
/// `resource_limit_exceeded`; the call is not counted then.
pub fn charge(tx: &Tx<'_>, ctx: &Context, held: &Held, limited: bool) -> Outcome<()> {
    if is_free(&ctx.caller) {
        return Ok(());
    }
    let key = key(ctx);
    let stored = stored(tx, &key)?;
    let counters = tx.kept::<Counters>();
    let mut counters = counters.0.lock().unwrap_or_else(PoisonError::into_inner);
    let before = counters.get(&key).copied().or(stored).unwrap_or_default().at(ctx.now);
    if limited && cache::settings(tx).enforce_limits {
        refuse_beyond(held, &before)?;
    }
    let after = before.plus_call(ctx.now);
    if counters.len() >= REMEMBERED {
        counters.retain(|_, usage| usage.day_start == after.day_start);
    }
    counters.insert(key.clone(), after);
    drop(counters);
    // What is written later must not undo what was written meanwhile.
    tx.later(move |tx| {
        let counters = tx.kept::<Counters>();
        let newest = counters.0.lock().unwrap_or_else(PoisonError::into_inner).get(&key).copied();
        Ok(sql::keep_usage(tx, &key.0, &key.1, &newest.unwrap_or(after))?)
    })
}

fn refuse_beyond(held: &Held, usage: &Usage) -> Outcome<()> {
    let limits = held.profile.limits;
    let name = &held.profile.name;
    let hour_ends = usage.hour_start.plus(HOUR);
    let day_ends = usage.day_start.plus(DAY);
    let seconds = usage.active_ms / SECOND;
    for (what, limit, used, resets_at) in [
        (Limit::Calls, limits.calls_per_hour, usage.calls, hour_ends),
        (Limit::Seconds, limits.seconds_per_day, seconds, day_ends),
    ] {
        if let Some(limit) = limit.filter(|limit| used >= *limit) {
            let profile = name.clone();
            return Err(
                ProfileRefusal::LimitReached { what, limit, used, resets_at, profile }.into()
            );
        }
    }
    Ok(())
}

/// What the caller has used up, and the number of files among it.
///
/// # Errors
/// Faults only.
pub fn usage(tx: &Tx<'_>, project: &str, agent_id: &str, now: Time) -> Outcome<(Usage, i64)> {
    let key = (project.to_owned(), agent_id.to_owned());
    let stored = stored(tx, &key)?;
    let counters = tx.kept::<Counters>();
    let known = counters.0.lock().unwrap_or_else(PoisonError::into_inner).get(&key).copied();
    let usage = known.or(stored).unwrap_or_default().at(now);
    let files = sql::files(tx, project, agent_id, usage.day_start)?;
    Ok((usage, files))
}

/// Notes the files that the caller is about to change, unless there are too many of them.
///
/// # Errors
/// `resource_limit_exceeded`; what was noted goes with the caller's savepoint.
pub fn note_files(tx: &Tx<'_>, ctx: &Context, held: &Held, keys: &[String]) -> Outcome<()> {
    if is_free(&ctx.caller) || keys.is_empty() {
        return Ok(());
    }
    let (project, agent) = (ctx.project(), ctx.caller.agent_id.as_str());
    let day = floor(ctx.now, DAY);
    let mut fresh = 0;
    for file in keys {
        fresh += i64::from(sql::add_file(tx, project, agent, file, day)?);
    }
    let enforced = cache::settings(tx).enforce_limits;
    let Some(limit) = held.profile.limits.files_per_day.filter(|_| enforced && fresh > 0) else {
        return Ok(());
    };
    sql::forget_files(tx, project, agent, day)?;
    let used = sql::files(tx, project, agent, day)?;
    if used <= limit {
        return Ok(());
    }
    Err(ProfileRefusal::LimitReached {
        what: Limit::Files,
        limit,
        used: used - fresh,
        resets_at: day.plus(DAY),
        profile: held.profile.name.clone(),
    }
    .into())
}

fn stored(tx: &Tx<'_>, key: &Key) -> Outcome<Option<Usage>> {
    let counters = tx.kept::<Counters>();
    let known = counters.0.lock().unwrap_or_else(PoisonError::into_inner).contains_key(key);
    if known { Ok(None) } else { Ok(sql::usage(tx, &key.0, &key.1)?) }
}

fn key(ctx: &Context) -> Key {
    (ctx.project().to_owned(), ctx.caller.agent_id.clone())
}

/// People and the coordinator's own workers have no limits.
fn is_free(caller: &Caller) -> bool {
    caller.person || cache::is_coordinator(caller)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_that_is_over_counts_as_empty() {
        let start = Time::from_ms(10 * DAY);
        let used = Usage::default().at(start).plus_call(start).plus_call(start.plus(SECOND));
        assert_eq!((used.calls, used.active_ms), (2, SECOND));
        let hour = used.at(start.plus(HOUR));
        assert_eq!((hour.calls, hour.active_ms), (0, SECOND), "the day goes on");
        let day = used.at(start.plus(DAY));
        assert_eq!((day.calls, day.active_ms), (0, 0));
        assert_eq!(used.at(start.plus(HOUR - 1)).calls, 2, "to the last millisecond");
    }

    #[test]
    fn a_long_silence_is_no_time_spent_and_a_step_back_of_the_clock_neither() {
        let start = Time::from_ms(10 * DAY + HOUR);
        let used = Usage::default().at(start).plus_call(start);
        assert_eq!(used.plus_call(start.plus(SILENCE)).active_ms, SILENCE);
        assert_eq!(used.plus_call(start.plus(SILENCE + 1)).active_ms, 0);
        assert_eq!(used.plus_call(start.plus(-SECOND)).active_ms, 0);
    }
}
