-- Made from schema/028_arbiter_work.* by COORD_BLESS=1 cargo nextest run schema; change it there.

-- Postgres as the arbiter of work between machines: the same rules as on one device, by this server's clock.
-- At least once, with fences: a worker whose claim is gone learns so, and what it brings is kept aside.

create table if not exists coord.shared_tasks (
    workspace_id   uuid not null references coord.workspaces,
    task_id        uuid not null,
    ord            bigint generated always as identity, -- between equal priorities, the order of arrival
    project        text collate "C" not null check (octet_length(project) between 1 and 512),
    task_type      text collate "C" not null check (octet_length(task_type) between 1 and 512),
    description    text not null,
    input_data     jsonb,
    priority       bigint not null check (priority between 1 and 10),
    capabilities   text[] not null,
    dedupe_key     text collate "C" check (octet_length(dedupe_key) between 1 and 512),
    deadline       bigint,
    submitted_by   text collate "C" not null,
    submitted_at   bigint not null,
    status         text collate "C" not null check (status in ('pending', 'claimed', 'completed', 'failed', 'cancelled')),
    unmet          bigint not null check (unmet >= 0), -- dependencies not completed, those not yet here included
    parked_reason  text,
    run_after      bigint not null default 0,
    attempt        bigint not null default 0,
    max_attempts   bigint not null check (max_attempts >= 1),
    fence          bigint not null default 0,
    device_id      uuid,
    session_id     text collate "C", -- null again when the claim was lost
    agent_id       text collate "C",
    claim_req      uuid, -- the request that claimed it, so that its repetition gets it again
    claimed_at     bigint,
    lease_ms       bigint check (lease_ms between 1 and 86400000),
    lease_until    bigint,
    result         jsonb,
    error_message  text,
    late_result    jsonb,
    finished_at    bigint,
    primary key (workspace_id, task_id),
    constraint a_lease_is_held_while_worked_on check ((status = 'claimed') = (lease_until is not null)),
    constraint only_ready_work_is_claimed check (status <> 'claimed' or unmet = 0 and parked_reason is null),
    constraint attempts_are_bounded check (attempt <= max_attempts)
) with (fillfactor = 70);

-- Claiming: the first that is ready, however long the queue is.
create index if not exists shared_tasks_ready on coord.shared_tasks (workspace_id, project, priority, ord)
    where status = 'pending' and unmet = 0 and parked_reason is null;
-- Leases that ran out.
create index if not exists shared_tasks_leases on coord.shared_tasks (workspace_id, project, lease_until)
    where status = 'claimed';
-- What a session holds.
create index if not exists shared_tasks_held on coord.shared_tasks (device_id, session_id) where status = 'claimed';
-- A claim that is asked for again.
create unique index if not exists shared_tasks_by_request on coord.shared_tasks (device_id, claim_req)
    where claim_req is not null;
-- One live task of a key.
create unique index if not exists shared_tasks_dedupe on coord.shared_tasks (workspace_id, project, dedupe_key)
    where dedupe_key is not null and status in ('pending', 'claimed');

create table if not exists coord.shared_dependencies (
    workspace_id uuid not null,
    task_id      uuid not null,
    depends_on   uuid not null,
    primary key (workspace_id, task_id, depends_on),
    foreign key (workspace_id, task_id) references coord.shared_tasks on delete cascade,
    check (task_id <> depends_on)
);
-- Which tasks waited for this one.
create index if not exists shared_dependencies_by_target on coord.shared_dependencies (workspace_id, depends_on);

do $$
declare t text;
begin
    foreach t in array array['shared_tasks', 'shared_dependencies'] loop
        execute format('alter table coord.%I enable row level security', t);
        execute format('revoke all on coord.%I from public, anon, authenticated, service_role', t);
    end loop;
end $$;
revoke all on sequence coord.shared_tasks_ord_seq from public, anon, authenticated, service_role;

-- Tells those who poll that something changed.
create or replace function coord.touch_project(p_ws uuid, p_project text) returns void
language sql volatile set search_path = pg_catalog, pg_temp
as $$
    insert into coord.arbiter_projects as a (workspace_id, project, epoch) values (p_ws, p_project, 1)
    on conflict (workspace_id, project) do update set epoch = a.epoch + 1
$$;
revoke all on function coord.touch_project(uuid, text) from public, anon, authenticated, service_role;

-- A task reached its end: those behind it come nearer, or are parked because it failed. Gives those that are ready.
create or replace function coord.settle_task(p_task coord.shared_tasks) returns uuid[]
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare v_ready uuid[];
begin
    with behind as materialized (
        select t.task_id from coord.shared_tasks t join coord.shared_dependencies d using (workspace_id, task_id)
         where d.workspace_id = p_task.workspace_id and d.depends_on = p_task.task_id and t.status = 'pending'
         order by t.task_id for no key update of t
    ), moved as (
        update coord.shared_tasks t
           set unmet = t.unmet - case when p_task.status = 'completed' then 1 else 0 end,
               parked_reason = case when p_task.status = 'completed' then t.parked_reason
                   else coalesce(t.parked_reason, format('it depends on %s, which %s', p_task.task_id,
                        case p_task.status when 'failed' then 'failed' else 'was cancelled' end)) end
          from behind b where t.workspace_id = p_task.workspace_id and t.task_id = b.task_id
        returning t.*
    )
    select array_agg(task_id order by task_id) filter (where unmet = 0 and parked_reason is null) into v_ready from moved;
    return coalesce(v_ready, '{}');
end $$;
revoke all on function coord.settle_task(coord.shared_tasks) from public, anon, authenticated, service_role;

-- When a task that failed may be tried again: 1 s, 2 s, 4 s … at most 5 min from now.
create or replace function coord.back_off(p_attempt bigint, p_now bigint) returns bigint
language sql immutable set search_path = pg_catalog, pg_temp
as $$ select p_now + least(1000 << least(greatest(p_attempt - 1, 0), 20)::integer, 300000) $$;
revoke all on function coord.back_off(bigint, bigint) from public, anon, authenticated, service_role;

-- Claims whose lease ran out go back to the queue, or end after the last attempt.
create or replace function coord.reap_tasks(p_ws uuid, p_project text, p_now bigint) returns void
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare v_task coord.shared_tasks;
begin
    for v_task in
        with expired as materialized (
            select task_id from coord.shared_tasks
             where workspace_id = p_ws and project = p_project and status = 'claimed' and lease_until <= p_now
             order by task_id for update skip locked
        )
        update coord.shared_tasks t
           set status = case when t.attempt >= t.max_attempts then 'failed' else 'pending' end,
               error_message = 'the lease of its worker ran out', session_id = null, lease_until = null, lease_ms = null,
               finished_at = case when t.attempt >= t.max_attempts then p_now end,
               run_after = case when t.attempt >= t.max_attempts then 0 else coord.back_off(t.attempt, p_now) end
          from expired e where t.workspace_id = p_ws and t.task_id = e.task_id
        returning t.*
    loop
        if v_task.status = 'failed' then
            perform coord.settle_task(v_task);
        end if;
        perform coord.touch_project(p_ws, p_project);
    end loop;
end $$;
revoke all on function coord.reap_tasks(uuid, text, bigint) from public, anon, authenticated, service_role;

UPDATE coord.installation SET schema_version = 28 WHERE schema_version < 28;
