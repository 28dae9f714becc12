//! What of a row is encrypted before it goes into the mirror, and how it is read again.
//!
//! - All free text of a row goes together into one cell, which the key alone opens and only in
//!   that row; the cells that it came from are left empty. Names, paths, kinds, times and numbers
//!   stay readable: the mirror decides by them.
//! - A digest of what was said (of a memory, of an approved call, of an audit row) stands there
//!   under the key, or it could be guessed at.
//! - A row without any free text goes as it is. Each row tells by itself what it is.
//!
//! Not here: the key (`key`), what becomes of a row that cannot be read (`receive`).

use serde_json::{Map, Value};

use super::catalogue::{Kind, Table};
use super::key::Key;
use crate::failure::Outcome;
use crate::ingress;

/// What an encrypted cell begins with; the key's name and a colon follow.
pub const MARK: &str = "coord-enc-1:";

/// What is encrypted of a table.
struct Body {
    table: &'static str,
    /// Free text. The first text column that has some takes all of it.
    columns: &'static [&'static str],
    /// Digests of such text.
    digests: &'static [&'static str],
}

const BODIES: &[Body] = &[
    Body {
        table: "episodic_memories",
        columns: &["summary", "details", "lessons", "tags", "keywords", "branch"],
        digests: &["norm_key"],
    },
    Body {
        table: "handoff_documents",
        columns: &[
            "summary",
            "completed_work",
            "in_progress",
            "decisions",
            "next_steps",
            "relevant_files",
            "branch",
            "open_locks",
            "open_tasks",
        ],
        digests: &[],
    },
    Body { table: "audit_log", columns: &["arguments", "result"], digests: &["hash"] },
    Body { table: "guardrail_violations", columns: &["matched_text"], digests: &[] },
    Body {
        table: "approval_queue",
        columns: &["arguments", "reason", "note"],
        digests: &["digest"],
    },
    Body {
        table: "work_queue",
        columns: &["description", "input_data", "result", "error_message", "late_result"],
        digests: &[],
    },
    Body { table: "work_attempts", columns: &["error_message"], digests: &[] },
    Body { table: "agent_sessions", columns: &["current_task"], digests: &[] },
    Body { table: "file_locks", columns: &["reason"], digests: &[] },
];

/// What a row of the mirror turned out to be.
#[derive(Debug, PartialEq)]
pub enum Reading {
    /// It is not encrypted.
    Clear,
    /// It was, and this is the row.
    Opened(Value),
    /// It is, with a key that is not here.
    Foreign,
    /// It is not as its device wrote it.
    Altered(&'static str),
}

fn body(table: &Table) -> Option<&'static Body> {
    BODIES.iter().find(|body| body.table == table.name)
}

/// Whether rows of the table have anything that is encrypted.
#[must_use]
pub fn covers(table: &Table) -> bool {
    body(table).is_some()
}

/// The row as the mirror gets it; `None` if there is nothing to hide.
///
/// # Errors
/// Faults only.
pub fn encrypt(key: &Key, table: &Table, pk: &str, row: &Value) -> Outcome<Option<Value>> {
    let (Some(body), Some(carrier)) = (body(table), carrier(table, row)) else { return Ok(None) };
    let names = || body.columns.iter().chain(body.digests);
    let hidden = names().filter_map(|name| Some(((*name).to_owned(), row.get(name)?.clone())));
    let hidden = ingress::row(&Value::Object(hidden.collect())).map_err(anyhow::Error::from)?;
    let mut shown = row.clone();
    for column in table.columns.iter().filter(|column| body.columns.contains(&&*column.name)) {
        shown[&column.name] = match column.kind {
            _ if column.nullable => Value::Null,
            Kind::Json => Value::Array(vec![]),
            _ => "".into(),
        };
    }
    for name in body.digests {
        let value = row[name].as_str().unwrap_or_default();
        shown[name] = key.digest(&[&table.name, pk, name, value]).into();
    }
    let cell = key.encrypt(&place(table, pk), &hidden)?;
    shown[carrier] = format!("{MARK}{}:{cell}", key.name).into();
    Ok(Some(shown))
}

/// Reads a row that came with this digest.
#[must_use]
pub fn decrypt(
    key: Option<&Key>,
    table: &Table,
    pk: &str,
    row: &Value,
    digest: Option<&str>,
) -> Reading {
    let Some(cell) = cell(table, row) else { return Reading::Clear };
    let name = |key: &&Key| cell.split_once(':').is_some_and(|(name, _)| name == key.name);
    let Some(key) = key.filter(name) else { return Reading::Foreign };
    let hidden = cell.split_once(':').map_or("", |(_, hidden)| hidden);
    let text = key.decrypt(&place(table, pk), hidden);
    let Some(Value::Object(hidden)) = text.and_then(|text| serde_json::from_str(&text).ok()) else {
        return Reading::Altered("its encrypted body was altered, or belongs to another row");
    };
    let mut opened = row.clone();
    for (name, value) in hidden {
        opened[name] = value;
    }
    match self::digest(Some(key), table, &opened) {
        Ok(whole) if digest == Some(&whole) => Reading::Opened(opened),
        _ => Reading::Altered("what stands beside its encrypted body was altered"),
    }
}

/// The row without what cannot be read of it, and with a note of that.
#[must_use]
pub fn without_body(table: &Table, row: &Value) -> Value {
    let mut rest = row.clone();
    if let (Some(fields), Some(body)) = (rest.as_object_mut(), body(table)) {
        fields.retain(|name, _| !body.columns.iter().chain(body.digests).any(|hid| hid == name));
        fields.insert(ENCRYPTED.into(), true.into());
    }
    rest
}

/// The note on a row whose body cannot be read.
pub const ENCRYPTED: &str = "encrypted";

/// First 8 bytes of a digest of the row, in hex; with a key, only those who have it can tell what
/// row a digest is of. Both sides compare by it.
///
/// # Errors
/// Faults only.
pub fn digest(key: Option<&Key>, table: &Table, row: &Value) -> Outcome<String> {
    let key = key.filter(|_| carrier(table, row).is_some());
    let Some(key) = key else { return super::log::digest(row) };
    // A column that a newer mirror has and its device does not know is absent here and null there.
    let known = row.as_object().into_iter().flatten().filter(|(_, value)| !value.is_null());
    let known: Map<_, _> = known.map(|(name, value)| (name.clone(), value.clone())).collect();
    let text = ingress::row(&Value::Object(known)).map_err(anyhow::Error::from)?;
    let mut digest = key.digest(&[&table.name, &text]);
    digest.truncate(16);
    Ok(digest)
}

/// Where a body belongs.
fn place(table: &Table, pk: &str) -> String {
    format!("{} {pk}", table.name)
}

/// The column that takes the body; `None` if there is no free text.
fn carrier(table: &Table, row: &Value) -> Option<&'static str> {
    let body = body(table)?;
    let is_full = |name: &&&str| match row.get(**name) {
        None | Some(Value::Null) => false,
        Some(Value::String(text)) => !text.is_empty(),
        Some(Value::Array(items)) => !items.is_empty(),
        Some(_) => true,
    };
    body.columns.iter().find(is_full)?;
    let mut texts = texts(table, body);
    let first = texts.clone().next();
    texts.find(|name| is_full(name)).or(first).copied()
}

/// The encrypted cell of a row, without its mark.
fn cell<'r>(table: &Table, row: &'r Value) -> Option<&'r str> {
    let body = body(table)?;
    texts(table, body).find_map(|name| row.get(*name)?.as_str()?.strip_prefix(MARK))
}

fn texts<'t>(
    table: &'t Table,
    body: &'static Body,
) -> impl Iterator<Item = &'static &'static str> + Clone + 't {
    let is_text = |name: &&&str| {
        table.columns.iter().any(|column| column.name == **name && column.kind == Kind::Text)
    };
    body.columns.iter().filter(is_text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mirror::catalogue;
    use proptest::prelude::*;

    /// A row of the table with that text wherever free text may stand.
    fn row(table: &Table, text: &str, items: &[String]) -> Value {
        let hidden = body(table).unwrap();
        let cells = table.sent().map(|column| {
            let value = match (column.kind, hidden.columns.contains(&&*column.name)) {
                (Kind::Json, true) if column.nullable => serde_json::json!({ text: items }),
                (Kind::Json, true) => items.to_vec().into(),
                (Kind::Text, true) => text.into(),
                (Kind::Text, false) => "beside".into(),
                (Kind::Bool, _) => true.into(),
                (Kind::Json, false) => Value::Null,
                _ => 7.into(),
            };
            (column.name.clone(), value)
        });
        Value::Object(cells.collect())
    }

    #[test]
    fn every_column_that_is_named_is_there() {
        for body in BODIES {
            let table = catalogue::table(body.table).unwrap();
            for name in body.columns.iter().chain(body.digests) {
                assert!(table.sent().any(|column| column.name == *name), "{} {name}", body.table);
            }
        }
    }

    #[test]
    fn what_has_no_text_goes_as_it_is() {
        let key = Key::random().unwrap();
        for table in catalogue::tables().iter().filter(|table| covers(table)) {
            let empty = row(table, "", &[]);
            let mut empty = empty.as_object().unwrap().clone();
            for column in table.columns.iter().filter(|column| column.nullable) {
                empty.insert(column.name.clone(), Value::Null);
            }
            let empty = Value::Object(empty);
            assert_eq!(encrypt(&key, table, "[1]", &empty).unwrap(), None, "{}", table.name);
            let plain = crate::mirror::log::digest(&empty).unwrap();
            assert_eq!(digest(Some(&key), table, &empty).unwrap(), plain);
            assert_eq!(decrypt(Some(&key), table, "[1]", &empty, Some(&plain)), Reading::Clear);
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(40))]
        #[test]
        fn rows_come_back_and_nothing_of_them_is_seen(text in "[a-z]{12,40}\\PC*", items: Vec<String>, pk in "\\PC{1,20}") {
            let (key, other) = (Key::random().unwrap(), Key::random().unwrap());
            for table in catalogue::tables().iter().filter(|table| covers(table)) {
                let plain = row(table, &text, &items);
                let sum = digest(Some(&key), table, &plain).unwrap();
                prop_assert_ne!(&sum, &digest(None, table, &plain).unwrap());
                prop_assert_ne!(&sum, &digest(Some(&other), table, &plain).unwrap());
                let sent = encrypt(&key, table, &pk, &plain).unwrap().unwrap();
                prop_assert!(!sent.to_string().contains(&text[..12]));
                prop_assert_eq!(&encrypt(&key, table, &pk, &plain).unwrap().unwrap(), &sent);
                let read = |key, pk: &str, row: &Value, sum: &str| decrypt(key, table, pk, row, Some(sum));
                prop_assert_eq!(read(Some(&key), &pk, &sent, &sum), Reading::Opened(plain.clone()));
                prop_assert_eq!(read(None, &pk, &sent, &sum), Reading::Foreign);
                prop_assert_eq!(read(Some(&other), &pk, &sent, &sum), Reading::Foreign);
                let elsewhere = format!("{pk}x");
                prop_assert!(matches!(read(Some(&key), &elsewhere, &sent, &sum), Reading::Altered(_)));
                prop_assert!(matches!(read(Some(&key), &pk, &sent, "0123456789abcdef"), Reading::Altered(_)));
            }
        }
    }
}
