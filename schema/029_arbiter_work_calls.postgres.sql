-- What a device may ask about shared work.

-- Adds a task; the same task again is the same task. What it depends on may come later, and holds it up until then.
create or replace function public.coord_task_submit(p jsonb) returns jsonb
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp set statement_timeout = '8s' as $$
declare
    v_device coord.devices := coord.arbiter_auth();
    v_ws uuid := v_device.workspace_id;
    v_id uuid := coord.wanted(p, 'task_id', 'string')::uuid;
    v_project text := coord.wanted(p, 'project', 'string');
    v_task coord.shared_tasks;
    v_twin uuid;
begin
    insert into coord.shared_tasks (workspace_id, task_id, project, task_type, description, input_data, priority,
           capabilities, dedupe_key, deadline, submitted_by, submitted_at, status, unmet, max_attempts)
    values (v_ws, v_id, v_project, coord.wanted(p, 'task_type', 'string'), coord.wanted(p, 'description', 'string'),
           nullif(p -> 'input_data', 'null'), coord.wanted(p, 'priority', 'number')::bigint,
           array(select jsonb_array_elements_text(coalesce(p -> 'capabilities', '[]'))), p ->> 'dedupe_key',
           (p ->> 'deadline')::bigint, coord.wanted(p, 'submitted_by', 'string'),
           coord.wanted(p, 'submitted_at', 'number')::bigint, 'pending', 0,
           coord.wanted(p, 'max_attempts', 'number')::bigint)
    on conflict do nothing returning * into v_task;
    if not found then
        select task_id into v_twin from coord.shared_tasks where workspace_id = v_ws and task_id = v_id;
        if not found then
            select task_id into v_twin from coord.shared_tasks
             where workspace_id = v_ws and project = v_project and dedupe_key = p ->> 'dedupe_key'
               and status in ('pending', 'claimed');
            return coord.reply('duplicate', jsonb_build_object('task_id', v_twin));
        end if;
        return coord.reply('ok', jsonb_build_object('task_id', v_id));
    end if;
    insert into coord.shared_dependencies
    select distinct v_ws, v_id, d::uuid from jsonb_array_elements_text(coalesce(p -> 'depends_on', '[]')) d;
    if exists (with recursive upward(task_id) as (
                   select depends_on from coord.shared_dependencies where workspace_id = v_ws and task_id = v_id
                   union
                   select d.depends_on from coord.shared_dependencies d join upward u on d.task_id = u.task_id
                    where d.workspace_id = v_ws)
               select from upward where task_id = v_id) then
        delete from coord.shared_tasks where workspace_id = v_ws and task_id = v_id;
        return coord.reply('cycle');
    end if;
    -- Whoever completes one of them now waits until this task counts it, or has finished before.
    perform from coord.shared_tasks t join coord.shared_dependencies d
              on d.workspace_id = t.workspace_id and d.depends_on = t.task_id
      where d.workspace_id = v_ws and d.task_id = v_id order by t.task_id for share of t;
    update coord.shared_tasks s
       set unmet = (select count(*) from coord.shared_dependencies d left join coord.shared_tasks t
                        on t.workspace_id = d.workspace_id and t.task_id = d.depends_on
                     where d.workspace_id = v_ws and d.task_id = v_id and t.status is distinct from 'completed'),
           parked_reason = (select format('it depends on %s, which %s', t.task_id,
                                   case t.status when 'failed' then 'failed' else 'was cancelled' end)
                              from coord.shared_dependencies d join coord.shared_tasks t
                                on t.workspace_id = d.workspace_id and t.task_id = d.depends_on
                             where d.workspace_id = v_ws and d.task_id = v_id
                               and t.status in ('failed', 'cancelled') order by t.task_id limit 1)
     where s.workspace_id = v_ws and s.task_id = v_id;
    perform coord.touch_project(v_ws, v_project);
    return coord.reply('ok', jsonb_build_object('task_id', v_id));
end $$;
revoke all on function public.coord_task_submit(jsonb) from public, anon, authenticated, service_role;
grant execute on function public.coord_task_submit(jsonb) to anon, service_role;

-- A task as its worker gets it.
create or replace function coord.task_shown(t coord.shared_tasks, p_now bigint) returns jsonb
language sql immutable set search_path = pg_catalog, pg_temp
as $$
    select jsonb_build_object(
        'task_id', t.task_id, 'project', t.project, 'task_type', t.task_type, 'description', t.description,
        'input_data', t.input_data, 'priority', t.priority, 'capabilities', to_jsonb(t.capabilities),
        'deadline', t.deadline, 'submitted_by', t.submitted_by, 'submitted_at', t.submitted_at, 'status', t.status,
        'unmet', t.unmet, 'parked_reason', t.parked_reason, 'attempt', t.attempt, 'max_attempts', t.max_attempts,
        'fence', t.fence, 'device', t.device_id, 'session', t.session_id, 'agent_id', t.agent_id,
        'lease_ms', greatest(t.lease_until - p_now, 0))
$$;
revoke all on function coord.task_shown(coord.shared_tasks, bigint) from public, anon, authenticated, service_role;

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
        return coord.reply('none', (select jsonb_build_object(
            'ready', count(*) filter (where status = 'pending' and unmet = 0 and parked_reason is null),
            'blocked', count(*) filter (where status = 'pending' and (unmet > 0 or parked_reason is not null)),
            'claimed', count(*) filter (where status = 'claimed'),
            'retry_ms', greatest(min(case when status = 'claimed' then lease_until when unmet = 0 then run_after end)
                                 - v_now, 0))
          from coord.shared_tasks
         where workspace_id = v_device.workspace_id and project = v_project and status in ('pending', 'claimed')));
    end if;
    return coord.reply('claimed', jsonb_build_object('task', coord.task_shown(v_task, v_now)));
end $$;
revoke all on function public.coord_task_claim(jsonb) from public, anon, authenticated, service_role;
grant execute on function public.coord_task_claim(jsonb) to anon, service_role;

-- Extends the leases of the named sessions' tasks, and says which those are.
create or replace function public.coord_task_renew(p jsonb) returns jsonb
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp set statement_timeout = '8s' as $$
declare
    v_device coord.devices := coord.arbiter_auth();
    v_now bigint := coord.now_ms();
    v_held jsonb;
begin
    perform coord.wanted(p, 'sessions', 'array');
    with due as materialized (
        select workspace_id, task_id from coord.shared_tasks
         where device_id = v_device.device_id and status = 'claimed'
           and session_id in (select jsonb_array_elements_text(p -> 'sessions'))
         order by task_id for no key update
    ), renewed as (
        update coord.shared_tasks t set lease_until = v_now + t.lease_ms
          from due where t.workspace_id = due.workspace_id and t.task_id = due.task_id
        returning t.*
    )
    select coalesce(jsonb_agg(jsonb_build_object('task_id', task_id, 'session', session_id, 'fence', fence,
               'lease_ms', lease_ms)), '[]') into v_held from renewed;
    return coord.reply('ok', jsonb_build_object('held', v_held));
end $$;
revoke all on function public.coord_task_renew(jsonb) from public, anon, authenticated, service_role;
grant execute on function public.coord_task_renew(jsonb) to anon, service_role;

-- How a claim ended. Only the present fence counts; what a late worker brings is kept beside the task.
create or replace function public.coord_task_complete(p jsonb) returns jsonb
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp set statement_timeout = '8s' as $$
declare
    v_device coord.devices := coord.arbiter_auth();
    v_id uuid := coord.wanted(p, 'task_id', 'string')::uuid;
    v_fence bigint := coord.wanted(p, 'fence', 'number')::bigint;
    v_good boolean := coord.wanted(p, 'success', 'boolean')::boolean;
    v_again boolean := coalesce((p ->> 'retry')::boolean, false);
    v_now bigint := coord.now_ms();
    v_task coord.shared_tasks;
    v_ready uuid[] := '{}';
begin
    select * into v_task from coord.shared_tasks
     where workspace_id = v_device.workspace_id and task_id = v_id for no key update;
    if not found then
        return coord.reply('unknown');
    elsif v_task.fence <> v_fence or v_task.device_id is distinct from v_device.device_id
          or v_task.session_id is null then
        update coord.shared_tasks set late_result = coalesce(nullif(p -> 'result', 'null'), to_jsonb(v_good))
         where workspace_id = v_task.workspace_id and task_id = v_id;
        return coord.reply('fenced', jsonb_build_object('task_status', v_task.status));
    elsif v_task.status <> 'claimed' then
        return coord.reply('dup', jsonb_build_object('task_status', v_task.status));
    end if;
    update coord.shared_tasks
       set status = case when v_good then 'completed'
                         when v_again and attempt < max_attempts then 'pending' else 'failed' end,
           lease_until = null, lease_ms = null, error_message = p ->> 'error_message',
           result = case when v_good or not v_again then nullif(p -> 'result', 'null') end,
           run_after = case when not v_good and v_again and attempt < max_attempts
                            then coord.back_off(attempt, v_now) else 0 end,
           finished_at = case when v_good or not v_again or attempt >= max_attempts then v_now end
     where workspace_id = v_task.workspace_id and task_id = v_id
    returning * into v_task;
    if v_task.finished_at is not null then
        v_ready := coord.settle_task(v_task);
    end if;
    perform coord.touch_project(v_task.workspace_id, v_task.project);
    return coord.reply('ok', jsonb_build_object('task_status', v_task.status, 'unblocked', to_jsonb(v_ready)));
end $$;
revoke all on function public.coord_task_complete(jsonb) from public, anon, authenticated, service_role;
grant execute on function public.coord_task_complete(jsonb) to anon, service_role;

-- What is held in the named projects, for those whose number is not the one given; and which of the named tasks have
-- come to their end. Polled while somebody is active.
create or replace function public.coord_arbiter_state(p jsonb) returns jsonb
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp set statement_timeout = '8s' as $$
declare
    v_device coord.devices := coord.auth('reader');
    v_now bigint := coord.now_ms();
    v_project record;
    v_state jsonb := '{}';
begin
    perform coord.wanted(p, 'projects', 'object');
    for v_project in
        select a.*, q.value as known from jsonb_each(p -> 'projects') q
          join coord.arbiter_projects a on a.workspace_id = v_device.workspace_id and a.project = q.key order by a.project
    loop
        if exists (select from coord.shared_locks where workspace_id = v_project.workspace_id
                      and project = v_project.project and free_at <= v_now) then
            perform coord.enter_project(v_project.workspace_id, v_project.project);
            delete from coord.shared_locks where workspace_id = v_project.workspace_id
               and project = v_project.project and free_at <= v_now;
            update coord.arbiter_projects set epoch = epoch + 1 where workspace_id = v_project.workspace_id
               and project = v_project.project returning epoch into v_project.epoch;
        end if;
        if to_jsonb(v_project.epoch) is distinct from v_project.known then
            v_state := v_state || jsonb_build_object(v_project.project, jsonb_build_object(
                'epoch', v_project.epoch, 'last_fence', v_project.last_fence,
                'locks', (select coalesce(jsonb_agg(coord.lock_shown(l, v_now) order by l.path_key, l.fence), '[]')
                            from coord.shared_locks l
                           where l.workspace_id = v_project.workspace_id and l.project = v_project.project),
                'ready', (select count(*) from (select from coord.shared_tasks t
                           where t.workspace_id = v_project.workspace_id and t.project = v_project.project
                             and t.status = 'pending' and t.unmet = 0 and t.parked_reason is null limit 1000) r)));
        end if;
    end loop;
    return coord.reply('ok', jsonb_build_object('projects', v_state, 'finished', (
        select coalesce(jsonb_agg(jsonb_build_object(
                   'task_id', t.task_id, 'project', t.project, 'status', t.status, 'agent_id', t.agent_id,
                   'attempt', t.attempt, 'fence', t.fence, 'error_message', t.error_message,
                   'finished_at', t.finished_at)), '[]')
          from coord.shared_tasks t
         where t.workspace_id = v_device.workspace_id and t.finished_at is not null
           and t.task_id in (select x::uuid from jsonb_array_elements_text(coalesce(p -> 'tasks', '[]')) x))));
end $$;
revoke all on function public.coord_arbiter_state(jsonb) from public, anon, authenticated, service_role;
grant execute on function public.coord_arbiter_state(jsonb) to anon, service_role;
