//! MCP methods, each translated into a call of the service.
//!
//! - The only module that knows MCP; both eras (2025-11-25 and before with
//!   `initialize`, 2026-07-28 without) are served on one connection.
//! - Nothing is decided here.
//!
//! Not here: framing and the socket (`daemon`), what tools do (`service`).

mod completion;
mod consent;
mod prompts;
mod progress;
mod resources;
mod subscriptions;
mod tools;

use std::borrow::Cow;
use std::sync::Arc;

use rmcp::ErrorData;
use rmcp::ServerHandler;
use rmcp::model::{
    CacheScope, CallToolRequestParams, CallToolResponse, CompleteRequestParams, CompleteResult,
    GetPromptRequestParams, GetPromptResponse, Implementation, ListPromptsResult,
    ListResourceTemplatesResult, ListResourcesResult, ListToolsResult, PaginatedRequestParams,
    ProtocolVersion, ReadResourceRequestParams, ReadResourceResponse, ServerCapabilities,
    ServerConfig, SubscribeRequestParams, SubscriptionFilter, Tool, UnsubscribeRequestParams,
};
use rmcp::service::{RequestContext, RoleServer, SubscriptionContext};
use serde_json::Value;

use crate::context::Context;
use crate::failure::Failure;
use crate::seat::Seat;
pub use prompts::described as prompts;
use subscriptions::Subscriptions;

/// What a model is told before anything else; the first sentence counts most.
const INSTRUCTIONS: &str = "Call acquire_lock before editing a file and release_lock when done; if a file is \
    held by another agent, work on something else or wait with wait_seconds. Call get_work when you are free and \
    complete_work when a task is done. Locks and tasks are renewed while you are active and freed when you end.";

/// How long the lists may be cached: they change only with the binary, in milliseconds.
const LIST_TTL_MS: u64 = 3_600_000;

/// One connection's MCP server.
pub struct Server {
    seat: Arc<Seat>,
    subscriptions: Arc<Subscriptions>,
}

impl Server {
    /// A server for whoever sits there.
    #[must_use]
    pub fn new(seat: Arc<Seat>) -> Self {
        let subscriptions = Subscriptions::over(seat.service());
        Self { seat, subscriptions }
    }

    /// The circumstances of a request.
    async fn context(&self, request: &RequestContext<RoleServer>) -> Result<Context, ErrorData> {
        let id = serde_json::to_string(&request.id).unwrap_or_default();
        let meta = serde_json::to_value(&request.meta).unwrap_or(Value::Null);
        self.seat.context(&id, Some(&meta)).await.map_err(|failure| internal(&failure))
    }
}

fn internal(failure: &Failure) -> ErrorData {
    tracing::error!("{failure}");
    ErrorData::internal_error("the coordinator has trouble of its own; its log has the rest", None)
}

impl ServerHandler for Server {
    fn get_info(&self) -> ServerConfig {
        let capabilities = ServerCapabilities::builder()
            .enable_tools()
            .enable_prompts()
            .enable_resources()
            .enable_resources_subscribe()
            .enable_completions()
            .build();
        let server = Implementation::new("coord", env!("CARGO_PKG_VERSION"))
            .with_title("coord: the coordinator for coding agents");
        ServerConfig::new(capabilities).with_server_info(server).with_instructions(INSTRUCTIONS)
    }

    fn supported_protocol_versions(&self) -> Cow<'static, [ProtocolVersion]> {
        Cow::Borrowed(ProtocolVersion::KNOWN_VERSIONS)
    }

    async fn list_tools(
        &self,
        _: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        let list = ListToolsResult::with_all_items(tools::all().to_vec());
        Ok(list.with_ttl_ms(LIST_TTL_MS).with_cache_scope(CacheScope::Public))
    }

    fn get_tool(&self, name: &str) -> Option<Tool> {
        tools::all().iter().find(|tool| tool.name == name).cloned()
    }

    async fn call_tool(
        &self,
        params: CallToolRequestParams,
        request: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let ctx = self.context(&request).await?;
        tools::call(&self.seat, ctx, params, &request).await
    }

    async fn list_resources(
        &self,
        _: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListResourcesResult, ErrorData> {
        let list = ListResourcesResult::with_all_items(resources::all());
        Ok(list.with_ttl_ms(LIST_TTL_MS).with_cache_scope(CacheScope::Public))
    }

    async fn list_resource_templates(
        &self,
        _: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListResourceTemplatesResult, ErrorData> {
        let list = ListResourceTemplatesResult::with_all_items(Vec::new());
        Ok(list.with_ttl_ms(LIST_TTL_MS).with_cache_scope(CacheScope::Public))
    }

    async fn read_resource(
        &self,
        params: ReadResourceRequestParams,
        request: RequestContext<RoleServer>,
    ) -> Result<ReadResourceResponse, ErrorData> {
        let ctx = self.context(&request).await?;
        resources::read(&self.seat, ctx, &params.uri).await.map(Into::into)
    }

    fn accepted_subscription_filter(
        &self,
        requested: &SubscriptionFilter,
    ) -> Option<SubscriptionFilter> {
        Some(subscriptions::accepted(requested))
    }

    async fn listen(&self, context: SubscriptionContext) -> Result<(), ErrorData> {
        self.subscriptions.listen(context).await;
        Ok(())
    }

    async fn subscribe(
        &self,
        params: SubscribeRequestParams,
        request: RequestContext<RoleServer>,
    ) -> Result<(), ErrorData> {
        self.subscriptions.add(&params.uri, request.peer)
    }

    async fn unsubscribe(
        &self,
        params: UnsubscribeRequestParams,
        _: RequestContext<RoleServer>,
    ) -> Result<(), ErrorData> {
        self.subscriptions.remove(&params.uri);
        Ok(())
    }

    async fn list_prompts(
        &self,
        _: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListPromptsResult, ErrorData> {
        let list = ListPromptsResult::with_all_items(prompts::all());
        Ok(list.with_ttl_ms(LIST_TTL_MS).with_cache_scope(CacheScope::Public))
    }

    async fn get_prompt(
        &self,
        params: GetPromptRequestParams,
        _: RequestContext<RoleServer>,
    ) -> Result<GetPromptResponse, ErrorData> {
        prompts::get(params).map(Into::into)
    }

    async fn complete(
        &self,
        params: CompleteRequestParams,
        request: RequestContext<RoleServer>,
    ) -> Result<CompleteResult, ErrorData> {
        let ctx = self.context(&request).await?;
        completion::complete(&self.seat, ctx, &params).await
    }
}
