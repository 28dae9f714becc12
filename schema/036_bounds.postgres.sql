-- What a batch and a page cost at most, whatever the rows are. A page has about a megabyte as it is sent, or one row:
-- how large a row is where it lies says little, because text that repeats itself is kept compressed, to a hundredth of its
-- size. Rows are looked at one after another, so that a page costs what it holds.

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
               || case when op = 'i' then jsonb_build_object('v', body) else '{}' end order by pos), '[]')
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
                     when 'policy' then 'jsonb_build_object(''r'', e.rev)' else '''{}''::jsonb' end,
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

-- An audit row is added at the end. Asked by `exists`, which goes through the key alone: the greatest number of a device
-- was looked for among all its rows by a planner without statistics, which was half of the time of a batch.
create or replace function coord.let_audit_log_only_grow() returns trigger
language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
    if exists (select from coord.audit_log e
                where e.workspace_id = new.workspace_id and e.device_id = new.device_id and e.seq >= new.seq)
       or exists (select from coord.audit_seals e
                   where e.workspace_id = new.workspace_id and e.device_id = new.device_id and e.seq_to >= new.seq) then
        raise exception 'audit rows are immutable: a row is added at the end, once for each request'
            using errcode = 'restrict_violation';
    end if;
    return new;
end $$;
revoke all on function coord.let_audit_log_only_grow() from public, anon, authenticated, service_role;
