-- Made from schema/025_cloud_batches.* by COORD_BLESS=1 cargo nextest run schema; change it there.

-- One batch of a device's change log: known, missing, forked or new; and what others hear of it.

-- Gives positions to what took effect. The row of the workspace is locked from here to the commit, so that the order
-- of positions is the order of commits, without gaps: whoever reads up to a position has missed nothing. Called last.
create or replace function coord.emit(p_ws uuid, p_device uuid, p_outcomes coord.outcome[]) returns bigint
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
    v_head bigint;
    v_count integer := coalesce(cardinality(p_outcomes), 0);
begin
    if v_count = 0 then
        return (select head from coord.workspaces where workspace_id = p_ws);
    end if;
    update coord.workspaces set head = head + v_count where workspace_id = p_ws returning head into v_head;
    insert into coord.cloud_log (workspace_id, pos, device_id, dev_seq, tbl, pk, op, hlc, rev, row_hash, body)
    select p_ws, v_head - v_count + row_number() over (order by s),
           -- Who lost must hear what won.
           case when code is null then p_device end, case when code is null then s end, t, k, o, h, r, x, v
      from unnest(p_outcomes);
    return v_head;
end $$;
revoke all on function coord.emit(uuid, uuid, coord.outcome[]) from public, anon, authenticated, service_role;

-- The changes of a request, with clocks that run ahead set back to five minutes from now.
create or replace function coord.changes_of(p jsonb) returns coord.change[]
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
    v_latest bigint := (coord.now_ms() + 300000) << 16;
    v_changes coord.change[];
    v_first bigint := coord.wanted(p, 'first', 'number')::bigint;
    v_last bigint := coord.wanted(p, 'last', 'number')::bigint;
begin
    perform coord.wanted(p, 'changes', 'array');
    if jsonb_array_length(p -> 'changes') > 5000 or pg_column_size(p) > 8388608 then
        raise sqlstate 'PT413' using message = 'a batch has at most 5000 changes and 8 MB', hint = 'send less at once';
    end if;
    select array_agg((c.s, c.t, c.k, c.o, least(c.h, v_latest), c.b, ('x' || c.x)::bit(64)::bigint, c.e,
                      nullif(c.v, 'null'))::coord.change order by c.s) into v_changes
      from jsonb_to_recordset(p -> 'changes')
           as c(s bigint, t text, k text, o text, h bigint, b bigint, x text, e integer, v jsonb);
    if exists (select from unnest(v_changes) c
                where c.s is null or c.t is null or c.k is null or c.h is null or c.o is null
                   or c.o not in ('i', 'u', 'd') or c.s not between v_first and v_last) then
        raise sqlstate 'PT400' using
            message = 'changes: each has s within first..last, t, k, h and o, which is i, u or d';
    end if;
    return coalesce(v_changes, '{}');
end $$;
revoke all on function coord.changes_of(jsonb) from public, anon, authenticated, service_role;

-- Carries out a batch: as sets; if a row is bad, one by one, with the bad ones set aside. Trouble that may pass, and
-- trouble of the schema, end the whole call instead.
create or replace function coord.apply_batch(p_device coord.devices, p_changes coord.change[], p_merge boolean)
returns coord.outcome[]
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
    v_all coord.outcome[];
    v_one coord.change;
    v_state text; v_why text;
begin
    begin
        return array(select done from coord.apply(p_device, p_changes, p_merge) done);
    exception when others then
        get stacked diagnostics v_state = returned_sqlstate;
        if v_state !~ '^(21|22|23)' then
            raise;
        end if;
    end;
    foreach v_one in array p_changes loop
        begin
            v_all := v_all || array(select done from coord.apply(p_device, array[v_one], p_merge) done);
        exception when others then
            get stacked diagnostics v_state = returned_sqlstate, v_why = message_text;
            if v_state !~ '^(21|22|23)' then
                raise;
            end if;
            v_all := v_all || (v_one.s, v_one.t, v_one.k, v_one.o, v_one.h, null, null, v_one.v, 'invalid',
                               format('%s: %s', v_state, v_why))::coord.outcome;
        end;
    end loop;
    return v_all;
end $$;
revoke all on function coord.apply_batch(coord.devices, coord.change[], boolean)
    from public, anon, authenticated, service_role;

-- What of a range was set aside, as it is told to the device.
create or replace function coord.rejects(p_device uuid, p_first bigint, p_last bigint) returns jsonb
language sql stable set search_path = pg_catalog, pg_temp
as $$
    select coalesce(jsonb_agg(jsonb_strip_nulls(jsonb_build_object(
               's', seq, 't', tbl, 'k', pk, 'code', code, 'reason', reason, 'r', rev)) ||
               case when body is null then '{}' else jsonb_build_object('v', body) end order by seq), '[]')
      from coord.dead_letters where device_id = p_device and seq between p_first and p_last
$$;
revoke all on function coord.rejects(uuid, bigint, bigint) from public, anon, authenticated, service_role;

create or replace function public.coord_push(p jsonb) returns jsonb
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp set statement_timeout = '15s' as $$
declare
    v_device coord.devices := coord.auth('writer');
    v_refusal jsonb := coord.negotiate(p);
    v_first bigint := coord.wanted(p, 'first', 'number')::bigint;
    v_last bigint := coord.wanted(p, 'last', 'number')::bigint;
    v_prev text := coord.wanted(p, 'prev', 'string');
    v_hash text := coord.wanted(p, 'hash', 'string');
    v_done coord.outcome[];
    v_head bigint;
begin
    if v_refusal is not null then
        return v_refusal;
    end if;
    -- One batch of a device at a time.
    select * into v_device from coord.devices where device_id = v_device.device_id for no key update;
    if v_first < 1 or v_last < v_first - 1 then
        raise sqlstate 'PT400' using message = 'first: a range goes from 1 or later to its end';
    elsif v_last < v_first or v_last <= v_device.last_seq then
        if v_last = v_device.last_seq and v_hash <> v_device.last_hash then
            return coord.reply('forked', jsonb_build_object('seq', v_device.last_seq, 'hash', v_device.last_hash));
        end if;
        return coord.push_reply('duplicate', v_device.device_id, v_first, v_last);
    elsif v_first <> v_device.last_seq + 1 then
        return coord.reply('gap', jsonb_build_object('expected', v_device.last_seq + 1, 'hash', v_device.last_hash));
    elsif v_prev <> v_device.last_hash then
        return coord.reply('forked', jsonb_build_object('seq', v_device.last_seq, 'hash', v_device.last_hash));
    end if;
    v_done := coord.apply_batch(v_device, coord.changes_of(p),
        (p ->> 'schema')::bigint < (select schema_version from coord.installation));
    insert into coord.dead_letters (device_id, seq, tbl, pk, code, reason, rev, body, change)
    select v_device.device_id, o.s, o.t, o.k, o.code, o.reason, o.r,
           case when o.code in ('conflict', 'lost') then o.v end,
           (select c.e from jsonb_array_elements(p -> 'changes') c(e) where (c.e ->> 's')::bigint = o.s limit 1)
      from unnest(v_done) o where o.code <> 'same' on conflict do nothing;
    update coord.devices set last_seq = v_last, last_hash = v_hash, last_seen = clock_timestamp()
     where device_id = v_device.device_id;
    v_head := coord.emit(v_device.workspace_id, v_device.device_id,
        array(select done from unnest(v_done) done where done.code is null or done.code = 'lost'));
    return coord.push_reply('ok', v_device.device_id, v_first, v_last);
end $$;
revoke all on function public.coord_push(jsonb) from public, anon, authenticated, service_role;
grant execute on function public.coord_push(jsonb) to anon, service_role;

-- The answer to a batch that is carried out, now or before.
create or replace function coord.push_reply(p_status text, p_device uuid, p_first bigint, p_last bigint) returns jsonb
language sql volatile set search_path = pg_catalog, pg_temp
as $$
    select coord.reply(p_status, jsonb_build_object(
               'acked', d.last_seq, 'hash', d.last_hash, 'head', w.head, 'schema', i.schema_version,
               'rejects', coord.rejects(p_device, p_first, p_last),
               'quarantined', case when d.broken_at is not null
                   then jsonb_build_object('seq', d.broken_at, 'why', d.broken_why) end))
      from coord.devices d join coord.workspaces w using (workspace_id), coord.installation i
     where d.device_id = p_device
$$;
revoke all on function coord.push_reply(text, uuid, bigint, bigint) from public, anon, authenticated, service_role;

UPDATE coord.installation SET schema_version = 25 WHERE schema_version < 25;
