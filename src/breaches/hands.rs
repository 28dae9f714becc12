//! Which agent has a tool at work, as its hooks tell: in memory, for a minute or two.
//!
//! - A session is *known* from the first time that its hooks are heard. Before that
//!   nothing can be said about when it writes.
//! - Bounded: sessions, tool calls and refusals that are kept have a limit each.
//!
//! Not here: what follows from it (`rule`).

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::time::{MINUTE, SECOND, Time};

/// A tool's last writes reach the disk, and what it left running settles, within this
/// time after its end, in milliseconds.
pub const SETTLE: i64 = 2 * SECOND;
/// A file system's clock ticks: it may tell a time so much before the true one.
pub const TICK: i64 = 20;
/// A call whose end is never told counts as ended after this.
const LONGEST: i64 = 30 * MINUTE;
/// A call that has ended is of interest for so long.
const REMEMBERED: i64 = MINUTE;
/// A refusal explains a change for so long.
const REFUSED: i64 = 30 * SECOND;
/// Sessions that are kept.
const SESSIONS: usize = 1_024;
/// Calls of one session that are kept.
const CALLS: usize = 64;
/// Refusals that are kept.
const REFUSALS: usize = 256;

/// What the hooks told lately.
#[derive(Debug, Default)]
pub struct Hands(Mutex<Told>);

#[derive(Debug, Default)]
struct Told {
    sessions: HashMap<String, Hand>,
    refused: VecDeque<(Time, String, String)>,
}

#[derive(Debug)]
struct Hand {
    known_since: Time,
    calls: VecDeque<Call>,
}

#[derive(Debug)]
struct Call {
    id: Option<String>,
    /// The files it is known to write, as they are shown.
    paths: Vec<String>,
    began: Time,
    ended: Option<Time>,
}

/// What a session was doing at some moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Doing {
    /// No hook of it was heard by then.
    Unknown,
    /// No tool of it was at work.
    Nothing,
    /// A tool of it was, and may have written anything.
    Something,
    /// A tool of it was about to write that very file.
    This,
}

impl Hands {
    /// A tool call begins, which is known to write `paths`.
    pub fn begin(&self, session: &str, id: Option<&str>, paths: Vec<String>, now: Time) {
        let mut told = self.told();
        told.make_room(session);
        let hand = told.sessions.entry(session.to_owned());
        let hand = hand.or_insert_with(|| Hand { known_since: now, calls: VecDeque::new() });
        hand.tidy(now);
        hand.calls.push_back(Call { id: id.map(str::to_owned), paths, began: now, ended: None });
    }

    /// A tool call has ended; without its name, the oldest that has not.
    pub fn end(&self, session: &str, id: Option<&str>, now: Time) {
        let mut told = self.told();
        let Some(hand) = told.sessions.get_mut(session) else { return };
        let mut open = hand.calls.iter_mut().filter(|call| call.ended.is_none());
        let call = match id {
            Some(_) => open.find(|call| call.id.as_deref() == id),
            None => open.next(),
        };
        if let Some(call) = call {
            call.ended = Some(now);
        }
    }

    /// The session has no tool at work: it thinks, or waits for a person.
    pub fn rest(&self, session: &str, now: Time) {
        let mut told = self.told();
        told.make_room(session);
        let hand = told.sessions.entry(session.to_owned());
        let hand = hand.or_insert_with(|| Hand { known_since: now, calls: VecDeque::new() });
        for call in hand.calls.iter_mut().filter(|call| call.ended.is_none()) {
            call.ended = Some(now);
        }
    }

    /// The session was refused a file that somebody else holds.
    pub fn refuse(&self, session: &str, path: &str, now: Time) {
        let mut told = self.told();
        if told.refused.len() >= REFUSALS {
            told.refused.pop_front();
        }
        told.refused.push_back((now, session.to_owned(), path.to_owned()));
    }

    /// What a session was doing to `path` at a moment.
    #[must_use]
    pub fn doing(&self, session: &str, path: &str, at: Time) -> Doing {
        let told = self.told();
        let Some(hand) = told.sessions.get(session).filter(|hand| hand.known_since <= at) else {
            return Doing::Unknown;
        };
        let mut doing = Doing::Nothing;
        for call in hand.calls.iter().filter(|call| call.is_at_work(at)) {
            let named = call.paths.iter().any(|one| one == path);
            doing = doing.max(if named { Doing::This } else { Doing::Something });
        }
        doing
    }

    /// The sessions that were refused `path` shortly before a moment.
    #[must_use]
    pub fn refused(&self, path: &str, at: Time) -> Vec<String> {
        let told = self.told();
        let near = |when: Time| (-TICK..=REFUSED).contains(&at.since(when));
        let refused = told.refused.iter().filter(|(when, _, what)| what == path && near(*when));
        refused.map(|(_, session, _)| session.clone()).collect()
    }

    fn told(&self) -> MutexGuard<'_, Told> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Told {
    /// Forgets the session that was silent for longest, where one more would be too many.
    fn make_room(&mut self, session: &str) {
        if self.sessions.len() < SESSIONS || self.sessions.contains_key(session) {
            return;
        }
        let last = |hand: &Hand| hand.calls.back().map_or(hand.known_since, |call| call.began);
        let oldest = self.sessions.iter().min_by_key(|(_, hand)| last(hand));
        if let Some(oldest) = oldest.map(|(session, _)| session.clone()) {
            self.sessions.remove(&oldest);
        }
    }
}

impl Hand {
    fn tidy(&mut self, now: Time) {
        self.calls.retain(|call| call.until().is_none_or(|end| now.since(end) < REMEMBERED));
        if self.calls.len() >= CALLS {
            self.calls.pop_front();
        }
    }
}

impl Call {
    fn until(&self) -> Option<Time> {
        self.ended.map(|ended| ended.plus(SETTLE))
    }

    fn is_at_work(&self, at: Time) -> bool {
        self.began.plus(-TICK) <= at && at <= self.until().unwrap_or(self.began.plus(LONGEST))
    }
}
