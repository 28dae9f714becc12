-- Made from schema/050_lineage.* by COORD_BLESS=1 cargo nextest run schema; change it there.

-- Which versions a policy was made from, so that two histories of one policy can be told apart though their revisions
-- have the same numbers: a mirror that was put back gives them out again.

-- Which versions of a policy this database has had. A revision is a number, and a database that was put back gives the same
-- numbers out again: so a change names the digests of the versions it was made from, and stands only if the version
-- that is here is among them.

create table if not exists coord.policy_lineage (
    workspace_id uuid not null,
    tbl          text collate "C" not null,
    pk           text collate "C" not null,
    rev          bigint not null,
    row_hash     bigint not null, -- 0: it was gone
    primary key (workspace_id, tbl, pk, rev)
);
alter table coord.policy_lineage enable row level security;
revoke all on coord.policy_lineage from public, anon, authenticated, service_role;

do $$
declare t text;
begin
    for t in select name from coord.mirrored_tables where class = 'policy' loop
        execute coord.fill('insert into coord.policy_lineage
                            select e.workspace_id, {name}, {e_key}, e.rev, e.row_hash from {table} e
                            on conflict do nothing', t);
    end loop;
end $$;

do $$ begin
    -- Of a change of a policy: the digests of the version it was made on and of those before it, newest first.
    alter type coord.change add attribute l jsonb;
exception when duplicate_column then null;
end $$;

-- Versions that are told and kept of each policy.
create or replace function coord.lineage_length() returns integer
language sql immutable set search_path = pg_catalog, pg_temp
as $$ select 32 $$;
revoke all on function coord.lineage_length() from public, anon, authenticated, service_role;

-- The digests of a version and of those before it, newest first; null for one that nobody noted.
create or replace function coord.lineage_of(p_ws uuid, p_table text, p_key text, p_rev bigint) returns jsonb
language sql stable set search_path = pg_catalog, pg_temp
as $$
    select coalesce(jsonb_agg(coord.hex(l.row_hash) order by r.rev desc), '[]')
      from generate_series(greatest(p_rev - coord.lineage_length() + 1, 1), p_rev) r(rev)
      left join coord.policy_lineage l
        on l.workspace_id = p_ws and l.tbl = p_table and l.pk = p_key and l.rev = r.rev
$$;
revoke all on function coord.lineage_of(uuid, text, text, bigint) from public, anon, authenticated, service_role;

-- Whether a change was made on this version or on one that came of it. What is not known, because the device is older or
-- it was too long ago, counts as seen.
create or replace function coord.was_seen(p_rev bigint, p_hash bigint, p_base bigint, p_lineage jsonb) returns boolean
language sql immutable set search_path = pg_catalog, pg_temp
as $$
    select case when p_rev > p_base then false
                else coalesce(p_lineage ->> least(p_base - p_rev, 1000)::integer = coord.hex(p_hash), true) end
$$;
revoke all on function coord.was_seen(bigint, bigint, bigint, jsonb) from public, anon, authenticated, service_role;

-- Notes the versions that changes made, and those they were made from: a database that was put back may lack them.
create or replace function coord.note_lineage(p_ws uuid, p_done coord.outcome[], p_changes coord.change[]) returns void
language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
    insert into coord.policy_lineage (workspace_id, tbl, pk, rev, row_hash)
    select p_ws, o.t, o.k, o.r - place.n, case place.n when 0 then coalesce(o.x, 0) else place.hash end
      from unnest(p_done) o join unnest(p_changes) c on c.s = o.s
     cross join lateral (select 0 as n, null::bigint as hash
                         union all
                         select a.n, ('x' || a.hex)::bit(64)::bigint
                           from jsonb_array_elements_text(coalesce(c.l, '[]')) with ordinality a(hex, n)
                          where a.hex ~ '^[0-9a-f]{16}$' and a.n < coord.lineage_length()) place
     where o.code is null and o.r - place.n > 0
    on conflict (workspace_id, tbl, pk, rev) do update set row_hash = excluded.row_hash;
    delete from coord.policy_lineage l using unnest(p_done) o
     where l.workspace_id = p_ws and l.tbl = o.t and l.pk = o.k and l.rev <= o.r - coord.lineage_length()
       and o.code is null;
end $$;
revoke all on function coord.note_lineage(uuid, coord.outcome[], coord.change[])
    from public, anon, authenticated, service_role;

-- Rows that a person decides on: a change stands only if whoever made it had seen what is here.
create or replace function coord.put_policy(p_table text, p_changes coord.change[], p_ws uuid, p_device uuid,
                                            p_merge boolean) returns setof coord.outcome
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
    v_one coord.outcome;
    v_done coord.outcome[];
begin
    for v_one in execute coord.fill($sql$
        with incoming as materialized (
            select c.s as c_s, c.k as c_k, c.o as c_o, c.h as c_h, c.b as c_b, c.x as c_x, c.l as c_l, i.*
              from unnest($1) c cross join lateral {image} i
             where case when c.o = 'd' then false when c.k = {i_key} then true
                        else coord.refuse('the key is not that of the row') end
        ), written as (
            insert into {table} as e (workspace_id, device_id, {cols}, row_hash, rev)
            select $2, $3, {i_cols}, i.c_x, i.c_b + 1 from incoming i
             where i.c_o = 'i' or (select true from {table} e where {is_this})
             order by {i_keys}
            on conflict ({whole_key}) do update
               set device_id = excluded.device_id, row_hash = excluded.row_hash, rev = excluded.rev,
                   deleted_at = null, {set}
             where coord.was_seen(e.rev, e.row_hash, excluded.rev - 1, (select i.c_l from incoming i where {is_this}))
            returning {e_keys}, {shown} as c_now
        )
        select i.c_s, {name}, i.c_k, 'i', i.c_h, case when n.c_now is null then e.rev else i.c_b + 1 end,
               case when n.c_now is null then e.row_hash else i.c_x end,
               coalesce(n.c_now, case when e.deleted_at is null then {shown} end),
               case when n.c_now is not null then null when e.rev is null then 'gone'
                    when e.row_hash = i.c_x and e.deleted_at is null then 'known' else 'conflict' end, null::text
          from incoming i left join written n using ({keys}) left join lateral (select * from {table} e where {is_this} offset 0) e on true
        $sql$, p_table, p_merge) using p_changes, p_ws, p_device
    loop
        v_done := v_done || v_one;
    end loop;
    for v_one in execute coord.fill($sql$
        with incoming as materialized (
            select c.s as c_s, c.k as c_k, c.h as c_h, c.b as c_b, c.l as c_l, i.* from unnest($1) c
             cross join lateral jsonb_populate_record(null::{table}, coord.key_object(c.k, {names})) i
             where c.o = 'd'
        ), written as (
            update {table} e
               set device_id = $3, rev = i.c_b + 1, deleted_at = coord.now_ms(), row_hash = 0
              from incoming i where {is_this} and coord.was_seen(e.rev, e.row_hash, i.c_b, i.c_l)
            returning {e_keys}, e.rev as c_rev
        )
        select i.c_s, {name}, i.c_k, 'd', i.c_h, coalesce(n.c_rev, e.rev), null::bigint,
               case when n.c_rev is null and e.deleted_at is null then {shown} end,
               case when n.c_rev is not null then null when e.deleted_at is not null then 'known'
                    else 'conflict' end, null::text
          from incoming i left join written n using ({keys}) join {table} e on {is_this}
        $sql$, p_table) using p_changes, p_ws, p_device
    loop
        v_done := v_done || v_one;
    end loop;
    perform coord.note_lineage(p_ws, v_done, p_changes);
    return query select done.* from unnest(v_done) done;
end $$;
revoke all on function coord.put_policy(text, coord.change[], uuid, uuid, boolean)
    from public, anon, authenticated, service_role;

UPDATE coord.installation SET schema_version = 50 WHERE schema_version < 50;
