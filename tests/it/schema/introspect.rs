//! What an engine says of its own tables, in one form for both.
//!
//! Not here: what is compared with what (`mirror`).

use std::collections::BTreeMap;

use rusqlite::Connection;

use super::source::{Source, SyncClass};
use super::sources;

/// Each table's columns, keys and checks, one a line.
pub type Tables = BTreeMap<String, Vec<String>>;

/// The mirrored tables as SQLite sees them.
pub fn sqlite(database: &Connection) -> Tables {
    let sources = sources();
    let (local, mirrored): (Vec<_>, Vec<_>) =
        sources.iter().flat_map(Source::tables).partition(|t| t.sync == SyncClass::Local);
    // A full-text index and its shadow tables are no tables of the mirror.
    let names = "SELECT name FROM pragma_table_list
                  WHERE schema = 'main' AND type = ?1 AND name <> 'sqlite_schema'";
    let names = lines(database, names, "table");
    assert_eq!(names.len(), mirrored.len() + local.len(), "no table but those described");
    let local: Vec<_> = local.iter().map(|table| &table.name).collect();
    let names = names.iter().filter(|name| !local.contains(name));
    let mut tables: Tables =
        names.map(|name| (name.clone(), sqlite_table(database, name))).collect();
    for table in mirrored {
        let kept = |line: &String| {
            !table
                .columns
                .iter()
                .any(|c| c.local && line.starts_with(&format!("column {} ", c.name)))
        };
        tables.entry(table.name.clone()).or_default().retain(kept);
    }
    tables
}

fn sqlite_table(database: &Connection, table: &str) -> Vec<String> {
    let mut said = lines(
        database,
        "SELECT 'column ' || name || ' ' || type || iif(\"notnull\", ' not null', '')
           FROM pragma_table_xinfo(?1)",
        table,
    );
    said.extend(lines(
        database,
        "SELECT 'key ' || group_concat(name, ', ' ORDER BY pk)
           FROM pragma_table_xinfo(?1) WHERE pk > 0",
        table,
    ));
    let text =
        lines(database, "SELECT sql FROM sqlite_master WHERE type = 'table' AND name = ?1", table);
    let checks = text[0].split("CONSTRAINT ").skip(1);
    let checks = checks.map(|rest| rest.split(' ').next().unwrap_or_default());
    said.extend(sorted(checks.map(|name| format!("check {name}")).collect()));
    said
}

fn lines(database: &Connection, query: &str, table: &str) -> Vec<String> {
    let mut statement = database.prepare(query).expect("the catalogue is as documented");
    statement
        .query_map([table], |row| row.get(0))
        .expect("the catalogue can be read")
        .collect::<Result<_, _>>()
        .expect("every answer is text")
}

/// The mirrored tables as Postgres sees them, its types as SQLite's storage classes, without what
/// the mirror itself adds to each.
pub fn postgres(client: &mut postgres::Client) -> Tables {
    let mut tables = Tables::new();
    for query in [COLUMNS, KEYS, CHECKS] {
        let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for row in client.query(query, &[]).expect("the catalogue is as documented") {
            found.entry(row.get(0)).or_default().push(row.get(1));
        }
        for (table, lines) in found {
            // Names are sorted here, byte by byte: a database may sort them by its language.
            let lines = if query == COLUMNS { lines } else { sorted(lines) };
            tables.entry(table).or_default().extend(lines);
        }
    }
    tables
}

const COLUMNS: &str = "
select c.relname::text,
       'column ' || a.attname || ' ' ||
       case format_type(a.atttypid, null)
            when 'bigint' then 'INTEGER' when 'boolean' then 'INTEGER'
            when 'double precision' then 'REAL'
            when 'uuid' then 'TEXT' when 'text' then 'TEXT' when 'jsonb' then 'TEXT'
            else format_type(a.atttypid, null) end ||
       case when a.attnotnull then ' not null' else '' end
  from pg_attribute a join pg_class c on c.oid = a.attrelid
  join coord.mirrored_tables m on m.name = c.relname
 where c.relnamespace = 'coord'::regnamespace and a.attnum > 0 and not a.attisdropped
   and a.attname not in ('workspace_id', 'device_id', 'row_hash')
   and not (m.class in ('union', 'policy') and a.attname in ('hlc', 'rev', 'deleted_at'))
 order by c.relname, a.attnum";

const KEYS: &str = "
select c.relname::text, 'key ' || (
       select string_agg(a.attname, ', ' order by k.place)
         from unnest(x.indkey::smallint[]) with ordinality k(number, place)
         join pg_attribute a on a.attrelid = x.indrelid and a.attnum = k.number
        where a.attname not in ('workspace_id', 'device_id'))
  from pg_index x join pg_class c on c.oid = x.indrelid
  join coord.mirrored_tables m on m.name = c.relname
 where c.relnamespace = 'coord'::regnamespace and x.indisprimary";

/// Only those of a table: a column's own are called `TABLE_COLUMN_check`, and each engine needs
/// others.
const CHECKS: &str = "
select c.relname::text, 'check ' || k.conname
  from pg_constraint k join pg_class c on c.oid = k.conrelid
  join coord.mirrored_tables m on m.name = c.relname
 where c.relnamespace = 'coord'::regnamespace and k.contype = 'c'
   and not exists (select from pg_attribute a
                    where a.attrelid = c.oid
                      and k.conname = c.relname || '_' || a.attname || '_check')";

fn sorted(mut lines: Vec<String>) -> Vec<String> {
    lines.sort();
    lines
}
