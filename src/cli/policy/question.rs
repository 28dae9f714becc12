//! `coord policy check` and `explain`: one question to the engine in force.

use std::path::PathBuf;

use serde_json::{Map, Value, json};

use super::{Desk, Trouble, show, text};

/// What is asked about, and as whom.
#[derive(Debug, clap::Args)]
pub struct Question {
    /// A tool's name, `edit_file`, `run_command` or `network_access`
    #[arg(value_name = "OPERATION")]
    operation: String,
    /// A path, a task's id, a host or a URL; the repository if left out
    #[arg(value_name = "RESOURCE", default_value = "", hide_default_value = true)]
    resource: String,
    /// As this agent
    #[arg(long, value_name = "NAME")]
    agent: Option<String>,
    /// As an agent of this type
    #[arg(long = "type", value_name = "TYPE")]
    kind: Option<String>,
    /// With this profile, whatever the agent has
    #[arg(long, value_name = "NAME")]
    profile: Option<String>,
    /// What else is known: command, method, branch or reason; may be repeated
    #[arg(long = "context", value_name = "KEY=VALUE", value_parser = pair)]
    context: Vec<(String, String)>,
}

/// Ask whether something may be done; the exit code is 1 if not.
///
/// Without --agent, --type or --profile it is asked for whoever calls.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  coord policy check acquire_lock src/main.rs --agent codex-1
  coord policy check network_access https://github.com/ --type claude
  coord policy check run_command --profile codex_cloud_worker \\
      --context command='git push'")]
pub struct Check {
    #[command(flatten)]
    question: Question,
}

/// Show which policy decides, which profile counts, and what a new policy would do.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  coord policy explain submit_work --agent codex-1
  coord policy explain edit_file Cargo.lock --type codex --with new.cedar")]
pub struct Explain {
    #[command(flatten)]
    question: Question,
    /// A file with one Cedar policy to try
    #[arg(long = "with", value_name = "FILE")]
    tried: Option<PathBuf>,
}

fn pair(text: &str) -> Result<(String, String), String> {
    let pair = text.split_once('=').filter(|(key, _)| !key.is_empty());
    let (key, value) = pair.ok_or("write it as KEY=VALUE")?;
    Ok((key.into(), value.into()))
}

impl Question {
    const fn is_about_caller(&self) -> bool {
        self.agent.is_none() && self.kind.is_none() && self.profile.is_none()
    }

    fn arguments(&self) -> Map<String, Value> {
        let context: Map<String, Value> =
            self.context.iter().map(|(key, value)| (key.clone(), json!(value))).collect();
        Map::from_iter([
            ("operation".to_owned(), json!(self.operation)),
            ("resource".to_owned(), json!(self.resource)),
            ("context".to_owned(), context.into()),
        ])
    }

    /// Asks as whom it is asked.
    fn explained(&self, desk: &mut Desk, tried: Option<&str>) -> Result<Value, Trouble> {
        let mut asked = self.arguments();
        for (field, value) in [
            ("agent_id", self.agent.as_deref()),
            ("agent_type", self.kind.as_deref()),
            ("profile", self.profile.as_deref()),
            ("policy_text", tried),
        ] {
            asked.extend(value.map(|value| (field.to_owned(), json!(value))));
        }
        desk.ask("explain_policy", asked.into())
    }
}

impl Check {
    /// Does what the arguments say.
    ///
    /// # Errors
    /// What the daemon refuses, or that the answer is no.
    pub fn run(self, desk: &mut Desk) -> Result<(), Trouble> {
        let reply = if self.question.is_about_caller() {
            desk.ask("check_policy", self.question.arguments().into())?
        } else {
            verdict(&self.question.explained(desk, None)?)
        };
        desk.show(&reply, || show::verdict(&reply))?;
        if reply["allowed"] == true { Ok(()) } else { Err(Trouble::Found) }
    }
}

/// An explanation in the shape of `check_policy`'s reply.
fn verdict(explained: &Value) -> Value {
    let mut verdict = json!({
        "allowed": explained["decision"] == "allow",
        "reason": explained["reason"],
        "engine": explained["engine"],
        "policies": explained["policies"],
    });
    if explained["decision"] == "ask" {
        verdict["ask"] = true.into();
    }
    if let Some(said) = explained.get("diagnostics") {
        verdict["diagnostics"] = said.clone();
    }
    verdict
}

impl Explain {
    /// Does what the arguments say.
    ///
    /// # Errors
    /// What the daemon refuses, or when the file cannot be read.
    pub fn run(self, desk: &mut Desk) -> Result<(), Trouble> {
        let tried = self.tried.as_deref().map(text::read).transpose()?;
        let reply = self.question.explained(desk, tried.as_deref())?;
        desk.show(&reply, || show::explained(&reply))
    }
}
