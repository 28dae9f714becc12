//! Migrations in a real PostgreSQL: by Supabase's own command line, pasted, over every older version.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use coord::cloud::{connect, migrate};

use crate::schema::migrations;
use crate::schema::pg::Postgres;

const CACHE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/.cache/supabase");

/// `supabase db push` of the project in this folder.
fn db_push(folder: &Path, url: &str) -> Output {
    Command::new(format!("{CACHE}/node_modules/.bin/supabase"))
        .args(["db", "push", "--yes", "--workdir"])
        .arg(folder)
        .arg(format!("--remote={url}"))
        .env("SUPABASE_TELEMETRY_DISABLED", "1")
        .env("HOME", folder)
        .output()
        .expect("tests/setup has installed it")
}

/// A copy of the project to push from.
fn copy() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let project = folder.path().join("supabase");
    fs::create_dir_all(project.join("migrations")).expect("ours");
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    fs::copy(root.join("supabase/config.toml"), project.join("config.toml")).expect("it is there");
    for (path, sql) in migrations() {
        fs::write(folder.path().join(path), sql).expect("ours");
    }
    folder
}

/// Everything in the schemas that matter, by name.
fn catalogue(client: &mut postgres::Client) -> BTreeMap<String, String> {
    let what = "
        select 'function ' || p.oid::regprocedure, md5(pg_get_functiondef(p.oid)) || coalesce(p.proacl::text, '')
          from pg_proc p join pg_namespace n on n.oid = p.pronamespace
         where n.nspname = 'coord' or p.proname like 'coord\\_%'
        union all
        select 'column ' || c.relname || '.' || a.attname, format_type(a.atttypid, a.atttypmod) || a.attnotnull
          from pg_attribute a join pg_class c on c.oid = a.attrelid
         where c.relnamespace = 'coord'::regnamespace and c.relkind in ('r', 'c') and a.attnum > 0
           and not a.attisdropped
        union all
        select 'index ' || indexname, indexdef from pg_indexes where schemaname = 'coord'
        union all
        select 'constraint ' || conrelid::regclass || '.' || conname, pg_get_constraintdef(oid) from pg_constraint
         where connamespace = 'coord'::regnamespace
        union all
        select 'trigger ' || tgname, pg_get_triggerdef(oid) from pg_trigger where not tgisinternal
        union all
        select 'table ' || name, class || key_columns::text from coord.mirrored_tables
        union all
        select 'version', schema_version::text from coord.installation";
    let rows = client.query(what, &[]).expect("the catalogue is as documented");
    rows.iter().map(|row| (row.get(0), row.get(1))).collect()
}

#[test]
fn supabase_s_command_line_applies_them_once() {
    let (server, folder) = (Postgres::start(), copy());
    let mut client = server.database("project");
    let mut pasted = server.database("pasted");
    let url = server.url("project");

    let pushed = db_push(folder.path(), &url);
    assert!(pushed.status.success(), "{pushed:?}");
    let applied: i64 = client
        .query_one("select count(*) from supabase_migrations.schema_migrations", &[])
        .expect("it keeps a history")
        .get(0);
    assert_eq!(usize::try_from(applied), Ok(migrations().len()));
    // The same as when they are pasted in order, once or twice.
    for (path, sql) in [migrations(), migrations()].concat() {
        pasted.batch_execute(&sql).unwrap_or_else(|error| panic!("{path:?}: {error:?}"));
    }
    assert_eq!(catalogue(&mut client), catalogue(&mut pasted));
    let again = db_push(folder.path(), &url);
    assert!(again.status.success(), "{again:?}");
}

/// `coord sync migrate` and Supabase's command line keep one history.
#[test]
fn this_binary_applies_them_too_and_both_agree() {
    let (server, folder) = (Postgres::start(), copy());
    let embedded: Vec<&str> = migrate::migrations().into_iter().map(|(name, _)| name).collect();
    let files = migrations();
    let stems: Vec<&str> =
        files.iter().filter_map(|(path, _)| path.file_stem()?.to_str()).collect();
    assert_eq!(embedded, stems, "what is embedded is what is there");
    let connect =
        |name: &str| connect::connect(&server.socket_url(name), None).expect("it is there");
    let mut pushed = server.database("pushed");
    assert!(db_push(folder.path(), &server.url("pushed")).status.success());

    let mut client = server.database("ours");
    let done = migrate::migrate(&mut connect("ours")).expect("good SQL");
    assert_eq!((done.applied.len(), done.present), (stems.len(), 0));
    let again = migrate::migrate(&mut connect("ours")).expect("nothing to do");
    assert_eq!((again.applied.len(), again.present), (0, stems.len()));
    // Each takes what the other did for done.
    assert!(db_push(folder.path(), &server.url("ours")).status.success());
    assert_eq!(migrate::migrate(&mut connect("pushed")).expect("nothing to do").applied, [""; 0]);
    assert_eq!(catalogue(&mut client), catalogue(&mut pushed));
    // Two at once take turns.
    drop(server.database("pair"));
    let both: Vec<_> = std::thread::scope(|scope| {
        let running: Vec<_> = (0..2)
            .map(|_| scope.spawn(|| migrate::migrate(&mut connect("pair")).expect("in turn")))
            .collect();
        running.into_iter().map(|thread| thread.join().expect("it ends")).collect()
    });
    assert_eq!(both.iter().map(|done| done.applied.len()).sum::<usize>(), stems.len());
    // A database that a newer coord has brought further is told of.
    client
        .batch_execute(
            "insert into supabase_migrations.schema_migrations values ('999', null, 'later')",
        )
        .expect("ours");
    assert_eq!(migrate::migrate(&mut connect("ours")).expect("nothing to do").unknown, ["999"]);
}

#[test]
fn a_migration_that_fails_leaves_nothing() {
    let (server, folder) = (Postgres::start(), copy());
    let mut client = server.database("project");
    let broken = folder.path().join("supabase/migrations/900_broken.sql");
    fs::write(&broken, "create table coord.half (); select 1 / 0;").expect("ours");

    let pushed = db_push(folder.path(), &server.url("project"));

    assert!(!pushed.status.success(), "{pushed:?}");
    let left: bool = client
        .query_one(
            "select to_regclass('coord.half') is not null
                 or exists (select from supabase_migrations.schema_migrations where version = '900')",
            &[],
        )
        .expect("the history is there")
        .get(0);
    assert!(!left);
    fs::remove_file(broken).expect("it is there");
    assert!(
        db_push(folder.path(), &server.url("project")).status.success(),
        "and goes on after it is mended"
    );
}

/// A row in each table that is there, as far as its columns go: what a device would have sent by then.
pub const FILL: &str = "
do $$ declare t record; begin
    for t in select m.name, string_agg(quote_ident(a.attname), ', ' order by a.attnum) as cols,
        string_agg(case
            when a.attname = 'fence' then '1' when a.attname in ('attempt', 'unmet', 'run_after') then '0'
            when a.attname = 'status' then '''pending''' when a.attname = 'capability_key' then '''[]'''
            when a.attname = 'depends_on' then '''00000000-0000-7000-8000-000000000002'''
            when a.attname = 'expires_at' then '2' when a.attname = 'success' then 'true'
            when format_type(a.atttypid, null) = 'uuid' then '''00000000-0000-7000-8000-000000000001'''
            when format_type(a.atttypid, null) = 'bigint' then '1'
            when format_type(a.atttypid, null) = 'boolean' then 'false'
            when format_type(a.atttypid, null) = 'double precision' then '0.5'
            when format_type(a.atttypid, null) = 'jsonb' then '''[]'''
            when k.def ~ '64' then quote_literal(repeat('0', 64))
            when k.def ~ 'ARRAY' then (regexp_match(k.def, 'ARRAY\\[(''[^'']*'')'))[1]
            when k.def ~ '= ''' then (regexp_match(k.def, '= (''[^'']*'')'))[1]
            else '''some''' end, ', ' order by a.attnum) as vals
      from coord.mirrored_tables m join pg_class c on c.relname = m.name and c.relnamespace = 'coord'::regnamespace
      join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and a.attnotnull and not a.attisdropped
      left join lateral (select pg_get_constraintdef(oid) as def from pg_constraint
            where conrelid = c.oid and contype = 'c' and conname = c.relname || '_' || a.attname || '_check') k on true
     group by m.name
    loop
        execute format('insert into coord.%I (%s) values (%s) on conflict do nothing', t.name, t.cols, t.vals);
    end loop;
end $$";

#[test]
fn every_older_version_becomes_today_s_with_its_data() {
    let server = Postgres::start();
    let all = migrations();
    let fresh = catalogue(&mut {
        let mut client = server.database("fresh");
        all.iter().for_each(|(_, sql)| client.batch_execute(sql).expect("good SQL"));
        client
    });
    for stop in 1..all.len() {
        let mut client = server.database(&format!("from_{stop}"));
        for (_, sql) in &all[..stop] {
            client.batch_execute(sql).expect("good SQL");
        }
        client.batch_execute(FILL).unwrap_or_else(|error| panic!("after {stop}: {error:?}"));
        let count = "select sum((xpath('/row/n/text()', query_to_xml('select count(*) as n from coord.' || name,
                     false, true, '')))[1]::text::bigint)::bigint from coord.mirrored_tables";
        let before: i64 = client.query_one(count, &[]).expect("a number").get(0);

        for (path, sql) in &all[stop..] {
            client
                .batch_execute(sql)
                .unwrap_or_else(|error| panic!("{path:?} after {stop}: {error:?}"));
        }

        let after: i64 = client.query_one(count, &[]).expect("a number").get(0);
        assert_eq!(after, before, "rows after {stop}");
        assert!(before > 0, "{stop}");
        assert_eq!(catalogue(&mut client), fresh, "after {stop}");
    }
}
