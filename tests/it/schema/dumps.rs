//! Databases of past versions, with data in them, still become databases of today.
//!
//! - `dumps/VERSION.sql` is a whole database as that version's store made it.
//! - Blessing writes the dump of the present version only: that of a released one never changes
//!   again.
//!
//! Not here: backups and refusals around a migration, which the store does.

use std::fs;
use std::path::{Path, PathBuf};

use coord::store::migrate;
use rusqlite::Connection;

use super::engines::into_sqlite;
use super::source::Source;
use super::{
    BLESS, apply, blessing, is_kept, made, root, rows, sources, sqlite_master, sqlite_with,
};

fn folder() -> PathBuf {
    root().join("tests/it/schema/dumps")
}

/// A database of today with a row of each kind in every table.
fn filled() -> Connection {
    let database = sqlite_with(|_| true);
    for table in sources().iter().flat_map(Source::tables) {
        for row in rows::valid(table) {
            into_sqlite(&database, table, &row).expect("a valid row");
        }
    }
    // What triggers draw by lot to tell that rows changed is another value each time.
    database
        .execute("UPDATE meta SET value = 'drawn' WHERE key LIKE '%version'", [])
        .expect("the rows are there");
    database
}

/// A database as the store leaves it, whatever it was before.
fn brought_up(mut database: Connection) -> Connection {
    migrate::bring_up(&mut database, None).expect("the store can upgrade it");
    database
}

/// The whole database as SQL: tables, rows, and only then what watches over rows.
fn dump(database: &Connection) -> String {
    let marked = brought_up(Connection::open_in_memory().expect("memory is there"));
    let mut sql = String::new();
    for mark in ["application_id", "user_version"] {
        let value: i64 =
            marked.pragma_query_value(None, mark, |row| row.get(0)).expect("it is a number");
        sql.push_str(&format!("PRAGMA {mark} = {value};\n"));
    }
    let texts = |kind: &str| {
        let order = "SELECT m.name, m.sql
                       FROM sqlite_master AS m LEFT JOIN pragma_table_list AS t
                         ON t.schema = 'main' AND t.name = m.name
                      WHERE m.sql IS NOT NULL AND coalesce(t.type, m.type) = ?1 ORDER BY m.name";
        let mut statement = database.prepare(order).expect("the catalogue can be read");
        let rows = statement.query_map([kind], |row| Ok((row.get(0)?, row.get(1)?)));
        rows.expect("the catalogue can be read")
            .collect::<Result<Vec<(String, String)>, _>>()
            .expect("every entry is text")
    };
    for (table, text) in texts("table") {
        sql.push_str(&format!("\n{text};\n"));
        sql.extend(inserts(database, &table));
    }
    for (_, text) in texts("view") {
        sql.push_str(&format!("\n{text};\n"));
    }
    // A full-text index is made from the rows, as its shadow tables are made by itself.
    for (name, text) in texts("virtual") {
        sql.push_str(&format!("\n{text};\n"));
        if text.contains("USING fts5 (") {
            sql.push_str(&format!("INSERT INTO {name} ({name}) VALUES ('rebuild');\n"));
        }
    }
    for (_, text) in texts("index").into_iter().chain(texts("trigger")) {
        sql.push_str(&format!("\n{text};\n"));
    }
    sql
}

fn inserts(database: &Connection, table: &str) -> Vec<String> {
    let columns = "SELECT group_concat('quote(' || name || ')', ' || '', '' || ')
                     FROM pragma_table_xinfo(?1)";
    let columns: String =
        database.query_row(columns, [table], |row| row.get(0)).expect("a table has columns");
    let mut statement = database
        .prepare(&format!("SELECT {columns} FROM {table} ORDER BY 1"))
        .expect("the columns are there");
    let rows = statement.query_map([], |row| row.get::<_, String>(0)).expect("rows can be read");
    rows.map(|row| format!("INSERT INTO {table} VALUES ({});\n", row.expect("rows are text")))
        .collect()
}

fn counts(database: &Connection, tables: &[String]) -> Vec<i64> {
    let count = |table| format!("SELECT count(*) FROM {table}");
    let ask = |table| database.query_row(&count(table), [], |row| row.get(0));
    tables.iter().map(|table| ask(table).expect("the table is there")).collect()
}

/// Compares the dump of this version, or writes it anew when blessing.
fn is_present_dump_kept() -> bool {
    is_kept(&folder().join(concat!(env!("CARGO_PKG_VERSION"), ".sql")), &dump(&filled()))
}

#[test]
fn the_dump_of_this_version_is_what_it_makes() {
    assert!(is_present_dump_kept(), "stale: {}; run {BLESS}", folder().display());
}

#[test]
fn each_past_version_becomes_today_s_with_its_data() {
    is_present_dump_kept();
    let fresh = sqlite_master(&sqlite_with(|_| true));
    let entries = fs::read_dir(folder()).expect("the folder is there");
    let dumps: Vec<_> = entries.map(|entry| entry.expect("it can be listed").path()).collect();
    assert!(!dumps.is_empty(), "at least this version has a dump");
    for path in dumps {
        let (database, before, tables) = upgraded(&path);

        assert_eq!(sqlite_master(&database), fresh, "{}", path.display());
        assert_eq!(counts(&database, &tables), before, "{}: {tables:?}", path.display());
        let sound: String = database
            .query_row("PRAGMA integrity_check", [], |row| row.get(0))
            .expect("it can be checked");
        assert_eq!(sound, "ok", "{}", path.display());
    }
}

/// Every step between two migrations upgrades too: they may be applied one release at a time.
#[test]
fn each_migration_continues_what_those_before_it_left() {
    let fresh = sqlite_master(&sqlite_with(|_| true));
    for first in sources() {
        let database = sqlite_with(|stem| stem <= first.stem.as_str());
        for table in first.tables() {
            let row = &rows::valid(table)[0];
            into_sqlite(&database, table, row).expect("a valid row");
        }

        for later in sources().iter().filter(|later| later.stem > first.stem) {
            apply(&database, &later.stem);
        }

        assert_eq!(sqlite_master(&database), fresh, "from {}", first.stem);
    }
}

/// The database of a dump as today's store leaves it, its tables and how many rows they had.
fn upgraded(path: &Path) -> (Connection, Vec<i64>, Vec<String>) {
    let sql = fs::read_to_string(path).expect("a dump is text");
    let database = Connection::open_in_memory().expect("memory is there");
    database.execute_batch(&sql).expect("a dump is a database");
    let tables = {
        let names = "SELECT name FROM pragma_table_list
                      WHERE schema = 'main' AND type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'
                      ORDER BY name";
        let mut names = database.prepare(names).expect("the catalogue can be read");
        let names = names.query_map([], |row| row.get(0)).expect("the catalogue can be read");
        names.collect::<Result<Vec<String>, _>>().expect("names are text")
    };
    let before = counts(&database, &tables);
    assert!(before.iter().all(|rows| *rows > 0), "{tables:?} have rows: {before:?}");
    (brought_up(database), before, tables)
}

#[test]
fn the_store_applies_every_migration_and_no_other() {
    let mut steps: Vec<_> =
        migrate::STEPS.iter().map(|(stem, sql)| (stem.to_string(), sql.to_string())).collect();
    steps.sort();

    let wanted = sources().into_iter().map(|s| (s.stem.clone(), made("schema/sqlite", &s.stem)));

    // While files are written anew, this binary still has the old ones.
    let same = blessing() || steps == wanted.collect::<Vec<_>>();
    assert!(same, "a migration is missing, stale or not applied");
}
