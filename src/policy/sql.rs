//! The statements of the policies that people added.

use rusqlite::{Row, named_params};

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
