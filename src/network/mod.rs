//! Network policy: which hosts an agent may reach.
//!
//! - A host is compared label by label after IDNA, never as a piece of text.
//! - Of the rules that match, the highest priority decides; between equals, a block.
//! - An address in figures is allowed only by a rule for that very address.
//! - What no rule names is as `NETWORK_DEFAULT_POLICY` says.
//!
//! Not here: who may ask (`policy`), keeping a process from the network (nobody; this
//! answers questions).

mod builtin;
mod cache;
mod host;
mod import;
mod look;
mod pattern;
mod refusal;
mod rules;
mod settings_files;
mod sql;
mod tools;

use serde::Serialize;

pub use cache::decide;
pub use host::{HOST_MAX, Host};
pub use import::{ImportDomains, Imported};
pub use look::{CheckDomain, Checked, DomainLog, Domains, ListDomains, LogPage};
pub use pattern::{Pattern, matches};
pub use refusal::NetworkRefusal;
pub use rules::{Effect, Rule, Verdict};
pub use tools::{AllowDomain, BlockDomain, PRIORITY, PRIORITY_MAX, RuleSet};

pub use crate::config::NetworkPolicy;
use crate::context::Context;
use crate::failure::Outcome;
use crate::store::{Store, Tx};

/// What is said about a host, whether or not it is one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Access {
    /// The host as it was understood, or the text as it was sent.
    pub host: String,
    /// Whether it may be reached.
    pub allowed: bool,
    /// Why: `allowed`, `blocked`, `unlisted`, `address` or `not_a_host`.
    pub reason: &'static str,
    /// The pattern that decided.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
    /// What was wrong with the text, if it is no host.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
}

/// Puts a default policy in force for this store.
pub fn configure(store: &Store, default: NetworkPolicy) {
    cache::configure(&store.kept(), default);
}

/// Whether a host or the host of a URL may be reached with this profile.
///
/// # Errors
/// Faults only: text that is no host is not allowed, and the answer says why.
pub fn ask(tx: &Tx<'_>, ctx: &Context, profile: &str, text: &str) -> Outcome<Access> {
    let host = match Host::read(text) {
        Ok(host) => host,
        Err(refusal) => {
            return Ok(Access {
                host: text.chars().take(host::SHOWN_MAX).collect(),
                allowed: false,
                reason: "not_a_host",
                rule: None,
                why: Some(refusal.to_string()),
            });
        }
    };
    let verdict = decide(tx, ctx, profile, &host)?;
    Ok(Access {
        host: host.name,
        allowed: verdict.allowed,
        reason: verdict.reason,
        rule: verdict.rule,
        why: None,
    })
}

/// Notes a question about a host and its answer, with the next transaction.
///
/// # Errors
/// Faults only.
pub fn log(tx: &Tx<'_>, ctx: &Context, access: &Access) -> Outcome<()> {
    let (caller, project, now) = (ctx.caller.clone(), ctx.project().to_owned(), ctx.now);
    let access = access.clone();
    tx.later(move |tx| Ok(sql::log(tx, &project, &caller, &access, now)?))
}
