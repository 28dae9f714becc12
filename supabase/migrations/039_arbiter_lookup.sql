-- Made from schema/039_arbiter_lookup.* by COORD_BLESS=1 cargo nextest run schema; change it there.

-- What stands in the way of a lock is looked up, however much is held; and a release names the grant that it ends.

-- The request that the lock was granted to last, so that a release which arrives late ends no later grant.
alter table coord.shared_locks add column if not exists req uuid;
-- No lock of the project can be swept away before; a sweep reads them all.
alter table coord.arbiter_projects add column if not exists sweep_at bigint not null default 0;
-- What is held at a path, above it or below it.
create index if not exists shared_locks_by_root on coord.shared_locks (workspace_id, project, root);

-- A path and everything above it, the whole repository first.
create or replace function coord.roots_above(p_root text) returns text[]
language sql immutable strict set search_path = pg_catalog, pg_temp
as $$
    select array[''] || array(
        select array_to_string((string_to_array(p_root, '/'))[1:n], '/')
          from generate_series(1, cardinality(string_to_array(p_root, '/'))) n)
$$;
revoke all on function coord.roots_above(text) from public, anon, authenticated, service_role;

-- Everything that others hold and that may mean a path of {locks: [{kind, mode, root}]}: what coord.may_meet says, found
-- by the index. Each path is looked up alone, because a planner without statistics would read the whole table for all.
create or replace function coord.in_the_way(
    p_project coord.arbiter_projects, p_locks jsonb, p_device uuid, p_session text, p_now bigint
) returns setof coord.shared_locks
language plpgsql stable set search_path = pg_catalog, pg_temp set enable_seqscan = off set jit = off as $$
declare
    w record;
    v_above text[];
begin
    for w in select r.kind, r.mode, r.root from jsonb_to_recordset(p_locks) as r(kind text, mode text, root text) loop
        v_above := coord.roots_above(w.root);
        return query
            select l.* from coord.shared_locks l
             where l.workspace_id = p_project.workspace_id and l.project = p_project.project
               and l.root = any (v_above) and l.free_at > p_now
               and not (l.device_id = p_device and l.session_id = p_session)
               and not (w.mode = 'shared' and l.mode = 'shared')
               and coord.may_meet(w.kind, w.root, l.kind, l.root);
        if w.kind in ('folder', 'glob') then
            return query
                select l.* from coord.shared_locks l
                 where l.workspace_id = p_project.workspace_id and l.project = p_project.project
                   and l.root > w.root and (w.root = '' or l.root >= w.root || '/' and l.root < w.root || '0')
                   and l.free_at > p_now
                   and not (l.device_id = p_device and l.session_id = p_session)
                   and not (w.mode = 'shared' and l.mode = 'shared')
                   and coord.may_meet(w.kind, w.root, l.kind, l.root);
        end if;
    end loop;
end $$;
revoke all on function coord.in_the_way(coord.arbiter_projects, jsonb, uuid, text, bigint)
    from public, anon, authenticated, service_role;

-- A lock as others are told of it.
create or replace function coord.lock_shown(l coord.shared_locks, p_now bigint) returns jsonb
language sql immutable set search_path = pg_catalog, pg_temp
as $$
    select jsonb_build_object(
        'k', l.path_key, 'path', l.path, 'kind', l.kind, 'mode', l.mode, 'device', l.device_id,
        'session', l.session_id, 'agent_id', l.agent_id, 'agent_type', l.agent_type, 'reason', l.reason,
        'fence', l.fence, 'req', l.req, 'acquired_at', l.acquired_at, 'lease_ms', greatest(l.lease_until - p_now, 0),
        'retry_ms', greatest(l.free_at - p_now, 0))
$$;

-- Removes what is free by now, if anything can be; says whether anything was. The project's row is locked.
create or replace function coord.sweep_locks(p_project coord.arbiter_projects, p_now bigint) returns boolean
language plpgsql volatile set search_path = pg_catalog, pg_temp as $$
declare v_count integer;
begin
    if p_project.sweep_at > p_now then
        return false;
    end if;
    delete from coord.shared_locks
     where workspace_id = p_project.workspace_id and project = p_project.project and free_at <= p_now;
    get diagnostics v_count = row_count;
    update coord.arbiter_projects
       set sweep_at = coalesce((select min(free_at) from coord.shared_locks
                                 where workspace_id = p_project.workspace_id and project = p_project.project),
                               p_now + 3600000),
           epoch = epoch + case when v_count > 0 then 1 else 0 end
     where workspace_id = p_project.workspace_id and project = p_project.project;
    return v_count > 0;
end $$;
revoke all on function coord.sweep_locks(coord.arbiter_projects, bigint) from public, anon, authenticated, service_role;

-- All or none of {locks: [{k, path, kind, mode, root}]} for a session. Holding one already renews it under its fence;
-- holding it alone instead of with others is a grant of its own.
create or replace function public.coord_lock_acquire(p jsonb) returns jsonb
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp set statement_timeout = '8s' as $$
declare
    v_device coord.devices := coord.arbiter_auth();
    v_req uuid := coord.wanted(p, 'req', 'string')::uuid;
    v_session text := coord.wanted(p, 'session', 'string');
    v_ttl bigint := coord.wanted(p, 'ttl_ms', 'number')::bigint;
    v_delay bigint := coalesce((p ->> 'delay_ms')::bigint, 15000);
    v_project coord.arbiter_projects;
    v_now bigint;
    v_base bigint;
    v_answer jsonb;
begin
    perform coord.wanted(p, 'locks', 'array');
    v_project := coord.enter_project(v_device.workspace_id, coord.wanted(p, 'project', 'string'));
    select answer into v_answer from coord.arbiter_requests where device_id = v_device.device_id and req = v_req;
    if found then
        return coord.reply(v_answer ->> 'status', v_answer || jsonb_build_object(
            'late_ms', coord.now_ms() - (v_answer ->> 'at')::bigint));
    end if;
    v_now := coord.now_ms();
    perform coord.sweep_locks(v_project, v_now);
    select jsonb_agg(coord.lock_shown(l, v_now) order by l.path_key, l.fence) into v_answer
      from (select distinct * from coord.in_the_way(v_project, p -> 'locks', v_device.device_id, v_session, v_now)) l;
    if v_answer is not null then
        return coord.reply('held', jsonb_build_object('by', v_answer));
    end if;
    -- What was granted elsewhere already keeps its fence, if it is the highest.
    v_base := greatest(v_project.last_fence, coalesce((p ->> 'seen')::bigint, 0)
                                             - case when (p ->> 'keep')::boolean then 1 else 0 end);
    with written as (
        insert into coord.shared_locks as l
               (workspace_id, project, path_key, device_id, session_id, path, kind, mode, root, agent_id, agent_type,
                reason, fence, ttl_ms, delay_ms, acquired_at, lease_until, free_at, req)
        select v_project.workspace_id, v_project.project, w.k, v_device.device_id, v_session, w.path, w.kind, w.mode,
               w.root, coord.wanted(p, 'agent_id', 'string'), coord.wanted(p, 'agent_type', 'string'), p ->> 'reason',
               v_base + row_number() over (order by w.k), v_ttl, v_delay, v_now, v_now + v_ttl,
               v_now + v_ttl + v_delay, v_req
          from jsonb_to_recordset(p -> 'locks') as w(k text, path text, kind text, mode text, root text)
        on conflict (workspace_id, project, path_key, device_id, session_id) do update
           set mode = excluded.mode, reason = coalesce(excluded.reason, l.reason), ttl_ms = excluded.ttl_ms,
               fence = case when l.lease_until > v_now and (l.mode = 'exclusive' or excluded.mode = 'shared')
                            then l.fence else excluded.fence end,
               lease_until = greatest(l.lease_until, excluded.lease_until),
               free_at = greatest(l.free_at, excluded.free_at), req = excluded.req
        returning *
    )
    select jsonb_build_object('status', 'granted', 'at', v_now, 'locks', jsonb_agg(jsonb_build_object(
               'k', path_key, 'fence', fence, 'lease_ms', lease_until - v_now) order by path_key))
      into v_answer from written;
    update coord.arbiter_projects
       set last_fence = v_base + jsonb_array_length(p -> 'locks'), epoch = epoch + 1,
           sweep_at = least(sweep_at, v_now + v_ttl + v_delay)
     where workspace_id = v_project.workspace_id and project = v_project.project;
    insert into coord.arbiter_requests values (v_device.device_id, v_req, v_answer);
    return coord.reply('granted', v_answer);
end $$;

-- Extends what the named sessions hold, and says what that is: a lock that is not there is lost.
create or replace function public.coord_lock_renew(p jsonb) returns jsonb
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp set statement_timeout = '8s' as $$
declare
    v_device coord.devices := coord.arbiter_auth();
    v_now bigint := coord.now_ms();
    v_held jsonb;
begin
    perform coord.wanted(p, 'sessions', 'array');
    with due as materialized ( -- locked in one order, so that two renewals never wait for each other
        select l.ctid as place from coord.shared_locks l
         where l.device_id = v_device.device_id
           and l.session_id in (select jsonb_array_elements_text(p -> 'sessions')) and l.free_at > v_now
         order by l.project, l.path_key, l.session_id for no key update
    ), renewed as (
        update coord.shared_locks l
           set lease_until = v_now + l.ttl_ms, free_at = v_now + l.ttl_ms + l.delay_ms
          from due where l.ctid = due.place
        returning l.*
    )
    select coalesce(jsonb_agg(jsonb_build_object('project', project, 'session', session_id, 'k', path_key,
               'fence', fence, 'req', req, 'lease_ms', ttl_ms)), '[]') into v_held from renewed;
    return coord.reply('ok', jsonb_build_object('held', v_held));
end $$;

-- Gives back what a session holds: the named paths, or all; with {grants: {k: req}} only what was granted to those
-- requests last, and says what is left of the named paths. Nobody can give back another's.
create or replace function public.coord_lock_release(p jsonb) returns jsonb
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp set statement_timeout = '8s' as $$
declare
    v_device coord.devices := coord.arbiter_auth();
    v_session text := coord.wanted(p, 'session', 'string');
    v_named boolean := jsonb_typeof(p -> 'keys') is not distinct from 'array';
    v_exact boolean := jsonb_typeof(p -> 'grants') is not distinct from 'object';
    v_project coord.arbiter_projects;
    v_count integer;
    v_left jsonb;
begin
    v_project := coord.enter_project(v_device.workspace_id, coord.wanted(p, 'project', 'string'));
    delete from coord.shared_locks
     where workspace_id = v_project.workspace_id and project = v_project.project
       and device_id = v_device.device_id and session_id = v_session and (not v_named or p -> 'keys' ? path_key)
       and (not v_exact or req is null or p -> 'grants' ->> path_key = req::text);
    get diagnostics v_count = row_count;
    if v_count > 0 then
        update coord.arbiter_projects set epoch = epoch + 1
         where workspace_id = v_project.workspace_id and project = v_project.project;
    end if;
    select coalesce(jsonb_object_agg(path_key, req), '{}') into v_left from coord.shared_locks
     where workspace_id = v_project.workspace_id and project = v_project.project
       and device_id = v_device.device_id and session_id = v_session and p -> 'keys' ? path_key;
    return coord.reply('ok', jsonb_build_object('released', v_count, 'left', v_left));
end $$;

UPDATE coord.installation SET schema_version = 39 WHERE schema_version < 39;
