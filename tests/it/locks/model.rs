//! Random histories against a plain model: who holds what, who waits, who is next.
//!
//! The model knows things as sets of atoms, so that overlap is an intersection,
//! and it serves by trying everybody again from the front after every change.

use std::collections::BTreeSet;

use coord::answer::Answer;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::{fence, field, reap};
use crate::world::{Actor, Waiting, World};

/// Everything that is asked for, and the atoms it is made of: `a.rs`, `src/x.rs`,
/// `src/y.md`, other files of each kind here and there, and a port.
const THINGS: [(&str, u16); 8] = [
    ("a.rs", 0b0_0000_0001),
    ("src/x.rs", 0b0_0000_0010),
    ("src/y.md", 0b0_0000_0100),
    ("src/", 0b0_0110_1110),
    ("**/*.rs", 0b0_0001_1011),
    ("src/*.md", 0b0_0010_0100),
    ("./", 0b0_1111_1111),
    ("port:1", 0b1_0000_0000),
];
const AGENTS: [&str; 4] = ["ann", "bob", "cat", "dan"];
/// Seconds.
const WAIT: i64 = 110;

fn overlaps(a: usize, b: usize) -> bool {
    THINGS[a].1 & THINGS[b].1 != 0
}

fn covers(a: usize, b: usize) -> bool {
    THINGS[a].1 & THINGS[b].1 == THINGS[b].1
}

#[derive(Clone, Debug)]
struct Ask {
    agent: usize,
    things: BTreeSet<usize>,
    shared: bool,
    minutes: i64,
}

#[derive(Clone, Debug)]
enum Step {
    Acquire(Ask, bool),
    Release(usize, Option<usize>),
    Cancel(usize),
    Force(usize),
    Pass(i64),
    Reap,
}

fn asks() -> impl Strategy<Value = Ask> {
    let things = proptest::collection::btree_set(0..THINGS.len(), 1..=2);
    (0..AGENTS.len(), things, any::<bool>(), 1_i64..4)
        .prop_map(|(agent, things, shared, minutes)| Ask { agent, things, shared, minutes })
}

fn steps() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => asks().prop_map(|ask| Step::Acquire(ask, false)),
        6 => asks().prop_map(|ask| Step::Acquire(ask, true)),
        4 => (0..AGENTS.len(), proptest::option::of(0..THINGS.len()))
            .prop_map(|(agent, thing)| Step::Release(agent, thing)),
        1 => (0_usize..8).prop_map(Step::Cancel),
        1 => (0..AGENTS.len()).prop_map(Step::Force),
        2 => (1_i64..8).prop_map(|tens| Step::Pass(tens * 10)),
        1 => Just(Step::Reap),
    ]
}

#[derive(Clone, Debug)]
struct Held {
    agent: usize,
    thing: usize,
    shared: bool,
    fence: i64,
    minutes: i64,
    expires: i64,
}

struct Queued<'w> {
    ask: Ask,
    deadline: i64,
    call: Waiting<'w>,
}

struct Model<'w> {
    world: &'w World,
    actors: &'w [Actor<'w>],
    /// Seconds since the start.
    now: i64,
    start: i64,
    held: Vec<Held>,
    line: Vec<Queued<'w>>,
    greatest: i64,
}

impl Model<'_> {
    fn live(&self) -> impl Iterator<Item = &Held> {
        self.held.iter().filter(|held| held.expires > self.now)
    }

    /// The agents in the way of `ask`, with the first `ahead` of the line before it.
    fn in_the_way(&self, ask: &Ask, ahead: usize) -> BTreeSet<usize> {
        let mut found = BTreeSet::new();
        for &thing in &ask.things {
            let others = self.live().filter(|held| held.agent != ask.agent);
            let clash = others
                .filter(|held| overlaps(held.thing, thing))
                .filter(|held| !(held.shared && ask.shared));
            found.extend(clash.map(|held| held.agent));
            let mine: Vec<&Held> = self
                .live()
                .filter(|held| held.agent == ask.agent && covers(held.thing, thing))
                .collect();
            for queued in self.line[..ahead].iter().filter(|queued| queued.deadline > self.now) {
                let first = &queued.ask;
                let wants = |thing: usize, shared: bool| {
                    !(first.shared && shared) && first.things.iter().any(|t| overlaps(*t, thing))
                };
                let excused = mine
                    .iter()
                    .any(|held| !held.shared || ask.shared || wants(held.thing, held.shared));
                if first.agent != ask.agent && wants(thing, ask.shared) && !excused {
                    found.insert(first.agent);
                }
            }
        }
        found
    }

    /// Whether waiting would close a circle.
    fn circular(&self, ask: &Ask) -> bool {
        let mut seen = BTreeSet::new();
        let mut open: Vec<usize> = self.in_the_way(ask, self.line.len()).into_iter().collect();
        while let Some(agent) = open.pop() {
            if agent == ask.agent {
                return true;
            }
            if seen.insert(agent) {
                for (at, queued) in self.line.iter().enumerate() {
                    if queued.ask.agent == agent {
                        open.extend(self.in_the_way(&queued.ask, at));
                    }
                }
            }
        }
        false
    }

    /// Notes what was granted, and checks the answer by which it was.
    fn grant(&mut self, ask: &Ask, answer: &Answer) {
        assert!(answer.success(), "{ask:?} was due: {}", answer.flat());
        let (told, mut fresh, mut kept) = (fence(answer), false, 0);
        for &thing in &ask.things {
            let old = self.live().find(|h| h.agent == ask.agent && h.thing == thing).cloned();
            let kept_fence = old.filter(|old| !old.shared || ask.shared).map(|old| old.fence);
            fresh |= kept_fence.is_none();
            kept = kept.max(kept_fence.unwrap_or_default());
            self.held.retain(|h| (h.agent, h.thing) != (ask.agent, thing) && h.expires > self.now);
            self.held.push(Held {
                agent: ask.agent,
                thing,
                shared: ask.shared,
                fence: kept_fence.unwrap_or(told),
                minutes: ask.minutes,
                expires: self.now + ask.minutes * 60,
            });
        }
        let action = if fresh { "acquired" } else { "refreshed" };
        assert_eq!(field(answer, "action"), action, "{ask:?}");
        if fresh {
            assert!(told > self.greatest, "fence {told} after {}", self.greatest);
            self.greatest = told;
        } else {
            assert_eq!(told, kept, "a renewal keeps its fence");
        }
    }

    /// Serves the line: always the first who can be served, until nobody can.
    fn serve(&mut self) {
        while let Some(at) = (0..self.line.len()).find(|&at| {
            let queued = &self.line[at];
            queued.deadline > self.now && self.in_the_way(&queued.ask, at).is_empty()
        }) {
            let queued = self.line.remove(at);
            let answer = queued.call.answer();
            self.grant(&queued.ask, &answer);
        }
    }

    /// Any call of an agent renews what has less than half of its time left.
    fn heard(&mut self, agent: usize) {
        let now = self.now;
        for held in self.held.iter_mut().filter(|held| held.agent == agent && held.expires > now) {
            if (held.expires - now) * 2 < held.minutes * 60 {
                held.expires = now + held.minutes * 60;
            }
        }
    }

    fn acquire(&mut self, ask: &Ask, patient: bool) {
        self.heard(ask.agent);
        let names: Vec<&str> = ask.things.iter().map(|thing| THINGS[*thing].0).collect();
        let wait = if patient { WAIT } else { 0 };
        let arguments = json!({
            "file_paths": names, "mode": if ask.shared { "shared" } else { "exclusive" },
            "ttl_minutes": ask.minutes, "wait_seconds": wait,
        });
        let actor = &self.actors[ask.agent];
        if self.in_the_way(ask, self.line.len()).is_empty() {
            let answer = actor.asks("acquire_lock", arguments);
            self.grant(ask, &answer);
            self.serve();
        } else if !patient {
            let answer = actor.asks("acquire_lock", arguments);
            assert_eq!(answer.code(), Some("locked_by_other"), "{ask:?}");
        } else if self.circular(ask) {
            let answer = actor.asks("acquire_lock", arguments);
            assert_eq!(answer.code(), Some("would_deadlock"), "{ask:?}");
        } else {
            let call = actor.waits("acquire_lock", arguments);
            self.line.push(Queued { ask: ask.clone(), deadline: self.now + WAIT, call });
        }
    }

    fn release(&mut self, agent: usize, thing: Option<usize>) {
        self.heard(agent);
        let arguments = thing.map_or(json!({}), |thing| json!({ "file_path": THINGS[thing].0 }));
        let answer = self.actors[agent].asks("release_lock", arguments);
        let mine = |held: &&Held| held.agent == agent && thing.is_none_or(|t| t == held.thing);
        let there = self.live().any(|held| mine(&held));
        if there || thing.is_none() {
            assert!(answer.success());
            self.held.retain(|held| !mine(&held));
        } else {
            assert_eq!(answer.code(), Some("lock_not_found_or_not_owner"));
        }
        self.serve();
    }

    fn cancel(&mut self, at: usize) {
        self.leave(at);
        self.serve();
    }

    fn leave(&mut self, at: usize) {
        let queued = self.line.remove(at);
        queued.call.cancel();
        let code = queued.call.answer().code().map(str::to_owned);
        assert!(matches!(code.as_deref(), Some("locked_by_other" | "wait_ended")), "{code:?}");
    }

    fn force(&mut self, agent: usize) {
        let mut person = self.world.person();
        person.repo = self.actors[0].repo.clone();
        let arguments = json!({ "agent_id": AGENTS[agent], "reason": "a trial" });
        let answer = person.asks("force_release_lock", arguments);
        assert_eq!(answer.success(), self.live().any(|held| held.agent == agent));
        self.held.retain(|held| held.agent != agent);
        self.serve();
    }

    fn pass(&mut self, seconds: i64) {
        self.world.pass_ms(seconds * 1_000);
        self.now += seconds;
        // A row may lie about after its time as long as nobody waits for it.
        if !self.line.is_empty() {
            reap(self.world);
        }
        while let Some(at) = self.line.iter().position(|queued| queued.deadline <= self.now) {
            self.leave(at);
        }
        self.serve();
    }

    fn take(&mut self, step: &Step) {
        match step {
            Step::Acquire(ask, patient) => self.acquire(ask, *patient),
            Step::Release(agent, thing) => self.release(*agent, *thing),
            Step::Cancel(at) if *at < self.line.len() => self.cancel(*at),
            Step::Cancel(_) => {}
            Step::Force(agent) => self.force(*agent),
            Step::Pass(seconds) => self.pass(*seconds),
            Step::Reap => {
                reap(self.world);
            }
        }
        self.compare();
    }

    fn compare(&self) {
        assert_eq!(self.world.waiting(), self.line.len(), "as many wait as should");
        let mut onlooker = self.world.agent("onlooker");
        onlooker.repo = self.actors[0].repo.clone();
        let rows = field(&onlooker.asks("check_locks", json!({})), "locks");
        let rows = rows.as_array().expect("check_locks lists locks");
        let mut shown: Vec<Value> = rows
            .iter()
            .map(|row| {
                json!([
                    row["file_path"],
                    row["locked_by"],
                    row["mode"],
                    row["fence"],
                    row["expires_at"]
                ])
            })
            .collect();
        let mut known: Vec<Value> = self
            .live()
            .map(|held| {
                let until = coord::time::Time::from_ms(self.start + held.expires * 1_000);
                let mode = if held.shared { "shared" } else { "exclusive" };
                json!([THINGS[held.thing].0, AGENTS[held.agent], mode, held.fence, until])
            })
            .collect();
        shown.sort_by_key(Value::to_string);
        known.sort_by_key(Value::to_string);
        assert_eq!(shown, known, "coord and the model agree on who holds what");
        for (at, one) in self.held.iter().enumerate() {
            for other in self.held[at + 1..].iter().filter(|other| other.expires > self.now) {
                let together = one.agent == other.agent || (one.shared && other.shared);
                let alive = one.expires > self.now && overlaps(one.thing, other.thing);
                assert!(together || !alive, "{one:?} beside {other:?}");
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: ProptestConfig::default().cases / 8, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_history_goes_as_in_the_model(histories in proptest::collection::vec(proptest::collection::vec(steps(), 1..60), 1..4)) {
        // One store for several histories, each in a project of its own.
        let world = World::new();
        for (number, history) in histories.iter().enumerate() {
            let mut repo = (*world.repo).clone();
            repo.project = format!("trial/{number}");
            let repo = std::sync::Arc::new(repo);
            let actors: Vec<Actor<'_>> = AGENTS
                .iter()
                .map(|name| {
                    let mut actor = world.agent(name);
                    actor.caller.session_id = format!("{name}-{number}");
                    actor.repo = repo.clone();
                    actor
                })
                .collect();
            let start = world.clock.now().ms();
            let mut model = Model {
                world: &world, actors: &actors, now: 0, start,
                held: Vec::new(), line: Vec::new(), greatest: 0,
            };
            for step in history {
                model.take(step);
            }
            while !model.line.is_empty() {
                model.cancel(0);
            }
        }
    }
}
