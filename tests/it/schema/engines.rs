//! The same row into SQLite and into Postgres, and back out of each in one form.
//!
//! Not here: which rows (`rows`) and what is expected of them (`fuzz`).

use coord::ingress;
use postgres::types::ToSql;
use rusqlite::types::ValueRef;

use super::kind::Kind;
use super::rows::{Cell, Row};
use super::source::Table;

/// What an engine made of a row: what is stored now, or why it is not.
pub type Verdict = Result<Row, String>;

/// Inserts into SQLite and reads the row back.
pub fn into_sqlite(database: &rusqlite::Connection, table: &Table, row: &Row) -> Verdict {
    let (names, places) = (names(table), places(table, |_, n| format!("?{n}")));
    let insert =
        format!("INSERT INTO {} ({names}) VALUES ({places}) RETURNING {names}", table.name);
    let values = row.iter().map(|cell| match cell {
        Cell::Null => rusqlite::types::Value::Null,
        Cell::Int(int) => (*int).into(),
        Cell::Real(real) => (*real).into(),
        Cell::Bool(bool) => (*bool).into(),
        Cell::Text(text) => text.clone().into(),
    });
    let read = |stored: &rusqlite::Row<'_>| {
        let cells = table.columns.iter().enumerate().map(|(at, column)| {
            Ok(match (stored.get_ref(at)?, &column.kind) {
                (ValueRef::Null, _) => Cell::Null,
                (ValueRef::Integer(int), Kind::Bool) => Cell::Bool(int == 1),
                (ValueRef::Integer(int), _) => Cell::Int(int),
                (ValueRef::Real(real), _) => Cell::Real(real),
                (value, _) => Cell::Text(value.as_str()?.to_owned()),
            })
        });
        cells.collect::<rusqlite::Result<Row>>()
    };
    let mut statement = database.prepare_cached(&insert).map_err(|e| e.to_string())?;
    let stored = statement.query_row(rusqlite::params_from_iter(values), read);
    stored.map_err(|e| e.to_string())
}

/// Inserts into Postgres and reads the row back, JSON in its canonical form.
pub fn into_postgres(
    client: &mut impl postgres::GenericClient,
    table: &Table,
    row: &Row,
) -> Verdict {
    let local = |at: &usize| table.columns[*at].local;
    let sent: Vec<_> = (0..row.len()).filter(|at| !local(at)).collect();
    let table = &Table { columns: table.mirrored().cloned().collect(), ..table.clone() };
    let wanted = names(table);
    let places = places(table, |kind, n| format!("${n}::{}", cast(kind)));
    let shown = table.columns.iter().map(|column| match column.kind {
        Kind::Id | Kind::Json | Kind::JsonArray => format!("{}::text", column.name),
        _ => column.name.clone(),
    });
    let shown = shown.collect::<Vec<_>>().join(", ");
    let insert =
        format!("INSERT INTO coord.{} ({wanted}) VALUES ({places}) RETURNING {shown}", table.name);
    let cells = sent.iter().map(|&at| &row[at]);
    let values: Vec<_> =
        table.columns.iter().zip(cells).map(|(column, cell)| value(&column.kind, cell)).collect();
    let values: Vec<_> = values.iter().map(|value| &**value).collect();
    let stored = client.query_one(&insert, &values).map_err(|error| {
        error.as_db_error().map_or_else(|| error.to_string(), |e| e.message().to_owned())
    })?;
    // What the mirror does not keep is as it was sent.
    let mut back = row.clone();
    for (at, (&place, column)) in sent.iter().zip(&table.columns).enumerate() {
        back[place] = stored_cell(&stored, at, &column.kind)?;
    }
    Ok(back)
}

/// The type a value is sent as, then the type it is stored as.
fn cast(kind: &Kind) -> &'static str {
    match kind {
        Kind::Id => "text::uuid",
        Kind::Json | Kind::JsonArray => "text::jsonb",
        Kind::Bool => "boolean",
        Kind::Int { .. } | Kind::Ms => "bigint",
        Kind::Real => "double precision",
        Kind::Key(_) | Kind::Sha256 | Kind::Text | Kind::Raw | Kind::Enum(_) => "text",
    }
}

fn value(kind: &Kind, cell: &Cell) -> Box<dyn ToSql + Sync> {
    match (cell, kind) {
        (Cell::Null, Kind::Bool) => Box::new(None::<bool>),
        (Cell::Null, Kind::Int { .. } | Kind::Ms) => Box::new(None::<i64>),
        (Cell::Null, Kind::Real) => Box::new(None::<f64>),
        (Cell::Null, _) => Box::new(None::<String>),
        (Cell::Int(int), _) => Box::new(*int),
        (Cell::Real(real), _) => Box::new(*real),
        (Cell::Bool(bool), _) => Box::new(*bool),
        (Cell::Text(text), _) => Box::new(text.clone()),
    }
}

fn stored_cell(row: &postgres::Row, at: usize, kind: &Kind) -> Result<Cell, String> {
    let cell = match kind {
        Kind::Bool => row.try_get::<_, Option<bool>>(at).map(|v| v.map(Cell::Bool)),
        Kind::Int { .. } | Kind::Ms => row.try_get::<_, Option<i64>>(at).map(|v| v.map(Cell::Int)),
        Kind::Real => row.try_get::<_, Option<f64>>(at).map(|v| v.map(Cell::Real)),
        _ => row.try_get::<_, Option<String>>(at).map(|v| v.map(Cell::Text)),
    };
    let cell = cell.map_err(|e| e.to_string())?.unwrap_or(Cell::Null);
    match (kind, cell) {
        (Kind::Json | Kind::JsonArray, Cell::Text(text)) => {
            let value = serde_json::from_str(&text).map_err(|e| e.to_string())?;
            ingress::json(&value).map(Cell::Text).map_err(|e| e.to_string())
        }
        (_, cell) => Ok(cell),
    }
}

fn names(table: &Table) -> String {
    table.columns.iter().map(|column| column.name.as_str()).collect::<Vec<_>>().join(", ")
}

fn places(table: &Table, show: impl Fn(&Kind, usize) -> String) -> String {
    let places = table.columns.iter().enumerate().map(|(at, column)| show(&column.kind, at + 1));
    places.collect::<Vec<_>>().join(", ")
}
