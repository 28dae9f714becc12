//! The statements of the domain lists and their log.

use rusqlite::{Row, named_params};
use uuid::Uuid;

use super::Access;
use super::rules::{Effect, Rule};
use crate::context::Caller;
use crate::store::Tx;
use crate::time::{DAY, Time};

/// Entries of the log are kept so long.
const KEPT: i64 = 90 * DAY;

/// Every rule.
pub fn rules(tx: &Tx<'_>) -> rusqlite::Result<Vec<Rule>> {
    tx.all(
        "SELECT project, profile, pattern, effect, priority, reason FROM network_domains
          ORDER BY project, profile, pattern",
        [],
        rule,
    )
}

/// Writes a rule over the one for the same pattern.
pub fn put(tx: &Tx<'_>, rule: &Rule, by: &str, at: Time) -> rusqlite::Result<()> {
    tx.run(
        "INSERT INTO network_domains
                (project, profile, pattern, effect, priority, reason, created_by, created_at)
         VALUES (:project, :profile, :pattern, :effect, :priority, :reason, :by, :at)
         ON CONFLICT (project, profile, pattern) DO UPDATE
            SET effect = excluded.effect, priority = excluded.priority,
                reason = excluded.reason, created_by = excluded.created_by,
                created_at = excluded.created_at",
        named_params! {
            ":project": rule.project,
            ":profile": rule.profile,
            ":pattern": rule.pattern,
            ":effect": rule.effect.name(),
            ":priority": rule.priority,
            ":reason": rule.reason,
            ":by": by,
            ":at": at,
        },
    )?;
    Ok(())
}

/// Removes a rule.
pub fn remove(tx: &Tx<'_>, rule: &Rule) -> rusqlite::Result<usize> {
    tx.run(
        "DELETE FROM network_domains
          WHERE project = :project AND profile = :profile AND pattern = :pattern",
        named_params! {
            ":project": rule.project,
            ":profile": rule.profile,
            ":pattern": rule.pattern,
        },
    )
}

/// Writes an entry of the log, and drops what is too old.
pub fn log(
    tx: &Tx<'_>,
    project: &str,
    caller: &Caller,
    access: &Access,
    at: Time,
) -> rusqlite::Result<()> {
    tx.run(
        "INSERT INTO network_access_log (access_id, project, agent_id, agent_type, session_id,
                host, allowed, reason, rule, at)
         VALUES (:id, :project, :agent, :kind, :session, :host, :allowed, :reason, :rule, :at)",
        named_params! {
            ":id": Uuid::now_v7().to_string(),
            ":project": project,
            ":agent": caller.agent_id,
            ":kind": caller.agent_type,
            ":session": caller.session_id,
            ":host": access.host.replace('\0', "\u{fffd}"),
            ":allowed": access.allowed,
            ":reason": access.reason,
            ":rule": access.rule,
            ":at": at,
        },
    )?;
    tx.run(
        "DELETE FROM network_access_log WHERE project = :project AND at < :before",
        named_params! { ":project": project, ":before": at.plus(-KEPT) },
    )?;
    Ok(())
}

/// An entry of the log.
pub struct Entry {
    pub at: Time,
    pub agent_id: String,
    pub host: String,
    pub allowed: bool,
    pub reason: String,
    pub rule: Option<String>,
}

/// The newest entries of a project, of one host or of all, of one verdict or of both.
pub fn newest(
    tx: &Tx<'_>,
    project: &str,
    host: Option<&str>,
    allowed: Option<bool>,
    limit: i64,
) -> rusqlite::Result<Vec<Entry>> {
    tx.all(
        "SELECT at, agent_id, host, allowed, reason, rule FROM network_access_log
          WHERE project = :project AND host = coalesce(:host, host)
            AND allowed = coalesce(:allowed, allowed)
          ORDER BY at DESC, access_id DESC LIMIT :limit",
        named_params! { ":project": project, ":host": host, ":allowed": allowed, ":limit": limit },
        |row| {
            Ok(Entry {
                at: row.get("at")?,
                agent_id: row.get("agent_id")?,
                host: row.get("host")?,
                allowed: row.get("allowed")?,
                reason: row.get("reason")?,
                rule: row.get("rule")?,
            })
        },
    )
}

fn rule(row: &Row<'_>) -> rusqlite::Result<Rule> {
    let effect: String = row.get("effect")?;
    Ok(Rule {
        project: row.get("project")?,
        profile: row.get("profile")?,
        pattern: row.get("pattern")?,
        // The table's CHECK lets nothing else in; a block is the safe guess.
        effect: if effect == "allow" { Effect::Allow } else { Effect::Block },
        priority: row.get("priority")?,
        reason: row.get("reason")?,
    })
}
