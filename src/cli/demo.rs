//! `coord demo`: see it at work, in a scratch folder.

use std::path::PathBuf;

use anyhow::Context as _;
use serde_json::json;

use super::Trouble;
use super::desk::Desk;
use crate::demo;
use crate::failure::Refusal;

/// Let three agents work in a scratch repository, kill one of them, and check everything.
///
/// Three processes with real MCP clients work through eight dependent tasks that edit the same
/// files. One is killed in the middle of its task, and another takes that over. Then the audit log,
/// the agents' diaries and the files are compared. Nothing of yours is touched.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  coord demo
  coord demo --keep             leave the scratch folder behind, to look at")]
pub struct Demo {
    /// Leave the scratch folder behind
    #[arg(long)]
    keep: bool,
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
        let folder = std::env::temp_dir().join(format!("coord-demo-{}", std::process::id()));
        let shown = demo::run(&folder, self.keep)?;
        let page = if self.keep {
            format!("{}The scratch folder: {}\n", shown.page, folder.display())
        } else {
            shown.page
        };
        desk.done(&json!({ "held": shown.held, "breaches": shown.breaches }), page.trim_end())?;
        if shown.held { Ok(()) } else { Err(Broken.into()) }
    }
}

fn act(name: &str, diary: &std::path::Path) -> anyhow::Result<()> {
    let repo = std::env::current_dir().context("failed to find the scratch repository")?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(demo::agent::run(name, &repo, diary, demo::is_doomed(name)))
}
