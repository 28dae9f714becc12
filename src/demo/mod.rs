//! `coord demo`: three agents work through a queue of dependent tasks in a scratch
//! repository, and everything that must hold is checked afterwards.
//!
//! - Real processes, a real MCP client over `coord mcp`, real files, a real kill.
//! - Nothing of the user's is touched: home and repository are scratch.

pub mod agent;
mod diary;
mod judge;
mod plan;
mod show;
mod stage;
mod tools;
pub mod versus;

use std::path::Path;

use anyhow::Context as _;
use stage::Stage;

/// What came of a demonstration.
pub struct Shown {
    /// What is to be printed.
    pub page: String,
    /// Whether every invariant held.
    pub held: bool,
    /// What must not have happened, and did.
    pub breaches: Vec<String>,
    /// Both halves' numbers, where there are two.
    pub numbers: Option<serde_json::Value>,
}

/// Whether this agent is to be killed in the middle of the fatal task.
#[must_use]
pub fn is_doomed(name: &str) -> bool {
    name == stage::DOOMED
}

/// The mark that a task leaves in a file.
fn mark(step: &str) -> String {
    format!("// done: {step}\n")
}

/// Plays the demonstration in a scratch folder, which is left behind if `keep`.
///
/// # Errors
/// When it could not be played to its end.
pub fn run(folder: &Path, keep: bool) -> anyhow::Result<Shown> {
    std::fs::create_dir_all(folder)
        .with_context(|| format!("failed to make {}", folder.display()))?;
    let folder = folder.canonicalize().context("failed to find the scratch folder")?;
    let mut stage = Stage::build(folder, keep)?;
    stage.play()?;
    let (rows, diaries) = (stage.audit()?, stage.diaries());
    let verdict = judge::judge(&rows, &diaries, &stage.repo());
    let page = show::page(&rows, &diaries, &verdict);
    let held = verdict.breaches.is_empty();
    Ok(Shown { page, held, breaches: verdict.breaches, numbers: None })
}
