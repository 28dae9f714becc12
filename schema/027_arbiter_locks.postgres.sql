-- Postgres as the arbiter of locks between machines.
--
-- A lock is decided under the lock of its project's row, and its fence is counted there: so fences of one path rise in
-- the order of grants, whatever was asked at the same time. Leases are lengths by this server's clock; a lease that
-- ran out keeps others away a while longer, because the holder may still be writing; a clean release does not.

-- One repository whose locks and work are decided here.
create table if not exists coord.arbiter_projects (
    workspace_id uuid not null references coord.workspaces,
    project      text collate "C" not null check (octet_length(project) between 1 and 512),
    last_fence   bigint not null default 0,
    epoch        bigint not null default 0, -- rises when a holder or a task changes, not when a lease is renewed
    primary key (workspace_id, project)
) with (fillfactor = 50);

create table if not exists coord.shared_locks (
    workspace_id uuid not null,
    project      text collate "C" not null,
    path_key     text collate "C" not null check (octet_length(path_key) between 1 and 1024),
    device_id    uuid not null references coord.devices,
    session_id   text collate "C" not null check (octet_length(session_id) between 1 and 512),
    path         text not null,
    kind         text collate "C" not null check (kind in ('file', 'folder', 'glob', 'resource')),
    mode         text collate "C" not null check (mode in ('exclusive', 'shared')),
    root         text collate "C" not null, -- everything it may mean lies at this path or below it
    agent_id     text collate "C" not null,
    agent_type   text collate "C" not null,
    reason       text,
    fence        bigint not null check (fence >= 1),
    ttl_ms       bigint not null check (ttl_ms between 1 and 86400000),
    delay_ms     bigint not null check (delay_ms between 0 and 60000),
    acquired_at  bigint not null,
    lease_until  bigint not null,
    free_at      bigint not null check (free_at >= lease_until),
    primary key (workspace_id, project, path_key, device_id, session_id),
    foreign key (workspace_id, project) references coord.arbiter_projects
) with (fillfactor = 70);

-- Renewing and releasing what a session holds.
create index if not exists shared_locks_by_session on coord.shared_locks (device_id, session_id);

-- What was answered to a request that may come again, late, when the lock it asked for is released already.
create table if not exists coord.arbiter_requests (
    device_id uuid not null,
    req       uuid not null,
    answer    jsonb not null,
    at        timestamptz not null default now(),
    primary key (device_id, req)
);

do $$
declare t text;
begin
    foreach t in array array['arbiter_projects', 'shared_locks', 'arbiter_requests'] loop
        execute format('alter table coord.%I enable row level security', t);
        execute format('revoke all on coord.%I from public, anon, authenticated, service_role', t);
    end loop;
end $$;

-- The caller, if its word counts: a device whose audit chain is broken gets nothing from others.
create or replace function coord.arbiter_auth() returns coord.devices
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare v_device coord.devices := coord.auth('writer');
begin
    if v_device.broken_at is not null then
        raise sqlstate 'PT403' using message = 'the audit log of this device does not hold together',
            hint = 'a person must look at it: coord sync status';
    end if;
    return v_device;
end $$;
revoke all on function coord.arbiter_auth() from public, anon, authenticated, service_role;

-- Locks a project's row until the commit.
create or replace function coord.enter_project(p_ws uuid, p_project text) returns coord.arbiter_projects
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare v_project coord.arbiter_projects;
begin
    select * into v_project from coord.arbiter_projects
     where workspace_id = p_ws and project = p_project for no key update;
    if not found then
        insert into coord.arbiter_projects (workspace_id, project) values (p_ws, p_project) on conflict do nothing;
        select * into v_project from coord.arbiter_projects
         where workspace_id = p_ws and project = p_project for no key update;
    end if;
    return v_project;
end $$;
revoke all on function coord.enter_project(uuid, text) from public, anon, authenticated, service_role;

-- Whether two locks may mean the same path. If unsure, they do: a pattern counts as its whole folder.
create or replace function coord.may_meet(p_kind text, p_root text, q_kind text, q_root text) returns boolean
language sql immutable set search_path = pg_catalog, pg_temp
as $$
    select case when p_kind = 'resource' or q_kind = 'resource' then p_kind = q_kind and p_root = q_root
                else p_root = q_root
                  or p_kind <> 'file' and (p_root = '' or starts_with(q_root, p_root || '/'))
                  or q_kind <> 'file' and (q_root = '' or starts_with(p_root, q_root || '/')) end
$$;
revoke all on function coord.may_meet(text, text, text, text) from public, anon, authenticated, service_role;

-- A lock as others are told of it.
create or replace function coord.lock_shown(l coord.shared_locks, p_now bigint) returns jsonb
language sql immutable set search_path = pg_catalog, pg_temp
as $$
    select jsonb_build_object(
        'k', l.path_key, 'path', l.path, 'kind', l.kind, 'mode', l.mode, 'device', l.device_id,
        'session', l.session_id, 'agent_id', l.agent_id, 'agent_type', l.agent_type, 'reason', l.reason,
        'fence', l.fence, 'acquired_at', l.acquired_at, 'lease_ms', greatest(l.lease_until - p_now, 0),
        'retry_ms', greatest(l.free_at - p_now, 0))
$$;
revoke all on function coord.lock_shown(coord.shared_locks, bigint) from public, anon, authenticated, service_role;

-- All or none of {locks: [{k, path, kind, mode, root}]} for a session. Holding one already renews it under its fence.
create or replace function public.coord_lock_acquire(p jsonb) returns jsonb
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp set statement_timeout = '8s' as $$
declare
    v_device coord.devices := coord.arbiter_auth();
    v_req uuid := coord.wanted(p, 'req', 'string')::uuid;
    v_session text := coord.wanted(p, 'session', 'string');
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
    delete from coord.shared_locks
     where workspace_id = v_project.workspace_id and project = v_project.project and free_at <= v_now;
    select jsonb_agg(coord.lock_shown(l, v_now) order by l.path_key, l.fence) into v_answer
      from coord.shared_locks l
     where l.workspace_id = v_project.workspace_id and l.project = v_project.project
       and not (l.device_id = v_device.device_id and l.session_id = v_session)
       and exists (select from jsonb_to_recordset(p -> 'locks') as w(kind text, mode text, root text)
                    where coord.may_meet(w.kind, w.root, l.kind, l.root)
                      and not (w.mode = 'shared' and l.mode = 'shared'));
    if v_answer is not null then
        return coord.reply('held', jsonb_build_object('by', v_answer));
    end if;
    -- What was granted elsewhere already keeps its fence, if it is the highest.
    v_base := greatest(v_project.last_fence, coalesce((p ->> 'seen')::bigint, 0)
                                             - case when (p ->> 'keep')::boolean then 1 else 0 end);
    with written as (
        insert into coord.shared_locks as l
        select v_project.workspace_id, v_project.project, w.k, v_device.device_id, v_session, w.path, w.kind, w.mode,
               w.root, coord.wanted(p, 'agent_id', 'string'), coord.wanted(p, 'agent_type', 'string'), p ->> 'reason',
               v_base + row_number() over (order by w.k), t.ttl, t.delay, v_now, v_now + t.ttl,
               v_now + t.ttl + t.delay
          from jsonb_to_recordset(p -> 'locks') as w(k text, path text, kind text, mode text, root text),
               (select coord.wanted(p, 'ttl_ms', 'number')::bigint, coalesce((p ->> 'delay_ms')::bigint, 15000)) t(ttl, delay)
        on conflict (workspace_id, project, path_key, device_id, session_id) do update
           set mode = excluded.mode, reason = coalesce(excluded.reason, l.reason), ttl_ms = excluded.ttl_ms,
               fence = case when l.lease_until > v_now then l.fence else excluded.fence end,
               lease_until = greatest(l.lease_until, excluded.lease_until),
               free_at = greatest(l.free_at, excluded.free_at)
        returning *
    )
    select jsonb_build_object('status', 'granted', 'at', v_now, 'locks', jsonb_agg(jsonb_build_object(
               'k', path_key, 'fence', fence, 'lease_ms', lease_until - v_now) order by path_key))
      into v_answer from written;
    update coord.arbiter_projects
       set last_fence = v_base + jsonb_array_length(p -> 'locks'), epoch = epoch + 1
     where workspace_id = v_project.workspace_id and project = v_project.project;
    insert into coord.arbiter_requests values (v_device.device_id, v_req, v_answer);
    return coord.reply('granted', v_answer);
end $$;
revoke all on function public.coord_lock_acquire(jsonb) from public, anon, authenticated, service_role;
grant execute on function public.coord_lock_acquire(jsonb) to anon, service_role;

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
               'fence', fence, 'lease_ms', ttl_ms)), '[]') into v_held from renewed;
    return coord.reply('ok', jsonb_build_object('held', v_held));
end $$;
revoke all on function public.coord_lock_renew(jsonb) from public, anon, authenticated, service_role;
grant execute on function public.coord_lock_renew(jsonb) to anon, service_role;

-- Gives back what a session holds: the named paths, or all. Nobody can give back another's.
create or replace function public.coord_lock_release(p jsonb) returns jsonb
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp set statement_timeout = '8s' as $$
declare
    v_device coord.devices := coord.arbiter_auth();
    v_project coord.arbiter_projects;
    v_count integer;
begin
    v_project := coord.enter_project(v_device.workspace_id, coord.wanted(p, 'project', 'string'));
    delete from coord.shared_locks
     where workspace_id = v_project.workspace_id and project = v_project.project
       and device_id = v_device.device_id and session_id = coord.wanted(p, 'session', 'string')
       and (jsonb_typeof(p -> 'keys') is distinct from 'array' or p -> 'keys' ? path_key);
    get diagnostics v_count = row_count;
    if v_count > 0 then
        update coord.arbiter_projects set epoch = epoch + 1
         where workspace_id = v_project.workspace_id and project = v_project.project;
    end if;
    return coord.reply('ok', jsonb_build_object('released', v_count));
end $$;
revoke all on function public.coord_lock_release(jsonb) from public, anon, authenticated, service_role;
grant execute on function public.coord_lock_release(jsonb) to anon, service_role;
