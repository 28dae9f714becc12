//! `coord demo`: see it at work, in a scratch folder.

use std::path::PathBuf;

use anyhow::Context as _;
use serde_json::json;

use super::Trouble;
use super::desk::Desk;
use crate::demo;
use crate::demo::versus::{Size, actor};
use crate::failure::Refusal;

/// Let three agents work in a scratch repository, kill one of them, and check everything.
///
/// Three processes with real MCP clients work through eight dependent tasks that edit the same
/// files. One is killed in the middle of its task, and another takes that over. Then the audit log,
/// the agents' diaries and the files are compared. Nothing of yours is touched.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  coord demo
  coord demo --versus           ten agents for a minute, without coord and with it
  coord demo --keep             leave the scratch folder behind, to look at")]
pub struct Demo {
    /// Leave the scratch folder behind
    #[arg(long)]
    keep: bool,
    /// Play the same random script without coord and with it, and compare what was lost
    #[arg(long)]
    versus: bool,
    /// For --versus: how long each half lasts
    #[arg(long, value_name = "N", default_value_t = 60, value_parser = clap::value_parser!(u32).range(1..=3_600))]
    seconds: u32,
    /// For --versus: how many agents
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u32).range(2..=64))]
    agents: u32,
    /// For --versus: how many files
    #[arg(long, value_name = "N", default_value_t = 40, value_parser = clap::value_parser!(u32).range(1..=99))]
    files: u32,
    /// Be one of the agents of --versus
    #[arg(long, hide = true, value_name = "N", requires = "diary")]
    actor: Option<u32>,
    /// As one of them: with coord
    #[arg(long, hide = true)]
    guarded: bool,
    /// Be one of the demonstration's agents
    #[arg(long, hide = true, value_name = "NAME", requires = "diary")]
    play: Option<String>,
    /// The agent's diary
    #[arg(long, hide = true, value_name = "FILE")]
    diary: Option<PathBuf>,
}

/// Something happened that must not.
#[derive(Debug, thiserror::Error)]
#[error("an invariant did not hold")]
struct Broken;

impl Refusal for Broken {
    fn code(&self) -> &'static str {
        "invariant_broken"
    }

    fn hint(&self) -> Option<String> {
        Some("run `coord demo --keep` and report what it leaves behind".into())
    }
}

impl Demo {
    /// Plays it.
    ///
    /// # Errors
    /// When an invariant did not hold, or it could not be played.
    pub fn run(self, desk: &Desk) -> Result<(), Trouble> {
        if let (Some(name), Some(diary)) = (&self.play, &self.diary) {
            return Ok(act(name, diary)?);
        }
        if let (Some(number), Some(diary)) = (self.actor, &self.diary) {
            let Self { seconds, files, guarded, .. } = self;
            return Ok(compete(&actor::Role { number, seconds, files, guarded }, diary)?);
        }
        let folder = std::env::temp_dir().join(format!("coord-demo-{}", std::process::id()));
        let shown = if self.versus {
            let Self { seconds, agents, files, .. } = self;
            demo::versus::run(&folder, Size { seconds, agents, files }, self.keep)?
        } else {
            demo::run(&folder, self.keep)?
        };
        let page = if self.keep {
            format!("{}The scratch folder: {}\n", shown.page, folder.display())
        } else {
            shown.page
        };
        let mut facts = json!({ "held": shown.held, "breaches": shown.breaches });
        if let Some(numbers) = shown.numbers {
            facts["numbers"] = numbers;
        }
        desk.done(&facts, page.trim_end())?;
        if shown.held { Ok(()) } else { Err(Broken.into()) }
    }
}

fn compete(role: &actor::Role, diary: &std::path::Path) -> anyhow::Result<()> {
    let repo = std::env::current_dir().context("failed to find the scratch repository")?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(actor::run(role, &repo, diary))
}

fn act(name: &str, diary: &std::path::Path) -> anyhow::Result<()> {
    let repo = std::env::current_dir().context("failed to find the scratch repository")?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(demo::agent::run(name, &repo, diary, demo::is_doomed(name)))
}
