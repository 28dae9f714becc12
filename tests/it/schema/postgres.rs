//! Makes Postgres's DDL from the source: the mirror's tables in the schema `coord`, closed to
//! everybody.
//!
//! - Every statement may be run again without harm, so that a migration can be pasted twice.
//! - Row-level security is on without a policy and every grant is revoked: only functions open a
//!   way in.
//!
//! Not here: functions, which are written by hand in `schema/*.postgres.sql`.

use super::kind::Kind;
use super::source::{Index, Item, Source, SyncClass, Table};
use super::{layout, layout::Cells};

/// What the first migration needs to stand on. Supabase has the roles, a plain Postgres gets them
/// here.
const GROUND: &str = "
-- Tables live in a schema that the web interface does not expose.
CREATE SCHEMA IF NOT EXISTS coord;

DO $$
DECLARE wanted text;
BEGIN
    FOREACH wanted IN ARRAY ARRAY['anon', 'authenticated'] LOOP
        BEGIN
            IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = wanted) THEN
                EXECUTE format('CREATE ROLE %I NOLOGIN', wanted);
            END IF;
        EXCEPTION WHEN duplicate_object OR unique_violation THEN
            NULL; -- another database of this cluster was quicker
        END;
    END LOOP;
END $$;

REVOKE ALL ON SCHEMA coord FROM PUBLIC, anon, authenticated;
";

/// The whole migration, with the hand-written part at its end.
pub fn migration(source: &Source, companion: Option<&str>) -> String {
    let mut sql = layout::header(source);
    if source.stem.starts_with("001_") {
        sql.push_str(GROUND);
    }
    for item in &source.items {
        let part = match item {
            Item::Table(table) if table.sync != SyncClass::Local => create_table(table),
            Item::Index(index) if !source.is_local(index) => create_index(index),
            _ => continue,
        };
        sql.push('\n');
        sql.push_str(&part);
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
    let body = layout::body(rows.collect(), table);
    let prose = layout::comment(&table.prose);
    let name = &table.name;
    format!(
        "{prose}CREATE TABLE IF NOT EXISTS coord.{name} (\n{body});\n\
         ALTER TABLE coord.{name} ENABLE ROW LEVEL SECURITY;\n\
         REVOKE ALL ON coord.{name} FROM PUBLIC, anon, authenticated;\n"
    )
}

fn create_index(index: &Index) -> String {
    layout::index(index, "CREATE INDEX IF NOT EXISTS", &format!("coord.{}", index.table))
}

fn storage(kind: &Kind) -> &'static str {
    match kind {
        Kind::Id => "uuid",
        // The same order and equality as in SQLite: byte by byte.
        Kind::Key(_) | Kind::Sha256 | Kind::Enum(_) => "text COLLATE \"C\"",
        Kind::Text | Kind::Raw => "text",
        Kind::Json | Kind::JsonArray => "jsonb",
        Kind::Bool => "boolean",
        Kind::Int { .. } | Kind::Ms => "bigint",
        Kind::Real => "double precision",
    }
}

/// What must be true of a value of `kind` in column `c` beyond its type.
fn rule(c: &str, kind: &Kind) -> Option<String> {
    Some(match kind {
        Kind::Id | Kind::Text | Kind::Raw | Kind::Json | Kind::Bool => return None,
        Kind::Key(bytes) => format!("octet_length({c}) BETWEEN 1 AND {bytes}"),
        Kind::Sha256 => format!("{c} ~ '^[0-9a-f]{{64}}$'"),
        Kind::JsonArray => format!("jsonb_typeof({c}) = 'array'"),
        // NaN sorts above Infinity.
        Kind::Real => format!("{c} > '-Infinity' AND {c} < 'Infinity'"),
        Kind::Int { .. } | Kind::Ms | Kind::Enum(_) => return layout::shared_rule(c, kind),
    })
}
