-- A change of a policy that brings about what is there already is no conflict: two machines that decided alike need no
-- person between them. The answer tells the revision that both stand on.

-- Rows that a person decides on: a change stands only if it was made on what is here. A device may have seen a later
-- revision than a database that was restored from a copy.
create or replace function coord.put_policy(p_table text, p_changes coord.change[], p_ws uuid, p_device uuid,
                                            p_merge boolean) returns setof coord.outcome
language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
    return query execute coord.fill($sql$
        with incoming as materialized (
            select c.s as c_s, c.k as c_k, c.o as c_o, c.h as c_h, c.b as c_b, c.x as c_x, i.*
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
             where e.rev < excluded.rev
            returning {e_keys}, {shown} as c_now
        )
        select i.c_s, {name}, i.c_k, 'i', i.c_h, case when n.c_now is null then e.rev else i.c_b + 1 end,
               case when n.c_now is null then e.row_hash else i.c_x end,
               coalesce(n.c_now, case when e.deleted_at is null then {shown} end),
               case when n.c_now is not null then null when e.rev is null then 'gone'
                    when e.row_hash = i.c_x and e.deleted_at is null then 'known' else 'conflict' end, null::text
          from incoming i left join written n using ({keys}) left join lateral (select * from {table} e where {is_this} offset 0) e on true
        $sql$, p_table, p_merge) using p_changes, p_ws, p_device;
    return query execute coord.fill($sql$
        with incoming as materialized (
            select c.s as c_s, c.k as c_k, c.h as c_h, c.b as c_b, i.* from unnest($1) c
             cross join lateral jsonb_populate_record(null::{table}, coord.key_object(c.k, {names})) i
             where c.o = 'd'
        ), written as (
            update {table} e
               set device_id = $3, rev = i.c_b + 1, deleted_at = coord.now_ms(), row_hash = 0
              from incoming i where {is_this} and e.rev <= i.c_b
            returning {e_keys}, e.rev as c_rev
        )
        select i.c_s, {name}, i.c_k, 'd', i.c_h, coalesce(n.c_rev, e.rev), null::bigint,
               case when n.c_rev is null and e.deleted_at is null then {shown} end,
               case when n.c_rev is not null then null when e.deleted_at is not null then 'known'
                    else 'conflict' end, null::text
          from incoming i left join written n using ({keys}) join {table} e on {is_this}
        $sql$, p_table) using p_changes, p_ws, p_device;
end $$;
revoke all on function coord.put_policy(text, coord.change[], uuid, uuid, boolean)
    from public, anon, authenticated, service_role;
