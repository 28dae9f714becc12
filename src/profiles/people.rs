//! The tools by which people look at profiles.

use std::collections::BTreeMap;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::refusal::ProfileRefusal;
use super::sql::{self, AssignmentRow};
use super::tools::ProfileView;
use super::{EVERY, Profile, cache};
use crate::context::Context;
use crate::failure::Outcome;
use crate::store::Tx;
use crate::tool::{Access, Audience, Hints, Progress, Tool};

/// List every profile, and who has which.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct ListProfiles {}

/// Every profile and assignment.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Profiles {
    /// By name.
    pub profiles: Vec<Shown>,
    /// Assignments of this project and of all.
    pub assignments: Vec<Assignment>,
}

/// One profile, for people.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Shown {
    #[serde(flatten)]
    #[expect(missing_docs, reason = "the profile's own fields")]
    pub profile: ProfileView,
    /// Whether a person made or changed it.
    pub own: bool,
    #[expect(missing_docs, reason = "the name says it")]
    pub description: String,
}

/// Who has which profile.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Assignment {
    /// `agent` or `type`.
    pub subject_kind: String,
    #[expect(missing_docs, reason = "the kind says what it names")]
    pub subject: String,
    #[expect(missing_docs, reason = "the name says it")]
    pub profile: String,
    /// In every repository.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub everywhere: bool,
}

impl Assignment {
    /// The row as it is shown.
    pub(super) fn of(row: AssignmentRow) -> Self {
        Self {
            subject_kind: row.subject_kind,
            subject: row.subject,
            profile: row.profile,
            everywhere: row.project == EVERY,
        }
    }
}

fn assignments(tx: &Tx<'_>, ctx: &Context) -> Outcome<Vec<Assignment>> {
    let mut rows = sql::assignments(tx)?;
    rows.retain(|row| row.project == EVERY || row.project == ctx.project());
    Ok(rows.into_iter().map(Assignment::of).collect())
}

impl Tool for ListProfiles {
    const NAME: &'static str = "list_profiles";
    const TITLE: &'static str = "All profiles";
    const ACCESS: Access = Access::Read;
    const AUDIENCE: Audience = Audience::People;
    const HINTS: Hints = Hints { idempotent: true, destructive: false };
    type Reply = Profiles;

    fn run(&self, tx: &Tx<'_>, ctx: &Context) -> Outcome<Progress<Profiles>> {
        let table = cache::table(tx)?;
        let profiles = table.profiles.values().map(|profile| shown(profile)).collect();
        Ok(Progress::Ended(Profiles { profiles, assignments: assignments(tx, ctx)? }))
    }
}

fn shown(profile: &Profile) -> Shown {
    Shown {
        profile: ProfileView::of(profile),
        own: profile.own,
        description: profile.description.clone(),
    }
}

/// Show one profile, and who has it.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct ShowProfile {
    name: String,
}

impl Tool for ShowProfile {
    const NAME: &'static str = "show_profile";
    const TITLE: &'static str = "One profile";
    const ACCESS: Access = Access::Read;
    const AUDIENCE: Audience = Audience::People;
    const HINTS: Hints = Hints { idempotent: true, destructive: false };
    type Reply = Profiles;

    fn run(&self, tx: &Tx<'_>, ctx: &Context) -> Outcome<Progress<Profiles>> {
        let profile = super::change::known(tx, &self.name)?;
        let mut assignments = assignments(tx, ctx)?;
        assignments.retain(|assignment| assignment.profile == self.name);
        Ok(Progress::Ended(Profiles { profiles: vec![shown(&profile)], assignments }))
    }
}

/// The refusal for a name that no profile has.
pub fn unknown(name: &str, known: &BTreeMap<String, Arc<Profile>>) -> ProfileRefusal {
    let nearest = known
        .keys()
        .map(|other| (strsim::jaro_winkler(name, other), other))
        .filter(|(likeness, _)| *likeness > 0.8)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, other)| other.clone());
    ProfileRefusal::Unknown { name: name.chars().take(80).collect(), nearest }
}
