//! What the program itself must know of the mirrored tables, as `schema/mirrored.json`.

use serde_json::{Value, json};

use super::kind::Kind;
use super::source::{Column, Source, SyncClass, Table};

/// The file's text: a table a line, and the number of the newest migration of the mirror.
pub fn text(sources: &[Source], newest: u32) -> String {
    let tables = sources.iter().flat_map(Source::tables);
    let mirrored = tables.filter(|table| table.sync != SyncClass::Local);
    let lines: Vec<_> = mirrored.map(|table| format!("    {}", entry(table))).collect();
    format!("{{\n  \"schema\": {newest},\n  \"tables\": [\n{}\n  ]\n}}\n", lines.join(",\n"))
}

fn entry(table: &Table) -> Value {
    let columns: Vec<Value> = table.columns.iter().map(column).collect();
    json!({ "name": table.name, "class": table.sync.word(), "key": table.key, "columns": columns })
}

fn column(column: &Column) -> Value {
    let kind = match column.kind {
        Kind::Json | Kind::JsonArray => "json",
        Kind::Bool => "bool",
        Kind::Ms => "ms",
        Kind::Int { .. } => "int",
        Kind::Real => "real",
        _ => "text",
    };
    let mut entry = json!({ "name": column.name, "kind": kind });
    for (mark, set) in [("nullable", column.nullable), ("local", column.local)] {
        if set {
            entry[mark] = true.into();
        }
    }
    entry
}
