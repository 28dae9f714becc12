//! The mirror in a real Postgres: the device's tables, closed to everybody, safe to apply again.

use coord::ingress::PATH_KEY_BYTES;
use sha2::{Digest as _, Sha256};

use super::engines::{into_postgres, into_sqlite};
use super::kind::Kind;
use super::pg::Postgres;
use super::rows::{self, Cell};
use super::source::{Source, SyncClass};
use super::{introspect, migrate_mirror, postgres_with, sources, sqlite_with};

#[test]
fn the_mirror_has_the_tables_of_the_device() {
    let server = Postgres::start();

    let device = introspect::sqlite(&sqlite_with(|_| true));
    let mirror = introspect::postgres(&mut postgres_with(&server, "mirror"));

    assert_eq!(device.keys().collect::<Vec<_>>(), mirror.keys().collect::<Vec<_>>());
    for (table, said) in &device {
        assert_eq!(said, &mirror[table], "{table}: SQLite left, Postgres right");
    }
    assert!(device["work_queue"].iter().any(|line| line.starts_with("check ")));
}

#[test]
fn text_that_is_searched_for_is_compared_byte_by_byte_in_the_mirror() {
    let server = Postgres::start();
    let mut client = postgres_with(&server, "bytes");

    let otherwise = client
        .query(
            "select i.relname::text from pg_index x
               join pg_class i on i.oid = x.indexrelid join pg_class c on c.oid = x.indrelid
              where c.relnamespace = 'coord'::regnamespace
                and exists (select from unnest(x.indcollation::oid[]) k
                             where k not in (0, '\"C\"'::regcollation))",
            &[],
        )
        .expect("the catalogue is as documented");

    let otherwise: Vec<String> = otherwise.iter().map(|row| row.get(0)).collect();
    assert!(otherwise.is_empty(), "by the database's language: {otherwise:?}");
}

#[test]
fn migrations_that_are_applied_twice_change_nothing() {
    let server = Postgres::start();
    let mut client = postgres_with(&server, "twice");
    let project = "insert into coord.projects
        values (gen_random_uuid(), gen_random_uuid(), 'p', null, 7, 1, 0)";
    client.batch_execute(project).expect("a valid row");
    let before = introspect::postgres(&mut client);

    migrate_mirror(&mut client);

    assert_eq!(introspect::postgres(&mut client), before);
    let fence: i64 =
        client.query_one("select last_fence from coord.projects", &[]).expect("one row").get(0);
    assert_eq!(fence, 7);
}

/// What the web interface's roles may do: nothing, until a function is made for them.
#[test]
fn the_roles_of_the_web_interface_can_touch_nothing_of_the_mirror() {
    let server = Postgres::start();
    let mut client = postgres_with(&server, "closed");

    let open = client
        .query(
            "select format('%s may use %s', role, thing)
               from unnest(array['anon', 'authenticated', 'service_role']) role,
             lateral (
                select 'the schema' where has_schema_privilege(role, 'coord', 'usage, create')
                union all
                select c.relname::text from pg_class c
                 where c.relnamespace = 'coord'::regnamespace and c.relkind = 'r'
                   and has_table_privilege(role, c.oid,
                       'select, insert, update, delete, truncate, references, trigger')
                union all
                select p.proname::text from pg_proc p
                 where p.pronamespace = 'coord'::regnamespace
                   and has_function_privilege(role, p.oid, 'execute')
             ) open(thing)
             union all
             select format('%s has no row-level security', relname) from pg_class
              where relnamespace = 'coord'::regnamespace and relkind = 'r' and not relrowsecurity",
            &[],
        )
        .expect("the catalogue is as documented");

    let open: Vec<String> = open.iter().map(|row| row.get(0)).collect();
    assert!(open.is_empty(), "{open:?}");
}

#[test]
fn the_mirror_tells_who_is_alive_and_can_do_a_thing() {
    let server = Postgres::start();
    let mut client = super::postgres_of_one_device(&server, "discovery");
    for (session, seen, ended) in
        [("s1", 5, "null, null"), ("s2", 9, "null, null"), ("s3", 9, "9, 'died'")]
    {
        let insert = format!(
            "insert into coord.agent_sessions
             (session_id, project, agent_id, agent_type, liveness, identity_rule, started_at,
              last_seen_at, ended_at, end_reason) values
             ('{session}', 'p', 'agent', 'type', 'connection', 'rule', 1, {seen}, {ended});
             insert into coord.agent_capabilities (session_id, capability) values
             ('{session}', 'rust'), ('{session}', 'go-{session}')"
        );
        client.batch_execute(&insert).expect("valid rows");
    }

    let mut ask = |project: &str, capability: Option<&str>| -> Vec<String> {
        let question = "select session_id || ' ' || capabilities::text
               from coord.discover_agents('00000000-0000-7000-8000-000000000001', $1, $2)";
        let rows = client.query(question, &[&project, &capability]).expect("it can be asked");
        rows.iter().map(|row| row.get(0)).collect()
    };

    assert_eq!(ask("p", None), ["s2 {go-s2,rust}", "s1 {go-s1,rust}"]);
    assert_eq!(ask("p", Some("go-s1")), ["s1 {go-s1,rust}"]);
    assert_eq!(ask("p", Some("go-s3")), [""; 0]);
    assert_eq!(ask("elsewhere", None), [""; 0]);
}

/// Postgres compresses what it indexes, so only text without a pattern has its full length.
fn patternless(bytes: usize) -> String {
    let blocks = (0_u32..).flat_map(|n| Sha256::digest(n.to_be_bytes()));
    blocks.map(|byte| char::from(b'!' + byte % 94)).take(bytes).collect()
}

#[test]
fn keys_of_the_largest_size_fit_the_indexes_of_both_engines() {
    let server = Postgres::start();
    let (device, mut mirror) =
        (sqlite_with(|_| true), super::postgres_of_one_device(&server, "large"));
    let sources = sources();
    let mirrored = sources.iter().flat_map(Source::tables);
    for table in mirrored.filter(|table| table.sync != SyncClass::Local) {
        let mut row = rows::valid(table).swap_remove(0);
        for (column, cell) in table.columns.iter().zip(&mut row) {
            if let (Kind::Key(most), Cell::Text(text)) = (&column.kind, cell) {
                // A list stays one.
                *text = match text.as_str() {
                    "[]" => format!("[{}]", patternless(*most - 2)),
                    _ => patternless(*most),
                };
            }
        }

        into_sqlite(&device, table, &row).expect("SQLite takes keys of any size");
        into_postgres(&mut mirror, table, &row).expect("Postgres takes keys within the bounds");
    }
}

#[test]
fn a_lock_s_path_may_be_as_long_as_the_front_door_lets_it() {
    let core = super::source("001_core_schema");
    let locks = core.tables().find(|table| table.name == "file_locks").expect("it is described");

    assert_eq!(locks.column("path_key").map(|c| &c.kind), Some(&Kind::Key(PATH_KEY_BYTES)));
}
