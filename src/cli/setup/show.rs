//! What `coord init` and `coord uninit` print.
//!
//! Not here: deciding (`setup`).

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use similar::TextDiff;

use super::Site;
use crate::cli::Trouble;
use crate::cli::desk::{Desk, complain};
use crate::cli::render::style::{BAD, NOTE, paint};
use crate::cli::render::{clean, count};
use crate::repo::hooks::NoHooks;
use crate::setup::clients::Client;
use crate::setup::disk::State;
use crate::setup::plan::{Change, Plan};

/// What is told besides the plan.
pub struct Told<'t> {
    /// The clients that were found or asked for.
    pub clients: &'t [Client],
    /// Why git was not set up.
    pub no_git: Option<NoHooks>,
    /// Changed files that git ignores.
    pub ignored: Vec<PathBuf>,
    /// Where it happens.
    pub site: &'t Site,
}

/// Asks whether agents should find a passage in the project.
pub fn wants_notes() -> Result<bool, Trouble> {
    complain("Add a short passage for agents to AGENTS.md or CLAUDE.md? [y/N] ");
    let mut answer = String::new();
    std::io::stdin().read_line(&mut answer)?;
    Ok(matches!(answer.trim().to_lowercase().as_str(), "y" | "yes"))
}

/// The diff of what would be written.
pub fn dry_run(desk: &Desk, plan: &Plan, told: &Told<'_>) -> Result<(), Trouble> {
    desk.show(&as_json(plan, told.site, true), || {
        if plan.changes.is_empty() {
            return format!("{}{}", nothing(told), after(plan, told, false));
        }
        format!("{}{}", diffs(plan), after(plan, told, false))
    })
}

/// What is about to be written.
pub fn intent(plan: &Plan, told: &Told<'_>) -> String {
    format!("{}{}", list(plan, told.site, &told.ignored), troubles(plan, told.site))
}

/// What was written.
pub fn done(desk: &Desk, plan: &Plan, told: &Told<'_>) -> Result<(), Trouble> {
    desk.show(&as_json(plan, told.site, false), || {
        if plan.changes.is_empty() {
            return format!("{}{}", nothing(told), after(plan, told, false));
        }
        let list = list(plan, told.site, &told.ignored);
        format!("{list}{}", after(plan, told, true))
    })
}

/// The diff of what would be taken out.
pub fn dry_undo(desk: &Desk, plan: &Plan, site: &Site) -> Result<(), Trouble> {
    desk.show(&as_json(plan, site, true), || format!("{}{}", diffs(plan), leftovers(plan, site)))
}

/// What is about to be taken out.
pub fn undo_intent(plan: &Plan, site: &Site) -> String {
    format!("{}{}", list(plan, site, &[]), leftovers(plan, site))
}

/// What was taken out.
pub fn undone(desk: &Desk, plan: &Plan, site: &Site) -> Result<(), Trouble> {
    desk.show(&as_json(plan, site, false), || {
        if plan.changes.is_empty() && plan.kept.is_empty() && plan.failed.is_empty() {
            return format!("Nothing of ours is left here.\n{}", leftovers(plan, site));
        }
        format!("{}{}", list(plan, site, &[]), leftovers(plan, site))
    })
}

fn nothing(told: &Told<'_>) -> String {
    if told.clients.is_empty() {
        return "No client was found; --client NAME sets one up all the same.\n".into();
    }
    "Everything is as it should be; nothing was changed.\n".into()
}

/// One line for each file.
fn list(plan: &Plan, site: &Site, ignored: &[PathBuf]) -> String {
    let mut text = String::new();
    for change in &plan.changes {
        let deed = match (&change.from, &change.to) {
            (State::Missing, _) => "new",
            (_, State::Missing) => "gone",
            _ => "changed",
        };
        let note = if ignored.contains(&change.path) { ", ignored by git" } else { "" };
        let path = short(&change.path, site);
        // A String takes everything.
        writeln!(text, "{deed:<8} {:<9} {path}  ({}{note})", change.reader, change.what).ok();
    }
    text
}

/// What a person should know after it: what went wrong, and what is left to do.
fn after(plan: &Plan, told: &Told<'_>, changed: bool) -> String {
    let mut text = troubles(plan, told.site);
    if let Some(why) = &told.no_git {
        writeln!(text, "{} git's hooks were left out: {why}", paint(NOTE, "note:")).ok();
    }
    if told.site.command.program != "coord" && changed {
        let program = clean(&told.site.command.program);
        writeln!(
            text,
            "{} `coord` is not on PATH, so {program} was written; others who share these files \
             need it there too",
            paint(NOTE, "note:")
        )
        .ok();
    }
    if changed {
        for client in told.clients {
            if let Some(step) = client.by_hand() {
                writeln!(text, "{} {}: {step}", paint(NOTE, "to do:"), client.title()).ok();
            }
        }
        text += "\nStart the clients anew, then see that it works: coord doctor --clients\n";
    }
    text
}

fn troubles(plan: &Plan, site: &Site) -> String {
    let mut text = String::new();
    for failed in &plan.failed {
        let path = short(&failed.path, site);
        let word = paint(BAD, "left alone:");
        writeln!(text, "{word} {path}: {}", clean(&failed.problem.to_string())).ok();
        writeln!(text, "{:12}{} {}", "", paint(NOTE, "→"), failed.problem.advice()).ok();
    }
    text
}

fn leftovers(plan: &Plan, site: &Site) -> String {
    let mut text = troubles(plan, site);
    for (path, why) in &plan.kept {
        let path = short(path, site);
        writeln!(text, "{} {path}: {why}; --force takes it out", paint(BAD, "left:")).ok();
    }
    if !plan.shared.is_empty() {
        let files = count(plan.shared.len(), "file");
        writeln!(text, "{} {files} that other projects ask for stay", paint(NOTE, "note:")).ok();
    }
    text
}

/// All changes as a unified diff.
fn diffs(plan: &Plan) -> String {
    plan.changes.iter().map(diff).collect()
}

fn diff(change: &Change) -> String {
    let name = change.path.display().to_string();
    let label = |state: &State| if *state == State::Missing { "/dev/null" } else { name.as_str() };
    let (Ok(from), Ok(to)) = (readable(&change.from), readable(&change.to)) else {
        return format!("Binary files {} and {} differ\n", label(&change.from), label(&change.to));
    };
    let diff = TextDiff::from_lines(&from, &to);
    let mut unified = diff.unified_diff();
    unified.header(label(&change.from), label(&change.to)).to_string()
}

fn readable(state: &State) -> Result<String, crate::setup::Problem> {
    match state {
        State::Link(target) => Ok(format!("link to {}\n", target.display())),
        other => other.text().map(str::to_owned),
    }
}

/// A path as a person knows it.
fn short(path: &Path, site: &Site) -> String {
    if let Ok(inside) = path.strip_prefix(&site.place.root) {
        return clean(&inside.display().to_string());
    }
    let user = path.strip_prefix(&site.place.user);
    let text = user
        .map_or_else(|_| path.display().to_string(), |inside| format!("~/{}", inside.display()));
    clean(&text)
}

fn as_json(plan: &Plan, site: &Site, dry: bool) -> Value {
    let changes = plan.changes.iter().map(|change| {
        let mut fields =
            json!({ "client": change.reader, "file": change.path, "what": change.what });
        if let (true, Some(fields)) = (dry, fields.as_object_mut()) {
            fields.insert("diff".into(), diff(change).into());
        }
        fields
    });
    let failed = plan.failed.iter().map(|failed| {
        json!({
            "client": failed.reader,
            "file": failed.path,
            "problem": failed.problem.to_string(),
            "advice": failed.problem.advice(),
        })
    });
    let kept = plan.kept.iter().map(|(path, why)| json!({ "file": path, "why": why }));
    json!({
        "success": plan.failed.is_empty() && plan.kept.is_empty(),
        "root": site.place.root,
        "changes": changes.collect::<Vec<_>>(),
        "unchanged": plan.same,
        "failed": failed.collect::<Vec<_>>(),
        "kept": kept.collect::<Vec<_>>(),
        "shared": plan.shared,
    })
}
