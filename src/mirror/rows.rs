//! Rows of any mirrored table as JSON, and back.
//!
//! - A row is read with the columns that are sent, and written so that only the columns that
//!   differ are touched: a table may refuse to have the others set.
//! - Columns that mean something on this device alone are given a value here.

use rusqlite::types::Value as Cell;
use serde_json::Value;

use super::capture;
use super::catalogue::{Kind, Table};
use crate::failure::Outcome;
use crate::ingress;
use crate::store::Tx;

/// A key as it is written everywhere: a compact JSON array.
pub fn key_text(key: &[Value]) -> String {
    Value::Array(key.to_vec()).to_string()
}

/// The values of a key.
pub fn key_values(text: &str) -> Option<Vec<Value>> {
    serde_json::from_str(text).ok()
}

/// A value as SQLite keeps it.
fn cell(value: &Value, kind: Kind) -> Outcome<Cell> {
    Ok(match (value, kind) {
        (Value::Null, _) => Cell::Null,
        (value, Kind::Json) => Cell::Text(ingress::json(value).map_err(anyhow::Error::from)?),
        (Value::Bool(set), _) => Cell::Integer((*set).into()),
        (Value::Number(number), Kind::Real) => Cell::Real(number.as_f64().unwrap_or_default()),
        (Value::Number(number), _) => number.as_i64().map_or(Cell::Null, Cell::Integer),
        (Value::String(text), Kind::Int | Kind::Ms) => {
            text.parse().map_or_else(|_| Cell::Text(text.clone()), Cell::Integer)
        }
        (Value::String(text), _) => Cell::Text(text.clone()),
        (other, _) => Cell::Text(other.to_string()),
    })
}

fn key_cells(key: &[Value]) -> Vec<Cell> {
    key.iter()
        .map(|value| match value {
            Value::Number(number) => number.as_i64().map_or(Cell::Null, Cell::Integer),
            other => Cell::Text(other.as_str().unwrap_or_default().to_owned()),
        })
        .collect()
}

fn matching(table: &Table) -> String {
    let places = (1..).zip(&table.key);
    let tests: Vec<_> = places.map(|(at, name)| format!("{name} = ?{at}")).collect();
    tests.join(" AND ")
}

/// The row with that key.
pub fn find(tx: &Tx<'_>, table: &Table, key: &[Value]) -> Outcome<Option<Value>> {
    let text = text(tx, table, key)?;
    Ok(text.map(|text| serde_json::from_str(&text)).transpose().map_err(anyhow::Error::from)?)
}

/// The row with that key as JSON text.
pub fn text(tx: &Tx<'_>, table: &Table, key: &[Value]) -> Outcome<Option<String>> {
    let sql = format!(
        "SELECT {} FROM {} WHERE {}",
        capture::image(table, ""),
        table.name,
        matching(table)
    );
    Ok(tx.one(&sql, rusqlite::params_from_iter(key_cells(key)), |row| row.get(0))?)
}

/// Makes the row be like `body`.
pub fn put(tx: &Tx<'_>, table: &Table, key: &[Value], body: &Value) -> Outcome<()> {
    match find(tx, table, key)? {
        None => insert(tx, table, body),
        Some(present) => change(tx, table, key, &present, body),
    }
}

fn insert(tx: &Tx<'_>, table: &Table, body: &Value) -> Outcome<()> {
    let (mut names, mut places, mut cells) = (Vec::new(), Vec::new(), Vec::new());
    for column in &table.columns {
        names.push(column.name.as_str());
        if column.local {
            // Counted on this device.
            places.push(format!(
                "(SELECT coalesce(max({0}), 0) + 1 FROM {1})",
                column.name, table.name
            ));
        } else {
            cells.push(cell(&body[&column.name], column.kind)?);
            places.push(format!("?{}", cells.len()));
        }
    }
    let sql =
        format!("INSERT INTO {} ({}) VALUES ({})", table.name, names.join(", "), places.join(", "));
    tx.run(&sql, rusqlite::params_from_iter(cells))?;
    Ok(())
}

fn change(tx: &Tx<'_>, table: &Table, key: &[Value], present: &Value, body: &Value) -> Outcome<()> {
    let mut cells = key_cells(key);
    let mut sets = Vec::new();
    for column in table.sent().filter(|column| present[&column.name] != body[&column.name]) {
        // What an older device does not know, it does not blank.
        if let Some(value) = body.get(&column.name) {
            cells.push(cell(value, column.kind)?);
            sets.push(format!("{} = ?{}", column.name, cells.len()));
        }
    }
    if !sets.is_empty() {
        let sql =
            format!("UPDATE {} SET {} WHERE {}", table.name, sets.join(", "), matching(table));
        tx.run(&sql, rusqlite::params_from_iter(cells))?;
    }
    Ok(())
}

/// Removes the row with that key, if it is there.
pub fn remove(tx: &Tx<'_>, table: &Table, key: &[Value]) -> Outcome<()> {
    let sql = format!("DELETE FROM {} WHERE {}", table.name, matching(table));
    tx.run(&sql, rusqlite::params_from_iter(key_cells(key)))?;
    Ok(())
}
