//! Projects that stay on this machine: which they are, and which rows are theirs.
//!
//! - One place of a project whose settings say `mode = "local"` keeps all of it here.
//! - What is here is looked up for each batch. What could not be written down (the disk may be full)
//!   counts as well.
//! - Audit rows of such a project are sent without their content, because the mirror checks that
//!   none is missing.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use rusqlite::named_params;
use serde_json::{Value, json};

use super::catalogue::{self, Class, Table};
use super::{agreed, capture, export, rows, sql};
use crate::failure::Outcome;
use crate::store::{Topic, Tx};

/// What stands for everything that is withheld of an audit row.
const WITHHELD: &str = "-";

/// What was heard of projects' places since the daemon began; kept beside the store.
#[derive(Default)]
pub struct Heard(Mutex<BTreeMap<(String, String), bool>>);

impl Heard {
    /// Notes what this place says; whether that is news.
    pub fn note(&self, project: &str, root: &str, local: bool) -> bool {
        let place = (project.to_owned(), root.to_owned());
        let mut heard = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        heard.insert(place, local) != Some(local)
    }

    fn local(&self) -> Vec<String> {
        let heard = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        heard.iter().filter(|(_, local)| **local).map(|(place, _)| place.0.clone()).collect()
    }
}

/// The projects that stay here.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Kept {
    /// By name; whether rows of it were mirrored before.
    projects: BTreeMap<String, bool>,
}

impl Kept {
    /// As it is now.
    ///
    /// # Errors
    /// Faults only.
    pub fn load(tx: &Tx<'_>) -> Outcome<Self> {
        let sql = "SELECT project, max(since) > 0 FROM kept_projects GROUP BY project";
        let rows: Vec<(String, bool)> = tx.all(sql, [], |row| Ok((row.get(0)?, row.get(1)?)))?;
        let mut projects: BTreeMap<String, bool> = rows.into_iter().collect();
        for project in tx.kept::<Heard>().local() {
            projects.entry(project).or_insert(true);
        }
        Ok(Self { projects })
    }

    /// These projects alone.
    #[must_use]
    pub fn of(projects: &[String]) -> Self {
        Self { projects: projects.iter().map(|project| (project.clone(), false)).collect() }
    }

    /// Whether no project stays here.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.projects.is_empty()
    }

    /// Their names.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.projects.keys().map(String::as_str)
    }

    /// Whether the row belongs to a project that stays here. A deletion whose project nobody
    /// knows stays here too.
    ///
    /// # Errors
    /// Faults only.
    pub fn has(
        &self,
        tx: &Tx<'_>,
        table: &Table,
        key: &[Value],
        body: Option<&Value>,
    ) -> Outcome<bool> {
        if self.is_empty() {
            return Ok(false);
        }
        Ok(match project_of(tx, table, key, body)? {
            Whose::Project(project) => self.projects.contains_key(&project),
            Whose::Nobody => false,
            Whose::Unknown => true,
        })
    }

    /// The same for a row that is there, with its key as text.
    ///
    /// # Errors
    /// Faults only.
    pub fn keeps(&self, tx: &Tx<'_>, table: &Table, key: &str, body: &Value) -> Outcome<bool> {
        self.has(tx, table, &rows::key_values(key).unwrap_or_default(), Some(body))
    }

    /// Whether the last change of a row was not sent, because its project stays here.
    ///
    /// # Errors
    /// Faults only.
    pub fn kept_last(&self, tx: &Tx<'_>, table: &str, key: &str) -> Outcome<bool> {
        let Some(kind) = catalogue::table(table).filter(|_| !self.is_empty()) else {
            return Ok(false);
        };
        let values = rows::key_values(key).unwrap_or_default();
        self.has(tx, kind, &values, sql::last_image(tx, table, key)?.as_ref())
    }

    /// Whether the mirror may have such a row from before.
    ///
    /// # Errors
    /// Faults only.
    pub fn was_mirrored(
        &self,
        tx: &Tx<'_>,
        table: &Table,
        key: &str,
        body: &Value,
    ) -> Outcome<bool> {
        let values = rows::key_values(key).unwrap_or_default();
        let before = match project_of(tx, table, &values, Some(body))? {
            Whose::Project(project) => self.projects.get(&project).copied().unwrap_or(false),
            _ => true,
        };
        // What another machine wrote is in the mirror, whatever is set here.
        Ok(before || agreed::is_of_another(tx, &table.name, key)?)
    }
}

/// Whose a row is.
enum Whose {
    Project(String),
    /// It belongs to no project.
    Nobody,
    /// It is gone, and so is what told.
    Unknown,
}

fn project_of(tx: &Tx<'_>, table: &Table, key: &[Value], body: Option<&Value>) -> Outcome<Whose> {
    if table.columns.iter().any(|column| column.name == "project") {
        let at = table.key.iter().position(|name| name == "project");
        let project =
            at.and_then(|at| key.get(at)).or_else(|| body.and_then(|body| body.get("project")));
        return Ok(match project {
            Some(Value::String(project)) => Whose::Project(project.clone()),
            Some(_) => Whose::Nobody,
            None => Whose::Unknown,
        });
    }
    let Some(at) = table.key.iter().position(|name| name == "task_id") else {
        return Ok(Whose::Nobody);
    };
    let task = key.get(at).and_then(Value::as_str).unwrap_or_default();
    let sql = "SELECT project FROM work_queue WHERE task_id = :task";
    let project: Option<String> = tx.one(sql, named_params! { ":task": task }, |row| row.get(0))?;
    Ok(project.map_or(Whose::Unknown, Whose::Project))
}

/// An audit row without its content: number, time and hash.
#[must_use]
pub fn withheld(row: &Value) -> Value {
    json!({
        "seq": row["seq"], "at": row["at"], "project": null, "agent_id": WITHHELD, "agent_type": WITHHELD,
        "session_id": WITHHELD, "operation": WITHHELD, "arguments": "", "success": true, "code": null,
        "result": "", "request_key": null, "hash": row["hash"],
    })
}

/// Notes what a place of a project says. A project that may leave from now on is exported.
///
/// # Errors
/// Faults only.
pub fn remember(tx: &Tx<'_>, project: &str, root: &str, local: bool) -> Outcome<()> {
    if local {
        return keep(tx, project, root);
    }
    let since = "SELECT since FROM kept_projects WHERE project = :project AND root = :root";
    let named = named_params! { ":project": project, ":root": root };
    let since: Option<i64> = tx.one(since, named, |row| row.get(0))?;
    let Some(since) = since else { return Ok(()) };
    tx.run("DELETE FROM kept_projects WHERE project = :project AND root = :root", named)?;
    let still = "SELECT 1 FROM kept_projects WHERE project = :project";
    if tx.one(still, named_params! { ":project": project }, |_| Ok(()))?.is_none() {
        log_removed(tx, project, since)?;
        export::again(tx, project)?;
        tx.changed(Topic::Sync);
    }
    Ok(())
}

fn keep(tx: &Tx<'_>, project: &str, root: &str) -> Outcome<()> {
    let known = "SELECT 1 FROM projects WHERE project = :project
                  UNION ALL SELECT 1 FROM agent_sessions WHERE project = :project LIMIT 1";
    let known = tx.one(known, named_params! { ":project": project }, |_| Ok(()))?.is_some();
    let sent = known && export::is_on(tx)? && sql::acked(tx)? > 0;
    let since = if sent { sql::last_seq(tx)? } else { 0 };
    tx.run(
        "INSERT INTO kept_projects (project, root, since) VALUES (:project, :root, :since)
         ON CONFLICT (project, root) DO NOTHING",
        named_params! { ":project": project, ":root": root, ":since": since },
    )?;
    Ok(())
}

/// Rows that went while their project stayed here: the mirror may have them from before.
fn log_removed(tx: &Tx<'_>, project: &str, since: i64) -> Outcome<()> {
    let own = Kept::of(&[project.to_owned()]);
    let told = |table: &&Table| matches!(table.class, Class::Owner | Class::Policy);
    for table in catalogue::tables().iter().filter(told).filter(|_| since > 0) {
        for key in sql::changed_since(tx, &table.name, since)? {
            let values = rows::key_values(&key).unwrap_or_default();
            let last = sql::last_image(tx, &table.name, &key)?;
            let gone = rows::find(tx, table, &values)?.is_none();
            if gone && own.has(tx, table, &values, last.as_ref())? {
                tx.run(
                    &capture::insert(":tbl", "d", ":pk", ":body", "coord_hlc()"),
                    named_params! {
                        ":tbl": table.name, ":pk": key, ":body": json!({ "project": project }).to_string(),
                    },
                )?;
            }
        }
    }
    Ok(())
}

/// A place of a project, and whether it keeps it here.
pub struct Place {
    /// The project.
    pub project: String,
    /// Where it is.
    pub root: String,
    /// Whether it was last heard to keep the project here.
    pub keeps: bool,
}

/// Every place that is known.
///
/// # Errors
/// Faults only.
pub fn places(tx: &Tx<'_>) -> Outcome<Vec<Place>> {
    let sql = "SELECT project, root, max(keeps) FROM (
                   SELECT project, root, true AS keeps FROM kept_projects
                   UNION ALL
                   SELECT project, root_hint, false FROM projects WHERE root_hint IS NOT NULL
                   UNION ALL
                   SELECT DISTINCT project, worktree, false FROM agent_sessions
                    WHERE worktree IS NOT NULL)
                GROUP BY project, root";
    Ok(tx.all(sql, [], |row| {
        Ok(Place { project: row.get(0)?, root: row.get(1)?, keeps: row.get(2)? })
    })?)
}
