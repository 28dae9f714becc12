//! The coordinator's tools as an agent of the demonstration has them: a real MCP client
//! over `coord mcp`.

use std::path::Path;

use anyhow::{Context as _, bail};
use rmcp::model::CallToolRequestParams;
use rmcp::service::{RoleClient, RunningService, ServiceExt as _};
use rmcp::transport::TokioChildProcess;
use serde_json::{Value, json};

use crate::client::own_binary;

/// An open connection.
pub struct Tools(RunningService<RoleClient, ()>);

impl Tools {
    /// Starts the server in `repo`, for the agent of that name, and registers it.
    ///
    /// # Errors
    /// When the coordinator does not answer.
    pub async fn open(name: &str, repo: &Path) -> anyhow::Result<Self> {
        let mut command = tokio::process::Command::new(own_binary());
        command.arg("mcp").current_dir(repo).env("AGENT_ID", name).env("AGENT_TYPE", "demo");
        let client = ().serve(TokioChildProcess::new(command)?).await.context("failed to begin")?;
        let tools = Self(client);
        tools.ask("register_session", json!({ "capabilities": ["edit"] })).await?;
        Ok(tools)
    }

    /// Calls a tool; its answer, whatever it is.
    ///
    /// # Errors
    /// When there is none.
    pub async fn ask(&self, tool: &str, arguments: Value) -> anyhow::Result<Value> {
        let Value::Object(arguments) = arguments else { bail!("arguments are an object") };
        let request = CallToolRequestParams::new(tool.to_owned()).with_arguments(arguments);
        let result =
            self.0.call_tool(request).await.with_context(|| format!("{tool} was not answered"))?;
        result.structured_content.with_context(|| format!("{tool} gave no structured answer"))
    }

    /// Ends the connection.
    ///
    /// # Errors
    /// When it cannot be ended in order.
    pub async fn close(self) -> anyhow::Result<()> {
        self.0.cancel().await.context("failed to end").map(drop)
    }
}
