//! The web interface's roles can call the listed functions and touch nothing else at all.

use super::Cloud;

/// Everything that a role of the web interface is granted in this database beyond what PostgreSQL gives to everybody.
const GRANTED: &str = "
select line from (
    select format('%s: function %s.%s', role, n.nspname, p.proname) as line
      from unnest(array['anon', 'authenticated', 'service_role']) role, pg_proc p
      join pg_namespace n on n.oid = p.pronamespace
     where n.nspname not in ('pg_catalog', 'information_schema') and has_function_privilege(role, p.oid, 'execute')
    union all
    select format('%s: schema %s', role, n.nspname)
      from unnest(array['anon', 'authenticated', 'service_role']) role, pg_namespace n
     where n.nspname not in ('pg_catalog', 'information_schema', 'public') and n.nspname !~ '^pg_(toast|temp)'
       and has_schema_privilege(role, n.oid, 'usage, create')
    union all
    select format('%s: creates in public', role) from unnest(array['anon', 'authenticated', 'service_role']) role
     where has_schema_privilege(role, 'public', 'create')
    union all
    select format('%s: relation %s.%s', role, n.nspname, c.relname)
      from unnest(array['anon', 'authenticated', 'service_role']) role, pg_class c
      join pg_namespace n on n.oid = c.relnamespace
     where n.nspname not in ('pg_catalog', 'information_schema', 'pg_toast') and (
           c.relkind in ('r', 'v', 'm', 'p', 'f')
           and has_table_privilege(role, c.oid, 'select, insert, update, delete, truncate, references, trigger')
        or c.relkind = 'r' and has_any_column_privilege(role, c.oid, 'select, insert, update, references')
        or c.relkind = 'S' and has_sequence_privilege(role, c.oid, 'usage, select, update'))
    union all
    select format('%s is a member of %s', m.rolname, r.rolname)
      from pg_auth_members a join pg_roles m on m.oid = a.member join pg_roles r on r.oid = a.roleid
     where m.rolname in ('anon', 'authenticated', 'service_role')
    union all
    select format('%s may %s', rolname, thing)
      from pg_roles, lateral (values (rolsuper, 'everything'), (rolcreaterole, 'make roles'),
           (rolcreatedb, 'make databases'), (rolbypassrls, 'pass row security')) v(yes, thing)
     where rolname in ('anon', 'authenticated', 'service_role') and yes
) g order by line";

/// What devices call.
const OPEN: [&str; 17] = [
    "coord_arbiter_state",
    "coord_digest",
    "coord_enrol",
    "coord_head",
    "coord_lock_acquire",
    "coord_lock_release",
    "coord_lock_renew",
    "coord_pull",
    "coord_purge",
    "coord_push",
    "coord_snapshot",
    "coord_task_cancel",
    "coord_task_claim",
    "coord_task_complete",
    "coord_task_renew",
    "coord_task_retry",
    "coord_task_submit",
];

#[test]
fn the_roles_of_the_web_interface_have_what_is_listed_and_nothing_else() {
    let cloud = Cloud::start();
    let mut listed: Vec<String> = ["anon", "service_role"]
        .iter()
        .flat_map(|role| OPEN.map(|name| format!("{role}: function public.{name}")))
        .collect();
    listed.extend(
        ["coord_clean", "coord_invite"].map(|name| format!("service_role: function public.{name}")),
    );
    listed.sort();

    let rows = cloud.sql().query(GRANTED, &[]).expect("the catalogue is as documented");
    let mut granted: Vec<String> = rows.iter().map(|row| row.get(0)).collect();
    granted.sort();

    assert_eq!(granted, listed);
}

/// A project may give new functions to everybody by default; every migration takes that back by name.
#[test]
fn defaults_of_a_project_open_nothing() {
    let server = crate::schema::pg::Postgres::start();
    let mut client = server.database("generous");
    let generous = "
        do $$ begin
            create role anon nologin; create role authenticated nologin; create role service_role nologin;
        exception when duplicate_object then null; end $$;
        alter default privileges grant execute on functions to anon, authenticated, service_role;
        alter default privileges grant all on tables to anon, authenticated, service_role;
        alter default privileges grant all on sequences to anon, authenticated, service_role;";
    client.batch_execute(generous).expect("ours");
    for (path, sql) in crate::schema::migrations() {
        client.batch_execute(&sql).unwrap_or_else(|error| panic!("{path:?}: {error:?}"));
    }

    let rows = client.query(GRANTED, &[]).expect("the catalogue is as documented");
    let granted: Vec<String> = rows.iter().map(|row| row.get(0)).collect();
    let stray: Vec<_> =
        granted.iter().filter(|line| !line.contains("function public.coord_")).collect();
    assert!(stray.is_empty(), "{stray:?}");
    let to_all: Vec<_> = granted.iter().filter(|line| line.starts_with("authenticated")).collect();
    assert!(to_all.is_empty(), "{to_all:?}");
}

/// Whoever calls a function cannot make it call something of his own.
#[test]
fn functions_that_run_as_their_owner_search_nowhere_else() {
    let cloud = Cloud::start();

    let loose = cloud.ask(
        "string_agg(p.oid::regprocedure::text, ' ') from pg_proc p
           join pg_namespace n on n.oid = p.pronamespace
          where (n.nspname = 'coord' or p.proname like 'coord\\_%')
            and not coalesce(p.proconfig::text[] @> array['search_path=pg_catalog, pg_temp'], false)",
    );

    assert_eq!(loose, "null");
}
