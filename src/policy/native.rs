//! The native engine: the built-in policies as code, for those who want no language.
//!
//! Not here: policies that people write; those are Cedar's.

use super::decision::{Decision, Effect, grants, id, trust_needed};
use super::{Question, Resource};
use crate::operations::NETWORK_ACCESS;

/// The answer of the built-in policies.
pub fn decide(question: &Question<'_>) -> Decision {
    let Question { profile, operation, .. } = question;
    let host_is_closed = operation.name == NETWORK_ACCESS
        && matches!(question.resource, Resource::Domain { permitted: false, .. });
    let forbids = [
        (id::DOMAIN, host_is_closed),
        (id::PEOPLE, operation.people && !question.caller.person),
        (id::BLOCKS, profile.blocked.contains(operation.name)),
        (id::NOT_LISTED, profile.allowed.as_ref().is_some_and(|all| !all.contains(operation.name))),
        (id::SUSPENDED, profile.trust == 0),
    ];
    let found = forbids.iter().filter(|(_, forbids)| *forbids).map(|(id, _)| (*id).to_owned());
    let mut forbidding: Vec<String> = found.collect();
    if !forbidding.is_empty() {
        forbidding.sort_unstable();
        return Decision::by(Effect::Deny, forbidding);
    }
    if profile.trust < trust_needed(operation.access) {
        return Decision::by(Effect::Deny, Vec::new());
    }
    if profile.ask.contains(operation.name) {
        return Decision::by(Effect::Ask, vec![id::ASKS.into()]);
    }
    Decision::by(Effect::Allow, vec![grants(operation.access).into()])
}
