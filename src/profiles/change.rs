//! The tools by which a person makes, changes and assigns profiles.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::arguments::{self, DESCRIPTION_MAX, SUBJECT_MAX};
use super::people::{Assignment, unknown};
use super::refusal::ProfileRefusal;
use super::sql::{self, AssignmentRow, Row};
use super::tools::ProfileView;
use super::{EVERY, PERSON, Profile, built_in, cache};
use crate::context::Context;
use crate::failure::Outcome;
use crate::store::{Topic, Tx};
use crate::tool::{Access, Audience, Hints, Progress, Tool};

/// The profile of that name.
///
/// # Errors
/// `profile_not_found`, with the nearest name.
pub fn known(tx: &Tx<'_>, name: &str) -> Outcome<Arc<Profile>> {
    let table = cache::table(tx)?;
    let found = table.profiles.get(name).cloned();
    found.ok_or_else(|| unknown(name, &table.profiles).into())
}

/// Assign a profile to an agent or to all agents of a type, here or everywhere;
/// or take the assignment back.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct AssignProfile {
    /// The profile; left out to take the assignment back.
    profile: Option<String>,
    agent_id: Option<String>,
    /// Instead of one agent.
    agent_type: Option<String>,
    /// In every repository instead of this one.
    #[serde(default)]
    everywhere: bool,
}

/// What was assigned.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Assigned {
    /// `assigned` or `removed`.
    action: &'static str,
    #[serde(flatten)]
    assignment: Assignment,
}

impl AssignProfile {
    fn row(&self, ctx: &Context) -> Outcome<AssignmentRow> {
        let (subject_kind, subject) = match (&self.agent_id, &self.agent_type) {
            (Some(agent), None) => ("agent", agent),
            (None, Some(kind)) => ("type", kind),
            _ => return Err(ProfileRefusal::Nobody.into()),
        };
        arguments::check_length("agent_id", subject, SUBJECT_MAX)?;
        if subject.is_empty() {
            return Err(ProfileRefusal::Nobody.into());
        }
        Ok(AssignmentRow {
            project: if self.everywhere { EVERY.into() } else { ctx.project().into() },
            subject_kind: subject_kind.into(),
            subject: subject.clone(),
            profile: self.profile.clone().unwrap_or_default(),
        })
    }
}

impl Tool for AssignProfile {
    const NAME: &'static str = "assign_profile";
    const TITLE: &'static str = "Assign a profile";
    const ACCESS: Access = Access::Policy;
    const AUDIENCE: Audience = Audience::People;
    const HINTS: Hints = Hints { idempotent: true, destructive: false };
    const GROWS: bool = true;
    type Reply = Assigned;

    fn prepare(&mut self, ctx: &Context) -> Outcome<()> {
        self.row(ctx).map(drop)
    }

    fn run(&self, tx: &Tx<'_>, ctx: &Context) -> Outcome<Progress<Assigned>> {
        let row = self.row(ctx)?;
        let action = match &self.profile {
            Some(name) if name == PERSON => {
                return Err(ProfileRefusal::Reserved { name: name.clone() }.into());
            }
            Some(name) => {
                known(tx, name)?;
                sql::assign(tx, &row, &ctx.caller.agent_id, ctx.now)?;
                "assigned"
            }
            None if sql::unassign(tx, &row)? == 0 => {
                return Err(ProfileRefusal::NotAssigned { subject: row.subject }.into());
            }
            None => "removed",
        };
        tx.changed(Topic::Profiles);
        Ok(Progress::Ended(Assigned { action, assignment: Assignment::of(row) }))
    }
}

/// Make a profile, or change one: only what is given changes. Limits: -1 is none.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct SetProfile {
    name: String,
    description: Option<String>,
    /// Agents of this type have it unless another is assigned; empty for none.
    agent_type: Option<String>,
    /// 0 suspended, 1 reads, 2 writes, 3 administers, 4 edits policy.
    trust_level: Option<i64>,
    /// Only these; empty for all that the trust allows.
    allowed_operations: Option<Vec<String>>,
    /// Never these.
    blocked_operations: Option<Vec<String>>,
    /// A person approves each call of these.
    ask_operations: Option<Vec<String>>,
    files_per_day: Option<i64>,
    seconds_per_day: Option<i64>,
    calls_per_hour: Option<i64>,
    /// Drop what was set; a built-in profile is as it was.
    #[serde(default)]
    reset: bool,
}

/// The profile as it is now.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Changed {
    /// `set`, `reset` or `removed`.
    action: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    profile: Option<ProfileView>,
}

impl SetProfile {
    fn changed(&self, mut profile: Profile) -> Outcome<Profile> {
        if let Some(trust) = self.trust_level {
            profile.trust = arguments::check_trust(trust)?;
        }
        if let Some(text) = &self.description {
            profile.description.clone_from(text);
        }
        if let Some(kind) = &self.agent_type {
            profile.agent_type = Some(kind.clone()).filter(|kind| !kind.is_empty());
        }
        if let Some(names) = &self.allowed_operations {
            let names = arguments::operations("allowed_operations", names)?;
            profile.allowed = Some(names).filter(|names| !names.is_empty());
        }
        if let Some(names) = &self.blocked_operations {
            profile.blocked = arguments::operations("blocked_operations", names)?;
        }
        if let Some(names) = &self.ask_operations {
            profile.ask = arguments::operations("ask_operations", names)?;
        }
        let limits = &mut profile.limits;
        for (asked, limit) in [
            (self.files_per_day, &mut limits.files_per_day),
            (self.seconds_per_day, &mut limits.seconds_per_day),
            (self.calls_per_hour, &mut limits.calls_per_hour),
        ] {
            if let Some(asked) = asked {
                *limit = Some(asked).filter(|asked| *asked >= 0);
            }
        }
        profile.own = true;
        Ok(profile)
    }

    fn reset(&self, tx: &Tx<'_>) -> Outcome<Changed> {
        let stays = built_in().any(|profile| profile.name == self.name);
        let mut rows = sql::assignments(tx)?.into_iter();
        if let Some(row) = rows.find(|row| !stays && row.profile == self.name) {
            let name = self.name.clone();
            return Err(ProfileRefusal::InUse { name, subject: row.subject }.into());
        }
        known(tx, &self.name)?;
        sql::remove(tx, &self.name)?;
        let profile = if stays { Some(known(tx, &self.name)?) } else { None };
        let profile = profile.map(|profile| ProfileView::of(&profile));
        Ok(Changed { action: if stays { "reset" } else { "removed" }, profile })
    }
}

impl Tool for SetProfile {
    const NAME: &'static str = "set_profile";
    const TITLE: &'static str = "Change a profile";
    const ACCESS: Access = Access::Policy;
    const AUDIENCE: Audience = Audience::People;
    const HINTS: Hints = Hints { idempotent: true, destructive: false };
    const GROWS: bool = true;
    type Reply = Changed;

    fn prepare(&mut self, _ctx: &Context) -> Outcome<()> {
        arguments::check_name(&self.name)?;
        let description = self.description.as_deref().unwrap_or_default();
        arguments::check_length("description", description, DESCRIPTION_MAX)?;
        let kind = self.agent_type.as_deref().unwrap_or_default();
        arguments::check_length("agent_type", kind, SUBJECT_MAX)?;
        arguments::check_limit("files_per_day", self.files_per_day)?;
        arguments::check_limit("seconds_per_day", self.seconds_per_day)?;
        arguments::check_limit("calls_per_hour", self.calls_per_hour)?;
        self.changed(Profile::default()).map(drop)
    }

    fn run(&self, tx: &Tx<'_>, ctx: &Context) -> Outcome<Progress<Changed>> {
        tx.changed(Topic::Profiles);
        if self.reset {
            return self.reset(tx).map(Progress::Ended);
        }
        let table = cache::table(tx)?;
        let fresh = || Profile {
            name: self.name.clone(),
            trust: table.default_trust(),
            ..Profile::default()
        };
        let before = table.profiles.get(&self.name).map_or_else(fresh, |old| Profile::clone(old));
        let profile = self.changed(before)?;
        let view = ProfileView::of(&profile);
        sql::put(
            tx,
            &Row { profile, updated_by: ctx.caller.agent_id.clone(), updated_at: ctx.now },
        )?;
        Ok(Progress::Ended(Changed { action: "set", profile: Some(view) }))
    }
}
