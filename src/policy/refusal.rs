//! Why a policy says no, and why a policy is not taken.

use serde_json::{Map, Value, json};

use super::decision::{Decision, id, reason, trust_needed};
use super::problem::Problem;
use super::{Question, Resource};
use crate::failure::Refusal;

/// A "no" of the policies.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the messages say it")]
pub enum PolicyRefusal {
    #[error("{reason}")]
    Suspended { reason: String, profile: String },
    #[error("{reason}")]
    Trust { reason: String, operation: String, needed: u8, trust: u8, profile: String },
    #[error("{reason}")]
    NotPermitted {
        reason: String,
        operation: String,
        resource: Option<String>,
        policies: Vec<String>,
        profile: String,
    },
    #[error("{field} has {bytes} bytes; it takes at most {most}")]
    TooLong { field: &'static str, bytes: usize, most: usize },
    #[error("{field} was {sent}; it takes {accepts}")]
    Bad { field: &'static str, sent: String, accepts: &'static str },
    #[error("{problem}")]
    Invalid { problem: Problem },
    #[error("there is no policy {id:?} of your own")]
    Unknown { id: String },
    #[error(
        "a group takes one agent_id, agent_type, path or domain, and none or several were given"
    )]
    NoMember,
    #[error("{member:?} is not in a group {group:?} of that kind and scope")]
    NotInGroup { group: String, member: String },
    #[error("the groups of this repository have {} members, and take no more", super::MEMBERS_MAX)]
    FullGroups,
    #[error("there is no operation {name:?}")]
    UnknownOperation { name: String, nearest: Option<&'static str> },
}

impl PolicyRefusal {
    /// The refusal that a "no" is to whoever called.
    #[must_use]
    pub fn of(question: &Question<'_>, decision: &Decision) -> Self {
        let reason = reason(question, decision);
        let profile = question.profile.name.clone();
        let (trust, needed) = (question.profile.trust, trust_needed(question.operation.access));
        let operation = question.operation.name.to_owned();
        if decision.has(id::SUSPENDED) {
            return Self::Suspended { reason, profile };
        }
        if decision.policies.is_empty() && trust < needed {
            return Self::Trust { reason, operation, needed, trust, profile };
        }
        let resource = match question.resource {
            Resource::Project => None,
            Resource::File(name) | Resource::Task(name) | Resource::Domain { name, .. } => {
                Some(name.clone())
            }
        };
        let policies = decision.policies.clone();
        Self::NotPermitted { reason, operation, resource, policies, profile }
    }
}

impl Refusal for PolicyRefusal {
    fn code(&self) -> &'static str {
        match self {
            Self::Suspended { .. } => "agent_suspended",
            Self::Trust { .. } => "insufficient_trust_level",
            Self::NotPermitted { .. } => "operation_not_permitted",
            Self::Invalid { .. } => "invalid_policy",
            Self::Unknown { .. } => "policy_not_found",
            Self::NotInGroup { .. } => "member_not_found",
            Self::FullGroups => "too_many_members",
            Self::TooLong { .. }
            | Self::Bad { .. }
            | Self::NoMember
            | Self::UnknownOperation { .. } => "invalid_argument",
        }
    }

    fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Suspended { .. } => "stop here and tell the person who runs you",
            Self::Trust { .. } => {
                "leave it to an agent that is trusted further, or ask a person to raise the trust"
            }
            Self::NotPermitted { .. } => "do it another way, or ask a person to change the policy",
            Self::TooLong { .. } => "split it into several policies",
            Self::Invalid { problem } => {
                return Some(problem.help.clone().unwrap_or_else(|| {
                    "mend it; `coord policy validate` tells whether it is right".into()
                }));
            }
            Self::Unknown { .. } => {
                "`coord policy list` shows them; a built-in policy cannot be switched off"
            }
            Self::UnknownOperation { nearest: Some(name), .. } => {
                return Some(format!("did you mean {name}?"));
            }
            Self::UnknownOperation { .. } => "an operation is the name of a tool",
            Self::NoMember => "name one at a time",
            Self::NotInGroup { .. } => "`coord policy group` lists every member",
            Self::FullGroups => "name a folder or a pattern instead of its files",
            Self::Bad { .. } => return None,
        };
        Some(hint.into())
    }

    fn facts(&self) -> Map<String, Value> {
        let facts = match self {
            Self::Suspended { profile, .. } => {
                vec![("profile", json!(profile)), ("trust_level", json!(0))]
            }
            Self::Trust { operation, needed, trust, profile, .. } => vec![
                ("operation", json!(operation)),
                ("required_trust_level", json!(needed)),
                ("trust_level", json!(trust)),
                ("profile", json!(profile)),
            ],
            Self::NotPermitted { operation, resource, policies, profile, .. } => {
                let mut facts = vec![
                    ("operation", json!(operation)),
                    ("policies", json!(policies)),
                    ("profile", json!(profile)),
                ];
                facts.extend(resource.as_ref().map(|resource| ("resource", json!(resource))));
                facts
            }
            Self::TooLong { field, most, .. } => {
                vec![("field", json!(field)), ("limit", json!(most))]
            }
            Self::Bad { field, .. } => vec![("field", json!(field))],
            Self::Invalid { problem } => {
                vec![("line", json!(problem.line)), ("column", json!(problem.column))]
            }
            Self::Unknown { id } => vec![("policy_id", json!(id))],
            Self::NoMember => vec![("field", json!("agent_id"))],
            Self::NotInGroup { group, member } => {
                vec![("group", json!(group)), ("member", json!(member))]
            }
            Self::FullGroups => vec![("limit", json!(super::MEMBERS_MAX))],
            Self::UnknownOperation { .. } => vec![("field", json!("operation"))],
        };
        facts.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
    }
}
