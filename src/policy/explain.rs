//! The tool by which a person learns why an agent may or may not do something, and tries
//! a policy before adding it.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::check::{self, about_host};
use super::decision::{Effect, reason};
use super::refusal::PolicyRefusal;
use super::source::{Origin, Source};
use super::validate::check_size;
use super::{Question, decide, engine, groups, native, schema, sets};
use crate::config::PolicyEngine;
use crate::context::{Caller, Context};
use crate::failure::Outcome;
use crate::operations;
use crate::profiles::{self, Held, Source as ProfileSource};
use crate::store::Tx;
use crate::tool::{Access, Audience, Hints, Progress, Tool};

/// Explain what the policies say about an agent, an operation and a resource; with a
/// policy's text, also what they would say if it were added.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct ExplainPolicy {
    operation: String,
    #[serde(default)]
    resource: String,
    #[serde(default)]
    context: Map<String, Value>,
    /// As this agent.
    agent_id: Option<String>,
    /// As an agent of this type.
    agent_type: Option<String>,
    /// With this profile, whatever the agent has.
    profile: Option<String>,
    /// A Cedar policy to try.
    policy_text: Option<String>,
    #[serde(skip)]
    path: Option<String>,
}

/// The answers, and how they came about.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Explained {
    #[schemars(with = "String")]
    engine: PolicyEngine,
    #[schemars(with = "String")]
    decision: Effect,
    reason: String,
    policies: Vec<String>,
    profile: String,
    trust_level: u8,
    profile_source: ProfileSource,
    #[serde(skip_serializing_if = "Option::is_none")]
    host: Option<String>,
    /// Groups that the agent and the resource are in, as policies write them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    groups: Vec<String>,
    /// What the built-in policies alone say, where that differs.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    built_in: Option<Effect>,
    /// What Cedar would say with the policy that is tried.
    #[serde(skip_serializing_if = "Option::is_none")]
    with_policy: Option<Tried>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    diagnostics: Vec<String>,
}

/// What a policy would change.
#[derive(Debug, Serialize, JsonSchema)]
struct Tried {
    #[schemars(with = "String")]
    decision: Effect,
    reason: String,
    policies: Vec<String>,
}

impl ExplainPolicy {
    fn subject(&self, tx: &Tx<'_>, ctx: &Context) -> Outcome<Caller> {
        if self.agent_id.is_none() && self.agent_type.is_none() && self.profile.is_none() {
            return Ok(ctx.caller.clone());
        }
        let seen = match (&self.agent_type, &self.agent_id) {
            (None, Some(agent)) => profiles::type_of(tx, agent)?,
            (told, _) => told.clone(),
        };
        let kind = seen.unwrap_or_else(|| "agent".into());
        Ok(Caller {
            agent_id: self.agent_id.clone().unwrap_or_else(|| format!("{kind}-1")),
            agent_type: kind,
            session_id: "explained".into(),
            rule: "explained".into(),
            person: false,
        })
    }

    fn held(&self, tx: &Tx<'_>, asker: &Context) -> Outcome<Held> {
        match &self.profile {
            Some(name) => {
                Ok(Held { profile: profiles::known(tx, name)?, source: ProfileSource::Assignment })
            }
            None => profiles::held(tx, asker),
        }
    }

    /// What Cedar says with the policy on trial; the others are as they are.
    fn tried(&self, tx: &Tx<'_>, ctx: &Context, question: &Question<'_>) -> Outcome<Option<Tried>> {
        let Some(text) = &self.policy_text else { return Ok(None) };
        let mut sources = vec![schema::default_policies()];
        sources.extend(sets::added(tx, ctx)?);
        sources.push(Source { origin: Origin::Question, name: "tried".into(), text: text.clone() });
        let set = sets::language(tx).compile(&sources).map_err(|problems| {
            let problem = problems.into_iter().next();
            problem.map_or_else(
                || anyhow::anyhow!("it does not compile and nothing says why").into(),
                |problem| crate::failure::Failure::from(PolicyRefusal::Invalid { problem }),
            )
        })?;
        let set = set.grouped(Arc::new(groups::of(tx, ctx)?));
        let decision = set.decide(question);
        let reason = reason(question, &decision);
        Ok(Some(Tried { decision: decision.effect, reason, policies: decision.policies }))
    }
}

impl Tool for ExplainPolicy {
    const NAME: &'static str = "explain_policy";
    const TITLE: &'static str = "Explain a decision";
    const ACCESS: Access = Access::Read;
    const AUDIENCE: Audience = Audience::People;
    const HINTS: Hints = Hints { idempotent: true, destructive: false };
    type Reply = Explained;

    fn prepare(&mut self, ctx: &Context) -> Outcome<()> {
        check_size("policy_text", self.policy_text.as_deref().unwrap_or_default())?;
        if operations::find(&self.operation).is_none() {
            let nearest = operations::nearest(&self.operation);
            let name = self.operation.chars().take(80).collect();
            return Err(PolicyRefusal::UnknownOperation { name, nearest }.into());
        }
        self.path = check::prepare(ctx, &self.operation, &self.resource, &self.context)?;
        drop(schema::built_in());
        Ok(())
    }

    fn run(&self, tx: &Tx<'_>, ctx: &Context) -> Outcome<Progress<Explained>> {
        let Some(operation) = operations::find(&self.operation) else {
            return Err(anyhow::anyhow!("the operation was known a moment ago").into());
        };
        let asker = Context { caller: self.subject(tx, ctx)?, ..ctx.clone() };
        let held = self.held(tx, &asker)?;
        let asked = (self.operation.as_str(), self.resource.as_str(), self.path.as_ref());
        let (resource, access) = check::resource(tx, &asker, &held, asked, false)?;
        let question = Question {
            caller: &asker.caller,
            profile: &held.profile,
            project: ctx.project(),
            operation,
            resource: &resource,
            context: &self.context,
        };
        let decision = decide(tx, &asker, &held, (operation, &resource), &self.context)?;
        let built_in = Some(native::decide(&question).effect);
        Ok(Progress::Ended(Explained {
            engine: engine(tx),
            decision: decision.effect,
            reason: reason(&question, &decision),
            profile: held.profile.name.clone(),
            trust_level: held.profile.trust,
            profile_source: held.source,
            host: access.as_ref().map(about_host),
            groups: groups::of(tx, ctx)?.named(&asker.caller, &resource),
            built_in: built_in.filter(|built_in| *built_in != decision.effect),
            with_policy: self.tried(tx, ctx, &question)?,
            policies: decision.policies,
            diagnostics: decision.diagnostics,
        }))
    }
}
