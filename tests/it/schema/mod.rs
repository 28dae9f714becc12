//! The schema's source, what is made from it, and the proof that both engines keep the same rows.
//!
//! `schema/NNN_name.tables` describes each table once. From it come `schema/sqlite/NNN_name.sql`,
//! which the binary embeds, and `supabase/migrations/NNN_name.sql`, the mirror. `just bless` writes
//! them anew.

mod audit;
mod catalogue;
mod dumps;
mod engines;
mod fuzz;
mod introspect;
mod kind;
mod language;
mod layout;
mod mirror;
pub mod pg;
mod postgres;
pub mod rows;
mod source;
mod sqlite;

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use rusqlite::Connection;
use source::{Source, SyncClass};

/// What to run when a generated file is not what its source says.
const BLESS: &str = "COORD_BLESS=1 cargo nextest run schema";

/// The repository's root.
fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every source, in the order in which they are applied.
pub fn sources() -> Vec<Source> {
    stems(".tables").iter().map(|stem| source(stem)).collect()
}

/// Names of the files in `schema/` without this ending, in order.
fn stems(ending: &str) -> Vec<String> {
    let mut stems: Vec<_> = fs::read_dir(root().join("schema"))
        .expect("the folder of the sources is there")
        .filter_map(|entry| {
            let name = entry.expect("the folder can be listed").file_name().into_string().ok()?;
            name.strip_suffix(ending).map(str::to_owned)
        })
        .collect();
    stems.sort();
    stems
}

/// Migrations that only Postgres has: functions, and tables that no device keeps.
fn cloud_only() -> Vec<String> {
    let both = stems(".tables");
    stems(".postgres.sql").into_iter().filter(|stem| !both.contains(stem)).collect()
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
    let mut files: Vec<(PathBuf, String)> = vec![];
    for source in sources() {
        let stem = &source.stem;
        let companion =
            |engine| fs::read_to_string(root().join(format!("schema/{stem}.{engine}.sql"))).ok();
        files.push((
            format!("schema/sqlite/{stem}.sql").into(),
            sqlite::migration(&source, companion("sqlite").as_deref()),
        ));
        let by_hand = companion("postgres");
        if by_hand.is_some() || source.tables().any(|table| table.sync != SyncClass::Local) {
            files.push((
                format!("supabase/migrations/{stem}.sql").into(),
                postgres::migration(&source, by_hand.as_deref()),
            ));
        }
    }
    for stem in cloud_only() {
        let text = fs::read_to_string(root().join(format!("schema/{stem}.postgres.sql")));
        let text = text.expect("a listed file can be read");
        let path = format!("supabase/migrations/{stem}.sql").into();
        files.push((path, postgres::cloud_only(&stem, &text)));
    }
    let newest = files.iter().filter_map(|(path, _)| number(path)).max();
    let known = catalogue::text(&sources(), newest.unwrap_or(0));
    files.push(("schema/mirrored.json".into(), known));
    files.sort();
    files
}

/// The number of a migration of the mirror.
fn number(path: &Path) -> Option<u32> {
    let name = path.strip_prefix("supabase/migrations").ok()?.to_str()?;
    name.split('_').next()?.parse().ok()
}

#[expect(clippy::disallowed_methods, reason = "a switch of the tests, not a setting")]
fn blessing() -> bool {
    std::env::var_os("COORD_BLESS").is_some()
}

#[test]
fn every_generated_file_is_what_its_source_says() {
    let files = generated();
    let stale: Vec<_> = files.iter().filter(|(path, wanted)| !is_kept(path, wanted)).collect();
    let stale: Vec<_> = stale.iter().map(|(path, _)| path).collect();
    assert!(stale.is_empty(), "stale: {stale:?}; run {BLESS}");
}

/// Whether the file holds what it should; when blessing it is made to, in one step for those who
/// read it.
fn is_kept(path: &Path, wanted: &str) -> bool {
    let path = root().join(path);
    if fs::read_to_string(&path).is_ok_and(|kept| kept == wanted) {
        return true;
    }
    if !blessing() {
        return false;
    }
    let folder = path.parent().expect("a file is in a folder");
    let fresh = tempfile::NamedTempFile::new_in(folder).expect("the folder can be written");
    fs::write(fresh.path(), wanted).expect("the file can be written");
    fs::set_permissions(fresh.path(), Permissions::from_mode(0o644)).expect("the file is ours");
    fresh.persist(&path).expect("the file can be replaced");
    true
}

/// A file that no source explains would be applied by nobody, or by Supabase alone.
#[test]
fn every_file_of_the_schema_belongs_to_a_source() {
    let mut explained: Vec<_> = generated().into_iter().map(|(path, _)| path).collect();
    explained.push("schema/README.md".into());
    for source in sources() {
        let endings = ["tables", "sqlite.sql", "postgres.sql"];
        explained.extend(endings.map(|ending| format!("schema/{}.{ending}", source.stem).into()));
    }
    explained.extend(cloud_only().iter().map(|s| format!("schema/{s}.postgres.sql").into()));
    for folder in ["schema", "schema/sqlite", "supabase/migrations"] {
        for entry in fs::read_dir(root().join(folder)).expect("the folder is there") {
            let path = Path::new(folder).join(entry.expect("it can be listed").file_name());
            assert!(
                root().join(&path).is_dir() || explained.contains(&path),
                "{path:?} is a stray"
            );
        }
    }
}

#[test]
fn migrations_are_numbered_without_twins() {
    let mut stems: Vec<_> = sources().into_iter().map(|source| source.stem).collect();
    stems.extend(cloud_only());
    stems.sort();
    let numbers: Vec<_> = stems.iter().filter_map(|stem| stem.split_once('_')).collect();
    assert!(numbers.iter().all(|(n, _)| n.len() == 3 && n.parse::<u16>().is_ok()), "{stems:?}");
    assert!(numbers.windows(2).all(|pair| pair[0].0 < pair[1].0), "{stems:?}");
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
    database.execute_batch(&made("schema/sqlite", stem)).expect("the migration can be applied");
}

/// One migration as its source says, whatever is on the disk while files are written anew.
fn made(folder: &str, stem: &str) -> String {
    let path = Path::new(folder).join(format!("{stem}.sql"));
    let file = generated().into_iter().find(|(generated, _)| *generated == path);
    file.expect("every source of this engine has its file").1
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
    for (path, sql) in migrations() {
        client.batch_execute(&sql).unwrap_or_else(|error| panic!("{path:?}: {error:?}"));
    }
}

/// Every migration of the mirror with its text, in order.
pub fn migrations() -> Vec<(PathBuf, String)> {
    generated().into_iter().filter(|(path, _)| path.starts_with("supabase")).collect()
}

/// A mirror whose rows can be written as a device has them: whose they are is filled in.
fn postgres_of_one_device(server: &pg::Postgres, name: &str) -> ::postgres::Client {
    let mut client = postgres_with(server, name);
    lend_owner(&mut client);
    client
}

fn lend_owner(client: &mut ::postgres::Client) {
    let lend = "
        do $$ declare c record; begin
            for c in select a.attrelid::regclass as t, a.attname as n
                       from pg_attribute a join pg_class r on r.oid = a.attrelid
                      where r.relnamespace = 'coord'::regnamespace and r.relkind = 'r'
                        and a.attname in ('workspace_id', 'device_id', 'row_hash', 'hlc', 'rev')
            loop
                execute format('alter table %s alter %I set default %L', c.t, c.n,
                    case when c.n like '%id' then '00000000-0000-7000-8000-000000000001' else '1' end);
            end loop;
        end $$";
    client.batch_execute(lend).expect("the columns are there");
}
