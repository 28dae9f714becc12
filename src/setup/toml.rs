//! Changes to a TOML text that leave the rest of it alone.
//!
//! - A table that is missing is appended as a block of its own; [`remove`] takes that block out
//!   again to the byte.
//! - A table that is there gets the keys it lacks, and its comments stay.
//!
//! Not here: which table is wanted (`clients`).

use toml_edit::{Document, DocumentMut, Item, Table, TableLike, Value};

use super::problem::Problem;

/// A table that should be there: where, and what is in it.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// The names that lead to it.
    pub path: Vec<&'static str>,
    /// Its keys and values, in order.
    pub pairs: Vec<(&'static str, Value)>,
}

impl Wanted {
    /// It as a block of text.
    #[must_use]
    pub fn block(&self) -> String {
        let pairs = self.pairs.iter().map(|(key, value)| format!("{key} = {value}\n"));
        format!("[{}]\n{}", self.path.join("."), pairs.collect::<String>())
    }
}

/// The text with the table in it; the same text if it was there.
///
/// # Errors
/// When the text is no TOML, or something on the way to the table is none.
pub fn merge(text: &str, wanted: &Wanted) -> Result<String, Problem> {
    let mut document = parse(text)?;
    match lookup(document.as_table(), &wanted.path) {
        Some(_) if differing(text, wanted)?.is_empty() => return Ok(text.to_owned()),
        None if !is_inline(document.as_table(), &wanted.path) => return Ok(append(text, wanted)),
        _ => {}
    }
    let table = reach(document.as_table_mut(), &wanted.path, text)?;
    for (key, value) in &wanted.pairs {
        let same = table.get(key).and_then(Item::as_value).is_some_and(|old| equal(old, value));
        if !same {
            table.insert(key, Item::Value(value.clone()));
        }
    }
    Ok(ends_alike(text, document.to_string()))
}

/// The keys of the table in the text that are missing or have another value; all of them if there
/// is no such table.
///
/// # Errors
/// When the text is no TOML.
pub fn differing(text: &str, wanted: &Wanted) -> Result<Vec<&'static str>, Problem> {
    let document = parse(text)?;
    let table = lookup(document.as_table(), &wanted.path);
    let same = |key: &str, value: &Value| {
        let old = table.and_then(|table| table.get(key)).and_then(Item::as_value);
        old.is_some_and(|old| equal(old, value))
    };
    Ok(wanted.pairs.iter().filter(|(key, value)| !same(key, value)).map(|(key, _)| *key).collect())
}

/// Whether the text has the table.
///
/// # Errors
/// When the text is no TOML.
pub fn has(text: &str, wanted: &Wanted) -> Result<bool, Problem> {
    Ok(lookup(parse(text)?.as_table(), &wanted.path).is_some())
}

/// Whether the table has keys that are not ours.
///
/// # Errors
/// When the text is no TOML.
pub fn has_more(text: &str, wanted: &Wanted) -> Result<bool, Problem> {
    let document = parse(text)?;
    let table = lookup(document.as_table(), &wanted.path);
    let known = |key: &str| wanted.pairs.iter().any(|(name, _)| *name == key);
    Ok(table.is_some_and(|table| table.iter().any(|(key, _)| !known(key))))
}

/// The table in the text as a value, for whoever starts what it names.
///
/// # Errors
/// When the text is no TOML.
pub fn get(text: &str, path: &[&str]) -> Result<Option<Table>, Problem> {
    let document = parse(text)?;
    Ok(lookup(document.as_table(), path)
        .map(|table| table.iter().map(|(key, item)| (key.to_owned(), item.clone())).collect()))
}

/// The text without the table.
///
/// # Errors
/// When the text is no TOML.
pub fn remove(text: &str, wanted: &Wanted) -> Result<String, Problem> {
    if let Some(rest) = text.strip_suffix(&in_line_ends_of(text, &bare_end(wanted))) {
        return Ok(rest.to_owned());
    }
    for fresh in [format!("\n{}", wanted.block()), wanted.block()] {
        let fresh = in_line_ends_of(text, &fresh);
        if let Some((before, after)) = text.split_once(&fresh) {
            return Ok(format!("{before}{after}"));
        }
    }
    let mut document = parse(text)?;
    if let Some((name, above)) = wanted.path.split_last() {
        let mut item = document.as_item_mut();
        for step in above {
            match item.get_mut(step) {
                Some(below) => item = below,
                None => return Ok(text.to_owned()),
            }
        }
        if let Some(table) = item.as_table_like_mut() {
            table.remove(name);
        }
    }
    Ok(ends_alike(text, document.to_string()))
}

fn parse(text: &str) -> Result<DocumentMut, Problem> {
    let parsed = Document::parse(text.to_owned());
    parsed.map(Document::into_mut).map_err(|error| {
        let before = text.get(..error.span().map_or(0, |span| span.start)).unwrap_or_default();
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        Problem::Unreadable {
            line: before.matches('\n').count() + 1,
            column: before.get(line_start..).unwrap_or_default().chars().count() + 1,
            why: error.message().trim().lines().collect::<Vec<_>>().join(", "),
        }
    })
}

fn lookup<'t>(root: &'t Table, path: &[&str]) -> Option<&'t dyn TableLike> {
    path.iter().try_fold(root as &dyn TableLike, |table, name| table.get(name)?.as_table_like())
}

/// Whether something on the way is written in braces, or is no table: a block cannot go there.
fn is_inline(root: &Table, path: &[&str]) -> bool {
    let mut table: &dyn TableLike = root;
    for name in path {
        match table.get(name) {
            Some(item) if item.is_table() => match item.as_table_like() {
                Some(below) => table = below,
                None => return true,
            },
            Some(_) => return true,
            None => return false,
        }
    }
    false
}

fn reach<'t>(
    root: &'t mut Table,
    path: &[&'static str],
    text: &str,
) -> Result<&'t mut dyn TableLike, Problem> {
    let mut table: &mut dyn TableLike = root;
    for name in path {
        let below = table
            .entry(name)
            .or_insert_with(|| Item::Value(Value::InlineTable(toml_edit::InlineTable::new())));
        table = below.as_table_like_mut().ok_or_else(|| not_a_table(text, name))?;
    }
    Ok(table)
}

fn not_a_table(text: &str, name: &str) -> Problem {
    let line = text.lines().position(|line| line.contains(name)).map_or(1, |line| line + 1);
    Problem::Unreadable { line, column: 1, why: format!("`{name}` is not a table") }
}

fn append(text: &str, wanted: &Wanted) -> String {
    let fresh = match text {
        "" => wanted.block(),
        text if text.ends_with('\n') => format!("\n{}", wanted.block()),
        _ => bare_end(wanted),
    };
    format!("{text}{}", in_line_ends_of(text, &fresh))
}

/// The block at the end of a text that has no last line end, which the block has not either: so
/// that it can be told.
fn bare_end(wanted: &Wanted) -> String {
    format!("\n\n{}", wanted.block().trim_end())
}

fn in_line_ends_of(text: &str, fresh: &str) -> String {
    if text.contains("\r\n") { fresh.replace('\n', "\r\n") } else { fresh.to_owned() }
}

/// The editor writes plain line ends; a text with the others gets them back.
fn ends_alike(text: &str, edited: String) -> String {
    let all = text.matches('\n').count();
    if all > 0 && text.matches("\r\n").count() == all {
        return edited.replace("\r\n", "\n").replace('\n', "\r\n");
    }
    edited
}

/// Whether two values mean the same, however they are written.
fn equal(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::String(one), Value::String(other)) => one.value() == other.value(),
        (Value::Integer(one), Value::Integer(other)) => one.value() == other.value(),
        (Value::Boolean(one), Value::Boolean(other)) => one.value() == other.value(),
        (Value::Array(one), Value::Array(other)) => {
            one.len() == other.len() && one.iter().zip(other.iter()).all(|(a, b)| equal(a, b))
        }
        (Value::InlineTable(one), Value::InlineTable(other)) => {
            one.len() == other.len()
                && one.iter().all(|(key, a)| other.get(key).is_some_and(|b| equal(a, b)))
        }
        _ => false,
    }
}
