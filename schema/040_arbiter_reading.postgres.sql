-- What is shared, as it is told to those who ask for work and to those who poll; each look stays short however long
-- the queue is.

-- Tasks that wait for others, or are parked.
create index if not exists shared_tasks_blocked on coord.shared_tasks (workspace_id, project)
    where status = 'pending' and (unmet > 0 or parked_reason is not null);

-- How many tasks there are, each counted up to a thousand.
create or replace function coord.work_counts(p_ws uuid, p_project text) returns jsonb
language sql stable set search_path = pg_catalog, pg_temp set enable_seqscan = off set jit = off
as $$
    select jsonb_build_object(
        'ready', (select count(*) from (
            select from coord.shared_tasks where workspace_id = p_ws and project = p_project
               and status = 'pending' and unmet = 0 and parked_reason is null limit 1000) r),
        'blocked', (select count(*) from (
            select from coord.shared_tasks where workspace_id = p_ws and project = p_project
               and status = 'pending' and (unmet > 0 or parked_reason is not null) limit 1000) b),
        'claimed', (select count(*) from (
            select from coord.shared_tasks where workspace_id = p_ws and project = p_project
               and status = 'claimed' limit 1000) c))
$$;
revoke all on function coord.work_counts(uuid, text) from public, anon, authenticated, service_role;

-- The queue at a glance: what is worked on, by whom and where, and what comes next; 50 of each at most.
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
    )
    select coalesce(jsonb_agg(jsonb_build_object(
               'task_id', s.task_id, 'task_type', s.task_type, 'summary', left(s.description, 200),
               'status', s.status, 'priority', s.priority, 'unmet', s.unmet, 'parked_reason', s.parked_reason,
               'submitted_by', s.submitted_by, 'agent_id', case when s.status = 'claimed' then s.agent_id end,
               'session', case when s.status = 'claimed' then s.session_id end,
               'device', case when s.status = 'claimed' then s.device_id end,
               'machine', case when s.status = 'claimed' then d.name end, 'fence', s.fence)
               order by s.status, s.priority, s.ord), '[]')
      from shown s left join coord.devices d on d.device_id = s.device_id
$$;
revoke all on function coord.work_shown(uuid, text) from public, anon, authenticated, service_role;

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
    v_task coord.shared_tasks;
begin
    select * into v_task from coord.shared_tasks where device_id = v_device.device_id and claim_req = v_req;
    if found then
        return coord.reply(case when v_task.status = 'claimed' then 'claimed' else 'none' end,
                           jsonb_build_object('task', coord.task_shown(v_task, v_now)));
    end if;
    perform coord.reap_tasks(v_device.workspace_id, v_project, v_now);
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
           attempt = t.attempt + 1, fence = greatest(t.fence, coalesce((p ->> 'seen')::bigint, 0)) + 1, run_after = 0,
           lease_ms = v_lease, lease_until = v_now + v_lease
      from first f where t.workspace_id = v_device.workspace_id and t.task_id = f.task_id
    returning t.* into v_task;
    if not found then
        return coord.reply('none', coord.work_counts(v_device.workspace_id, v_project));
    end if;
    return coord.reply('claimed', jsonb_build_object('task', coord.task_shown(v_task, v_now)));
end $$;

-- What is held in the named projects, for those whose number is not the one given, and the queue at a glance, for those
-- whose mark is not the one given; and which of the named tasks have come to their end, or are not known: they were
-- submitted before this database went back to a copy. Polled while somebody is active.
create or replace function public.coord_arbiter_state(p jsonb) returns jsonb
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp set statement_timeout = '8s' as $$
declare
    v_device coord.devices := coord.auth('reader');
    v_now bigint := coord.now_ms();
    v_project record;
    v_row coord.arbiter_projects;
    v_state jsonb := '{}';
    v_work jsonb := '{}';
    v_tasks jsonb;
begin
    perform coord.wanted(p, 'projects', 'object');
    for v_project in
        select a.*, q.value as known from jsonb_each(p -> 'projects') q
          join coord.arbiter_projects a on a.workspace_id = v_device.workspace_id and a.project = q.key order by a.project
    loop
        if v_project.sweep_at <= v_now then
            v_row := coord.enter_project(v_project.workspace_id, v_project.project);
            if coord.sweep_locks(v_row, v_now) then
                v_project.epoch := v_row.epoch + 1;
            end if;
        end if;
        if to_jsonb(v_project.epoch) is distinct from v_project.known then
            v_state := v_state || jsonb_build_object(v_project.project, jsonb_build_object(
                'epoch', v_project.epoch, 'last_fence', v_project.last_fence,
                'locks', (select coalesce(jsonb_agg(coord.lock_shown(l, v_now) order by l.path_key, l.fence), '[]')
                            from coord.shared_locks l
                           where l.workspace_id = v_project.workspace_id and l.project = v_project.project
                             and l.free_at > v_now),
                'ready', coord.work_counts(v_project.workspace_id, v_project.project) -> 'ready'));
        end if;
        v_tasks := coord.work_shown(v_project.workspace_id, v_project.project);
        if md5(v_tasks::text) is distinct from p -> 'work' ->> v_project.project then
            v_work := v_work || jsonb_build_object(v_project.project, jsonb_build_object(
                'mark', md5(v_tasks::text), 'tasks', v_tasks));
        end if;
    end loop;
    return coord.reply('ok', jsonb_build_object('projects', v_state, 'work', v_work, 'unknown', (
        select coalesce(jsonb_agg(x), '[]') from jsonb_array_elements_text(coalesce(p -> 'tasks', '[]')) x
          left join coord.shared_tasks t on t.workspace_id = v_device.workspace_id and t.task_id = x::uuid
         where t.task_id is null), 'finished', (
        select coalesce(jsonb_agg(jsonb_build_object(
                   'task_id', t.task_id, 'project', t.project, 'status', t.status, 'agent_id', t.agent_id,
                   'attempt', t.attempt, 'fence', t.fence, 'error_message', t.error_message,
                   'finished_at', t.finished_at)), '[]')
          from jsonb_array_elements_text(coalesce(p -> 'tasks', '[]')) x
          join coord.shared_tasks t on t.workspace_id = v_device.workspace_id and t.task_id = x::uuid
         where t.finished_at is not null)));
end $$;
