//! Tools as MCP shows and calls them.
//!
//! Not here: asking a person (`consent`).

use std::sync::{Arc, LazyLock};

use rmcp::ErrorData;
use rmcp::model::{
    CallToolRequestParams, CallToolResponse, CallToolResult, ContentBlock, Tool, ToolAnnotations,
};
use rmcp::service::{RequestContext, RoleServer};
use serde_json::Value;

use super::consent::Consent;
use super::progress;
use crate::answer::Answer;
use crate::context::Context;
use crate::seat::Seat;
use crate::service::TOOLS;
use crate::service::catalogue::Entry;
use crate::tool::{Access, Audience};

/// Longest wait without a progress token: some clients give a silent call a minute.
pub const SILENT_WAIT_MAX: u64 = 50;

/// The list, made once.
static ALL: LazyLock<Vec<Tool>> = LazyLock::new(|| {
    TOOLS.iter().filter(|entry| entry.audience == Audience::Everybody).map(describe).collect()
});

/// Every tool that agents may call.
pub fn all() -> &'static [Tool] {
    &ALL
}

fn describe(entry: &Entry) -> Tool {
    let published = entry.published();
    let annotations = ToolAnnotations::with_title(entry.title)
        .read_only(entry.access == Access::Read)
        .destructive(entry.hints.destructive)
        .idempotent(entry.access == Access::Read || entry.hints.idempotent)
        .open_world(false);
    Tool::new(entry.name, published.description.clone(), Arc::new(published.input.clone()))
        .with_raw_output_schema(Arc::new(published.output.clone()))
        .with_annotations(annotations)
}

/// Calls a tool, telling of progress while it waits, and lets the client ask its user
/// where a person must approve.
pub async fn call(
    seat: &Seat,
    ctx: Context,
    params: CallToolRequestParams,
    request: &RequestContext<RoleServer>,
) -> Result<CallToolResponse, ErrorData> {
    if !all().iter().any(|tool| tool.name == params.name) {
        return Err(ErrorData::invalid_params(format!("there is no tool {:?}", params.name), None));
    }
    let mut consent = Consent::of(seat, &ctx, params, request);
    consent.take().await?;
    let answer = attempt(seat, ctx.clone(), &consent, request).await;
    if !consent.is_wanted(&answer) {
        return Ok(result(&answer).into());
    }
    if let Some(question) = consent.question(&answer).await? {
        return Ok(question.into());
    }
    if !consent.ask(&answer).await? {
        return Ok(result(&answer).into());
    }
    let now = seat.service().clock().now();
    let answer = attempt(seat, Context { now, ..ctx }, &consent, request).await;
    Ok(result(&answer).into())
}

async fn attempt(
    seat: &Seat,
    ctx: Context,
    consent: &Consent<'_>,
    request: &RequestContext<RoleServer>,
) -> Answer {
    let (tool, arguments) = (consent.tool(), consent.arguments().clone());
    let wait = arguments.get("wait_seconds").and_then(Value::as_u64).unwrap_or(0);
    let token = request.meta.get_progress_token();
    if wait > SILENT_WAIT_MAX && token.is_none() {
        return too_long(tool, wait);
    }
    let call = seat.service().call(ctx, tool, arguments, &request.ct);
    match token.filter(|_| wait > 0) {
        Some(token) => {
            progress::told(&request.peer, token, (wait, "waiting in the queue"), call).await
        }
        None => call.await,
    }
}

fn too_long(tool: &str, wait: u64) -> Answer {
    Answer::Refused(crate::answer::Refused {
        code: "invalid_argument".into(),
        message: format!("{tool}: wait_seconds was {wait}, and without a progress token it is 0 to {SILENT_WAIT_MAX}"),
        hint: Some("wait for a shorter time and ask again; your place in the queue is by the time of asking".into()),
        facts: serde_json::Map::from_iter([("field".to_owned(), "wait_seconds".into())]),
        outcome: false,
    })
}

/// An answer as a tool's result: the same facts for those who read the structure
/// and those who read the text. An error's text is plain sentences.
fn result(answer: &Answer) -> CallToolResult {
    let flat = answer.flat();
    let is_error = match answer {
        Answer::Done(_) => false,
        Answer::Refused(refused) => !refused.outcome,
        Answer::Fault(_) => true,
    };
    let text = if is_error { answer.sentence() } else { flat.to_string() };
    let mut result = CallToolResult::structured(flat);
    result.content = vec![ContentBlock::text(text)];
    result.is_error = Some(is_error);
    result
}
