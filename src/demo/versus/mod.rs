//! `coord demo --versus`: the same agents with the same random script, once without the
//! coordinator and once with it, and what was lost each time.
//!
//! - With it means: a real shim for each agent, and a real hook process before and after
//!   each deed. An agent that is refused a file takes another one.
//! - What was written by whom is told by a watcher that knows nothing of the coordinator,
//!   and by the files; who was allowed to is told by the audit log.

pub mod actor;
mod judge;
mod script;
mod show;
mod stage;
mod witness;

use std::path::Path;

use anyhow::Context as _;

use super::Shown;
use judge::Outcome;

/// How much is played.
#[derive(Clone, Copy, Debug)]
pub struct Size {
    /// How long each half lasts.
    pub seconds: u32,
    /// How many agents.
    pub agents: u32,
    /// In how many files.
    pub files: u32,
}

/// Both halves.
struct Halves {
    without: Outcome,
    with: Outcome,
}

/// Plays both halves in a scratch folder, which is left behind if `keep`.
///
/// # Errors
/// When it could not be played to its end.
pub fn run(folder: &Path, size: Size, keep: bool) -> anyhow::Result<Shown> {
    std::fs::create_dir_all(folder)
        .with_context(|| format!("failed to make {}", folder.display()))?;
    let folder = folder.canonicalize().context("failed to find the scratch folder")?;
    let played = both(&folder, size, keep);
    if !keep {
        drop(std::fs::remove_dir_all(&folder));
    }
    let halves = played?;
    let breaches = halves.with.broken();
    let page = show::page(size, &halves);
    let numbers = serde_json::json!({ "without": halves.without, "with": halves.with });
    Ok(Shown { page, held: breaches.is_empty(), breaches, numbers: Some(numbers) })
}

fn both(folder: &Path, size: Size, keep: bool) -> anyhow::Result<Halves> {
    let half = |guarded: bool| -> anyhow::Result<Outcome> {
        let name = if guarded { "with" } else { "without" };
        let mut stage = stage::Stage::build(folder.join(name), size, guarded, keep)?;
        stage.play()
    };
    Ok(Halves { without: half(false)?, with: half(true)? })
}
