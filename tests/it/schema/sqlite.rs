//! Makes SQLite's DDL from the source: STRICT tables whose CHECKs keep what Postgres keeps by its
//! types.
//!
//! Not here: triggers and full-text search, which are written by hand in `schema/*.sqlite.sql`.

use super::kind::Kind;
use super::source::{Index, Item, Source, Table};
use super::{layout, layout::Cells};

/// The whole migration, with the hand-written part at its end.
pub fn migration(source: &Source, companion: Option<&str>) -> String {
    let mut sql = layout::header(source);
    for item in &source.items {
        sql.push('\n');
        sql.push_str(&match item {
            Item::Table(table) => create_table(table),
            Item::Index(index) => create_index(index),
        });
    }
    layout::append(sql, companion)
}

fn create_table(table: &Table) -> String {
    let rows = table.columns.iter().map(|column| Cells {
        name: column.name.clone(),
        kind: storage(&column.kind).into(),
        rest: layout::rest(column, rule(&column.name, &column.kind)),
        comment: column.comment.clone(),
    });
    // A table that is found by several texts is its own index; one with a single key keeps its
    // rowid, so that long rows stay out of the tree that is searched.
    let options = if table.key.len() > 1 { "STRICT, WITHOUT ROWID" } else { "STRICT" };
    let body = layout::body(rows.collect(), table, &table.key.join(", "));
    let prose = layout::comment(&table.prose);
    format!("{prose}CREATE TABLE {} (\n{body}) {options};\n", table.name)
}

fn create_index(index: &Index) -> String {
    layout::index(index, "CREATE INDEX", &index.table)
}

/// The storage class; STRICT keeps everything else out.
fn storage(kind: &Kind) -> &'static str {
    match kind {
        Kind::Bool | Kind::Int { .. } | Kind::Ms => "INTEGER",
        Kind::Real => "REAL",
        _ => "TEXT",
    }
}

/// What must be true of a value of `kind` in column `c`.
fn rule(c: &str, kind: &Kind) -> Option<String> {
    // length() and GLOB stop at a NUL and octet_length() does not: asking for both lengths keeps
    // NUL out.
    Some(match kind {
        Kind::Id => format!(
            "octet_length({c}) = 36 AND {c} GLOB '????????-????-????-????-????????????' \
             AND length(replace({c}, '-', '')) = 32 AND {c} NOT GLOB '*[^0-9a-f-]*'"
        ),
        Kind::Key(bytes) => {
            format!("octet_length({c}) BETWEEN 1 AND {bytes} AND instr({c}, char(0)) = 0")
        }
        Kind::Sha256 => {
            format!("octet_length({c}) = 64 AND length({c}) = 64 AND {c} NOT GLOB '*[^0-9a-f]*'")
        }
        Kind::Text | Kind::Raw => format!("instr({c}, char(0)) = 0"),
        Kind::Json => format!("json_valid({c}) AND instr({c}, char(0)) = 0"),
        Kind::JsonArray => {
            format!("json_valid({c}) AND json_type({c}) = 'array' AND instr({c}, char(0)) = 0")
        }
        Kind::Bool => format!("{c} IN (0, 1)"),
        // Infinity is the only number that is not its own half's double.
        Kind::Real => format!("abs({c}) <= 1.7976931348623157e308"),
        Kind::Int { .. } | Kind::Ms | Kind::Enum(_) => return layout::shared_rule(c, kind),
    })
}
