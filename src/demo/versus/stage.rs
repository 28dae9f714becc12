//! Where one half plays: a scratch repository, a scratch home, a process for each agent.

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};

use super::Size;
use super::actor;
use super::judge::{Outcome, judge};
use super::script::file;
use super::witness::Witness;
use crate::client::own_binary;
use crate::demo::diary::{self, Entry};
use crate::demo::stage as scratch;
use crate::home::Home;

/// How much longer than its time a half may take.
const CURTAIN: Duration = Duration::from_secs(60);

/// One half.
pub struct Stage {
    folder: PathBuf,
    home: Home,
    size: Size,
    guarded: bool,
    keep: bool,
}

impl Stage {
    /// Builds the scratch repository.
    ///
    /// # Errors
    /// When a file cannot be written, or git fails.
    pub fn build(folder: PathBuf, size: Size, guarded: bool, keep: bool) -> anyhow::Result<Self> {
        let repo = folder.join("repo");
        std::fs::create_dir_all(repo.join("src"))?;
        for number in 0..size.files {
            std::fs::write(repo.join(file(number)), "begin\n")?;
        }
        scratch::begin_repository(&repo)?;
        let home = Home::locate(Some(folder.join("home")), None)?;
        Ok(Self { folder, home, size, guarded, keep })
    }

    fn repo(&self) -> PathBuf {
        self.folder.join("repo")
    }

    /// Plays until every agent has left, and judges.
    ///
    /// # Errors
    /// When it takes too long, or an agent meets what it must not.
    pub fn play(&mut self) -> anyhow::Result<Outcome> {
        let witness = Witness::of(&self.repo().join("src"))?;
        let mut agents = Vec::new();
        for number in 0..self.size.agents {
            agents.push(Guard(self.enter(number)?));
        }
        let until = Instant::now() + Duration::from_secs(self.size.seconds.into()) + CURTAIN;
        for agent in &mut agents {
            wait(&mut agent.0, until)?;
        }
        let seen = witness.tell();
        let rows = if self.guarded {
            Some(scratch::audit(&mut scratch::person_in(&self.home, &self.repo())?)?)
        } else {
            None
        };
        Ok(judge(&self.repo(), &self.diaries(), &seen, rows.as_deref()))
    }

    fn enter(&self, number: u32) -> anyhow::Result<Child> {
        let Size { seconds, files, .. } = self.size;
        let mut command = Command::new(own_binary());
        command
            .args(["demo", "--actor", &number.to_string()])
            .args(["--seconds", &seconds.to_string(), "--files", &files.to_string()])
            .arg("--diary")
            .arg(self.diary(number))
            .current_dir(self.repo())
            .env("COORD_HOME", self.home.dir())
            .stdin(Stdio::null());
        if self.guarded {
            command.arg("--guarded");
        }
        command.spawn().with_context(|| format!("failed to start {}", actor::name(number)))
    }

    fn diary(&self, number: u32) -> PathBuf {
        self.folder.join(format!("{}.jsonl", actor::name(number)))
    }

    fn diaries(&self) -> Vec<Entry> {
        let read = |number| diary::read(&self.diary(number)).ok();
        let mut all: Vec<Entry> = (0..self.size.agents).filter_map(read).flatten().collect();
        all.sort_by_key(|entry| entry.at);
        all
    }
}

fn wait(agent: &mut Child, until: Instant) -> anyhow::Result<()> {
    loop {
        if let Some(status) = agent.try_wait().context("failed to wait for an agent")? {
            ensure!(status.success(), "an agent met what it must not");
            return Ok(());
        }
        ensure!(Instant::now() < until, "an agent does not come to its end");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// An agent that does not outlive the play.
struct Guard(Child);

impl Drop for Guard {
    fn drop(&mut self) {
        // One that has ended needs neither.
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        scratch::clear(&self.home, &self.folder, self.keep);
    }
}
