//! The tool by which an agent learns what it may do.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Limits, Profile, Source, cache, usage};
use crate::context::Context;
use crate::failure::Outcome;
use crate::store::Tx;
use crate::time::SECOND;
use crate::tool::{Access, Hints, Progress, Tool};

/// Learn what you may do here: your trust level, allowed and blocked operations,
/// limits and what is used of them.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct GetMyProfile {}

/// The caller's profile.
#[derive(Debug, Serialize, JsonSchema)]
pub struct MyProfile {
    profile: ProfileView,
    source: Source,
}

/// A profile as it is shown.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ProfileView {
    /// Its name.
    pub name: String,
    #[expect(missing_docs, reason = "the name says it")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub agent_type: Option<String>,
    /// 0 suspended, 1 reads, 2 writes, 3 administers, 4 edits policy.
    pub trust_level: u8,
    /// Only these; all that the trust allows if left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub allowed_operations: Option<Vec<String>>,
    #[expect(missing_docs, reason = "the name says it")]
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub blocked_operations: Vec<String>,
    /// A person approves each call.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub ask_operations: Vec<String>,
    /// No entry: no limit.
    pub limits: Limits,
    /// What is used of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub usage: Option<UsageView>,
}

/// What has been used up in the present windows.
#[derive(Clone, Copy, Debug, Serialize, JsonSchema)]
#[expect(missing_docs, reason = "as the limits")]
pub struct UsageView {
    pub files_per_day: i64,
    pub seconds_per_day: i64,
    pub calls_per_hour: i64,
}

impl ProfileView {
    /// The profile, without what anybody used.
    #[must_use]
    pub fn of(profile: &Profile) -> Self {
        Self {
            name: profile.name.clone(),
            agent_type: profile.agent_type.clone(),
            trust_level: profile.trust,
            allowed_operations: profile.allowed.as_ref().map(|all| all.iter().cloned().collect()),
            blocked_operations: profile.blocked.iter().cloned().collect(),
            ask_operations: profile.ask.iter().cloned().collect(),
            limits: profile.limits,
            usage: None,
        }
    }
}

impl Tool for GetMyProfile {
    const NAME: &'static str = "get_my_profile";
    const TITLE: &'static str = "My profile";
    const ACCESS: Access = Access::Read;
    const HINTS: Hints = Hints { idempotent: true, destructive: false };
    type Reply = MyProfile;

    fn run(&self, tx: &Tx<'_>, ctx: &Context) -> Outcome<Progress<MyProfile>> {
        let held = cache::held(tx, ctx)?;
        let (used, files) = usage(tx, ctx.project(), &ctx.caller.agent_id, ctx.now)?;
        let usage = UsageView {
            files_per_day: files,
            seconds_per_day: used.active_ms / SECOND,
            calls_per_hour: used.calls,
        };
        let profile = ProfileView { usage: Some(usage), ..ProfileView::of(&held.profile) };
        Ok(Progress::Ended(MyProfile { profile, source: held.source }))
    }
}
