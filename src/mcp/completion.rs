//! Suggestions for the arguments of prompts: paths, agents, tasks.

use rmcp::ErrorData;
use rmcp::model::{CompleteRequestParams, CompleteResult, CompletionInfo};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use crate::answer::Answer;
use crate::context::Context;
use crate::seat::Seat;

/// Entries of one folder that are looked at.
const ENTRIES_MAX: usize = 2_000;

/// What the argument could become.
pub async fn complete(
    seat: &Seat,
    ctx: Context,
    params: &CompleteRequestParams,
) -> Result<CompleteResult, ErrorData> {
    let begun = params.argument.value.as_str();
    let mut values = match params.argument.name.as_str() {
        "file_path" => paths(&seat.repo().root, begun),
        "agent_name" | "agent_id" => rows(seat, ctx, "discover_agents", "agents", "agent_id").await,
        "task_id" => rows(seat, ctx, "pending_work", "ready", "task_id").await,
        _ => Vec::new(),
    };
    values.retain(|value| value.starts_with(begun));
    values.truncate(CompletionInfo::MAX_VALUES);
    let info = CompletionInfo::new(values).map_err(|why| ErrorData::internal_error(why, None))?;
    Ok(CompleteResult::new(info))
}

/// Files and folders beside what was begun; nothing outside the root, nothing of git's.
fn paths(root: &std::path::Path, begun: &str) -> Vec<String> {
    let folder = begun.rsplit_once('/').map_or("", |(folder, _)| folder);
    if folder.split('/').any(|part| part == ".." || part == ".git") || folder.starts_with('/') {
        return Vec::new();
    }
    let Ok(entries) = std::fs::read_dir(root.join(folder)) else { return Vec::new() };
    let mut found: Vec<String> = entries
        .take(ENTRIES_MAX)
        .filter_map(Result::ok)
        .filter_map(|entry| {
            let name = entry.file_name().into_string().ok().filter(|name| name != ".git")?;
            let slash = if entry.file_type().is_ok_and(|kind| kind.is_dir()) { "/" } else { "" };
            let before = if folder.is_empty() { String::new() } else { format!("{folder}/") };
            Some(format!("{before}{name}{slash}"))
        })
        .collect();
    found.sort();
    found
}

async fn rows(seat: &Seat, ctx: Context, tool: &str, list: &str, field: &str) -> Vec<String> {
    let answer = seat.service().call(ctx, tool, json!({}), &CancellationToken::new()).await;
    let Answer::Done(reply) = answer else { return Vec::new() };
    let rows = reply.get(list).and_then(Value::as_array).cloned().unwrap_or_default();
    rows.iter().filter_map(|row| row.get(field)?.as_str().map(str::to_owned)).collect()
}
