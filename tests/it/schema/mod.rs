//! The schema's source, what is made from it, and the proof that both engines keep the same rows.
//!
//! `schema/NNN_name.tables` describes each table once. From it come `schema/sqlite/NNN_name.sql`, which the
//! binary embeds, and `supabase/migrations/NNN_name.sql`, the mirror. `just bless` writes them anew.

mod engines;
mod fuzz;
mod layout;
pub mod pg;
mod postgres;
mod rows;
mod source;
mod sqlite;

use std::fs;
use std::path::{Path, PathBuf};

use rusqlite::Connection;
use source::{Source, Sync};

/// What to run when a generated file is not what its source says.
const BLESS: &str = "COORD_BLESS=1 cargo nextest run schema";

/// The repository's root.
fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every source, in the order in which they are applied.
fn sources() -> Vec<Source> {
    let mut stems: Vec<_> = fs::read_dir(root().join("schema"))
        .expect("the folder of the sources is there")
        .filter_map(|entry| {
            let name = entry.expect("the folder can be listed").file_name().into_string().ok()?;
            name.strip_suffix(".tables").map(str::to_owned)
        })
        .collect();
    stems.sort();
    stems.iter().map(|stem| source(stem)).collect()
}

fn source(stem: &str) -> Source {
    let text = fs::read_to_string(root().join(format!("schema/{stem}.tables")))
        .expect("a listed source can be read");
    Source::parse(stem, &text)
        .map_err(|unreadable| unreadable.to_string())
        .expect("a source that is written in its language")
}

/// Every generated file with what it should hold.
fn generated() -> Vec<(PathBuf, String)> {
    let mut files = vec![];
    for source in sources() {
        let stem = &source.stem;
        let companion =
            |engine| fs::read_to_string(root().join(format!("schema/{stem}.{engine}.sql"))).ok();
        files.push((
            format!("schema/sqlite/{stem}.sql").into(),
            sqlite::migration(&source, companion("sqlite").as_deref()),
        ));
        if source.tables().any(|table| table.sync != Sync::Local) {
            files.push((
                format!("supabase/migrations/{stem}.sql").into(),
                postgres::migration(&source, companion("postgres").as_deref()),
            ));
        }
    }
    files
}

#[expect(clippy::disallowed_methods, reason = "a switch of the tests, not a setting")]
fn blessing() -> bool {
    std::env::var_os("COORD_BLESS").is_some()
}

#[test]
fn every_generated_file_is_what_its_source_says() {
    let mut stale = vec![];
    for (path, wanted) in generated() {
        if blessing() {
            fs::write(root().join(&path), &wanted).expect("the file can be written");
        }
        if fs::read_to_string(root().join(&path)).unwrap_or_default() != wanted {
            stale.push(path);
        }
    }
    assert!(stale.is_empty(), "stale: {stale:?}; run {BLESS}");
}

/// What a database consists of: the text of every table, index and trigger, by name.
fn sqlite_master(database: &Connection) -> String {
    let mut statement = database
        .prepare("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY type, name")
        .expect("the catalogue can be read");
    let texts = statement
        .query_map([], |row| row.get::<_, String>(0))
        .expect("the catalogue can be read")
        .collect::<Result<Vec<_>, _>>()
        .expect("every entry is text");
    texts.join(";\n\n") + ";\n"
}

/// A database in memory with the migrations whose stem `wanted` accepts.
fn sqlite_with(wanted: impl Fn(&str) -> bool) -> Connection {
    let database = Connection::open_in_memory().expect("memory is there");
    for source in sources().iter().filter(|source| wanted(&source.stem)) {
        apply(&database, &source.stem);
    }
    database
}

fn apply(database: &Connection, stem: &str) {
    let sql = fs::read_to_string(root().join(format!("schema/sqlite/{stem}.sql")))
        .expect("the migration is there");
    database.execute_batch(&sql).expect("the migration can be applied");
}

#[test]
fn the_migrations_make_the_database_of_the_snapshot() {
    insta::assert_snapshot!("sqlite_master", sqlite_master(&sqlite_with(|_| true)));
}

/// A database of the server with every migration of the mirror.
pub fn postgres_with(server: &pg::Postgres, name: &str) -> ::postgres::Client {
    let mut client = server.database(name);
    migrate_mirror(&mut client);
    client
}

fn migrate_mirror(client: &mut ::postgres::Client) {
    for (path, _) in generated().iter().filter(|(path, _)| path.starts_with("supabase")) {
        let sql = fs::read_to_string(root().join(path)).expect("the migration is there");
        client.batch_execute(&sql).expect("the migration can be applied");
    }
}
