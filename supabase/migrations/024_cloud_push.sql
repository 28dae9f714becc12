-- Made from schema/024_cloud_push.* by COORD_BLESS=1 cargo nextest run schema; change it there.

-- Takes what a device did: each change has its effect exactly once, in the device's order, and what cannot be carried
-- out is set aside and never holds up the rest.

-- An audit row as the device wrote it before hashing: its columns as a JSON array.
create or replace function coord.audit_text(r coord.audit_log) returns text
language sql immutable set search_path = pg_catalog, pg_temp
as $$
    select '[' || r.seq || ',' || r.at || ',' || coalesce(to_json(r.project)::text, 'null') || ','
        || to_json(r.agent_id) || ',' || to_json(r.agent_type) || ',' || to_json(r.session_id) || ','
        || to_json(r.operation) || ',' || to_json(r.arguments) || ',' || to_json(r.success) || ','
        || coalesce(to_json(r.code)::text, 'null') || ',' || to_json(r.result) || ','
        || coalesce(to_json(r.request_key)::text, 'null') || ']'
$$;
revoke all on function coord.audit_text(coord.audit_log) from public, anon, authenticated, service_role;

-- Proves that audit rows continue the device's chain, and gives those that are new. A break is remembered, and the
-- rows are kept: they are the evidence.
create or replace function coord.prove_audit(p_device uuid, p_changes coord.change[]) returns coord.change[]
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
    v_device coord.devices;
    v_at bigint; v_hash text; v_break record; v_fresh coord.change[];
begin
    select * into v_device from coord.devices where device_id = p_device;
    v_at := v_device.audit_seq;
    v_hash := v_device.audit_hash;
    if v_at = 0 then -- what was sealed before the mirror began is known by its seal alone
        select seq_to, hash into v_at, v_hash from coord.audit_seals
         where workspace_id = v_device.workspace_id and device_id = p_device order by seq_to desc limit 1;
        v_at := coalesce(v_at, 0);
        v_hash := coalesce(v_hash, v_device.audit_hash);
    end if;
    with typed as materialized (
        select c, i from unnest(p_changes) c cross join lateral jsonb_populate_record(null::coord.audit_log, c.v) i
    ), fresh as (
        select t.c, t.i, lag((t.i).seq, 1, v_at) over w as before, lag((t.i).hash, 1, v_hash) over w as hash_before
          from typed t where (t.i).seq > v_at window w as (order by (t.i).seq)
    ), breaks as (
        select (i).seq, case when (i).seq <> before + 1 then 'a row before it is missing'
                             else 'it or the row before it was altered' end as why
          from fresh
         where (i).seq <> before + 1
            or (c).enc is distinct from 1
               and (i).hash is distinct from
                   encode(sha256(convert_to(hash_before || coord.audit_text(i), 'UTF8')), 'hex')
        union all
        select (t.i).seq, 'it is not the row that was sent before'
          from typed t join coord.audit_log k
            on k.workspace_id = v_device.workspace_id and k.device_id = p_device and k.seq = (t.i).seq
         where k.hash <> (t.i).hash
    )
    select (select array_agg(c order by (i).seq) from fresh), (select max((i).seq) from fresh) as newest,
           (select (i).hash from fresh order by (i).seq desc limit 1) as hash,
           (select (b.seq, b.why)::record from breaks b order by b.seq limit 1) is not null as broken,
           (select b.seq from breaks b order by b.seq limit 1) as seq,
           (select b.why from breaks b order by b.seq limit 1) as why into v_break;
    v_fresh := v_break.array_agg;
    update coord.devices
       set audit_seq = coalesce(v_break.newest, audit_seq), audit_hash = coalesce(v_break.hash, audit_hash),
           broken_at = coalesce(broken_at, v_break.seq), broken_why = coalesce(broken_why, v_break.why)
     where device_id = p_device;
    return coalesce(v_fresh, '{}');
end $$;
revoke all on function coord.prove_audit(uuid, coord.change[]) from public, anon, authenticated, service_role;

-- Carries out changes in an order of tables that is the same for all, so that two devices never wait for each other.
-- The audit log and its seals follow each other as the device wrote them: a seal may end only what is there.
create or replace function coord.apply(p_device coord.devices, p_changes coord.change[], p_merge boolean)
returns setof coord.outcome
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
    v_set record;
    v_class text;
    v_broken boolean;
begin
    for v_set in
        with runs as (
            select c.t, c, case when c.t in ('audit_log', 'audit_seals')
                   then row_number() over (partition by c.t in ('audit_log', 'audit_seals') order by c.s)
                      - row_number() over (partition by c.t order by c.s) end as run
              from unnest(p_changes) c
        )
        select t, array_agg(c order by (c).s) as changes from runs group by t, run
         order by t in ('audit_log', 'audit_seals') desc,
                  case when t in ('audit_log', 'audit_seals') then min((c).s) end, t
    loop
        select class into v_class from coord.mirrored_tables where name = v_set.t;
        select broken_at is not null into v_broken from coord.devices where device_id = p_device.device_id;
        if v_set.t = 'audit_log' then
            v_set.changes := coord.prove_audit(p_device.device_id, v_set.changes);
        end if;
        if v_class is null or v_broken and v_class in ('union', 'policy') then
            return query select c.s, c.t, c.k, c.o, c.h, null::bigint, null::bigint, null::jsonb,
                                case when v_class is null then 'unknown_table' else 'quarantined' end, null::text
                           from unnest(v_set.changes) c;
        elsif v_class = 'append' then
            perform coord.append_rows(v_set.t, v_set.changes, p_device.workspace_id, p_device.device_id);
        elsif v_class = 'owner' then
            return query select * from coord.put_owner(v_set.t, v_set.changes, p_device.workspace_id,
                                                       p_device.device_id, p_merge);
        elsif v_class = 'union' then
            return query select * from coord.put_union(v_set.t, v_set.changes, p_device.workspace_id,
                                                       p_device.device_id, p_merge);
        else
            return query select * from coord.put_policy(v_set.t, v_set.changes, p_device.workspace_id,
                                                        p_device.device_id, p_merge);
        end if;
    end loop;
end $$;
revoke all on function coord.apply(coord.devices, coord.change[], boolean) from public, anon, authenticated, service_role;

UPDATE coord.installation SET schema_version = 24 WHERE schema_version < 24;
