//! A running client, whose model the test plays.

use std::fs::File;
use std::process::Command;
use std::time::{Duration, Instant};

use super::dialect::Call;
use super::makers::Maker;
use super::model::{Model, Turn};
use crate::e2e::site::{Guarded, Site, signal};

/// A client that has been told to end takes so long.
const END_WITHIN: Duration = Duration::from_secs(60);

pub struct Agent<'s> {
    pub maker: Maker,
    site: &'s Site,
    model: Model,
    child: Guarded,
    turn: Option<Turn>,
}

impl<'s> Agent<'s> {
    /// Starts the client and returns while it is still starting.
    pub fn start(site: &'s Site, maker: Maker) -> Self {
        let model = Model::listen();
        let output = File::create(site.folder.path().join(format!("{}.log", maker.name())));
        let output = output.expect("the folder can be written to");
        let mut command = maker.command(site, model.port);
        command.stdout(output.try_clone().expect("it is open")).stderr(output);
        let child = Guarded(command.spawn().expect("tests/setup has installed it"));
        Self { maker, site, model, child, turn: None }
    }

    /// Everything that the model is told before its next word.
    pub fn context(&mut self) -> String {
        self.await_turn().everything()
    }

    /// The model makes a call; what it is shown then.
    pub fn does(&mut self, call: Call) -> String {
        self.begins(call);
        self.is_shown()
    }

    /// The model makes a call that may take its time.
    pub fn begins(&mut self, call: Call) {
        self.await_turn();
        self.turn.take().expect("it is the model's turn").answer(vec![call]);
    }

    /// What the model is shown of its last call.
    pub fn is_shown(&mut self) -> String {
        self.await_turn().shown()
    }

    /// The model calls a tool of ours.
    pub fn calls(&mut self, tool: &str, arguments: serde_json::Value) -> String {
        self.does(self.maker.tool(tool, arguments))
    }

    /// The model runs a command.
    pub fn runs(&mut self, command: &str) -> String {
        self.does(self.maker.shell(command))
    }

    /// The model writes a file with the client's own tool.
    pub fn writes(&mut self, file: &str, old: Option<&str>, text: &str) -> String {
        let file = self.site.repo().join(file);
        if old.is_some()
            && let Some(look) = self.maker.look(&file)
        {
            self.does(look);
        }
        self.does(self.maker.write(&file, old, text))
    }

    /// The model has nothing left to do; the client ends by itself.
    pub fn ends(&mut self) {
        self.await_turn();
        self.turn.take().expect("it is the model's turn").answer(Vec::new());
        let start = Instant::now();
        while self.child.0.try_wait().expect("it is our child").is_none() {
            assert!(start.elapsed() < END_WITHIN, "{:?} does not end: {}", self.maker, self.said());
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// The client dies as by `kill -9`: whatever it is made of, but not what it started.
    pub fn is_killed(&mut self) {
        for pid in family(self.child.0.id()) {
            signal(pid, "KILL");
        }
        self.child.0.wait().expect("it is our child");
    }

    fn await_turn(&mut self) -> &Turn {
        if self.turn.is_none() {
            self.turn = self.model.turn();
        }
        let Some(turn) = &self.turn else {
            panic!("{:?} never asked its model: {}", self.maker, self.said())
        };
        turn
    }

    fn said(&self) -> String {
        let file = self.site.folder.path().join(format!("{}.log", self.maker.name()));
        std::fs::read_to_string(file).unwrap_or_default()
    }
}

impl Drop for Agent<'_> {
    fn drop(&mut self) {
        self.is_killed();
    }
}

/// A client's processes: some are a script that starts another.
fn family(pid: u32) -> Vec<u32> {
    let children = Command::new("pgrep").args(["-l", "-P", &pid.to_string()]).output();
    let children = String::from_utf8(children.expect("pgrep is installed").stdout);
    let mut all = vec![pid];
    for line in children.expect("names are text").lines() {
        if let Some((pid, name)) = line.split_once(' ')
            && name != "coord"
        {
            all.extend(family(pid.parse().expect("a number")));
        }
    }
    all
}
