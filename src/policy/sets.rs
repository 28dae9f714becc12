//! Which compiled set answers for a project and a worktree.
//!
//! - A set is compiled again only when a row or a file changed.
//! - If what people added does not compile, the last set that did stays; without one,
//!   the built-in policies answer, or nobody is allowed anything
//!   (`POLICY_CODE_FALLBACK`).

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use super::cedar::{Language, Set};
use super::problem::Problem;
use super::source::{Origin, Source};
use super::watch::{Files, Roots};
use super::{Settings, groups, schema, sql};
use crate::context::Context;
use crate::failure::Outcome;
use crate::store::{Tx, meta};

const VERSION: &str = "cedar_version";
/// Worktrees whose sets are kept at once.
const KEPT: usize = 64;

/// The compiled sets, by project and worktree.
#[derive(Default)]
pub struct Sets {
    words: RwLock<Words>,
    known: Mutex<HashMap<(String, PathBuf), Known>>,
    /// The projects' files alone, with the reading that they are of.
    files: Mutex<HashMap<(String, PathBuf), Known>>,
}

/// The schema in force.
#[derive(Clone)]
struct Words {
    language: Option<Arc<Language>>,
    fallback: bool,
    trouble: Vec<Problem>,
}

impl Default for Words {
    fn default() -> Self {
        Self { language: None, fallback: true, trouble: Vec::new() }
    }
}

#[derive(Clone)]
struct Known {
    version: String,
    stamp: u64,
    set: Arc<Set>,
}

/// Reads the user's own schema, if there is one.
pub fn configure(sets: &Sets, settings: &Settings) {
    let mut words = Words { fallback: settings.fallback, ..Words::default() };
    if let Some(path) = &settings.schema_path {
        match schema::from_file(path) {
            Ok(language) => words.language = Some(language),
            Err(problem) => {
                tracing::error!("the Cedar schema cannot be used: {problem}");
                words.trouble.push(problem);
            }
        }
    }
    *sets.words.write().unwrap_or_else(PoisonError::into_inner) = words;
    sets.known.lock().unwrap_or_else(PoisonError::into_inner).clear();
    sets.files.lock().unwrap_or_else(PoisonError::into_inner).clear();
}

/// The schema in force, and what is wrong with the one that was to be.
pub fn language(tx: &Tx<'_>) -> Arc<Language> {
    let words = tx.kept::<Sets>();
    let words = words.words.read().unwrap_or_else(PoisonError::into_inner);
    words.language.clone().unwrap_or_else(schema::built_in)
}

/// The set that answers for this caller's project and worktree.
pub fn of(tx: &Tx<'_>, ctx: &Context) -> Outcome<Arc<Set>> {
    let version = meta::get(tx, VERSION)?.unwrap_or_default();
    let files = tx.kept::<Roots>().files(&ctx.repo.root);
    let sets = tx.kept::<Sets>();
    let key = (ctx.project().to_owned(), ctx.repo.root.clone());
    let known = sets.known.lock().unwrap_or_else(PoisonError::into_inner).get(&key).cloned();
    if let Some(known) = &known
        && known.version == version
        && known.stamp == files.stamp
    {
        return Ok(Arc::clone(&known.set));
    }
    let words = sets.words.read().unwrap_or_else(PoisonError::into_inner).clone();
    let rows = rows(tx, ctx.project())?;
    let groups = Arc::new(groups::of(tx, ctx)?);
    let set = compiled(&words, rows, &files, known.map(|known| known.set));
    let set = Arc::new(set.grouped(groups));
    let mut sets = sets.known.lock().unwrap_or_else(PoisonError::into_inner);
    if sets.len() >= KEPT {
        sets.clear();
    }
    sets.insert(key, Known { version, stamp: files.stamp, set: Arc::clone(&set) });
    Ok(set)
}

/// What the files of this caller's project forbid, where everything else is permitted; none
/// if it has no files.
pub fn of_files(tx: &Tx<'_>, ctx: &Context) -> Outcome<Option<Arc<Set>>> {
    let files = tx.kept::<Roots>().files(&ctx.repo.root);
    if files.good.is_empty() && files.trouble.is_empty() {
        return Ok(None);
    }
    let version = meta::get(tx, VERSION)?.unwrap_or_default();
    let sets = tx.kept::<Sets>();
    let key = (ctx.project().to_owned(), ctx.repo.root.clone());
    let mut known = sets.files.lock().unwrap_or_else(PoisonError::into_inner);
    let fresh = |known: &&Known| known.version == version && known.stamp == files.stamp;
    if let Some(known) = known.get(&key).filter(fresh) {
        return Ok(Some(Arc::clone(&known.set)));
    }
    let set = forbids(&language(tx), &files).grouped(Arc::new(groups::of(tx, ctx)?));
    let set = Arc::new(set);
    if known.len() >= KEPT {
        known.clear();
    }
    known.insert(key, Known { version, stamp: files.stamp, set: Arc::clone(&set) });
    Ok(Some(set))
}

fn forbids(language: &Language, files: &Files) -> Set {
    let said = troubles(files);
    let everything = "permit (principal, action, resource);".to_owned();
    let mut sources =
        vec![Source { origin: Origin::BuiltIn, name: "everything".into(), text: everything }];
    sources.extend(files.good.iter().cloned());
    match language.compile(&sources) {
        Ok(set) => set.with(said),
        // Checked when they were read, so it is the user's own schema that they do not fit.
        Err(problems) => {
            let told = problems.iter().map(ToString::to_string);
            Set::nothing(said.into_iter().chain(told).collect())
        }
    }
}

fn troubles(files: &Files) -> Vec<String> {
    let told = |problem: &Problem| {
        format!("the project's policies are broken, the last good ones stay: {problem}")
    };
    files.trouble.iter().map(told).collect()
}

/// What people added to the built-in policies: rows, then the project's files.
pub fn added(tx: &Tx<'_>, ctx: &Context) -> Outcome<Vec<Source>> {
    let mut sources = rows(tx, ctx.project())?;
    sources.extend(tx.kept::<Roots>().files(&ctx.repo.root).good.iter().cloned());
    Ok(sources)
}

fn rows(tx: &Tx<'_>, project: &str) -> Outcome<Vec<Source>> {
    let rows = sql::policies(tx, project)?.into_iter().filter(|row| row.enabled);
    let source =
        |row: sql::Stored| Source { origin: Origin::Row, name: row.policy_id, text: row.text };
    Ok(rows.map(source).collect())
}

fn compiled(words: &Words, rows: Vec<Source>, files: &Files, last: Option<Arc<Set>>) -> Set {
    let mut said: Vec<String> = words.trouble.iter().map(ToString::to_string).collect();
    said.extend(troubles(files));
    if !words.trouble.is_empty() && !words.fallback {
        return Set::nothing(said);
    }
    let language = words.language.clone().unwrap_or_else(schema::built_in);
    let mut sources = vec![schema::default_policies()];
    sources.extend(rows);
    sources.extend(files.good.iter().cloned());
    let problems = match language.compile(&sources) {
        Ok(set) => return set.with(said),
        Err(problems) => problems,
    };
    said.extend(problems.iter().map(ToString::to_string));
    tracing::error!("policies cannot be used: {}", said.join("; "));
    match last {
        Some(last) => last.again(said),
        None if words.fallback => schema::default_set().again(said),
        None => Set::nothing(said),
    }
}
