-- Made from schema/038_withheld_audit.* by COORD_BLESS=1 cargo nextest run schema; change it there.

-- Audit rows of a project that stays on its machine come without their content: number, time and hash alone, so that the
-- chain is whole. Should the project be mirrored later, they are filled in with what their hashes have promised.

-- Whether the content of an audit row was withheld.
create or replace function coord.is_withheld(r coord.audit_log) returns boolean
language sql immutable set search_path = pg_catalog, pg_temp
as $$ select r.operation = '-' and r.agent_id = '-' and r.session_id = '-' $$;
revoke all on function coord.is_withheld(coord.audit_log) from public, anon, authenticated, service_role;

-- An audit row is never changed, but for one that was withheld and is filled in with what its hash covers.
create or replace function coord.keep_audit_row() returns trigger
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
    v_before text := coalesce(
        (select hash from coord.audit_log
          where workspace_id = old.workspace_id and device_id = old.device_id and seq = old.seq - 1),
        (select hash from coord.audit_seals
          where workspace_id = old.workspace_id and device_id = old.device_id and seq_to = old.seq - 1),
        repeat('0', 64));
begin
    if not coord.is_withheld(old)
       or (new.workspace_id, new.device_id, new.seq, new.at, new.hash)
          is distinct from (old.workspace_id, old.device_id, old.seq, old.at, old.hash)
       or new.hash is distinct from
          encode(sha256(convert_to(v_before || coord.audit_text(new), 'UTF8')), 'hex') then
        raise exception 'audit rows are immutable: a row is never changed' using errcode = 'restrict_violation';
    end if;
    return new;
end $$;
revoke all on function coord.keep_audit_row() from public, anon, authenticated, service_role;

create or replace trigger audit_log_is_never_changed before update on coord.audit_log
for each row execute function coord.keep_audit_row();

-- Fills in rows that were withheld, as far as what comes is what their hashes cover.
create or replace function coord.fill_in_audit(p_device uuid, p_changes coord.change[]) returns void
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
    v_ws uuid := (select workspace_id from coord.devices where device_id = p_device);
begin
    update coord.audit_log k
       set project = t.project, agent_id = t.agent_id, agent_type = t.agent_type, session_id = t.session_id,
           operation = t.operation, arguments = t.arguments, success = t.success, code = t.code, result = t.result,
           request_key = t.request_key
      from (select i.*, coalesce(b.hash, s.hash, repeat('0', 64)) as before, i as whole
              from unnest(p_changes) c
             cross join lateral jsonb_populate_record(null::coord.audit_log, c.v) i
              left join coord.audit_log b
                on b.workspace_id = v_ws and b.device_id = p_device and b.seq = i.seq - 1
              left join coord.audit_seals s
                on s.workspace_id = v_ws and s.device_id = p_device and s.seq_to = i.seq - 1) t
     where k.workspace_id = v_ws and k.device_id = p_device and k.seq = t.seq and k.at = t.at and k.hash = t.hash
       and coord.is_withheld(k) and not coord.is_withheld(t.whole)
       and k.hash = encode(sha256(convert_to(t.before || coord.audit_text(t.whole), 'UTF8')), 'hex');
end $$;
revoke all on function coord.fill_in_audit(uuid, coord.change[]) from public, anon, authenticated, service_role;

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
            perform coord.fill_in_audit(p_device.device_id, v_set.changes);
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

UPDATE coord.installation SET schema_version = 38 WHERE schema_version < 38;
