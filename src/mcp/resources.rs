//! Resources as MCP shows and reads them.

use rmcp::ErrorData;
use rmcp::model::{CacheScope, ReadResourceResult, Resource as Shown, ResourceContents};
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use crate::answer::Answer;
use crate::context::Context;
use crate::seat::Seat;
use crate::service::resources::{RESOURCES, Resource, markdown};

const MARKDOWN: &str = "text/markdown";
const JSON: &str = "application/json";

/// The list.
pub fn all() -> Vec<Shown> {
    let show = |one: &Resource| {
        Shown::new(one.uri, one.title)
            .with_title(one.title)
            .with_description(format!("{}. Add ?format=json for JSON.", one.description))
            .with_mime_type(MARKDOWN)
    };
    RESOURCES.iter().map(show).collect()
}

/// Reads one, as its tool answers the caller.
pub async fn read(seat: &Seat, ctx: Context, uri: &str) -> Result<ReadResourceResult, ErrorData> {
    let (resource, as_json) = Resource::at(uri).ok_or_else(|| unknown(uri))?;
    let never = CancellationToken::new();
    let answer = seat.service().call(ctx, resource.tool, (resource.arguments)(), &never).await;
    let reply = match &answer {
        Answer::Done(reply) => reply,
        other => return Err(ErrorData::internal_error(other.sentence(), Some(other.flat()))),
    };
    let (text, kind) = if as_json {
        (reply.to_string(), JSON)
    } else {
        (markdown(resource.title, reply), MARKDOWN)
    };
    let contents = ResourceContents::text(text, uri).with_mime_type(kind);
    // What others hold changes at any moment, and is this caller's view.
    Ok(ReadResourceResult::new(vec![contents]).with_ttl_ms(0).with_cache_scope(CacheScope::Private))
}

/// The error for a URI that names nothing here.
pub fn unknown(uri: &str) -> ErrorData {
    let known: Vec<Value> = RESOURCES.iter().map(|one| one.uri.into()).collect();
    let shown: String = uri.chars().take(100).collect();
    ErrorData::resource_not_found(
        format!("there is no resource {shown:?}"),
        Some(serde_json::json!({ "uri": shown, "known": known })),
    )
}
