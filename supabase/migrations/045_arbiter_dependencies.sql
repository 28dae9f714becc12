-- Made from schema/045_arbiter_dependencies.* by COORD_BLESS=1 cargo nextest run schema; change it there.

-- A task keeps what it waits for, whoever hands it in and however often; and where it came from is shown.

-- Its target was completed by the word of who handed the task in: it holds up nothing unless that task is here and open.
alter table coord.shared_dependencies add column if not exists met boolean not null default false;
-- Which device handed it in first.
alter table coord.shared_tasks add column if not exists origin uuid;

-- How many tasks must be completed before this one.
create or replace function coord.unmet_of(p_ws uuid, p_id uuid) returns bigint
language sql volatile set search_path = pg_catalog, pg_temp
as $$
    select count(*) from coord.shared_dependencies d
      left join coord.shared_tasks t on t.workspace_id = d.workspace_id and t.task_id = d.depends_on
     where d.workspace_id = p_ws and d.task_id = p_id
       and (t.status <> 'completed' or t.task_id is null and not d.met)
$$;
revoke all on function coord.unmet_of(uuid, uuid) from public, anon, authenticated, service_role;

-- Counts anew what a waiting task waits for. Whoever completes one of them now waits until it is counted, or has
-- finished before.
create or replace function coord.reckon(p_ws uuid, p_id uuid) returns void
language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
    perform from coord.shared_tasks t join coord.shared_dependencies d
              on d.workspace_id = t.workspace_id and d.depends_on = t.task_id
      where d.workspace_id = p_ws and d.task_id = p_id order by t.task_id for share of t;
    update coord.shared_tasks s
       set unmet = coord.unmet_of(p_ws, p_id),
           parked_reason = (select case when t.status in ('failed', 'cancelled')
                                   then format('it depends on %s, which %s', t.task_id,
                                               case t.status when 'failed' then 'failed' else 'was cancelled' end)
                                   else t.parked_reason end
                              from coord.shared_dependencies d join coord.shared_tasks t
                                on t.workspace_id = d.workspace_id and t.task_id = d.depends_on
                             where d.workspace_id = p_ws and d.task_id = p_id
                               and (t.status in ('failed', 'cancelled') or t.status = 'pending' and t.parked_reason is not null)
                             order by t.ord limit 1)
     where s.workspace_id = p_ws and s.task_id = p_id and s.status = 'pending';
end $$;
revoke all on function coord.reckon(uuid, uuid) from public, anon, authenticated, service_role;

-- Puts given-up tasks back with all their attempts.
create or replace function coord.revive(p_ws uuid, p_ids uuid[]) returns void
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare v_id uuid;
begin
    update coord.shared_tasks
       set status = 'pending', attempt = 0, run_after = 0, result = null, finished_at = null, parked_reason = null,
           session_id = null, agent_id = null, claimed_at = null
     where workspace_id = p_ws and task_id = any (p_ids);
    foreach v_id in array p_ids loop
        perform coord.reckon(p_ws, v_id);
    end loop;
    perform coord.reconsider(p_ws, p_ids);
end $$;

-- Adds a task; the same task again is the same task, and waits for what either says that it waits for. What it depends
-- on may come later, and holds it up until then, unless {met} has it.
create or replace function public.coord_task_submit(p jsonb) returns jsonb
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp set statement_timeout = '8s' as $$
declare
    v_device coord.devices := coord.arbiter_auth();
    v_ws uuid := v_device.workspace_id;
    v_id uuid := coord.wanted(p, 'task_id', 'string')::uuid;
    v_project text := coord.wanted(p, 'project', 'string');
    v_task coord.shared_tasks;
    v_new boolean;
    v_later uuid[];
    v_behind uuid;
begin
    insert into coord.shared_tasks (workspace_id, task_id, project, task_type, description, input_data, priority,
           capabilities, dedupe_key, deadline, submitted_by, submitted_at, status, unmet, max_attempts, origin)
    values (v_ws, v_id, v_project, coord.wanted(p, 'task_type', 'string'), coord.wanted(p, 'description', 'string'),
           nullif(p -> 'input_data', 'null'), coord.wanted(p, 'priority', 'number')::bigint,
           array(select jsonb_array_elements_text(coalesce(p -> 'capabilities', '[]'))), p ->> 'dedupe_key',
           (p ->> 'deadline')::bigint, coord.wanted(p, 'submitted_by', 'string'),
           coord.wanted(p, 'submitted_at', 'number')::bigint, 'pending', 0,
           coord.wanted(p, 'max_attempts', 'number')::bigint, v_device.device_id)
    on conflict do nothing returning * into v_task;
    v_new := found;
    if not v_new then
        select * into v_task from coord.shared_tasks where workspace_id = v_ws and task_id = v_id for no key update;
        if not found then
            select task_id into v_id from coord.shared_tasks
             where workspace_id = v_ws and project = v_project and dedupe_key = p ->> 'dedupe_key'
               and status in ('pending', 'claimed');
            return coord.reply('duplicate', jsonb_build_object('task_id', v_id));
        elsif v_task.status <> 'pending' then
            return coord.reply('ok', jsonb_build_object('task_id', v_id));
        end if;
    end if;
    -- What waits for this task already cannot be waited for by it.
    with recursive down(task_id) as (
        select v_id
        union
        select d.task_id from down join coord.shared_dependencies d on d.workspace_id = v_ws and d.depends_on = down.task_id
    )
    select array_agg(task_id) into v_later from down;
    if v_new and exists (select from jsonb_array_elements_text(coalesce(p -> 'depends_on', '[]')) d
                          where d::uuid = any (v_later)) then
        delete from coord.shared_tasks where workspace_id = v_ws and task_id = v_id;
        return coord.reply('cycle');
    end if;
    insert into coord.shared_dependencies as known (workspace_id, task_id, depends_on, met)
    select v_ws, v_id, d.id, bool_and(d.met)
      from (select x::uuid as id, false as met from jsonb_array_elements_text(coalesce(p -> 'depends_on', '[]')) x
            union all
            select x::uuid, true from jsonb_array_elements_text(coalesce(p -> 'met', '[]')) x) d
     where d.id <> all (v_later) group by d.id
    on conflict (workspace_id, task_id, depends_on) do update set met = known.met and excluded.met;
    perform coord.reckon(v_ws, v_id);
    if v_new then
        -- Those behind it were told that it is done; it is not.
        for v_behind in
            select task_id from coord.shared_dependencies
             where workspace_id = v_ws and depends_on = v_id and met order by task_id
        loop
            perform coord.reckon(v_ws, v_behind);
        end loop;
    end if;
    perform coord.touch_project(v_ws, v_project);
    return coord.reply('ok', jsonb_build_object('task_id', v_id));
end $$;

-- A task as its worker gets it, with what it waited for.
create or replace function coord.task_shown(t coord.shared_tasks, p_now bigint) returns jsonb
language sql stable set search_path = pg_catalog, pg_temp
as $$
    select jsonb_build_object(
        'task_id', t.task_id, 'project', t.project, 'task_type', t.task_type, 'description', t.description,
        'input_data', t.input_data, 'priority', t.priority, 'capabilities', to_jsonb(t.capabilities),
        'deadline', t.deadline, 'submitted_by', t.submitted_by, 'submitted_at', t.submitted_at, 'status', t.status,
        'unmet', t.unmet, 'parked_reason', t.parked_reason, 'attempt', t.attempt, 'max_attempts', t.max_attempts,
        'fence', t.fence, 'device', t.device_id, 'session', t.session_id, 'agent_id', t.agent_id,
        'lease_ms', greatest(t.lease_until - p_now, 0), 'depends_on', (
            select coalesce(jsonb_agg(d.depends_on order by d.depends_on), '[]') from coord.shared_dependencies d
             where d.workspace_id = t.workspace_id and d.task_id = t.task_id))
$$;

-- The queue at a glance: what is worked on, by whom and where, and what comes next and where it came from; 50 of each
-- at most.
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
               'submitted_by', s.submitted_by, 'origin', s.origin, 'submitted_on', o.name,
               'agent_id', case when s.status = 'claimed' then s.agent_id end,
               'session', case when s.status = 'claimed' then s.session_id end,
               'device', case when s.status = 'claimed' then s.device_id end,
               'machine', case when s.status = 'claimed' then d.name end, 'fence', s.fence)
               order by s.status, s.priority, s.ord), '[]')
      from shown s left join coord.devices d on d.device_id = s.device_id left join coord.devices o on o.device_id = s.origin
$$;

UPDATE coord.installation SET schema_version = 45 WHERE schema_version < 45;
