-- The lineage of a policy travels with it, both ways: with what others did, with whole tables, with what was refused.

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
                      nullif(c.v, 'null'), c.l)::coord.change order by c.s) into v_changes
      from jsonb_to_recordset(p -> 'changes')
           as c(s bigint, t text, k text, o text, h bigint, b bigint, x text, e integer, v jsonb, l jsonb);
    if exists (select from unnest(v_changes) c
                where c.s is null or c.t is null or c.k is null or c.h is null or c.o is null
                   or c.o not in ('i', 'u', 'd') or c.s not between v_first and v_last
                   or jsonb_typeof(c.l) <> 'array') then
        raise sqlstate 'PT400' using
            message = 'changes: each has s within first..last, t, k, h and o, which is i, u or d; l is a list';
    end if;
    return coalesce(v_changes, '{}');
end $$;
revoke all on function coord.changes_of(jsonb) from public, anon, authenticated, service_role;

-- What of a range was set aside, as it is told to the device.
create or replace function coord.rejects(p_device uuid, p_first bigint, p_last bigint) returns jsonb
language sql stable set search_path = pg_catalog, pg_temp
as $$
    select coalesce(jsonb_agg(jsonb_strip_nulls(jsonb_build_object(
               's', seq, 't', tbl, 'k', pk, 'code', code, 'reason', reason, 'r', rev)) ||
               case when body is null then '{}' else jsonb_build_object('v', body) end ||
           case when rev is null then '{}'
                else jsonb_build_object('l', coord.lineage_of(d.workspace_id, tbl, pk, rev)) end order by seq), '[]')
      from coord.dead_letters join coord.devices d using (device_id)
     where device_id = p_device and seq between p_first and p_last
$$;
revoke all on function coord.rejects(uuid, bigint, bigint) from public, anon, authenticated, service_role;

-- What happened after a position. Positions have no gaps, so a cursor passes over what this device need not hear of.
create or replace function public.coord_pull(p jsonb) returns jsonb
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp set statement_timeout = '15s' as $$
declare
    v_device coord.devices := coord.auth('reader');
    v_refusal jsonb := coord.negotiate(p);
    v_cursor bigint := coord.wanted(p, 'cursor', 'number')::bigint;
    v_limit bigint := least(greatest(coalesce((p ->> 'limit')::bigint, 500), 1), 500);
    v_until bigint := v_cursor;
    v_bytes bigint := 0;
    v_ws coord.workspaces;
    v_seen coord.cloud_log;
    v_row record;
    v_last coord.cloud_log;
    v_changes jsonb;
begin
    if v_refusal is not null then
        return v_refusal;
    end if;
    select * into v_ws from coord.workspaces where workspace_id = v_device.workspace_id;
    if v_cursor > v_ws.head or v_cursor < v_ws.floor then
        return coord.reply('resnapshot', jsonb_build_object('head', v_ws.head, 'floor', v_ws.floor,
            'why', case when v_cursor > v_ws.head then 'restored' else 'pruned' end));
    end if;
    -- The row at the cursor must be the one that was seen there, or this database was restored from a copy.
    select * into v_seen from coord.cloud_log where workspace_id = v_ws.workspace_id and pos = v_cursor;
    if found and (v_seen.device_id is distinct from (p ->> 'cursor_dev')::uuid
                  or v_seen.dev_seq is distinct from (p ->> 'cursor_seq')::bigint) then
        return coord.reply('resnapshot', jsonb_build_object('head', v_ws.head, 'floor', v_ws.floor,
                                                            'why', 'restored'));
    end if;
    for v_row in
        select pos, case when op = 'i' and device_id is distinct from v_device.device_id
                              and (p -> 'tables' is null or p -> 'tables' ? tbl)
                    then octet_length(body::text) else 0 end as bytes
          from coord.cloud_log
         where workspace_id = v_ws.workspace_id and pos > v_cursor and pos <= v_ws.head
         order by pos limit v_limit
    loop
        v_bytes := v_bytes + v_row.bytes;
        exit when v_bytes > 1000000 and v_until > v_cursor;
        v_until := v_row.pos;
    end loop;
    select coalesce(jsonb_agg(jsonb_strip_nulls(jsonb_build_object(
               'p', pos, 'd', device_id, 's', dev_seq, 't', tbl, 'k', pk, 'o', op, 'h', hlc::text,
               'r', rev, 'x', coord.hex(row_hash)))
               || case when op = 'i' then jsonb_build_object('v', body) else '{}' end
               || case when rev is null then '{}'
                       else jsonb_build_object('l', coord.lineage_of(workspace_id, tbl, pk, rev)) end order by pos), '[]')
      into v_changes from coord.cloud_log
     where workspace_id = v_ws.workspace_id and pos > v_cursor and pos <= v_until
       and op <> 'x' and device_id is distinct from v_device.device_id
       and (p -> 'tables' is null or p -> 'tables' ? tbl);
    select * into v_last from coord.cloud_log where workspace_id = v_ws.workspace_id and pos = v_until;
    update coord.devices set last_seen = clock_timestamp() where device_id = v_device.device_id;
    return coord.reply('ok', jsonb_build_object(
        'changes', v_changes, 'head', v_ws.head, 'floor', v_ws.floor, 'cursor', v_until, 'more', v_until < v_ws.head,
        'cursor_dev', case when v_until = v_cursor then p ->> 'cursor_dev' else v_last.device_id::text end,
        'cursor_seq', case when v_until = v_cursor then (p ->> 'cursor_seq')::bigint else v_last.dev_seq end));
end $$;
revoke all on function public.coord_pull(jsonb) from public, anon, authenticated, service_role;
grant execute on function public.coord_pull(jsonb) to anon, service_role;

-- A page of a table as it is now, in the order of its keys. Rows that change meanwhile come again by their position.
create or replace function public.coord_snapshot(p jsonb) returns jsonb
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp set statement_timeout = '15s' as $$
declare
    v_device coord.devices := coord.auth('reader');
    v_table text := coord.wanted(p, 'table', 'string');
    v_limit bigint := least(greatest(coalesce((p ->> 'limit')::bigint, 500), 1), 500);
    v_class text;
    v_row record;
    v_rows jsonb[] := '{}';
    v_bytes bigint := 0;
    v_last jsonb;
    v_next jsonb;
    v_head jsonb;
begin
    select class into v_class from coord.mirrored_tables where name = v_table and class <> 'append';
    if not found then
        raise sqlstate 'PT400' using message = format('table: %s is not exchanged', v_table);
    end if;
    select jsonb_build_object('head', w.head, 'floor', w.floor, 'cursor_dev', l.device_id, 'cursor_seq', l.dev_seq)
      into v_head
      from coord.workspaces w left join coord.cloud_log l on l.workspace_id = w.workspace_id and l.pos = w.head
     where w.workspace_id = v_device.workspace_id;
    for v_row in execute coord.fill(format($sql$
        select jsonb_build_object('d', e.device_id, 'k', {e_key}, 'x', coord.hex(e.row_hash), 'v', {shown}) || %1$s as row,
               to_jsonb(e) as whole
          from {table} e left join lateral jsonb_populate_record(null::{table}, $1) i on true
         where e.workspace_id = $2 %2$s and ($1 is null or ({order_e}) > ({order_i}))
         order by {order_e} limit $4
        $sql$,
        case v_class when 'union' then 'jsonb_build_object(''h'', e.hlc::text)'
                     when 'policy' then 'jsonb_build_object(''r'', e.rev, ''l'', coord.lineage_of($2, {name}, {e_key}, e.rev))' else '''{}''::jsonb' end,
        case v_class when 'policy' then 'and e.deleted_at is null'
                     when 'owner' then 'and e.device_id <> $3' else '' end), v_table)
        using nullif(p -> 'after', 'null'), v_device.workspace_id, v_device.device_id, v_limit
    loop
        v_bytes := v_bytes + octet_length(v_row.row::text);
        if v_bytes > 1000000 and cardinality(v_rows) > 0 then
            v_limit := cardinality(v_rows);
            exit;
        end if;
        v_rows := v_rows || v_row.row;
        v_last := v_row.whole;
    end loop;
    if cardinality(v_rows) = v_limit then
        select jsonb_object_agg(f.key, f.value) into v_next
          from jsonb_each(v_last) f, coord.mirrored_tables t
         where t.name = v_table and (f.key = 'device_id' or f.key = any (t.key_columns));
    end if;
    return coord.reply('ok', v_head || jsonb_build_object('rows', to_jsonb(v_rows), 'next', v_next));
end $$;
revoke all on function public.coord_snapshot(jsonb) from public, anon, authenticated, service_role;
grant execute on function public.coord_snapshot(jsonb) to anon, service_role;
