-- Made from schema/026_cloud_reading.* by COORD_BLESS=1 cargo nextest run schema; change it there.

-- What others did: by position as it happened, or whole when a device was away for too long; and digests that tell
-- whether both sides have the same.

-- Where the log stands, and how far this device's changes have come.
create or replace function public.coord_head(p jsonb) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    v_device coord.devices := coord.auth('reader');
begin
    return (select coord.reply('ok', jsonb_build_object('head', head, 'floor', floor, 'acked', d.last_seq,
                                                        'hash', d.last_hash))
              from coord.devices d join coord.workspaces using (workspace_id)
             where d.device_id = v_device.device_id);
end $$;
revoke all on function public.coord_head(jsonb) from public, anon, authenticated, service_role;
grant execute on function public.coord_head(jsonb) to anon, service_role;

-- A hash as it goes over the wire.
create or replace function coord.hex(p_hash bigint) returns text
language sql immutable set search_path = pg_catalog, pg_temp
as $$ select lpad(to_hex(p_hash), 16, '0') $$;
revoke all on function coord.hex(bigint) from public, anon, authenticated, service_role;

-- What happened after a position: at most so many rows and about a megabyte. Positions have no gaps, so a cursor
-- passes over what this device need not hear of.
create or replace function public.coord_pull(p jsonb) returns jsonb
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp set statement_timeout = '15s' as $$
declare
    v_device coord.devices := coord.auth('reader');
    v_refusal jsonb := coord.negotiate(p);
    v_cursor bigint := coord.wanted(p, 'cursor', 'number')::bigint;
    v_limit bigint := least(greatest(coalesce((p ->> 'limit')::bigint, 500), 1), 500);
    v_ws coord.workspaces;
    v_seen coord.cloud_log;
    v_page record;
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
    with span as materialized (
        select l.*, sum(coalesce(pg_column_size(body), 0)) over (order by pos) as bytes
          from (select * from coord.cloud_log
                 where workspace_id = v_ws.workspace_id and pos > v_cursor and pos <= v_ws.head
                 order by pos limit v_limit) l
    ), page as materialized (
        select * from span where bytes <= 1000000 or pos = v_cursor + 1
    )
    select (select (pos, device_id, dev_seq)::record is not null from page order by pos desc limit 1) as any_row,
           (select pos from page order by pos desc limit 1) as pos,
           (select device_id from page order by pos desc limit 1) as device_id,
           (select dev_seq from page order by pos desc limit 1) as dev_seq,
           (select coalesce(jsonb_agg(jsonb_strip_nulls(jsonb_build_object(
                       'p', pos, 'd', device_id, 's', dev_seq, 't', tbl, 'k', pk, 'o', op, 'h', hlc::text,
                       'r', rev, 'x', coord.hex(row_hash)))
                       || case when op = 'i' then jsonb_build_object('v', body) else '{}' end order by pos), '[]')
              from page
             where op <> 'x' and device_id is distinct from v_device.device_id
               and (p -> 'tables' is null or p -> 'tables' ? tbl)) as changes
      into v_page;
    update coord.devices set last_seen = clock_timestamp() where device_id = v_device.device_id;
    return coord.reply('ok', jsonb_build_object(
        'changes', v_page.changes, 'head', v_ws.head, 'floor', v_ws.floor,
        'cursor', coalesce(v_page.pos, v_cursor), 'more', coalesce(v_page.pos, v_cursor) < v_ws.head,
        'cursor_dev', case when v_page.pos is null then p ->> 'cursor_dev' else v_page.device_id::text end,
        'cursor_seq', case when v_page.pos is null then (p ->> 'cursor_seq')::bigint else v_page.dev_seq end));
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
    v_rows jsonb;
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
    execute coord.fill(format($sql$
        with page as materialized (
            select row_number() over (order by {order_e}) as n, e.device_id, {e_key} as k, {shown} as v,
                   coord.hex(e.row_hash) as x, %1$s as more, to_jsonb(e) as whole
              from {table} e left join lateral jsonb_populate_record(null::{table}, $1) i on true
             where e.workspace_id = $2 %2$s and ($1 is null or ({order_e}) > ({order_i}))
             order by {order_e} limit $4
        )
        select coalesce(jsonb_agg(jsonb_build_object('d', device_id, 'k', k, 'x', x, 'v', v) || more order by n), '[]'),
               (select jsonb_object_agg(f.key, f.value)
                  from (select whole from page order by n desc limit 1) l, lateral jsonb_each(l.whole) f
                 where f.key = 'device_id' or f.key = any ({names}::text[]))
          from page
        $sql$,
        case v_class when 'union' then 'jsonb_build_object(''h'', e.hlc::text)'
                     when 'policy' then 'jsonb_build_object(''r'', e.rev)' else '''{}''::jsonb' end,
        case v_class when 'policy' then 'and e.deleted_at is null'
                     when 'owner' then 'and e.device_id <> $3' else '' end), v_table)
       into v_rows, v_next using nullif(p -> 'after', 'null'), v_device.workspace_id, v_device.device_id, v_limit;
    return coord.reply('ok', v_head || jsonb_build_object('rows', v_rows,
        'next', case when jsonb_array_length(v_rows) = v_limit then v_next end));
end $$;
revoke all on function public.coord_snapshot(jsonb) from public, anon, authenticated, service_role;
grant execute on function public.coord_snapshot(jsonb) to anon, service_role;

-- For each table and each of 256 buckets of keys: how many rows, and the exclusive or of their hashes.
create or replace function public.coord_digest(p jsonb) returns jsonb
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp set statement_timeout = '60s' as $$
declare
    v_device coord.devices := coord.auth('reader');
    v_table record;
    v_digest jsonb;
    v_all jsonb := '{}';
begin
    for v_table in
        select name, class from coord.mirrored_tables where p -> 'tables' is null or p -> 'tables' ? name order by name
    loop
        execute coord.fill(format($sql$
            select coalesce(jsonb_object_agg(bucket, jsonb_build_array(rows, hash)), '{}')
              from (select left(encode(sha256(convert_to({e_key}, 'UTF8')), 'hex'), 2) as bucket,
                           count(*) as rows, coord.hex(bit_xor(e.row_hash)) as hash
                      from {table} e where e.workspace_id = $1 %s group by 1) b
            $sql$, case v_table.class when 'union' then '' when 'policy' then 'and e.deleted_at is null'
                   else 'and e.device_id = $2' end), v_table.name)
           into v_digest using v_device.workspace_id, v_device.device_id;
        v_all := v_all || jsonb_build_object(v_table.name, v_digest);
    end loop;
    -- Whoever compares once a day also takes out what is old.
    update coord.workspaces set cleaned_at = now()
     where workspace_id = v_device.workspace_id and cleaned_at < now() - interval '20 hours';
    if found then
        perform coord.clean(v_device.workspace_id);
    end if;
    return coord.reply('ok', jsonb_build_object('tables', v_all));
end $$;
revoke all on function public.coord_digest(jsonb) from public, anon, authenticated, service_role;
grant execute on function public.coord_digest(jsonb) to anon, service_role;

UPDATE coord.installation SET schema_version = 26 WHERE schema_version < 26;
