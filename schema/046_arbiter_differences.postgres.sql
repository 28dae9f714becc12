-- A look tells what has changed since the one before, and a fence rises above everything that may have been handed out.

-- The number of the project's change that made the lock what it is.
alter table coord.shared_locks add column if not exists changed bigint not null default 0;
create index if not exists shared_locks_changed on coord.shared_locks (workspace_id, project, changed);
-- When a fence was counted last, and up to which change ends of locks are no longer on record.
alter table coord.arbiter_projects add column if not exists counted_at bigint
    not null default (extract(epoch from clock_timestamp()) * 1000)::bigint;
alter table coord.arbiter_projects add column if not exists ends_floor bigint not null default 0;

-- Locks that ended, for some minutes, with the project's change that ended them.
create table if not exists coord.shared_lock_ends (
    workspace_id uuid not null,
    project      text collate "C" not null,
    epoch        bigint not null,
    path_key     text collate "C" not null,
    device_id    uuid not null,
    session_id   text collate "C" not null,
    at           bigint not null,
    primary key (workspace_id, project, epoch, path_key, device_id, session_id),
    foreign key (workspace_id, project) references coord.arbiter_projects on delete cascade
);
alter table coord.shared_lock_ends enable row level security;
revoke all on coord.shared_lock_ends from public, anon, authenticated, service_role;

-- Failed and cancelled tasks, the newest first.
create index if not exists shared_tasks_given_up on coord.shared_tasks (workspace_id, project, finished_at)
    where status in ('failed', 'cancelled');

-- A fence that a device says it has seen; what no honest device can have seen counts for nothing.
create or replace function coord.fence_seen(p jsonb) returns bigint
language sql immutable set search_path = pg_catalog, pg_temp
as $$
    select case when jsonb_typeof(p) = 'number' and (p #>> '{}')::numeric between 0 and 4e15
                then (p #>> '{}')::numeric::bigint else 0 end
$$;
revoke all on function coord.fence_seen(jsonb) from public, anon, authenticated, service_role;

-- The fence that everything is below which this database, or the one that it is a copy of, may have handed out: after a
-- pause of ten seconds the count goes on as if a hundred had been handed out in each millisecond of it, which is more
-- than can be. A copy that is put back has paused since it was made.
create or replace function coord.fence_floor(p_project coord.arbiter_projects, p_now bigint) returns bigint
language sql immutable set search_path = pg_catalog, pg_temp
as $$
    select p_project.last_fence
           + case when p_now - p_project.counted_at > 10000 then (p_now - p_project.counted_at) * 100 else 0 end
$$;
revoke all on function coord.fence_floor(coord.arbiter_projects, bigint) from public, anon, authenticated, service_role;

-- A lock as others are told of it; `h` names the grant.
create or replace function coord.lock_shown(l coord.shared_locks, p_now bigint) returns jsonb
language sql immutable set search_path = pg_catalog, pg_temp
as $$
    select jsonb_build_object(
        'k', l.path_key, 'path', l.path, 'kind', l.kind, 'mode', l.mode, 'device', l.device_id,
        'session', l.session_id, 'agent_id', l.agent_id, 'agent_type', l.agent_type, 'reason', l.reason,
        'fence', l.fence, 'req', l.req, 'acquired_at', l.acquired_at, 'lease_ms', greatest(l.lease_until - p_now, 0),
        'retry_ms', greatest(l.free_at - p_now, 0),
        'h', hashtextextended((l.path_key || ' ' || l.device_id || ' ' || l.session_id) collate "C", l.fence)::text)
$$;

-- Removes what is free by now, if anything can be; says whether anything was. The project's row is locked.
create or replace function coord.sweep_locks(p_project coord.arbiter_projects, p_now bigint) returns boolean
language plpgsql volatile set search_path = pg_catalog, pg_temp as $$
declare
    v_count integer;
    v_floor bigint;
begin
    if p_project.sweep_at > p_now then
        return false;
    end if;
    with freed as (
        delete from coord.shared_locks
         where workspace_id = p_project.workspace_id and project = p_project.project and free_at <= p_now
        returning path_key, device_id, session_id
    )
    insert into coord.shared_lock_ends
    select p_project.workspace_id, p_project.project, p_project.epoch + 1, path_key, device_id, session_id, p_now
      from freed;
    get diagnostics v_count = row_count;
    with old as (
        delete from coord.shared_lock_ends
         where workspace_id = p_project.workspace_id and project = p_project.project and at < p_now - 600000
        returning epoch
    )
    select max(epoch) into v_floor from old;
    update coord.arbiter_projects
       set sweep_at = coalesce((select min(free_at) from coord.shared_locks
                                 where workspace_id = p_project.workspace_id and project = p_project.project),
                               p_now + 3600000),
           epoch = epoch + case when v_count > 0 then 1 else 0 end, ends_floor = greatest(ends_floor, v_floor)
     where workspace_id = p_project.workspace_id and project = p_project.project;
    return v_count > 0;
end $$;

-- All or none of {locks: [{k, path, kind, mode, root}]} for a session. Holding one already renews it under its fence;
-- holding it alone instead of with others is a grant of its own. With {keep} the fence {seen} itself will do; {known} is
-- the highest one that the device knows of.
create or replace function public.coord_lock_acquire(p jsonb) returns jsonb
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp set statement_timeout = '8s' as $$
declare
    v_device coord.devices := coord.arbiter_auth();
    v_req uuid := coord.wanted(p, 'req', 'string')::uuid;
    v_session text := coord.wanted(p, 'session', 'string');
    v_ttl bigint := coord.wanted(p, 'ttl_ms', 'number')::bigint;
    v_delay bigint := coalesce((p ->> 'delay_ms')::bigint, 15000);
    v_keep boolean := coalesce((p ->> 'keep')::boolean, false);
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
    if coord.sweep_locks(v_project, v_now) then
        v_project.epoch := v_project.epoch + 1;
    end if;
    select jsonb_agg(coord.lock_shown(l, v_now) order by l.path_key, l.fence) into v_answer
      from (select distinct * from coord.in_the_way(v_project, p -> 'locks', v_device.device_id, v_session, v_now)) l;
    if v_answer is not null then
        return coord.reply('held', jsonb_build_object('by', v_answer));
    end if;
    -- What was granted elsewhere already keeps its fence, if it is the highest.
    v_base := case when v_keep then greatest(v_project.last_fence, coord.fence_seen(p -> 'seen') - 1)
                   else greatest(coord.fence_floor(v_project, v_now), coord.fence_seen(p -> 'seen')) end;
    with written as (
        insert into coord.shared_locks as l
               (workspace_id, project, path_key, device_id, session_id, path, kind, mode, root, agent_id, agent_type,
                reason, fence, ttl_ms, delay_ms, acquired_at, lease_until, free_at, req, changed)
        select v_project.workspace_id, v_project.project, w.k, v_device.device_id, v_session, w.path, w.kind, w.mode,
               w.root, coord.wanted(p, 'agent_id', 'string'), coord.wanted(p, 'agent_type', 'string'), p ->> 'reason',
               v_base + row_number() over (order by w.k), v_ttl, v_delay, v_now, v_now + v_ttl,
               v_now + v_ttl + v_delay, v_req, v_project.epoch + 1
          from jsonb_to_recordset(p -> 'locks') as w(k text, path text, kind text, mode text, root text)
        on conflict (workspace_id, project, path_key, device_id, session_id) do update
           set mode = excluded.mode, reason = coalesce(excluded.reason, l.reason), ttl_ms = excluded.ttl_ms,
               fence = case when l.lease_until > v_now and (l.mode = 'exclusive' or excluded.mode = 'shared')
                            then l.fence else excluded.fence end,
               lease_until = greatest(l.lease_until, excluded.lease_until),
               free_at = greatest(l.free_at, excluded.free_at), req = excluded.req, changed = excluded.changed
        returning *
    )
    select jsonb_build_object('status', 'granted', 'at', v_now, 'locks', jsonb_agg(jsonb_build_object(
               'k', path_key, 'fence', fence, 'lease_ms', lease_until - v_now) order by path_key))
      into v_answer from written;
    update coord.arbiter_projects
       set last_fence = greatest(v_base + jsonb_array_length(p -> 'locks'), coord.fence_seen(p -> 'known')),
           epoch = v_project.epoch + 1, counted_at = case when v_keep then counted_at else v_now end,
           sweep_at = least(sweep_at, v_now + v_ttl + v_delay)
     where workspace_id = v_project.workspace_id and project = v_project.project;
    insert into coord.arbiter_requests values (v_device.device_id, v_req, v_answer);
    return coord.reply('granted', v_answer);
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
    v_now bigint := coord.now_ms();
    v_count integer;
    v_left jsonb;
begin
    v_project := coord.enter_project(v_device.workspace_id, coord.wanted(p, 'project', 'string'));
    with freed as (
        delete from coord.shared_locks
         where workspace_id = v_project.workspace_id and project = v_project.project
           and device_id = v_device.device_id and session_id = v_session and (not v_named or p -> 'keys' ? path_key)
           and (not v_exact or req is null or p -> 'grants' ->> path_key = req::text)
        returning path_key
    )
    insert into coord.shared_lock_ends
    select v_project.workspace_id, v_project.project, v_project.epoch + 1, path_key, v_device.device_id, v_session, v_now
      from freed;
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

-- What is held in a project, in full, or with a number what has changed since that change. How many locks there are and
-- the sum of what names their grants tell whoever put it together whether nothing is missing, whatever this database
-- went back to. One statement, so that all of it is of one moment.
create or replace function coord.locks_told(p_ws uuid, p_project text, p_since bigint, p_now bigint) returns jsonb
language sql stable set search_path = pg_catalog, pg_temp set jit = off
as $$
    select jsonb_build_object(
        'epoch', a.epoch, 'last_fence', a.last_fence, 'since', d.since,
        'locks', (select coalesce(jsonb_agg(coord.lock_shown(l, p_now) order by l.path_key, l.fence), '[]')
                    from coord.shared_locks l
                   where l.workspace_id = p_ws and l.project = p_project and l.changed > coalesce(d.since, -1)),
        'gone', (select coalesce(jsonb_agg(distinct jsonb_build_array(e.path_key, e.device_id, e.session_id)), '[]')
                   from coord.shared_lock_ends e
                  where e.workspace_id = p_ws and e.project = p_project and e.epoch > d.since),
        'count', s.n, 'sum', s.sum::text)
      from coord.arbiter_projects a,
           lateral (select case when p_since between a.ends_floor and a.epoch then p_since end as since) d,
           lateral (select count(*) as n, coalesce(sum(hashtextextended(
                               (l.path_key || ' ' || l.device_id || ' ' || l.session_id) collate "C", l.fence)), 0) as sum
                      from coord.shared_locks l where l.workspace_id = p_ws and l.project = p_project) s
     where a.workspace_id = p_ws and a.project = p_project
$$;
revoke all on function coord.locks_told(uuid, text, bigint, bigint) from public, anon, authenticated, service_role;

-- Until when the sessions of a project hold what they hold at least; how many locks there are, and their sum, because a
-- database that went back may be at the number that was seen last by chance.
create or replace function coord.leases_told(p_ws uuid, p_project text, p_now bigint) returns jsonb
language sql stable set search_path = pg_catalog, pg_temp set jit = off
as $$
    select jsonb_build_object(
        'sessions', coalesce(jsonb_agg(jsonb_build_object(
            'device', device_id, 'session', session_id, 'retry_ms', greatest(free_at - p_now, 0))), '[]'),
        'count', coalesce(sum(n), 0), 'sum', coalesce(sum(sum), 0)::text)
      from (select l.device_id, l.session_id, min(l.free_at) as free_at, count(*) as n,
                   sum(hashtextextended((l.path_key || ' ' || l.device_id || ' ' || l.session_id) collate "C", l.fence)) as sum
              from coord.shared_locks l
             where l.workspace_id = p_ws and l.project = p_project group by l.device_id, l.session_id) s
$$;
revoke all on function coord.leases_told(uuid, text, bigint) from public, anon, authenticated, service_role;

-- The queue at a glance: what is worked on, by whom and where; what comes next and where it came from, 50 of each at
-- most; and the 20 that were given up last.
create or replace function coord.work_shown(p_ws uuid, p_project text) returns jsonb
language sql stable set search_path = pg_catalog, pg_temp set enable_seqscan = off set jit = off
as $$
    with shown as (
        (select t.* from coord.shared_tasks t where t.workspace_id = p_ws and t.project = p_project
            and t.status = 'claimed' order by t.lease_until limit 50)
        union all
        (select t.* from coord.shared_tasks t where t.workspace_id = p_ws and t.project = p_project
            and t.status = 'pending' and t.unmet = 0 and t.parked_reason is null order by t.priority, t.ord limit 50)
        union all
        (select t.* from coord.shared_tasks t where t.workspace_id = p_ws and t.project = p_project
            and t.status = 'pending' and (t.unmet > 0 or t.parked_reason is not null) limit 50)
        union all
        (select t.* from coord.shared_tasks t where t.workspace_id = p_ws and t.project = p_project
            and t.status in ('failed', 'cancelled') order by t.finished_at desc limit 20)
    )
    select coalesce(jsonb_agg(jsonb_build_object(
               'task_id', s.task_id, 'task_type', s.task_type, 'summary', left(s.description, 200),
               'status', s.status, 'priority', s.priority, 'unmet', s.unmet, 'parked_reason', s.parked_reason,
               'submitted_by', s.submitted_by, 'submitted_at', s.submitted_at, 'origin', s.origin, 'submitted_on', o.name,
               'attempt', s.attempt, 'max_attempts', s.max_attempts, 'error_message', left(s.error_message, 200),
               'agent_id', case when s.status = 'claimed' then s.agent_id end,
               'session', case when s.status = 'claimed' then s.session_id end,
               'device', case when s.status = 'claimed' then s.device_id end,
               'machine', case when s.status = 'claimed' then d.name end, 'fence', s.fence)
               order by s.status, s.priority, s.ord), '[]')
      from shown s left join coord.devices d on d.device_id = s.device_id left join coord.devices o on o.device_id = s.origin
$$;

-- The first task that is ready and fits. The same request again gets the same task again.
create or replace function public.coord_task_claim(p jsonb) returns jsonb
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp set statement_timeout = '8s' as $$
declare
    v_device coord.devices := coord.arbiter_auth();
    v_req uuid := coord.wanted(p, 'req', 'string')::uuid;
    v_project text := coord.wanted(p, 'project', 'string');
    v_able text[] := array(select jsonb_array_elements_text(coalesce(p -> 'capabilities', '[]')));
    v_types text[] := case when jsonb_typeof(p -> 'types') = 'array'
                           then array(select jsonb_array_elements_text(p -> 'types')) end;
    v_lease bigint := coord.wanted(p, 'lease_ms', 'number')::bigint;
    v_now bigint := coord.now_ms();
    v_floor bigint;
    v_task coord.shared_tasks;
begin
    select * into v_task from coord.shared_tasks where device_id = v_device.device_id and claim_req = v_req;
    if found then
        return coord.reply(case when v_task.status = 'claimed' then 'claimed' else 'none' end,
                           jsonb_build_object('task', coord.task_shown(v_task, v_now)));
    end if;
    perform coord.reap_tasks(v_device.workspace_id, v_project, v_now);
    -- The counter is not entered for a claim: two tasks may have the same fence, one task never twice.
    select greatest(coord.fence_floor(a, v_now), coord.fence_seen(p -> 'seen')) into v_floor
      from coord.arbiter_projects a where a.workspace_id = v_device.workspace_id and a.project = v_project;
    -- MATERIALIZED, so that the planner cannot run the search twice and lock a second row.
    with first as materialized (
        select task_id from coord.shared_tasks
         where workspace_id = v_device.workspace_id and project = v_project and status = 'pending' and unmet = 0
           and parked_reason is null and run_after <= v_now and capabilities <@ v_able
           and (v_types is null or task_type = any (v_types))
         order by priority, ord limit 1 for update skip locked
    )
    update coord.shared_tasks t
       set status = 'claimed', device_id = v_device.device_id, session_id = coord.wanted(p, 'session', 'string'),
           agent_id = coord.wanted(p, 'agent_id', 'string'), claim_req = v_req, claimed_at = v_now,
           attempt = t.attempt + 1, fence = greatest(t.fence, v_floor) + 1, run_after = 0,
           lease_ms = v_lease, lease_until = v_now + v_lease
      from first f where t.workspace_id = v_device.workspace_id and t.task_id = f.task_id
    returning t.* into v_task;
    if not found then
        return coord.reply('none', coord.work_counts(v_device.workspace_id, v_project));
    end if;
    return coord.reply('claimed', jsonb_build_object('task', coord.task_shown(v_task, v_now)));
end $$;

-- What is held in the named projects, for those whose number is not the one given, in full or since the change that
-- {since} names; until when sessions hold it, where {leases} asks for that; and the queue at a glance, for those whose
-- mark is not the one given. Which of the named tasks have come to their end, or are not known: they were submitted
-- before this database went back to a copy; and which that had ended are to be done again. A fence in {seen} is one
-- that no later grant may be below. Polled while somebody is active.
create or replace function public.coord_arbiter_state(p jsonb) returns jsonb
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp set statement_timeout = '8s' as $$
declare
    v_device coord.devices := coord.auth('reader');
    v_ws uuid := v_device.workspace_id;
    v_now bigint := coord.now_ms();
    v_asked record;
    v_project coord.arbiter_projects;
    v_state jsonb := '{}';
    v_work jsonb := '{}';
    v_leases jsonb := '{}';
    v_seen bigint;
    v_tasks jsonb;
begin
    perform coord.wanted(p, 'projects', 'object');
    for v_asked in select q.key as project, q.value as known from jsonb_each(p -> 'projects') q order by q.key loop
        v_seen := case when v_device.role = 'writer' and v_device.broken_at is null
                       then coord.fence_seen(p -> 'seen' -> v_asked.project) else 0 end;
        select * into v_project from coord.arbiter_projects where workspace_id = v_ws and project = v_asked.project;
        if v_seen > coalesce(v_project.last_fence, 0) then
            v_project := coord.enter_project(v_ws, v_asked.project);
            update coord.arbiter_projects set last_fence = greatest(last_fence, v_seen)
             where workspace_id = v_ws and project = v_asked.project returning * into v_project;
        elsif v_project.project is null then
            continue;
        end if;
        if v_project.sweep_at <= v_now then
            v_project := coord.enter_project(v_ws, v_asked.project);
            if coord.sweep_locks(v_project, v_now) then
                v_project.epoch := v_project.epoch + 1;
            end if;
        end if;
        if to_jsonb(v_project.epoch) is distinct from v_asked.known then
            v_state := v_state || jsonb_build_object(v_asked.project,
                coord.locks_told(v_ws, v_asked.project, (p -> 'since' ->> v_asked.project)::bigint, v_now)
                || jsonb_build_object('ready', coord.work_counts(v_ws, v_asked.project) -> 'ready'));
        end if;
        if p -> 'leases' ? v_asked.project then
            v_leases := v_leases || jsonb_build_object(v_asked.project,
                                                       coord.leases_told(v_ws, v_asked.project, v_now));
        end if;
        v_tasks := coord.work_shown(v_ws, v_asked.project);
        if md5(v_tasks::text) is distinct from p -> 'work' ->> v_asked.project then
            v_work := v_work || jsonb_build_object(v_asked.project, jsonb_build_object(
                'mark', md5(v_tasks::text), 'tasks', v_tasks));
        end if;
    end loop;
    return coord.reply('ok', jsonb_build_object('projects', v_state, 'work', v_work, 'leases', v_leases, 'unknown', (
        select coalesce(jsonb_agg(x), '[]') from jsonb_array_elements_text(coalesce(p -> 'tasks', '[]')) x
          left join coord.shared_tasks t on t.workspace_id = v_ws and t.task_id = x::uuid
         where t.task_id is null), 'finished', (
        select coalesce(jsonb_agg(jsonb_build_object(
                   'task_id', t.task_id, 'project', t.project, 'status', t.status, 'agent_id', t.agent_id,
                   'attempt', t.attempt, 'fence', t.fence, 'error_message', t.error_message,
                   'finished_at', t.finished_at)), '[]')
          from jsonb_array_elements_text(coalesce(p -> 'tasks', '[]')) x
          join coord.shared_tasks t on t.workspace_id = v_ws and t.task_id = x::uuid
         where t.finished_at is not null), 'again', (
        select coalesce(jsonb_agg(jsonb_build_object('task_id', t.task_id, 'project', t.project)), '[]')
          from jsonb_array_elements_text(coalesce(p -> 'ended', '[]')) x
          join coord.shared_tasks t on t.workspace_id = v_ws and t.task_id = x::uuid
         where t.finished_at is null)));
end $$;
