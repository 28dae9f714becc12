//! The statements of the policies that people added.

use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ValueRef};
use rusqlite::{Row, named_params};

use super::groups::MemberKind;
use crate::store::Tx;
use crate::time::Time;

/// A policy's row.
#[derive(Clone, Debug)]
pub struct Stored {
    pub policy_id: String,
    pub project: String,
    pub text: String,
    pub description: String,
    pub enabled: bool,
    pub updated_by: String,
    pub updated_at: Time,
}

/// The policies of a project and of all, by name.
pub fn policies(tx: &Tx<'_>, project: &str) -> rusqlite::Result<Vec<Stored>> {
    tx.all(
        "SELECT policy_id, project, policy_text, description, enabled, updated_by, updated_at
           FROM cedar_policies WHERE project IN (:project, '*') ORDER BY policy_id",
        named_params! { ":project": project },
        stored,
    )
}

/// The policy of that name, of whichever project.
pub fn policy(tx: &Tx<'_>, id: &str) -> rusqlite::Result<Option<Stored>> {
    tx.one(
        "SELECT policy_id, project, policy_text, description, enabled, updated_by, updated_at
           FROM cedar_policies WHERE policy_id = :id",
        named_params! { ":id": id },
        stored,
    )
}

/// Writes a policy over the one of its name.
pub fn put(tx: &Tx<'_>, row: &Stored) -> rusqlite::Result<()> {
    tx.run(
        "INSERT INTO cedar_policies (policy_id, project, policy_text, description, enabled,
                updated_by, updated_at)
         VALUES (:id, :project, :text, :description, :enabled, :by, :at)
         ON CONFLICT (policy_id) DO UPDATE
            SET project = excluded.project, policy_text = excluded.policy_text,
                description = excluded.description, enabled = excluded.enabled,
                updated_by = excluded.updated_by, updated_at = excluded.updated_at",
        named_params! {
            ":id": row.policy_id,
            ":project": row.project,
            ":text": row.text,
            ":description": row.description,
            ":enabled": row.enabled,
            ":by": row.updated_by,
            ":at": row.updated_at,
        },
    )?;
    Ok(())
}

/// Removes a policy.
pub fn remove(tx: &Tx<'_>, id: &str) -> rusqlite::Result<usize> {
    tx.run("DELETE FROM cedar_policies WHERE policy_id = :id", named_params! { ":id": id })
}

/// One member of a group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    pub project: String,
    pub kind: MemberKind,
    pub group: String,
    pub member: String,
}

/// The members of groups of a project and of all.
pub fn members(tx: &Tx<'_>, project: &str) -> rusqlite::Result<Vec<Member>> {
    tx.all(
        "SELECT project, kind, group_name, member FROM cedar_entities
          WHERE project IN (:project, '*') ORDER BY group_name, kind, member, project",
        named_params! { ":project": project },
        |row| {
            Ok(Member {
                project: row.get("project")?,
                kind: row.get("kind")?,
                group: row.get("group_name")?,
                member: row.get("member")?,
            })
        },
    )
}

/// Puts a member into a group; how many were not in it.
pub fn join(tx: &Tx<'_>, row: &Member, by: &str, at: Time) -> rusqlite::Result<usize> {
    tx.run(
        "INSERT INTO cedar_entities (project, kind, group_name, member, created_by, created_at)
         VALUES (:project, :kind, :group, :member, :by, :at)
         ON CONFLICT (project, kind, group_name, member) DO NOTHING",
        named_params! {
            ":project": row.project,
            ":kind": row.kind.name(),
            ":group": row.group,
            ":member": row.member,
            ":by": by,
            ":at": at,
        },
    )
}

/// Takes a member out of a group; how many were in it.
pub fn leave(tx: &Tx<'_>, row: &Member) -> rusqlite::Result<usize> {
    tx.run(
        "DELETE FROM cedar_entities
          WHERE project = :project AND kind = :kind AND group_name = :group AND member = :member",
        named_params! {
            ":project": row.project,
            ":kind": row.kind.name(),
            ":group": row.group,
            ":member": row.member,
        },
    )
}

fn stored(row: &Row<'_>) -> rusqlite::Result<Stored> {
    Ok(Stored {
        policy_id: row.get("policy_id")?,
        project: row.get("project")?,
        text: row.get("policy_text")?,
        description: row.get("description")?,
        enabled: row.get("enabled")?,
        updated_by: row.get("updated_by")?,
        updated_at: row.get("updated_at")?,
    })
}

impl FromSql for MemberKind {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        Self::read(value.as_str()?).ok_or(FromSqlError::InvalidType)
    }
}
