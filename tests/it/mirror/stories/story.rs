//! One history: what machines do, what befalls them, and how it comes to rest.

use std::collections::BTreeMap;

use coord_sync::pace;
use serde_json::{Value, json};

use super::super::fleet::{Machine, Mirror, settle};
use super::misfortune::Copies;
use super::setting::Setting;
use super::told::Told;
use crate::cloud::gateway::Fault;
use crate::world::{NOON, Saved, World, fields};

/// How often a person has to decide before nothing is left to decide.
const DECISIONS: usize = 40;

/// What happened, so that it can be seen that something did.
#[derive(Debug, Default)]
pub struct Events {
    pub work: u64,
    pub faults: u64,
    pub kills: u64,
    pub kills_in_step: u64,
    pub ends: u64,
    pub crashes: u64,
    pub put_back: u64,
    pub mirror_put_back: u64,
    pub copied: u64,
    pub clocks: u64,
    pub forks: u64,
    pub conflicts: u64,
}

impl Events {
    pub fn add(&mut self, other: &Self) {
        let Self { work, faults, kills, kills_in_step, ends, crashes, put_back, .. } = other;
        let Self { mirror_put_back, copied, clocks, forks, conflicts, .. } = other;
        self.work += work;
        self.faults += faults;
        self.kills += kills;
        self.kills_in_step += kills_in_step;
        self.ends += ends;
        self.crashes += crashes;
        self.put_back += put_back;
        self.mirror_put_back += mirror_put_back;
        self.copied += copied;
        self.clocks += clocks;
        self.forks += forks;
        self.conflicts += conflicts;
    }

    /// Whether each kind came up.
    pub fn are_many(&self) -> bool {
        let rare =
            [self.ends, self.crashes, self.mirror_put_back, self.put_back, self.copied, self.forks];
        let usual = [self.kills, self.kills_in_step, self.clocks, self.conflicts];
        rare.iter().all(|many| *many >= 3)
            && usual.iter().all(|many| *many >= 10)
            && self.work > 500
            && self.faults > 300
    }
}

pub struct Story<'m> {
    pub seed: u64,
    pub dice: fastrand::Rng,
    pub mirror: &'m Mirror,
    pub workspace: String,
    pub machines: Vec<Machine>,
    pub told: Told,
    pub copies: Copies,
    pub setting: Setting,
    pub events: Events,
    /// What happened, for whoever wonders how it came to this.
    pub diary: Vec<String>,
}

impl Drop for Story<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            println!("{}", self.diary.join("\n"));
        }
    }
}

impl<'m> Story<'m> {
    pub fn begin(mirror: &'m Mirror, fresh: &Saved, seed: u64) -> Self {
        let mut dice = fastrand::Rng::with_seed(seed);
        let workspace = format!("story-{seed}");
        let count = dice.usize(2..=3);
        let mut story = Self {
            seed,
            dice,
            mirror,
            workspace,
            machines: vec![],
            told: Told::default(),
            copies: Copies::default(),
            setting: Setting::of(seed),
            events: Events::default(),
            diary: vec![],
        };
        mirror.gateway.lose_what_is_late();
        mirror.gateway.always(Fault::None);
        for at in 0..count {
            let mut world = World::of(fresh);
            // As late as it is for the mirror.
            world.clock.wind(mirror.ask("coord.now_ms()").parse::<i64>().expect("a time") - NOON);
            story.prepare(at, &mut world);
            let left_out = story.first_left_out(at);
            let left_out: Vec<&str> = left_out.iter().map(String::as_str).collect();
            let machine = Machine::join_without(mirror, &story.workspace, world, &left_out);
            story.machines.push(machine);
        }
        story
    }

    /// Work and misfortune.
    pub fn play(&mut self) {
        let turns = self.dice.u32(40..=72);
        let mut plan = self.plan(turns);
        for turn in 0..turns {
            let at = self.dice.usize(0..self.machines.len());
            match self.dice.u32(0..100) {
                0..46 => self.work(at),
                46..80 => self.step(at),
                _ => self.misfortune(at),
            }
            while plan.last().is_some_and(|(when, _)| *when <= turn) {
                let (_, what) = plan.pop().expect("it was seen");
                self.catastrophe(what);
            }
            for machine in &self.machines {
                machine.world.pass_ms(self.dice.i64(0..2_000));
            }
        }
    }

    /// One step of a worker, over a network that may do anything.
    fn step(&mut self, at: usize) {
        for _ in 0..self.dice.u32(1..4) {
            let fault = self.fault();
            self.events.faults += u64::from(fault != Fault::None);
            self.mirror.gateway.always(fault);
            self.machines[at].step();
            self.note(at, &format!("step, {fault:?}"));
        }
        self.mirror.gateway.always(Fault::None);
        if self.dice.u32(0..8) == 0 {
            self.check_prefix(at);
        }
    }

    pub fn note(&mut self, at: usize, what: &str) {
        let state = self.machines[at].state();
        self.diary.push(format!(
            "{at} {}: {what}; {} of {}, at {}, {:?} {:?}{}",
            &state.device[..4],
            state.acked,
            state.newest,
            state.cursor.position,
            state.fork,
            state.resnapshot,
            if state.exporting { ", exporting" } else { "" },
        ));
    }

    fn fault(&mut self) -> Fault {
        let status = [401, 413, 429, 500, 503, 504][self.dice.usize(0..6)];
        let faults = [
            Fault::DropRequest,
            Fault::DropReply,
            Fault::Truncate,
            Fault::Html,
            Fault::Status(status),
            Fault::Twice,
            Fault::Hold,
            Fault::Again,
            Fault::Overtaken,
            Fault::Overtaken,
        ];
        if self.dice.u32(0..5) < 2 { faults[self.dice.usize(0..10)] } else { Fault::None }
    }

    /// Faults stop; everybody goes on until nothing is to be done and nothing to be decided.
    pub fn end(&mut self) {
        self.mirror.gateway.always(Fault::None);
        for machine in &self.machines {
            drop(machine.world.person().asks("sync_switch", json!({ "action": "resume" })));
        }
        self.last_setting();
        // What is late arrives now, or never.
        self.mirror.gateway.next([Fault::Overtaken]);
        settle(self.mirror, &self.workspace, &mut self.machines);
        self.check_what_is_forbidden();
        // What only shows when they look at each other shows after a day.
        for machine in &mut self.machines {
            machine.pass(pace::COMPARE);
        }
        for _ in 0..DECISIONS {
            settle(self.mirror, &self.workspace, &mut self.machines);
            if !self.decide() {
                self.events.forks += self.forks();
                // What looks leave behind is written a little later.
                for machine in &self.machines {
                    machine.store().write_blocking(|_| Ok(())).expect("it can be written");
                }
                settle(self.mirror, &self.workspace, &mut self.machines);
                return self.check();
            }
        }
        panic!("seed {}: there is always one more thing to decide", self.seed);
    }

    /// On one machine somebody decides what is undecided there; whether something was.
    fn decide(&mut self) -> bool {
        let first = self.dice.usize(0..self.machines.len());
        for at in (first..self.machines.len()).chain(0..first) {
            let list = fields(&self.person(at).asks("list_conflicts", json!({})));
            let open = list["conflicts"].as_array().expect("a list").clone();
            for conflict in &open {
                self.decide_one(at, conflict);
            }
            if !open.is_empty() {
                return true;
            }
        }
        false
    }

    fn decide_one(&mut self, at: usize, conflict: &Value) {
        self.events.conflicts += 1;
        let code = conflict["code"].as_str().expect("a code");
        assert!(["conflict", "gone", "lost"].contains(&code), "seed {}: {conflict}", self.seed);
        let keep = if self.dice.bool() { "ours" } else { "theirs" };
        let marks = (conflict["ours"]["reason"].as_str(), conflict["theirs"]["reason"].as_str());
        if let ("network_domains", (Some(ours), Some(theirs))) =
            (conflict["table"].as_str().unwrap_or_default(), marks)
        {
            self.told.preferred(ours, theirs);
        }
        let decision = json!({ "conflict": conflict["conflict"], "keep": keep });
        let decided = self.person(at).asks("resolve_conflict", decision);
        assert!(decided.success(), "seed {}: {}", self.seed, decided.flat());
    }

    fn forks(&self) -> u64 {
        let query = format!(
            "count(*) from coord.devices join coord.workspaces w using (workspace_id)
              where w.name = '{}' and forked_from is not null",
            self.workspace
        );
        self.mirror.ask(&query).parse().expect("a number")
    }

    /// Rows of everybody in the mirror, by their only key.
    pub fn rows_of_all(&self) -> BTreeMap<String, Value> {
        let rows = |table: &str, key: &str| {
            format!(
                "select {key}::text as k, to_jsonb(r) as v from coord.{table} r
                   join coord.workspaces w using (workspace_id) where w.name = '{}'",
                self.workspace
            )
        };
        let query = format!(
            "coalesce(jsonb_object_agg(k, v), '{{}}') from ({} union all {}) x",
            rows("episodic_memories", "memory_id"),
            rows("handoff_documents", "handoff_id")
        );
        serde_json::from_str(&self.mirror.ask(&query)).expect("an object")
    }
}
