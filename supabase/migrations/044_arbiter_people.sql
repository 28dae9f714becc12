-- Made from schema/044_arbiter_people.* by COORD_BLESS=1 cargo nextest run schema; change it there.

-- What a person does to a shared task: calls it off, or has it tried again. The rules are those of one device.

-- Parks everything that waits for a task which failed or was cancelled, near or far; gives how many tasks that are.
create or replace function coord.park_behind(p_task coord.shared_tasks) returns integer
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare v_count integer;
begin
    with recursive down(task_id) as (
        select d.task_id from coord.shared_dependencies d
         where d.workspace_id = p_task.workspace_id and d.depends_on = p_task.task_id
        union
        select d.task_id from down join coord.shared_dependencies d
            on d.workspace_id = p_task.workspace_id and d.depends_on = down.task_id
    ), behind as materialized (
        select t.task_id from coord.shared_tasks t join down using (task_id)
         where t.workspace_id = p_task.workspace_id and t.status = 'pending' and t.parked_reason is null
         order by t.task_id for no key update of t
    )
    update coord.shared_tasks t
       set parked_reason = format('it depends on %s, which %s', p_task.task_id,
                                  case p_task.status when 'failed' then 'failed' else 'was cancelled' end)
      from behind b where t.workspace_id = p_task.workspace_id and t.task_id = b.task_id;
    get diagnostics v_count = row_count;
    return v_count;
end $$;
revoke all on function coord.park_behind(coord.shared_tasks) from public, anon, authenticated, service_role;

-- A task reached its end: those behind it come nearer, or are parked because it failed. Gives those that are ready.
create or replace function coord.settle_task(p_task coord.shared_tasks) returns uuid[]
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare v_ready uuid[];
begin
    if p_task.status <> 'completed' then
        perform coord.park_behind(p_task);
        return '{}';
    end if;
    with behind as materialized (
        select t.task_id from coord.shared_tasks t join coord.shared_dependencies d using (workspace_id, task_id)
         where d.workspace_id = p_task.workspace_id and d.depends_on = p_task.task_id and t.status = 'pending'
         order by t.task_id for no key update of t
    ), moved as (
        update coord.shared_tasks t set unmet = t.unmet - 1
          from behind b where t.workspace_id = p_task.workspace_id and t.task_id = b.task_id
        returning t.*
    )
    select array_agg(task_id order by task_id) filter (where unmet = 0 and parked_reason is null) into v_ready from moved;
    return coalesce(v_ready, '{}');
end $$;

-- Keeps the answer to a request that may come again, and gives it.
create or replace function coord.answered(p_device uuid, p_req uuid, p_status text, p_answer jsonb) returns jsonb
language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
    insert into coord.arbiter_requests (device_id, req, answer)
    values (p_device, p_req, p_answer || jsonb_build_object('status', p_status));
    return coord.reply(p_status, p_answer);
end $$;
revoke all on function coord.answered(uuid, uuid, text, jsonb) from public, anon, authenticated, service_role;

-- Calls a task off. Its holder's fence counts for nothing any more, and nobody is given the task again.
create or replace function public.coord_task_cancel(p jsonb) returns jsonb
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp set statement_timeout = '8s' as $$
declare
    v_device coord.devices := coord.arbiter_auth();
    v_req uuid := coord.wanted(p, 'req', 'string')::uuid;
    v_id uuid := coord.wanted(p, 'task_id', 'string')::uuid;
    v_project text := coord.wanted(p, 'project', 'string');
    v_reason text := coord.wanted(p, 'reason', 'string');
    v_task coord.shared_tasks;
    v_holder text;
    v_answer jsonb;
begin
    select * into v_task from coord.shared_tasks
     where workspace_id = v_device.workspace_id and task_id = v_id and project = v_project for no key update;
    -- Looked for only now, so that one which came twice at once has waited for the first.
    select answer into v_answer from coord.arbiter_requests where device_id = v_device.device_id and req = v_req;
    if v_answer is not null then
        return coord.reply(v_answer ->> 'status', v_answer);
    elsif v_task.task_id is null then
        return coord.reply('unknown');
    elsif v_task.finished_at is not null then
        return coord.reply('finished', jsonb_build_object('task_status', v_task.status));
    end if;
    v_holder := case when v_task.status = 'claimed' then v_task.agent_id end;
    update coord.shared_tasks
       set status = 'cancelled', session_id = null, lease_until = null, lease_ms = null, run_after = 0,
           parked_reason = null, error_message = v_reason, finished_at = coord.now_ms()
     where workspace_id = v_task.workspace_id and task_id = v_id
    returning * into v_task;
    v_answer := jsonb_build_object('was_claimed_by', v_holder, 'parked', coord.park_behind(v_task));
    perform coord.touch_project(v_task.workspace_id, v_task.project);
    return coord.answered(v_device.device_id, v_req, 'ok', v_answer);
end $$;
revoke all on function public.coord_task_cancel(jsonb) from public, anon, authenticated, service_role;
grant execute on function public.coord_task_cancel(jsonb) to anon, service_role;

-- The failed and cancelled tasks among a task and all that it waits for, in order of arrival, locked.
create or replace function coord.given_up_before(p_ws uuid, p_id uuid) returns uuid[]
language sql volatile set search_path = pg_catalog, pg_temp
as $$
    with recursive up(task_id) as (
        select p_id
        union
        select d.depends_on from up
          join coord.shared_dependencies d on d.workspace_id = p_ws and d.task_id = up.task_id
          join coord.shared_tasks t on t.workspace_id = p_ws and t.task_id = d.depends_on
         where t.status <> 'completed'
    ), given as materialized (
        select t.task_id, t.ord from coord.shared_tasks t join up using (task_id)
         where t.workspace_id = p_ws and t.status in ('failed', 'cancelled') order by t.task_id for no key update of t
    )
    select coalesce(array_agg(task_id order by ord), '{}') from given
$$;
revoke all on function coord.given_up_before(uuid, uuid) from public, anon, authenticated, service_role;

-- Works out anew why the waiting tasks among these and behind them are parked, if they still are.
create or replace function coord.reconsider(p_ws uuid, p_ids uuid[]) returns void
language sql volatile set search_path = pg_catalog, pg_temp
as $$
    with recursive down(task_id) as (
        select unnest(p_ids)
        union
        select d.task_id from down
          join coord.shared_dependencies d on d.workspace_id = p_ws and d.depends_on = down.task_id
    ), above(task_id) as (
        select task_id from down
        union
        select d.depends_on from above
          join coord.shared_dependencies d on d.workspace_id = p_ws and d.task_id = above.task_id
    ), behind(task_id, root) as (
        select d.task_id, t.task_id from above join coord.shared_tasks t on t.workspace_id = p_ws and t.task_id = above.task_id
          join coord.shared_dependencies d on d.workspace_id = p_ws and d.depends_on = t.task_id
         where t.status in ('failed', 'cancelled')
        union
        select d.task_id, b.root from behind b join coord.shared_tasks t on t.workspace_id = p_ws and t.task_id = b.task_id
          join coord.shared_dependencies d on d.workspace_id = p_ws and d.depends_on = b.task_id
         where t.status = 'pending'
    )
    update coord.shared_tasks t
       set parked_reason = (
               select format('it depends on %s, which %s', r.task_id,
                             case r.status when 'failed' then 'failed' else 'was cancelled' end)
                 from behind b join coord.shared_tasks r on r.workspace_id = p_ws and r.task_id = b.root
                where b.task_id = t.task_id order by r.ord limit 1)
      from down where t.workspace_id = p_ws and t.task_id = down.task_id and t.status = 'pending'
$$;
revoke all on function coord.reconsider(uuid, uuid[]) from public, anon, authenticated, service_role;

-- Puts given-up tasks back with all their attempts; whoever completes what they wait for waits until they count it.
create or replace function coord.revive(p_ws uuid, p_ids uuid[]) returns void
language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
    perform from coord.shared_tasks t
      where t.workspace_id = p_ws
        and t.task_id in (select d.depends_on from coord.shared_dependencies d
                           where d.workspace_id = p_ws and d.task_id = any (p_ids))
      order by t.task_id for share of t;
    update coord.shared_tasks s
       set status = 'pending', attempt = 0, run_after = 0, result = null, finished_at = null, parked_reason = null,
           session_id = null, agent_id = null, claimed_at = null,
           unmet = (select count(*) from coord.shared_dependencies d left join coord.shared_tasks t
                        on t.workspace_id = d.workspace_id and t.task_id = d.depends_on
                     where d.workspace_id = p_ws and d.task_id = s.task_id and t.status is distinct from 'completed')
     where s.workspace_id = p_ws and s.task_id = any (p_ids);
    perform coord.reconsider(p_ws, p_ids);
end $$;
revoke all on function coord.revive(uuid, uuid[]) from public, anon, authenticated, service_role;

-- Has a failed, cancelled, parked or pausing task tried again, and with it whatever it waits for that was given up.
create or replace function public.coord_task_retry(p jsonb) returns jsonb
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp set statement_timeout = '8s' as $$
declare
    v_device coord.devices := coord.arbiter_auth();
    v_ws uuid := v_device.workspace_id;
    v_req uuid := coord.wanted(p, 'req', 'string')::uuid;
    v_id uuid := coord.wanted(p, 'task_id', 'string')::uuid;
    v_project text := coord.wanted(p, 'project', 'string');
    v_task coord.shared_tasks;
    v_given uuid[];
    v_twin record;
    v_answer jsonb;
begin
    select * into v_task from coord.shared_tasks
     where workspace_id = v_ws and task_id = v_id and project = v_project for no key update;
    select answer into v_answer from coord.arbiter_requests where device_id = v_device.device_id and req = v_req;
    if v_answer is not null then
        return coord.reply(v_answer ->> 'status', v_answer);
    elsif v_task.task_id is null then
        return coord.reply('unknown');
    end if;
    if v_task.status = 'pending' and v_task.run_after > 0 then
        update coord.shared_tasks set run_after = 0 where workspace_id = v_ws and task_id = v_id;
        v_given := array[v_id];
    elsif v_task.status in ('failed', 'cancelled') or v_task.status = 'pending' and v_task.parked_reason is not null then
        v_given := coord.given_up_before(v_ws, v_id);
        -- A live task, or an earlier one of these, has taken over its key.
        select g.task_id, t.task_id as live into v_twin from coord.shared_tasks g
          join coord.shared_tasks t on t.workspace_id = v_ws and t.project = g.project and t.dedupe_key = g.dedupe_key
                                   and t.task_id <> g.task_id
         where g.workspace_id = v_ws and g.task_id = any (v_given)
           and (t.status in ('pending', 'claimed') or t.task_id = any (v_given) and t.ord < g.ord) limit 1;
        if found then
            return coord.reply('duplicate', jsonb_build_object('task_id', v_twin.task_id, 'live', v_twin.live));
        end if;
        perform coord.revive(v_ws, v_given);
        perform coord.reconsider(v_ws, array[v_id]);
    else
        return coord.reply('not_retryable', jsonb_build_object('task_status', v_task.status));
    end if;
    perform coord.touch_project(v_ws, v_project);
    select * into v_task from coord.shared_tasks where workspace_id = v_ws and task_id = v_id;
    v_answer := jsonb_build_object('retried', to_jsonb(v_given),
                                   'blocked', v_task.unmet > 0 or v_task.parked_reason is not null);
    return coord.answered(v_device.device_id, v_req, 'ok', v_answer);
end $$;
revoke all on function public.coord_task_retry(jsonb) from public, anon, authenticated, service_role;
grant execute on function public.coord_task_retry(jsonb) to anon, service_role;

-- What is held in the named projects, for those whose number is not the one given, and the queue at a glance, for those
-- whose mark is not the one given; which of the named tasks have come to their end, or are not known: they were
-- submitted before this database went back to a copy; and which that had ended are to be done again. Polled while
-- somebody is active.
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
         where t.finished_at is not null), 'again', (
        select coalesce(jsonb_agg(jsonb_build_object('task_id', t.task_id, 'project', t.project)), '[]')
          from jsonb_array_elements_text(coalesce(p -> 'ended', '[]')) x
          join coord.shared_tasks t on t.workspace_id = v_device.workspace_id and t.task_id = x::uuid
         where t.finished_at is null)));
end $$;

UPDATE coord.installation SET schema_version = 44 WHERE schema_version < 44;
