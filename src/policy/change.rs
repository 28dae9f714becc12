//! The tools by which a person adds a policy and switches one off.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::refusal::PolicyRefusal;
use super::sql::{self, Stored};
use super::validate::check_size;
use super::{engine, schema, sets};
use crate::config::PolicyEngine;
use crate::context::Context;
use crate::failure::Outcome;
use crate::profiles::EVERY;
use crate::store::{Topic, Tx};
use crate::tool::{Access, Audience, Hints, Progress, Tool};

/// Bytes of a policy's name, at most.
const ID_MAX: usize = 64;
/// Bytes of a description, at most.
const DESCRIPTION_MAX: usize = 500;

/// Add a Cedar policy, or put another in its place.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct AddPolicy {
    /// Names it in decisions: a-z, 0-9, - and _.
    policy_id: String,
    /// One Cedar policy.
    policy_text: String,
    #[serde(default)]
    description: String,
    /// In every repository instead of this one.
    #[serde(default)]
    everywhere: bool,
}

/// What became of the policy.
#[derive(Debug, Serialize, JsonSchema)]
pub struct PolicyChanged {
    /// `added`, `replaced`, `disabled`, `enabled` or `removed`.
    action: &'static str,
    policy_id: String,
    /// It decides nothing as long as the native engine is in force.
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<&'static str>,
}

impl PolicyChanged {
    fn new(tx: &Tx<'_>, action: &'static str, policy_id: &str) -> Self {
        let idle = engine(tx) == PolicyEngine::Native;
        let note = idle.then_some(
            "the native engine is in force; Cedar policies decide once POLICY_ENGINE is cedar",
        );
        Self { action, policy_id: policy_id.to_owned(), note }
    }
}

fn check_id(id: &str) -> Outcome<()> {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '_';
    if id.is_empty() || id.len() > ID_MAX || !id.chars().all(plain) {
        return Err(PolicyRefusal::Bad {
            field: "policy_id",
            sent: format!("{:?}", id.chars().take(80).collect::<String>()),
            accepts: "1 to 64 of a-z, 0-9, - and _",
        }
        .into());
    }
    Ok(())
}

impl Tool for AddPolicy {
    const NAME: &'static str = "add_policy";
    const TITLE: &'static str = "Add a policy";
    const ACCESS: Access = Access::Policy;
    const AUDIENCE: Audience = Audience::People;
    const HINTS: Hints = Hints { idempotent: true, destructive: false };
    const GROWS: bool = true;
    type Reply = PolicyChanged;

    fn prepare(&mut self, _ctx: &Context) -> Outcome<()> {
        check_id(&self.policy_id)?;
        check_size("policy_text", &self.policy_text)?;
        for (field, text) in
            [("policy_text", &self.policy_text), ("description", &self.description)]
        {
            if text.contains('\0') {
                let sent = "text with a NUL character".into();
                return Err(PolicyRefusal::Bad { field, sent, accepts: "text without one" }.into());
            }
        }
        let bytes = self.description.len();
        if bytes > DESCRIPTION_MAX {
            let (field, most) = ("description", DESCRIPTION_MAX);
            return Err(PolicyRefusal::TooLong { field, bytes, most }.into());
        }
        drop(schema::built_in());
        Ok(())
    }

    fn run(&self, tx: &Tx<'_>, ctx: &Context) -> Outcome<Progress<PolicyChanged>> {
        let before = sql::policy(tx, &self.policy_id)?;
        let row = Stored {
            policy_id: self.policy_id.clone(),
            project: if self.everywhere { EVERY.into() } else { ctx.project().into() },
            text: self.policy_text.clone(),
            description: self.description.clone(),
            enabled: true,
            updated_by: ctx.caller.agent_id.clone(),
            updated_at: ctx.now,
        };
        if let Some(other) = before.as_ref().filter(|other| other.project != row.project) {
            let accepts = "a name that no policy of another scope has";
            let sent = format!("{:?}, which is in force in {}", self.policy_id, scope(other));
            return Err(PolicyRefusal::Bad { field: "policy_id", sent, accepts }.into());
        }
        sql::put(tx, &row)?;
        self.fits(tx, ctx)?;
        tx.changed(Topic::Profiles);
        let action = if before.is_some() { "replaced" } else { "added" };
        Ok(Progress::Ended(PolicyChanged::new(tx, action, &self.policy_id)))
    }
}

fn scope(row: &Stored) -> String {
    if row.project == EVERY { "every repository".into() } else { row.project.clone() }
}

impl AddPolicy {
    /// Whether the whole set compiles with it: names are unique, and each part is right.
    fn fits(&self, tx: &Tx<'_>, ctx: &Context) -> Outcome<()> {
        let mut sources = vec![schema::default_policies()];
        sources.extend(sets::added(tx, ctx)?);
        let Err(problems) = sets::language(tx).compile(&sources) else { return Ok(()) };
        let own = |source: &Option<String>| source.as_deref() == Some(&self.policy_id);
        match problems.into_iter().find(|problem| own(&problem.source)) {
            Some(problem) => Err(PolicyRefusal::Invalid { problem }.into()),
            // Somebody else's policy is broken; this one is not kept from being added.
            None => Ok(()),
        }
    }
}

/// Switch a policy off that was added, on again, or remove it.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct DisablePolicy {
    policy_id: String,
    /// Switch it on again.
    #[serde(default)]
    enable: bool,
    /// Remove it altogether.
    #[serde(default)]
    remove: bool,
}

impl Tool for DisablePolicy {
    const NAME: &'static str = "disable_policy";
    const TITLE: &'static str = "Switch a policy off";
    const ACCESS: Access = Access::Policy;
    const AUDIENCE: Audience = Audience::People;
    const HINTS: Hints = Hints { idempotent: true, destructive: true };
    type Reply = PolicyChanged;

    fn run(&self, tx: &Tx<'_>, ctx: &Context) -> Outcome<Progress<PolicyChanged>> {
        let found = sql::policy(tx, &self.policy_id)?;
        let here = |row: &Stored| row.project == EVERY || row.project == ctx.project();
        let Some(row) = found.filter(here) else {
            let id = self.policy_id.chars().take(80).collect();
            return Err(PolicyRefusal::Unknown { id }.into());
        };
        tx.changed(Topic::Profiles);
        let action = if self.remove {
            sql::remove(tx, &row.policy_id)?;
            "removed"
        } else {
            let by = ctx.caller.agent_id.clone();
            sql::put(
                tx,
                &Stored { enabled: self.enable, updated_by: by, updated_at: ctx.now, ..row },
            )?;
            if self.enable { "enabled" } else { "disabled" }
        };
        Ok(Progress::Ended(PolicyChanged::new(tx, action, &self.policy_id)))
    }
}
