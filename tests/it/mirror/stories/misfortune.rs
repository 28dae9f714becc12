//! What befalls machines and their mirror.

use std::time::Duration;

use coord::life;
use coord::time::{HOUR, MINUTE};
use coord_sync::{Journal as _, pace};
use serde_json::json;

use super::super::crashing::End;
use super::super::fleet::{self, Machine};
use super::story::Story;
use crate::world::{Saved, World};

/// Copies that were made of state directories, with whose they are.
#[derive(Default)]
pub struct Copies {
    machines: Vec<(usize, Saved)>,
    mirror: bool,
}

/// What befalls everybody at once; it takes time, so that not every story has it.
#[derive(Clone, Copy, Debug)]
pub enum Catastrophe {
    /// The server of the mirror is killed and starts again.
    Crash,
    /// The mirror is copied.
    Copy,
    /// The mirror becomes what it was when it was copied.
    PutBack,
}

/// Machines of one story at most.
const MACHINES: usize = 4;

impl Story<'_> {
    /// What befalls the mirror, by turns, last first.
    pub fn plan(&mut self, turns: u32) -> Vec<(u32, Catastrophe)> {
        let mut plan = vec![];
        if self.seed % 7 == 3 {
            plan.push((self.dice.u32(0..turns), Catastrophe::Crash));
        }
        if self.seed % 5 == 1 {
            let copied = self.dice.u32(0..turns);
            let back = self.dice.u32(copied..turns);
            plan.extend([(copied, Catastrophe::Copy), (back, Catastrophe::PutBack)]);
        }
        plan.sort_by_key(|(turn, what)| (*turn, matches!(what, Catastrophe::PutBack)));
        plan.reverse();
        plan
    }

    /// Something befalls one machine.
    pub fn misfortune(&mut self, at: usize) {
        let what = self.dice.u32(0..22);
        match what {
            0..3 => self.kill(at),
            3..6 => self.kill_in_step(at),
            6..8 => self.copies.machines.push((at, self.machines[at].world.save())),
            8 => self.put_back(),
            9 => self.copy(at),
            10..13 => self.wind(at),
            13 => self.pause(at),
            14 => self.switch_off_and_on(at),
            15 => self.fetch_all(at),
            16 => self.machines[at].journal().want_fork("asked").expect("it can be noted"),
            17 => self.time_passes(at),
            18 => self.machines[at].pass([pace::VERIFY, pace::COMPARE][self.dice.usize(0..2)]),
            19 => self.change_setting(at),
            20 => self.end_at(at),
            _ => self.seal(at),
        }
        self.note(at, &format!("misfortune {what}"));
    }

    fn kill(&mut self, at: usize) {
        self.events.kills += 1;
        self.machines[at].kill();
    }

    fn kill_in_step(&mut self, at: usize) {
        self.events.kills_in_step += 1;
        self.machines[at].kill_in_step(Duration::from_micros(self.dice.u64(0..12_000)));
    }

    /// The daemon is killed just before one of its next transactions, or just after.
    fn end_at(&mut self, at: usize) {
        let end = End { after: self.dice.u32(0..4), done: self.dice.bool() };
        self.events.ends += u64::from(self.machines[at].work_until(end, 8));
    }

    /// A state directory becomes what it was.
    fn put_back(&mut self) {
        let Some((at, saved)) = self.copies.machines.pop() else { return };
        self.events.put_back += 1;
        self.machines[at].put_back(&saved);
        self.told.forget_fences(at);
        self.told.keep_what_is_known(&self.machines, &self.rows_of_all());
    }

    /// A state directory is copied to another machine.
    fn copy(&mut self, at: usize) {
        if self.machines.len() == MACHINES {
            return;
        }
        self.events.copied += 1;
        let world = World::copy_of(&self.machines[at].world);
        let behind = world.clock.now();
        world.clock.wind(self.machines[at].world.clock.now().since(behind));
        self.machines.push(Machine::of(self.mirror, world));
        self.copy_setting(at, self.machines.len() - 1);
    }

    /// Somebody sets a clock.
    fn wind(&mut self, at: usize) {
        self.events.clocks += 1;
        self.machines[at].world.clock.wind(self.dice.i64(-HOUR..=HOUR));
    }

    fn pause(&mut self, at: usize) {
        let action = ["pause", "resume", "resume"][self.dice.usize(0..3)];
        assert!(self.person(at).asks("sync_switch", json!({ "action": action })).success());
    }

    fn switch_off_and_on(&mut self, at: usize) {
        let off = self.person(at).asks("sync_switch", json!({ "action": "off" }));
        assert!(off.success());
        let device = self.machines[at].device();
        self.work(at);
        let on = json!({ "action": "on", "device": device });
        assert!(self.person(at).asks("sync_switch", on).success());
        self.machines[at].restart();
    }

    fn fetch_all(&mut self, at: usize) {
        self.machines[at].journal().want_snapshot("asked").expect("it can be noted");
        self.machines[at].restart();
    }

    /// Leases end, and sessions that are silent.
    fn time_passes(&mut self, at: usize) {
        let world = &self.machines[at].world;
        world.clock.wind(self.dice.i64(MINUTE..HOUR));
        let now = world.clock.now();
        let reaped = world.service.store().write_blocking(move |tx| life::reap(tx, now, &[]));
        reaped.expect("it can be cleared away");
    }

    /// Audit rows that the mirror has leave the database.
    fn seal(&mut self, at: usize) {
        let state = self.machines[at].state();
        if state.acked < state.newest || state.exporting {
            return;
        }
        fleet::seal(&self.machines[at].world);
    }

    pub fn catastrophe(&mut self, what: Catastrophe) {
        self.diary.push(format!("{what:?}"));
        match what {
            Catastrophe::Crash => {
                self.events.crashes += 1;
                self.mirror.cloud.server().crash();
            }
            Catastrophe::Copy => {
                self.copies.mirror = true;
                self.mirror.copy();
            }
            Catastrophe::PutBack if self.copies.mirror => self.put_mirror_back(),
            Catastrophe::PutBack => {}
        }
    }

    /// The mirror becomes what it was; who came later has to log in again.
    fn put_mirror_back(&mut self) {
        self.events.mirror_put_back += 1;
        self.copies.mirror = false;
        self.mirror.put_back();
        self.mirror.gateway.lose_what_is_late();
        self.told.keep_what_is_known(&self.machines, &self.rows_of_all());
        for machine in &mut self.machines {
            let known =
                format!("count(*) from coord.devices where device_id = '{}'", machine.device());
            if self.mirror.ask(&known) == "0" {
                machine.enrol(self.mirror, &self.workspace);
            }
        }
    }
}
