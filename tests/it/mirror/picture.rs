//! What the mirrored tables hold, read without the help of what is tested.

use std::collections::BTreeMap;

use coord::mirror::catalogue::{self, Class, Kind, Table};
use coord::store::Store;
use rusqlite::types::ValueRef;
use serde_json::{Map, Value, json};

/// Rows by table and key.
pub type Picture = BTreeMap<(String, String), Value>;

/// One row of the change log.
#[derive(Debug, Clone)]
pub struct Logged {
    pub seq: i64,
    pub tx: i64,
    pub hlc: i64,
    pub key: (String, String),
    pub op: String,
    pub body: Option<String>,
    pub hash: String,
}

/// Every mirrored row.
pub fn take(store: &Store) -> Picture {
    let mut picture = Picture::new();
    for table in catalogue::tables() {
        let rows = store
            .read(|tx| {
                Ok(tx.all(&format!("SELECT * FROM {}", table.name), [], |row| {
                    let mut fields = Map::new();
                    for column in &table.columns {
                        let value = cell(row.get_ref(column.name.as_str())?, column.kind);
                        fields.insert(column.name.clone(), value);
                    }
                    Ok(fields)
                })?)
            })
            .expect("the table can be read");
        picture.extend(rows.into_iter().map(|fields| entry(table, fields)));
    }
    picture
}

fn entry(table: &Table, mut fields: Map<String, Value>) -> ((String, String), Value) {
    let key: Vec<Value> = table.key.iter().map(|name| fields[name].clone()).collect();
    for column in table.columns.iter().filter(|column| column.local) {
        fields.remove(&column.name);
    }
    ((table.name.clone(), Value::Array(key).to_string()), Value::Object(fields))
}

fn cell(value: ValueRef<'_>, kind: Kind) -> Value {
    match (value, kind) {
        (ValueRef::Null, _) => Value::Null,
        (ValueRef::Integer(number), Kind::Bool) => json!(number != 0),
        (ValueRef::Integer(number), _) => json!(number),
        (ValueRef::Real(number), _) => json!(number),
        (ValueRef::Text(text), Kind::Json) => serde_json::from_slice(text).expect("it is JSON"),
        (ValueRef::Text(text), _) => json!(std::str::from_utf8(text).expect("it is text")),
        (ValueRef::Blob(_), _) => panic!("no column holds bytes"),
    }
}

/// The change log behind `after`.
pub fn log(store: &Store, after: i64) -> Vec<Logged> {
    let read = store.read(|tx| {
        let sql = "SELECT seq, tx, hlc, tbl, pk, op, body, hash FROM change_log
                    WHERE seq > ?1 ORDER BY seq";
        Ok(tx.all(sql, [after], |row| {
            Ok(Logged {
                seq: row.get(0)?,
                tx: row.get(1)?,
                hlc: row.get(2)?,
                key: (row.get(3)?, row.get(4)?),
                op: row.get(5)?,
                body: row.get(6)?,
                hash: row.get(7)?,
            })
        })?)
    });
    read.expect("the log can be read")
}

/// What a device that follows the log has: rows of tables that only grow are read from `present`.
pub fn replay(log: &[Logged], mut picture: Picture, present: &Picture) -> Picture {
    for row in log {
        let (name, key) =
            (&row.key.0, serde_json::from_str::<Value>(&row.key.1).unwrap().to_string());
        let key = (name.clone(), key);
        let class = catalogue::table(name).expect("only mirrored tables are logged").class;
        match (row.op.as_str(), &row.body) {
            ("d", _) => drop(picture.remove(&key)),
            (_, Some(body)) => drop(picture.insert(key, serde_json::from_str(body).unwrap())),
            (_, None) => {
                assert_eq!(class, Class::Append, "{key:?} has no body");
                picture.insert(key.clone(), present[&key].clone());
            }
        }
    }
    picture
}
