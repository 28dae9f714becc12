-- What a change is, and statements over any table. They are made from the catalogue, so that a table of a later
-- migration needs nothing here.

do $$ begin
    -- One change of a device: place in its change log, table, key as a JSON array, i(nsert or replace), u(pdate) or
    -- d(elete), hybrid time, revision it builds on, hash of the image, 1 if the body is encrypted, image.
    create type coord.change as (
        s bigint, t text, k text, o text, h bigint, b bigint, x bigint, enc integer, v jsonb);
exception when duplicate_object then null;
end $$;

do $$ begin
    -- What became of a change. Without a code it took effect and has the row as it is now; else the row is what stands
    -- instead of it.
    create type coord.outcome as (
        s bigint, t text, k text, o text, h bigint, r bigint, x bigint, v jsonb, code text, reason text);
exception when duplicate_object then null;
end $$;

-- Ends a statement that came upon a bad row. Volatile, or the planner would call it before there is a row.
create or replace function coord.refuse(p_why text) returns boolean
language plpgsql volatile set search_path = pg_catalog, pg_temp as $$
begin
    raise exception '%', p_why using errcode = 'data_exception';
end $$;
revoke all on function coord.refuse(text) from public, anon, authenticated, service_role;

-- A key as an object: its columns by name.
create or replace function coord.key_object(p_key text, p_names text[]) returns jsonb
language sql immutable set search_path = pg_catalog, pg_temp
as $$
    select jsonb_object_agg(n.name, v.value)
      from unnest(p_names) with ordinality n(name, place)
      join jsonb_array_elements(p_key::jsonb) with ordinality v(value, place) using (place)
$$;
revoke all on function coord.key_object(text, text[]) from public, anon, authenticated, service_role;

-- A key's text, as the device writes it.
create or replace function coord.key_sql(p_row text, p_names text[]) returns text
language sql immutable set search_path = pg_catalog, pg_temp
as $$
    select '(''['' || ' || string_agg(format('to_json(%s.%I)::text', p_row, n), ' || '','' || ') || ' || '']'')'
      from unnest(p_names) n
$$;
revoke all on function coord.key_sql(text, text[]) from public, anon, authenticated, service_role;

-- A statement for one table, made from a pattern. In a pattern, `e` is a row that is there and `i` one that comes;
-- $1 are the changes, $2 is the workspace and $3 the device. `p_merge`: the device is older than this schema, so that
-- columns which it does not know keep what they have.
create or replace function coord.fill(p_pattern text, p_table text, p_merge boolean default false) returns text
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
declare
    v_class text; v_keys text[]; v_extra text[]; v_own text[]; v_is_this text; v_whose text; v_word record;
    v_sql text := p_pattern;
begin
    select class, key_columns into v_class, v_keys from coord.mirrored_tables where name = p_table;
    v_extra := array['workspace_id', 'device_id', 'row_hash']
            || case when v_class in ('union', 'policy') then array['hlc', 'rev', 'deleted_at'] else '{}' end;
    select array_agg(quote_ident(attname) order by attnum) into v_own from pg_attribute
     where attrelid = format('coord.%I', p_table)::regclass and attnum > 0 and not attisdropped
       and attname <> all (v_extra);
    v_whose := case when v_class in ('union', 'policy') then 'workspace_id' else 'workspace_id, device_id' end;
    v_is_this := 'e.workspace_id = $2' || case when v_whose = 'workspace_id' then '' else ' and e.device_id = $3' end
              || (select string_agg(format(' and e.%1$I = i.%1$I', k), '') from unnest(v_keys) k);
    for v_word in
        select '{image}' as place, case when p_merge then
            '(select m.* from jsonb_populate_record(null::{table}, c.v) i left join {table} e on {is_this}
               cross join lateral jsonb_populate_record(e, c.v) m)'
            else 'jsonb_populate_record(null::{table}, c.v)' end as words
        union all select '{is_this}', v_is_this
        union all select '{table}', format('coord.%I', p_table)
        union all select '{name}', quote_literal(p_table)
        union all select '{names}', quote_literal(v_keys::text)
        union all select '{cols}', array_to_string(v_own, ', ')
        union all select '{i_cols}', 'i.' || array_to_string(v_own, ', i.')
        union all select '{set}', string_agg(format('%1$s = excluded.%1$s', c), ', ') from unnest(v_own) c
        union all select '{whole_key}', v_whose || ', ' || string_agg(quote_ident(k), ', ') from unnest(v_keys) k
        union all select '{keys}', string_agg(quote_ident(k), ', ') from unnest(v_keys) k
        union all select '{i_keys}', string_agg(format('i.%I', k), ', ') from unnest(v_keys) k
        union all select '{e_keys}', string_agg(format('e.%I', k), ', ') from unnest(v_keys) k
        union all select '{order_e}', 'e.device_id, ' || string_agg(format('e.%I', k), ', ') from unnest(v_keys) k
        union all select '{order_i}', 'i.device_id, ' || string_agg(format('i.%I', k), ', ') from unnest(v_keys) k
        union all select '{i_key}', coord.key_sql('i', v_keys)
        union all select '{e_key}', coord.key_sql('e', v_keys)
        union all select '{shown}', format('(to_jsonb(e) - %L::text[])', v_extra)
    loop
        v_sql := replace(v_sql, v_word.place, v_word.words);
    end loop;
    return v_sql;
end $$;
revoke all on function coord.fill(text, text, boolean) from public, anon, authenticated, service_role;
