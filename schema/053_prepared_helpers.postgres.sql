-- Small functions that every call uses, in the language that keeps their plans. A function in SQL that sets its search path
-- is planned anew each time it is called: 20 to 50 µs each of a lock's 650, where these take 3 to 10.

create or replace function coord.now_ms() returns bigint
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$ begin return (extract(epoch from clock_timestamp()) * 1000)::bigint; end $$;

create or replace function coord.reply(p_status text, p_more jsonb default '{}') returns jsonb
language plpgsql volatile set search_path = pg_catalog, pg_temp as $$
begin
    return jsonb_build_object('status', p_status, 'now', coord.now_ms(),
                              'incarnation', (select incarnation from coord.installation)) || p_more;
end $$;

create or replace function coord.fence_seen(p jsonb) returns bigint
language plpgsql immutable set search_path = pg_catalog, pg_temp as $$
begin
    if jsonb_typeof(p) = 'number' and (p #>> '{}')::numeric between 0 and 4e15 then
        return (p #>> '{}')::numeric::bigint;
    end if;
    return 0;
end $$;

create or replace function coord.fence_floor(p_project coord.arbiter_projects, p_now bigint) returns bigint
language plpgsql immutable set search_path = pg_catalog, pg_temp as $$
begin
    return p_project.last_fence
           + case when p_now - p_project.counted_at > 10000 then (p_now - p_project.counted_at) * 100 else 0 end;
end $$;

create or replace function coord.roots_above(p_root text) returns text[]
language plpgsql immutable strict set search_path = pg_catalog, pg_temp as $$
declare
    v_parts text[] := string_to_array(p_root, '/');
    v_roots text[] := array[''];
begin
    for n in 1 .. cardinality(v_parts) loop
        v_roots := v_roots || array_to_string(v_parts[1:n], '/');
    end loop;
    return v_roots;
end $$;
