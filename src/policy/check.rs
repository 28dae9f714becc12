//! The tool by which anybody asks what the policies would say.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::decision::{Decision, Effect, reason};
use super::refusal::PolicyRefusal;
use super::{Question, Resource, decide, engine};
use crate::config::PolicyEngine;
use crate::context::Context;
use crate::failure::Outcome;
use crate::ingress;
use crate::network;
use crate::operations::{self, NETWORK_ACCESS, Operation};
use crate::profiles::{self, Held};
use crate::store::Tx;
use crate::tool::{Access, Hints, Progress, Tool};

/// Bytes of an operation's name, at most.
const OPERATION_MAX: usize = 128;
/// Bytes of a resource, at most.
const RESOURCE_MAX: usize = 4_096;
/// Bytes of the context as JSON, at most.
const CONTEXT_MAX: usize = 16 << 10;

/// Ask whether you may do something before you try: an operation is a tool's name,
/// `edit_file`, `run_command` or `network_access` (resource: a host or URL).
#[derive(Debug, Deserialize, JsonSchema)]
pub struct CheckPolicy {
    #[schemars(length(max = OPERATION_MAX))]
    operation: String,
    /// A path, task id, host or URL.
    #[serde(default)]
    #[schemars(length(max = RESOURCE_MAX))]
    resource: String,
    /// What else is known: command, method, branch, reason.
    #[serde(default)]
    context: Map<String, Value>,
    #[serde(skip)]
    path: Option<String>,
}

/// What the policies say.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Verdict {
    allowed: bool,
    /// A person would have to approve it.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    ask: bool,
    reason: String,
    #[schemars(extend("enum" = ["native", "cedar"]))]
    #[schemars(with = "String")]
    engine: PolicyEngine,
    /// Which policies decided; none: nothing permits it.
    policies: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    diagnostics: Vec<String>,
}

/// Refuses what no policy can be asked with, and finds the path that is meant.
pub fn prepare(
    ctx: &Context,
    operation: &str,
    resource: &str,
    context: &Map<String, Value>,
) -> Outcome<Option<String>> {
    let limit = |field: &'static str, bytes: usize, most: usize| {
        if bytes > most { Err(PolicyRefusal::TooLong { field, bytes, most }) } else { Ok(()) }
    };
    limit("operation", operation.len(), OPERATION_MAX)?;
    limit("resource", resource.len(), RESOURCE_MAX)?;
    let bad = |field, sent: String, accepts| PolicyRefusal::Bad { field, sent, accepts };
    match ingress::json(&Value::Object(context.clone())) {
        Ok(text) => limit("context", text.len(), CONTEXT_MAX)?,
        Err(why) => return Err(bad("context", why.to_string(), "plain JSON").into()),
    }
    let is_file = |operation: Operation| {
        operation.name != NETWORK_ACCESS && !is_about_tasks(operation.name) && !resource.is_empty()
    };
    match operations::find(operation) {
        Some(operation) if is_file(operation) => Ok(Some(ctx.repo.resolve(resource)?.shown)),
        _ => Ok(None),
    }
}

fn is_about_tasks(operation: &str) -> bool {
    operation.ends_with("_work") && operation != "list_work" && operation != "pending_work"
}

/// What a question's text is about; a host is looked up in the lists, and noted if `noted`.
pub fn resource(
    tx: &Tx<'_>,
    ctx: &Context,
    held: &Held,
    asked: (&str, &str, Option<&String>),
    noted: bool,
) -> Outcome<(Resource, Option<network::Access>)> {
    let (operation, text, path) = asked;
    if operation == NETWORK_ACCESS {
        let access = network::ask(tx, ctx, &held.profile.name, text)?;
        if noted {
            network::log(tx, ctx, &access)?;
        }
        let resource = Resource::Domain { name: access.host.clone(), permitted: access.allowed };
        return Ok((resource, Some(access)));
    }
    let resource = match path {
        _ if text.is_empty() => Resource::Project,
        Some(path) => Resource::File(path.clone()),
        None => Resource::Task(text.to_owned()),
    };
    Ok((resource, None))
}

/// What the lists of hosts add to the reason.
pub fn about_host(access: &network::Access) -> String {
    let network::Access { host, reason, rule, why, .. } = access;
    let by = rule.as_ref().map(|rule| format!(" by {rule}")).unwrap_or_default();
    match (*reason, why) {
        (_, Some(why)) => why.clone(),
        ("allowed" | "blocked", None) => format!("{host} is {reason}{by}"),
        ("address", None) => format!("{host} is a bare address, which no list of hosts names"),
        _ if access.allowed => format!("{host} is on no list, and what is on none is allowed"),
        _ => format!("{host} is on no list of allowed hosts"),
    }
}

impl Verdict {
    fn unknown(tx: &Tx<'_>, operation: &str) -> Self {
        let nearest = operations::nearest(operation);
        let advice = nearest.map(|name| format!("did you mean {name}?"));
        let shown: String = operation.chars().take(80).collect();
        Self {
            allowed: false,
            ask: false,
            reason: format!("there is no operation {shown:?}"),
            engine: engine(tx),
            policies: Vec::new(),
            diagnostics: advice.into_iter().collect(),
        }
    }

    fn of(tx: &Tx<'_>, question: &Question<'_>, decision: Decision) -> Self {
        let mut diagnostics = decision.diagnostics.clone();
        let ignored =
            question.context.keys().filter(|key| !super::cedar::TOLD.contains(&key.as_str()));
        let ignored: Vec<&str> = ignored.map(String::as_str).collect();
        if !ignored.is_empty() {
            diagnostics.push(format!("no policy reads {}", ignored.join(", ")));
        }
        Self {
            allowed: decision.allowed(),
            ask: decision.effect == Effect::Ask,
            reason: reason(question, &decision),
            engine: engine(tx),
            policies: decision.policies,
            diagnostics,
        }
    }
}

impl Tool for CheckPolicy {
    const NAME: &'static str = "check_policy";
    const TITLE: &'static str = "Check policy";
    const ACCESS: Access = Access::Read;
    const HINTS: Hints = Hints { idempotent: true, destructive: false };
    type Reply = Verdict;

    fn prepare(&mut self, ctx: &Context) -> Outcome<()> {
        self.path = prepare(ctx, &self.operation, &self.resource, &self.context)?;
        Ok(())
    }

    fn run(&self, tx: &Tx<'_>, ctx: &Context) -> Outcome<Progress<Verdict>> {
        let Some(operation) = operations::find(&self.operation) else {
            return Ok(Progress::Ended(Verdict::unknown(tx, &self.operation)));
        };
        let held = profiles::held(tx, ctx)?;
        let asked = (self.operation.as_str(), self.resource.as_str(), self.path.as_ref());
        let (resource, access) = resource(tx, ctx, &held, asked, true)?;
        let decision = decide(tx, ctx, &held, (operation, &resource), &self.context)?;
        let question = Question {
            caller: &ctx.caller,
            profile: &held.profile,
            project: ctx.project(),
            operation,
            resource: &resource,
            context: &self.context,
        };
        let by_trust = decision.policies.is_empty();
        let mut verdict = Verdict::of(tx, &question, decision);
        if let Some(access) = access.filter(|access| verdict.allowed == access.allowed && !by_trust)
        {
            verdict.reason = about_host(&access);
        }
        Ok(Progress::Ended(verdict))
    }
}
