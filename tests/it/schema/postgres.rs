//! Makes Postgres's DDL from the source: the mirror's tables in the schema `coord`, closed to
//! everybody.
//!
//! - Every statement may be run again without harm, so that a migration can be pasted twice.
//! - Row-level security is on without a policy and every grant is revoked: only functions open a
//!   way in.
//! - The key of every table begins with whose its rows are, so that many devices share a database.
//! - The device's indexes stay on the device: they serve its statements, and a unique one would
//!   refuse two rows of a batch that were never there together.
//!
//! Not here: functions and what only the cloud has, written by hand in `schema/*.postgres.sql`.

use super::kind::Kind;
use super::source::{Item, Source, SyncClass, Table};
use super::{layout, layout::Cells};

/// What the first migration needs to stand on. Supabase has the roles, a plain Postgres gets them
/// here.
const GROUND: &str = "
-- Tables live in a schema that the web interface does not expose.
CREATE SCHEMA IF NOT EXISTS coord;

DO $$
DECLARE wanted text;
BEGIN
    FOREACH wanted IN ARRAY ARRAY['anon', 'authenticated', 'service_role'] LOOP
        BEGIN
            IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = wanted) THEN
                EXECUTE format('CREATE ROLE %I NOLOGIN', wanted);
            END IF;
        EXCEPTION WHEN duplicate_object OR unique_violation THEN
            NULL; -- another database of this cluster was quicker
        END;
    END LOOP;
END $$;

REVOKE ALL ON SCHEMA coord FROM PUBLIC, anon, authenticated, service_role;

-- The mirrored tables by name: how their rows arrive, and by which of the device's columns one is found.
CREATE TABLE IF NOT EXISTS coord.mirrored_tables (
    name        text COLLATE \"C\" NOT NULL,
    class       text COLLATE \"C\" NOT NULL CHECK (class IN ('owner', 'append', 'union', 'policy')),
    key_columns text[] NOT NULL,
    PRIMARY KEY (name)
);
ALTER TABLE coord.mirrored_tables ENABLE ROW LEVEL SECURITY;
REVOKE ALL ON coord.mirrored_tables FROM PUBLIC, anon, authenticated, service_role;

-- This database: who it is, and which migration it has come to.
CREATE TABLE IF NOT EXISTS coord.installation (
    single         boolean NOT NULL DEFAULT true CHECK (single),
    incarnation    uuid    NOT NULL DEFAULT gen_random_uuid(), -- another one when a project is made anew
    schema_version integer NOT NULL DEFAULT 0,
    min_schema     integer NOT NULL DEFAULT 0, -- devices older than this must be upgraded first
    min_proto      integer NOT NULL DEFAULT 1,
    PRIMARY KEY (single)
);
ALTER TABLE coord.installation ENABLE ROW LEVEL SECURITY;
REVOKE ALL ON coord.installation FROM PUBLIC, anon, authenticated, service_role;
INSERT INTO coord.installation DEFAULT VALUES ON CONFLICT DO NOTHING;
";

/// The whole migration, with the hand-written part at its end.
pub fn migration(source: &Source, companion: Option<&str>) -> String {
    let mut sql = layout::header(source);
    if source.stem.starts_with("001_") {
        sql.push_str(GROUND);
    }
    for item in &source.items {
        let Item::Table(table) = item else { continue };
        if table.sync != SyncClass::Local {
            sql.push('\n');
            sql.push_str(&create_table(table));
        }
    }
    layout::append(sql, companion) + &arrival(&source.stem)
}

/// A migration that only Postgres has.
pub fn cloud_only(stem: &str, text: &str) -> String {
    format!("{}\n{text}{}", layout::made(stem), arrival(stem))
}

/// Says that the database has come to this migration.
fn arrival(stem: &str) -> String {
    let number: u16 = stem.split('_').next().and_then(|n| n.parse().ok()).unwrap_or_default();
    format!(
        "\nUPDATE coord.installation SET schema_version = {number} WHERE schema_version < {number};\n"
    )
}

/// What the mirror keeps of a row beside the device's columns: before them and after them.
fn bookkeeping(class: SyncClass) -> (Vec<Cells>, Vec<Cells>) {
    let cell = |name: &str, kind: &str, rest: &str, comment: &str| Cells {
        name: name.into(),
        kind: kind.into(),
        rest: rest.into(),
        comment: (!comment.is_empty()).then(|| comment.into()),
    };
    let device = match class {
        SyncClass::Union | SyncClass::Policy => "who wrote this image",
        SyncClass::Owner | SyncClass::Append | SyncClass::Local => "",
    };
    let before = vec![
        cell("workspace_id", "uuid", "NOT NULL", ""),
        cell("device_id", "uuid", "NOT NULL", device),
    ];
    let mut after = vec![cell("row_hash", "bigint", "NOT NULL", "of the image, by its device")];
    match class {
        SyncClass::Union => {
            after.push(cell("hlc", "bigint", "NOT NULL", "the newest image stays"));
        }
        SyncClass::Policy => {
            after.push(cell("rev", "bigint", "NOT NULL CHECK (rev >= 1)", ""));
            after.push(cell("deleted_at", "bigint", "", "removed, and still counted on"));
        }
        SyncClass::Owner | SyncClass::Append | SyncClass::Local => {}
    }
    (before, after)
}

fn create_table(table: &Table) -> String {
    let (mut rows, after) = bookkeeping(table.sync);
    rows.extend(table.mirrored().map(|column| Cells {
        name: column.name.clone(),
        kind: storage(&column.kind).into(),
        rest: layout::rest(column, rule(&column.name, &column.kind)),
        comment: column.comment.clone(),
    }));
    rows.extend(after);
    let whose = match table.sync {
        SyncClass::Union | SyncClass::Policy => "workspace_id",
        SyncClass::Owner | SyncClass::Append | SyncClass::Local => "workspace_id, device_id",
    };
    let name = &table.name;
    format!(
        "{prose}CREATE TABLE IF NOT EXISTS coord.{name} (\n{body});\n\
         ALTER TABLE coord.{name} ENABLE ROW LEVEL SECURITY;\n\
         REVOKE ALL ON coord.{name} FROM PUBLIC, anon, authenticated, service_role;\n\
         INSERT INTO coord.mirrored_tables VALUES ('{name}', '{class}', '{{{key}}}')\n    \
         ON CONFLICT (name) DO UPDATE SET class = excluded.class, key_columns = excluded.key_columns;\n",
        prose = layout::comment(&table.prose),
        body = layout::body(rows, table, &format!("{whose}, {}", table.key.join(", "))),
        class = table.sync.word(),
        key = table.key.join(","),
    )
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
