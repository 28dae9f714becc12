//! A question in Cedar's values.
//!
//! - Names of agents, paths and hosts never pass through a parser: they are values.
//!
//! Not here: which groups something is in (`groups`), the policies (`cedar`).

use std::collections::{BTreeSet, HashMap, HashSet};
use std::str::FromStr as _;
use std::sync::LazyLock;

use cedar_policy::{
    Context, Entity, EntityId, EntityTypeName, EntityUid, Request, RestrictedExpression as Value,
    Schema,
};

use super::super::groups::Groups;
use super::super::{Question, Resource};

/// Parts of a question that are told on only if they are there.
pub const TOLD: [&str; 4] = ["branch", "command", "method", "reason"];

/// The names of the types, parsed once.
struct Types {
    action: EntityTypeName,
    agent: EntityTypeName,
    agent_group: EntityTypeName,
    agent_type: EntityTypeName,
    domain: EntityTypeName,
    domain_group: EntityTypeName,
    file: EntityTypeName,
    path_group: EntityTypeName,
    project: EntityTypeName,
    task: EntityTypeName,
}

#[expect(clippy::expect_used, reason = "the names are constants that every test of Cedar reads")]
static TYPES: LazyLock<Types> = LazyLock::new(|| {
    let name = |text: &str| EntityTypeName::from_str(text).expect("it is a name");
    Types {
        action: name("Action"),
        agent: name("Agent"),
        agent_group: name("AgentGroup"),
        agent_type: name("AgentType"),
        domain: name("Domain"),
        domain_group: name("DomainGroup"),
        file: name("File"),
        path_group: name("PathGroup"),
        project: name("Project"),
        task: name("Task"),
    }
});

/// A question in Cedar's values.
pub struct Asked {
    principal: EntityUid,
    pub action: EntityUid,
    resource: EntityUid,
    context: Context,
    pub entities: Vec<Entity>,
}

/// What a folder or a pattern that lies partly in a group counts as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Partly {
    In,
    Out,
}

fn uid(kind: &EntityTypeName, id: &str) -> EntityUid {
    EntityUid::from_type_name_and_id(kind.clone(), EntityId::new(id))
}

fn text(value: &str) -> Value {
    Value::new_string(value.to_owned())
}

fn texts(values: &BTreeSet<String>) -> Value {
    Value::new_set(values.iter().map(|value| text(value)))
}

impl Asked {
    /// The question, with the groups that everything in it belongs to.
    pub fn of(question: &Question<'_>, groups: &Groups, partly: Partly) -> Result<Self, String> {
        let types = &*TYPES;
        let principal = uid(&types.agent, &question.caller.agent_id);
        let agent = principal_entity(question, principal.clone(), groups)?;
        let (resource, about) = resource_entity(question, groups, partly)?;
        let mut pairs = vec![("operation".to_owned(), text(question.operation.name))];
        for key in TOLD {
            let told = question.context.get(key).and_then(serde_json::Value::as_str);
            pairs.extend(told.map(|told| (key.to_owned(), text(told))));
        }
        Ok(Self {
            principal,
            action: uid(&types.action, question.operation.name),
            resource,
            context: Context::from_pairs(pairs).map_err(|error| error.to_string())?,
            entities: std::iter::once(agent).chain(about).collect(),
        })
    }

    /// The request; against a schema, if it is to be checked.
    pub fn request(&self, schema: Option<&Schema>) -> Result<Request, String> {
        let (principal, action) = (self.principal.clone(), self.action.clone());
        Request::new(principal, action, self.resource.clone(), self.context.clone(), schema)
            .map_err(|error| error.to_string())
    }
}

fn principal_entity(
    question: &Question<'_>,
    uid_of_agent: EntityUid,
    groups: &Groups,
) -> Result<Entity, String> {
    let (caller, profile) = (question.caller, question.profile);
    let mut attributes = HashMap::from([
        ("trust".to_owned(), Value::new_long(profile.trust.into())),
        ("person".to_owned(), Value::new_bool(caller.person)),
        ("profile".to_owned(), text(&profile.name)),
        ("agent_type".to_owned(), text(&caller.agent_type)),
        ("project".to_owned(), text(question.project)),
        ("blocked".to_owned(), texts(&profile.blocked)),
        ("ask".to_owned(), texts(&profile.ask)),
    ]);
    attributes.extend(profile.allowed.as_ref().map(|all| ("allowed".to_owned(), texts(all))));
    let groups = groups.of_caller(caller).map(|group| uid(&TYPES.agent_group, group));
    let parents = groups.chain([uid(&TYPES.agent_type, &caller.agent_type)]).collect();
    Entity::new(uid_of_agent, attributes, parents).map_err(|error| error.to_string())
}

fn resource_entity(
    question: &Question<'_>,
    groups: &Groups,
    partly: Partly,
) -> Result<(EntityUid, Option<Entity>), String> {
    let types = &*TYPES;
    let (uid, attributes, parents): (_, _, HashSet<EntityUid>) = match question.resource {
        Resource::Project => return Ok((uid(&types.project, question.project), None)),
        Resource::Task(id) => return Ok((uid(&types.task, id), None)),
        Resource::File(path) => {
            let found = groups.of_path(path);
            let partial = if partly == Partly::In { found.partly } else { Vec::new() };
            let found = found.wholly.into_iter().chain(partial);
            let attributes = HashMap::from([("path".to_owned(), text(path))]);
            let parents = found.map(|group| uid(&types.path_group, group)).collect();
            (uid(&types.file, path), attributes, parents)
        }
        Resource::Domain { name, permitted } => (
            uid(&types.domain, name),
            HashMap::from([
                ("name".to_owned(), text(name)),
                ("permitted".to_owned(), Value::new_bool(*permitted)),
            ]),
            groups.of_host(name).map(|group| uid(&types.domain_group, group)).collect(),
        ),
    };
    let entity = Entity::new(uid.clone(), attributes, parents);
    Ok((uid, Some(entity.map_err(|error| error.to_string())?)))
}
