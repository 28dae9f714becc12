//! The tools by which a person makes groups.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::super::refusal::PolicyRefusal;
use super::super::sql::{self, Member};
use super::MemberKind;
use crate::context::Context;
use crate::failure::Outcome;
use crate::network;
use crate::profiles::EVERY;
use crate::store::{Topic, Tx};
use crate::tool::{Access, Audience, Hints, Progress, Tool};

/// Members that groups of one repository can have together.
pub const MEMBERS_MAX: usize = 200;
/// Bytes of a group's name, at most.
const NAME_MAX: usize = 64;
/// Bytes of a member, at most.
const MEMBER_MAX: usize = 512;

/// List the groups that policies can speak of, and who is in them.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct ListGroups {}

/// Every group.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Listing {
    members: Vec<Shown>,
}

/// One member of a group.
#[derive(Debug, Serialize, JsonSchema)]
struct Shown {
    /// As policies write it.
    group: String,
    /// `agent`, `agent_type`, `path` or `domain`.
    #[schemars(with = "String")]
    kind: MemberKind,
    member: String,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    everywhere: bool,
}

impl Shown {
    fn of(row: Member) -> Self {
        Self {
            group: format!("{}::{:?}", row.kind.group_type(), row.group),
            kind: row.kind,
            member: row.member,
            everywhere: row.project == EVERY,
        }
    }
}

impl Tool for ListGroups {
    const NAME: &'static str = "list_groups";
    const TITLE: &'static str = "Groups in policies";
    const ACCESS: Access = Access::Read;
    const AUDIENCE: Audience = Audience::People;
    const HINTS: Hints = Hints { idempotent: true, destructive: false };
    type Reply = Listing;

    fn run(&self, tx: &Tx<'_>, ctx: &Context) -> Outcome<Progress<Listing>> {
        let rows = sql::members(tx, ctx.project())?;
        Ok(Progress::Ended(Listing { members: rows.into_iter().map(Shown::of).collect() }))
    }
}

/// Put an agent, a type of agents, a path or a host into a group that policies can speak
/// of, or take it out.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct ChangeGroup {
    /// Its name: a-z, 0-9, - and _.
    group: String,
    agent_id: Option<String>,
    agent_type: Option<String>,
    /// A file, a folder (`src/`) or a pattern.
    path: Option<String>,
    /// A host, or `*.` and a host for everything below it.
    domain: Option<String>,
    /// Take it out.
    #[serde(default)]
    remove: bool,
    /// In every repository instead of this one.
    #[serde(default)]
    everywhere: bool,
    #[serde(skip)]
    shown: Option<String>,
}

/// What became of the member.
#[derive(Debug, Serialize, JsonSchema)]
pub struct GroupChanged {
    /// `added`, `unchanged` or `removed`.
    action: &'static str,
    #[serde(flatten)]
    member: Shown,
}

fn bad(field: &'static str, sent: &str, accepts: &'static str) -> PolicyRefusal {
    let sent = format!("{:?}", sent.chars().take(80).collect::<String>());
    PolicyRefusal::Bad { field, sent, accepts }
}

impl ChangeGroup {
    /// The one thing that was named.
    fn named(&self) -> Outcome<(MemberKind, &'static str, &str)> {
        let all = [
            (MemberKind::Agent, "agent_id", &self.agent_id),
            (MemberKind::AgentType, "agent_type", &self.agent_type),
            (MemberKind::Path, "path", &self.path),
            (MemberKind::Domain, "domain", &self.domain),
        ];
        let mut given =
            all.into_iter().filter_map(|(kind, field, text)| Some((kind, field, text.as_deref()?)));
        match (given.next(), given.next()) {
            (Some(one), None) => Ok(one),
            _ => Err(PolicyRefusal::NoMember.into()),
        }
    }

    fn checked(&self, ctx: &Context) -> Outcome<String> {
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '_';
        if self.group.is_empty() || self.group.len() > NAME_MAX || !self.group.chars().all(plain) {
            return Err(bad("group", &self.group, "1 to 64 of a-z, 0-9, - and _").into());
        }
        let (kind, field, text) = self.named()?;
        let member = match kind {
            MemberKind::Path => ctx.repo.resolve(text)?.shown,
            MemberKind::Domain => network::Pattern::read(text)?.text,
            MemberKind::Agent | MemberKind::AgentType => text.to_owned(),
        };
        if member.is_empty() || member.len() > MEMBER_MAX || member.contains('\0') {
            return Err(bad(field, text, "1 to 512 bytes without NUL").into());
        }
        Ok(member)
    }
}

impl Tool for ChangeGroup {
    const NAME: &'static str = "change_group";
    const TITLE: &'static str = "Change a group";
    const ACCESS: Access = Access::Policy;
    const AUDIENCE: Audience = Audience::People;
    const HINTS: Hints = Hints { idempotent: true, destructive: false };
    const GROWS: bool = true;
    type Reply = GroupChanged;

    fn prepare(&mut self, ctx: &Context) -> Outcome<()> {
        self.shown = Some(self.checked(ctx)?);
        Ok(())
    }

    fn run(&self, tx: &Tx<'_>, ctx: &Context) -> Outcome<Progress<GroupChanged>> {
        let row = Member {
            project: if self.everywhere { EVERY.into() } else { ctx.project().into() },
            kind: self.named()?.0,
            group: self.group.clone(),
            member: self.shown.clone().unwrap_or_default(),
        };
        let action = if self.remove {
            if sql::leave(tx, &row)? == 0 {
                let (group, member) = (row.group, row.member);
                return Err(PolicyRefusal::NotInGroup { group, member }.into());
            }
            "removed"
        } else {
            let known = sql::members(tx, ctx.project())?;
            if known.len() >= MEMBERS_MAX && !known.contains(&row) {
                return Err(PolicyRefusal::FullGroups.into());
            }
            if sql::join(tx, &row, &ctx.caller.agent_id, ctx.now)? == 0 {
                "unchanged"
            } else {
                "added"
            }
        };
        tx.changed(Topic::Profiles);
        Ok(Progress::Ended(GroupChanged { action, member: Shown::of(row) }))
    }
}
