//! Groups of agents, paths and hosts that people make, for policies to speak of:
//! `principal in AgentGroup::"…"`, `resource in PathGroup::"…"`, `DomainGroup::"…"`.
//!
//! - An agent is in a group by its name or by its type.
//! - A path is wholly in a group if one member covers it, and partly if it only overlaps:
//!   a folder or a pattern can be both in and out.
//! - A host is compared label by label, as in the lists of hosts.
//!
//! Not here: what being in a group means (the policies).

mod tools;

use serde::{Deserialize, Serialize};

pub use tools::{ChangeGroup, GroupChanged, ListGroups, Listing, MEMBERS_MAX};

use super::Resource;
use super::sql::{self, Member};
use crate::context::{Caller, Context};
use crate::failure::Outcome;
use crate::network;
use crate::repo::{self, Target};
use crate::store::Tx;

/// What a member of a group is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MemberKind {
    Agent,
    AgentType,
    Path,
    Domain,
}

impl MemberKind {
    const ALL: [Self; 4] = [Self::Agent, Self::AgentType, Self::Path, Self::Domain];

    /// As rows have it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Agent => "agent",
            Self::AgentType => "agent_type",
            Self::Path => "path",
            Self::Domain => "domain",
        }
    }

    /// The kind behind a word in a row.
    #[must_use]
    pub fn read(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == word)
    }

    /// The type of a group of such members in policies.
    const fn group_type(self) -> &'static str {
        match self {
            Self::Agent | Self::AgentType => "AgentGroup",
            Self::Path => "PathGroup",
            Self::Domain => "DomainGroup",
        }
    }
}

/// The groups of one project, ready to be asked.
#[derive(Debug, Default)]
pub struct Groups {
    agents: Vec<(MemberKind, String, String)>,
    paths: Vec<(String, Target)>,
    domains: Vec<(String, String)>,
}

/// The groups of a path, each once.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Found<'a> {
    /// All of it is in these.
    pub wholly: Vec<&'a str>,
    /// Some of it may be in these.
    pub partly: Vec<&'a str>,
}

/// The groups of the caller's project.
///
/// # Errors
/// Faults only.
pub fn of(tx: &Tx<'_>, ctx: &Context) -> Outcome<Groups> {
    Ok(Groups::new(sql::members(tx, ctx.project())?))
}

impl Groups {
    fn new(rows: Vec<Member>) -> Self {
        let mut groups = Self::default();
        for Member { kind, group, member, .. } in rows {
            match kind {
                MemberKind::Agent | MemberKind::AgentType => {
                    groups.agents.push((kind, group, member));
                }
                MemberKind::Path => groups.paths.push((group, Target::from_shown(&member))),
                MemberKind::Domain => groups.domains.push((group, member)),
            }
        }
        groups
    }

    /// The groups of a caller.
    pub fn of_caller(&self, caller: &Caller) -> impl Iterator<Item = &str> {
        let found = self.agents.iter().filter(|(kind, _, member)| match kind {
            MemberKind::Agent => *member == caller.agent_id,
            _ => *member == caller.agent_type,
        });
        found.map(|(_, group, _)| group.as_str())
    }

    /// The groups of a path, folder or pattern as it is shown.
    #[must_use]
    pub fn of_path(&self, shown: &str) -> Found<'_> {
        let mut found = Found::default();
        if self.paths.is_empty() {
            return found;
        }
        let asked = Target::from_shown(shown);
        let covering = self.paths.iter().filter(|(_, member)| repo::covers(member, &asked));
        found.wholly = covering.map(|(group, _)| group.as_str()).collect();
        found.wholly.dedup();
        let touching = self.paths.iter().filter(|(_, member)| repo::overlaps(member, &asked));
        found.partly = touching.map(|(group, _)| group.as_str()).collect();
        found.partly.retain(|group| !found.wholly.contains(group));
        found.partly.dedup();
        found
    }

    /// The groups of a host, after IDNA.
    pub fn of_host(&self, host: &str) -> impl Iterator<Item = &str> {
        let found = self.domains.iter().filter(move |(_, member)| network::matches(member, host));
        found.map(|(group, _)| group.as_str())
    }

    /// Every group of a caller and a resource, as policies write them.
    pub fn named(&self, caller: &Caller, resource: &Resource) -> Vec<String> {
        let name = |kind: &str, group: &str| format!("{kind}::{group:?}");
        let mut all: Vec<String> =
            self.of_caller(caller).map(|group| name("AgentGroup", group)).collect();
        match resource {
            Resource::File(path) => {
                let found = self.of_path(path);
                all.extend(found.wholly.into_iter().map(|group| name("PathGroup", group)));
                let partly = found.partly.into_iter();
                all.extend(partly.map(|group| name("PathGroup", group) + " (partly)"));
            }
            Resource::Domain { name: host, .. } => {
                all.extend(self.of_host(host).map(|group| name("DomainGroup", group)));
            }
            Resource::Project | Resource::Task(_) => {}
        }
        all.sort_unstable();
        all.dedup();
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn groups(members: &[(MemberKind, &str, &str)]) -> Groups {
        let row = |(kind, group, member): &(MemberKind, &str, &str)| Member {
            project: "*".into(),
            kind: *kind,
            group: (*group).into(),
            member: (*member).into(),
        };
        Groups::new(members.iter().map(row).collect())
    }

    #[test]
    fn a_path_is_in_a_group_wholly_partly_or_not() {
        let path = MemberKind::Path;
        let made = groups(&[
            (path, "core", "src/core/"),
            (path, "sql", "**/*.sql"),
            (path, "one", "a.rs"),
        ]);
        let cases: [(&str, &[&str], &[&str]); 8] = [
            ("src/core/x.rs", &["core"], &[]),
            ("src/core/", &["core"], &["sql"]),
            ("src/core/x.sql", &["core", "sql"], &[]),
            ("src/", &[], &["core", "sql"]),
            ("**", &[], &["core", "sql", "one"]),
            ("src/corex", &[], &[]),
            ("a.rs", &["one"], &[]),
            ("b/a.rs", &[], &[]),
        ];
        for (shown, wholly, partly) in cases {
            let found = made.of_path(shown);
            assert_eq!(
                (found.wholly.as_slice(), found.partly.as_slice()),
                (wholly, partly),
                "{shown}"
            );
        }
    }

    #[test]
    fn an_agent_is_in_a_group_by_name_or_by_type_and_never_by_half() {
        let made = groups(&[
            (MemberKind::Agent, "ours", "codex-1"),
            (MemberKind::AgentType, "guests", "gemini"),
        ]);
        let caller = |id: &str, kind: &str| Caller {
            agent_id: id.into(),
            agent_type: kind.into(),
            ..Caller::coordinator()
        };
        let of =
            |id, kind| made.of_caller(&caller(id, kind)).map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(of("codex-1", "codex"), ["ours"]);
        assert_eq!(of("codex-1", "gemini"), ["ours", "guests"]);
        assert!(of("codex-12", "codex-1").is_empty() && of("gemini", "x").is_empty());
    }
}
