-- What keeps the cloud small, and what only an administrator does: from the SQL editor, or with the service key.

-- Days that the log of changes goes back; a device that was away for longer reads the tables whole.
create or replace function coord.log_days() returns integer
language sql immutable set search_path = pg_catalog, pg_temp
as $$ select 30 $$;
revoke all on function coord.log_days() from public, anon, authenticated, service_role;

-- Takes out what nobody needs any more. A position that a later one has superseded keeps its place and loses its body.
create or replace function coord.clean(p_ws uuid) returns void
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
    v_floor bigint;
    v_old timestamptz := now() - make_interval(days => coord.log_days());
    v_buried timestamptz := now() - interval '90 days';
    v_table text;
begin
    select coalesce(max(pos), 0) into v_floor from coord.cloud_log where workspace_id = p_ws and at < v_old;
    delete from coord.cloud_log where workspace_id = p_ws and pos <= v_floor;
    update coord.workspaces set floor = greatest(floor, v_floor) where workspace_id = p_ws;
    update coord.cloud_log l set op = 'x', body = null
     where workspace_id = p_ws and op = 'i' and at < now() - interval '1 day'
       and exists (select from coord.cloud_log n
                    where n.workspace_id = p_ws and n.tbl = l.tbl and n.pk = l.pk and n.pos > l.pos
                      and n.device_id is not distinct from l.device_id);
    delete from coord.tombstones where workspace_id = p_ws and at < v_buried;
    for v_table in select name from coord.mirrored_tables where class = 'policy' loop
        execute format('delete from coord.%I where workspace_id = $1 and deleted_at < $2', v_table)
          using p_ws, (extract(epoch from v_buried) * 1000)::bigint;
    end loop;
    delete from coord.enrolment_codes where workspace_id = p_ws and expires_at < v_old;
    delete from coord.arbiter_requests r using coord.devices d
     where d.device_id = r.device_id and d.workspace_id = p_ws and r.at < now() - interval '1 day';
    delete from coord.shared_tasks
     where workspace_id = p_ws and finished_at < (extract(epoch from v_buried) * 1000)::bigint;
end $$;
revoke all on function coord.clean(uuid) from public, anon, authenticated, service_role;

create or replace function public.coord_clean(p jsonb) returns jsonb
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp set statement_timeout = '60s' as $$
begin
    perform coord.clean(workspace_id) from coord.workspaces;
    return coord.reply('ok');
end $$;
revoke all on function public.coord_clean(jsonb) from public, anon, authenticated, service_role;
grant execute on function public.coord_clean(jsonb) to service_role;

-- Removes a row that all devices share, from every device. No device brings it back.
create or replace function coord.bury(p_ws uuid, p_table text, p_key text) returns void
language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
    if not exists (select from coord.mirrored_tables where name = p_table and class = 'union') then
        raise exception '% has no rows that all share', p_table;
    end if;
    execute coord.fill('delete from {table} e using jsonb_populate_record(null::{table},
                        coord.key_object($1, {names})) i where {is_this}', p_table) using p_key, p_ws;
    insert into coord.tombstones values (p_ws, p_table, p_key) on conflict do nothing;
    perform coord.emit(p_ws, null, array[(null, p_table, p_key, 'd', coord.now_ms() << 16, null, null, null, null,
                                          null)::coord.outcome]);
end $$;
revoke all on function coord.bury(uuid, text, text) from public, anon, authenticated, service_role;

-- A person looked at a device whose audit log did not hold together, and lets it take part again.
create or replace function coord.lift(p_device uuid) returns void
language sql volatile set search_path = pg_catalog, pg_temp
as $$ update coord.devices set broken_at = null, broken_why = null where device_id = p_device $$;
revoke all on function coord.lift(uuid) from public, anon, authenticated, service_role;

-- Shuts a device out for good. What it held is free when its leases end.
create or replace function coord.revoke(p_device uuid) returns void
language sql volatile set search_path = pg_catalog, pg_temp
as $$ update coord.devices set revoked_at = coalesce(revoked_at, now()) where device_id = p_device $$;
revoke all on function coord.revoke(uuid) from public, anon, authenticated, service_role;
