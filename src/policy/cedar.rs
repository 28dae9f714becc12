//! The Cedar engine: the one place that knows the `cedar_policy` crate.
//!
//! - A set is compiled and strictly validated once, and then only asked.
//! - A folder or a pattern that lies partly in a group is asked about as if it did and as if
//!   it did not; the stricter answer stands.
//! - A policy that cannot be evaluated makes the answer no.
//!
//! Not here: where the texts come from (`sets`, `watch`).

mod question;

use std::collections::{BTreeSet, HashMap};
use std::str::FromStr as _;
use std::sync::{Arc, LazyLock};

use cedar_policy::{
    Authorizer, Decision as Verdict, Effect as Kind, Entities, Policy, PolicyId, PolicySet,
    Response, Schema, ValidationMode, Validator,
};
use miette::Diagnostic;

use super::decision::{Decision, Effect};
use super::groups::Groups;
use super::limits;
use super::problem::Problem;
use super::source::{Origin, Source};
use super::{Question, Resource};
use crate::operations;
use crate::profiles::Profile;
pub use question::TOLD;
use question::{Asked, Partly};

static AUTHORIZER: LazyLock<Authorizer> = LazyLock::new(Authorizer::new);

/// A schema with its actions and groups.
pub struct Language {
    schema: Schema,
    actions: Entities,
}

/// Policies that can be asked.
pub struct Set {
    rules: PolicySet,
    /// The forbids with `@ask`: asked only when the rules say yes.
    asks: PolicySet,
    actions: Entities,
    told: HashMap<String, String>,
    groups: Arc<Groups>,
    /// What must be known of how this set came about.
    pub diagnostics: Vec<String>,
}

impl Language {
    /// Reads a schema; it must have every operation and the shapes that questions have.
    pub fn read(text: &str) -> Result<Self, Problem> {
        let read = Schema::from_cedarschema_str(text);
        let (schema, _warnings) = read.map_err(|error| problem(text, &error))?;
        let actions = schema.action_entities().map_err(|error| problem(text, &error))?;
        let language = Self { schema, actions };
        language.check().map_err(|why| {
            Problem::at(text, 0, why).with_help("start from the built-in schema and add to it")
        })?;
        Ok(language)
    }

    fn check(&self) -> Result<(), String> {
        let profile = Profile { allowed: Some(BTreeSet::new()), ..Profile::default() };
        let (caller, context) = (crate::context::Caller::coordinator(), serde_json::Map::new());
        let host = Resource::Domain { name: "example".into(), permitted: true };
        let resources =
            [Resource::Project, Resource::File("f".into()), Resource::Task("t".into()), host];
        for operation in operations::all() {
            for resource in &resources {
                let question = Question {
                    caller: &caller,
                    profile: &profile,
                    project: "example",
                    operation,
                    resource,
                    context: &context,
                };
                let asked = Asked::of(&question, &Groups::default(), Partly::In)?;
                let why = |error: &dyn std::fmt::Display| {
                    format!("the schema does not fit {}: {error}", operation.name)
                };
                asked.request(Some(&self.schema)).map_err(|error| why(&error))?;
                Entities::from_entities(asked.entities, Some(&self.schema))
                    .map_err(|error| why(&error))?;
            }
        }
        Ok(())
    }

    /// Compiles and validates policies; no text may be over the limits.
    pub fn compile(&self, sources: &[Source]) -> Result<Set, Vec<Problem>> {
        let (mut rules, mut asks) = (PolicySet::new(), PolicySet::new());
        let (mut told, mut problems) = (HashMap::new(), Vec::new());
        for source in sources {
            match self.policies(source) {
                Ok(policies) => {
                    for policy in policies {
                        let id = policy.id().to_string();
                        told.extend(
                            policy.annotation("reason").map(|text| (id.clone(), text.into())),
                        );
                        let twin = rules.policy(policy.id()).is_some()
                            || asks.policy(policy.id()).is_some();
                        let target =
                            if policy.annotation("ask").is_some() { &mut asks } else { &mut rules };
                        if twin || target.add(policy).is_err() {
                            let message = format!("there is already a policy named {id}");
                            problems.push(Problem::at(&source.text, 0, message).of(&source.name));
                        }
                    }
                }
                Err(found) => problems.extend(found),
            }
        }
        if !problems.is_empty() {
            return Err(problems);
        }
        let (actions, groups) = (self.actions.clone(), Arc::default());
        Ok(Set { rules, asks, actions, told, groups, diagnostics: Vec::new() })
    }

    /// The policies of one text, named and checked.
    fn policies(&self, source: &Source) -> Result<Vec<Policy>, Vec<Problem>> {
        let found = self.checked(source);
        found.map_err(|problems| {
            problems.into_iter().map(|problem| problem.of(&source.name)).collect()
        })
    }

    fn checked(&self, source: &Source) -> Result<Vec<Policy>, Vec<Problem>> {
        let text = source.text.as_str();
        let statements = limits::statements(text).map_err(|problem| vec![problem])?;
        let set = PolicySet::from_str(text).map_err(|errors| {
            errors.iter().map(|error| problem(text, error)).collect::<Vec<_>>()
        })?;
        if set.templates().next().is_some() {
            let message = "it is a template: it has ?principal or ?resource";
            return Err(vec![Problem::at(text, 0, message).with_help("name what is meant")]);
        }
        let result = Validator::new(self.schema.clone()).validate(&set, ValidationMode::Strict);
        let mut problems: Vec<Problem> =
            result.validation_errors().map(|error| problem(text, error)).collect();
        let mut policies = Vec::new();
        for at in 0..set.policies().count() {
            let Some(policy) = set.policy(&PolicyId::new(format!("policy{at}"))) else { continue };
            let start = statements.get(at).map_or(0, |statement| statement.start);
            problems.extend(
                forbidden(source, policy)
                    .map(|(message, help)| Problem::at(text, start, message).with_help(help)),
            );
            policies.push(policy.new_id(PolicyId::new(name(source, policy, at))));
        }
        if source.origin == Origin::Question && policies.is_empty() {
            problems.push(Problem::at(text, 0, "there is no policy in it"));
        }
        if source.origin == Origin::Row && policies.len() != 1 {
            let message = format!("it holds {} policies, and takes one", policies.len());
            problems.push(Problem::at(text, 0, message));
        }
        if problems.is_empty() { Ok(policies) } else { Err(problems) }
    }

    /// Everything that is wrong with a text.
    pub fn problems(&self, text: &str) -> Vec<Problem> {
        let name = String::new();
        let source = Source { origin: Origin::Question, name, text: text.to_owned() };
        self.checked(&source).err().unwrap_or_default()
    }
}

/// What a policy of this origin may not do.
fn forbidden(source: &Source, policy: &Policy) -> Option<(&'static str, &'static str)> {
    match (source.origin, policy.effect()) {
        (Origin::File, Kind::Permit) => Some((
            "a project's policies may only forbid, and this one permits",
            "ask a person to add it with `coord policy add`",
        )),
        (_, Kind::Permit) if policy.annotation("ask").is_some() => {
            Some(("@ask stands only on a forbid", "write forbid, or leave @ask out"))
        }
        _ => None,
    }
}

fn name(source: &Source, policy: &Policy, at: usize) -> String {
    let own = policy.annotation("id").filter(|id| !id.is_empty());
    match (source.origin, own) {
        (Origin::Row, _) => source.name.clone(),
        (Origin::File, Some(id)) => format!("{}:{id}", source.name),
        (Origin::File, None) => format!("{}:{}", source.name, at + 1),
        (_, Some(id)) => id.to_owned(),
        (_, None) => format!("policy {}", at + 1),
    }
}

/// Words of the crate, without the numbers that it gives to policies which have no names.
fn told(words: &str) -> &str {
    let rest = words.strip_prefix("for policy `policy").and_then(|rest| rest.split_once("`, "));
    rest.map_or(words, |(_, rest)| rest)
}

/// An error of the crate with its place and advice.
fn problem(text: &str, error: &dyn Diagnostic) -> Problem {
    let offset = error.labels().and_then(|mut labels| labels.next()).map(|label| label.offset());
    let problem = Problem::at(text, offset.unwrap_or_default(), told(&error.to_string()));
    match error.help() {
        Some(help) => problem.with_help(help.to_string()),
        None => problem,
    }
}

impl Set {
    /// A set that permits nothing.
    pub fn nothing(diagnostics: Vec<String>) -> Self {
        Self {
            rules: PolicySet::new(),
            asks: PolicySet::new(),
            actions: Entities::empty(),
            told: HashMap::new(),
            groups: Arc::default(),
            diagnostics,
        }
    }

    /// This set, with what must be known of it.
    pub fn with(self, diagnostics: Vec<String>) -> Self {
        Self { diagnostics, ..self }
    }

    /// This set, asked with these groups.
    pub fn grouped(self, groups: Arc<Groups>) -> Self {
        Self { groups, ..self }
    }

    /// The same policies, with what must be known of them now.
    pub fn again(&self, diagnostics: Vec<String>) -> Self {
        let (rules, asks) = (self.rules.clone(), self.asks.clone());
        let (actions, told) = (self.actions.clone(), self.told.clone());
        Self { rules, asks, actions, told, groups: Arc::clone(&self.groups), diagnostics }
    }

    /// The answer of this set.
    pub fn decide(&self, question: &Question<'_>) -> Decision {
        let mut decision = self.answer(question, Partly::In);
        if let Resource::File(path) = question.resource
            && !self.groups.of_path(path).partly.is_empty()
        {
            decision = decision.tightened(self.answer(question, Partly::Out));
        }
        decision.diagnostics.extend(self.diagnostics.iter().cloned());
        decision
    }

    fn answer(&self, question: &Question<'_>, partly: Partly) -> Decision {
        self.asked(question, partly).unwrap_or_else(|why| {
            let mut no = Decision::by(Effect::Deny, Vec::new());
            no.told = Some(format!("the policies could not be asked: {why}"));
            no
        })
    }

    fn asked(&self, question: &Question<'_>, partly: Partly) -> Result<Decision, String> {
        let asked = Asked::of(question, &self.groups, partly)?;
        let request = asked.request(None)?;
        // An action knows its groups; the other actions need not come along.
        let action = self.actions.get(&asked.action).cloned();
        let entities = Entities::from_entities(asked.entities.into_iter().chain(action), None);
        let entities = entities.map_err(|error| error.to_string())?;
        let response = AUTHORIZER.is_authorized(&request, &self.rules, &entities);
        let allowed = response.decision() == Verdict::Allow;
        if !allowed || !healthy(&response) {
            return Ok(self.by(Effect::Deny, &response));
        }
        if self.asks.is_empty() {
            return Ok(self.by(Effect::Allow, &response));
        }
        let asking = AUTHORIZER.is_authorized(&request, &self.asks, &entities);
        if !healthy(&asking) {
            return Ok(self.by(Effect::Deny, &asking));
        }
        let asks = asking.diagnostics().reason().next().is_some();
        Ok(if asks { self.by(Effect::Ask, &asking) } else { self.by(Effect::Allow, &response) })
    }

    fn by(&self, effect: Effect, response: &Response) -> Decision {
        let mut policies: Vec<String> =
            response.diagnostics().reason().map(ToString::to_string).collect();
        policies.sort_unstable();
        let told = policies.iter().find_map(|id| self.told.get(id).cloned());
        let mut decision = Decision::by(effect, policies);
        decision.told = told;
        decision.diagnostics = response.diagnostics().errors().map(ToString::to_string).collect();
        if !healthy(response) && decision.told.is_none() {
            decision.told = Some("a policy could not be evaluated".into());
        }
        decision
    }
}

fn healthy(response: &Response) -> bool {
    response.diagnostics().errors().next().is_none()
}
