//! What an agent is told at the start of a session, and later.
//!
//! - Facts, no orders: models distrust orders that come from elsewhere.
//! - Bounded: [`BRIEF_CHARS`] at the start, [`NEWS_CHARS`] later (about 300 tokens at four
//!   characters each). What does not fit is left out by whole lines, the most important first.
//!
//! Not here: the rows (`around`).

use super::around::{self, Left, Peer};
use super::told::short;
use crate::context::Context;
use crate::failure::Outcome;
use crate::locks::{self, HeldFileChanged, News, TakenAway, TaskLost};
use crate::store::Tx;
use crate::time::{HOUR, Time};

/// Characters of what is told at the start, at most.
pub const BRIEF_CHARS: usize = 2_400;
/// Characters of news, at most.
pub const NEWS_CHARS: usize = 1_200;
/// Files that one line names.
const FILES_SHOWN: usize = 6;

/// What a newcomer should know.
///
/// # Errors
/// Faults only.
pub fn brief(tx: &Tx<'_>, ctx: &Context) -> Outcome<String> {
    let me = &ctx.caller.agent_id;
    let mut lines = vec![format!(
        "coord keeps the agents in this repository from overwriting each other; you are {me} to it. Files are locked for you when you edit them."
    )];
    let peers = around::peers(tx, ctx, 8)?;
    if peers.is_empty() {
        lines.push("No other agent is here.".into());
    }
    lines.extend(peers.iter().map(peer));
    let own = around::own_files(tx, ctx, 20)?;
    if !own.is_empty() {
        lines.push(format!("You hold {}.", files(&own)));
    }
    for claim in around::open_claims(tx, &ctx.caller.session_id, 5)? {
        lines.push(format!(
            "You have claimed task {} ({}): {}",
            claim.task_id,
            claim.task_type,
            short(&claim.description, 160)
        ));
    }
    lines.extend(around::handoffs(tx, ctx.project(), None, Time::from_ms(0), 1)?.iter().map(left));
    for (agent, rule, text) in around::stopped(tx, ctx.project(), ctx.now.plus(-HOUR))? {
        lines.push(format!(
            "Stopped within the last hour: {agent} with `{}` ({rule}).",
            short(&text, 80)
        ));
    }
    for (agent, sort, summary) in around::learned(tx, ctx, Time::from_ms(0), 3)? {
        lines.push(format!("Remembered by {agent} ({sort}): {}", short(&summary, 200)));
    }
    let ready = around::ready_tasks(tx, ctx.project())?;
    if ready > 0 {
        lines.push(format!("Tasks that wait for somebody (get_work): {ready}."));
    }
    Ok(fitted(&lines, BRIEF_CHARS))
}

/// What has happened since the agent was told last; `None` if nothing that matters has.
///
/// # Errors
/// Faults only.
pub fn news(tx: &Tx<'_>, ctx: &Context, since: Time) -> Outcome<Option<String>> {
    let mut lines = Vec::new();
    for gone in locks::news(tx, &ctx.caller.session_id)? {
        lines.push(gone_or_changed(&gone));
    }
    for (operation, word) in around::decided(tx, ctx, since)? {
        lines.push(format!("A person has {word} your {operation}."));
    }
    let mine = Some(ctx.caller.session_id.as_str());
    lines.extend(around::handoffs(tx, ctx.project(), mine, since, 2)?.iter().map(left));
    for (agent, sort, summary) in around::learned(tx, ctx, since, 3)? {
        lines.push(format!("Remembered by {agent} ({sort}): {}", short(&summary, 160)));
    }
    for (agent, path) in around::newly_held(tx, ctx, since)? {
        lines.push(format!("{agent} now holds {path}."));
    }
    for (agent, left) in around::comings(tx, ctx, since)? {
        lines.push(format!("{agent} has {}.", if left { "left" } else { "come" }));
    }
    if lines.is_empty() {
        return Ok(None);
    }
    lines.insert(0, "News from coord since you were told last:".into());
    Ok(Some(fitted(&lines, NEWS_CHARS)))
}

fn gone_or_changed(news: &News) -> String {
    match news {
        News::TakenAway(TakenAway { lock_taken_away: path, by, reason, .. }) => {
            format!("Your lock on {path} was taken away by {by}: {}", short(reason, 160))
        }
        News::TaskLost(TaskLost { task_lost: task, reason, .. }) => {
            format!("Your claim on task {task} was lost: {reason}")
        }
        News::HeldFileChanged(HeldFileChanged {
            held_file_changed: path,
            held_by,
            perhaps_by,
            at,
        }) => {
            let by = perhaps_by.as_ref().map(|by| format!(", perhaps by {by}")).unwrap_or_default();
            format!("{path}, which {held_by} holds, was changed past the lock at {at}{by}.")
        }
    }
}

fn peer(peer: &Peer) -> String {
    let Peer { agent_id, agent_type, current_task, files: held } = peer;
    let mut said = format!("{agent_id} ({agent_type}) is here");
    if let Some(task) = current_task {
        said.push_str(&format!(", busy with: {}", short(task, 120)));
    }
    if !held.is_empty() {
        said.push_str(&format!("; it holds {}", files(held)));
    }
    said.push('.');
    said
}

fn left(handoff: &Left) -> String {
    let Left { agent_id, summary, next_steps, files: about, at } = handoff;
    let mut said = format!("Handoff by {agent_id} at {at}: {}", short(summary, 400));
    if !next_steps.is_empty() {
        let steps: Vec<String> = next_steps.iter().take(3).map(|step| short(step, 120)).collect();
        said.push_str(&format!(" Next steps: {}.", steps.join("; ")));
    }
    if !about.is_empty() {
        said.push_str(&format!(" Files: {}.", files(about)));
    }
    said
}

fn files(paths: &[String]) -> String {
    let mut shown = paths.iter().take(FILES_SHOWN).map(|path| short(path, 100)).collect::<Vec<_>>();
    if paths.len() > FILES_SHOWN {
        shown.push(format!("and {} more", paths.len() - FILES_SHOWN));
    }
    shown.join(", ")
}

/// As many whole lines as there is room for; the first always.
fn fitted(lines: &[String], chars: usize) -> String {
    let mut text = String::new();
    let mut room = chars;
    for (at, line) in lines.iter().enumerate() {
        let length = line.chars().count() + 1;
        if length > room {
            let more = format!("({} more lines are left out.)", lines.len() - at);
            text.push_str(&more);
            break;
        }
        room -= length;
        text.push_str(line);
        text.push('\n');
    }
    text.trim_end().to_owned()
}
