-- Rows whose bodies a device encrypts. A row tells by itself: one of its cells begins with `coord-enc-1:` and the name of
-- a key. Of audit rows the device's own hash stands under that key too, because it could be guessed at; so their chain is
-- followed by its numbers, and begins anew where a device goes back to sending its rows in clear.

-- The key's name of an encrypted audit row; empty for one in clear.
create or replace function coord.key_of(r coord.audit_log) returns text
language sql immutable set search_path = pg_catalog, pg_temp
as $$
    select coalesce(substring(r.arguments from '^coord-enc-1:[0-9a-f]{8}:'),
                    substring(r.result from '^coord-enc-1:[0-9a-f]{8}:'), '')
$$;
revoke all on function coord.key_of(coord.audit_log) from public, anon, authenticated, service_role;

create or replace function coord.prove_audit(p_device uuid, p_changes coord.change[]) returns coord.change[]
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
    v_device coord.devices;
    v_at bigint; v_hash text; v_key text; v_break record; v_fresh coord.change[];
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
    select coord.key_of(a) into v_key from coord.audit_log a
     where a.workspace_id = v_device.workspace_id and a.device_id = p_device and a.seq = v_at;
    v_key := coalesce(v_key, '');
    with typed as materialized (
        select c, i from unnest(p_changes) c cross join lateral jsonb_populate_record(null::coord.audit_log, c.v) i
    ), fresh as (
        select t.c, t.i, lag((t.i).seq, 1, v_at) over w as before, lag((t.i).hash, 1, v_hash) over w as hash_before,
               lag(coord.key_of(t.i), 1, v_key) over w as key_before
          from typed t where (t.i).seq > v_at window w as (order by (t.i).seq)
    ), breaks as (
        select (i).seq, case when (i).seq <> before + 1 then 'a row before it is missing'
                             else 'it or the row before it was altered' end as why
          from fresh
         where (i).seq <> before + 1
            or (c).enc is distinct from 1 and key_before = ''
               and (i).hash is distinct from
                   encode(sha256(convert_to(hash_before || coord.audit_text(i), 'UTF8')), 'hex')
        union all
        select (t.i).seq, 'it is not the row that was sent before'
          from typed t join coord.audit_log k
            on k.workspace_id = v_device.workspace_id and k.device_id = p_device and k.seq = (t.i).seq
         where k.hash <> (t.i).hash and coord.key_of(k) = coord.key_of(t.i)
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

-- A seal names its last row's own hash, which an encrypted row does not show.
create or replace function coord.fit_audit_seal() returns trigger
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
    v_sealed bigint := coalesce((select max(seq_to) from coord.audit_seals
                                  where workspace_id = new.workspace_id and device_id = new.device_id), 0);
    v_newest bigint := coalesce((select max(seq) from coord.audit_log
                                  where workspace_id = new.workspace_id and device_id = new.device_id), 0);
begin
    if new.seq_from <> v_sealed + 1
       or v_newest >= new.seq_from and (
          new.hash is distinct from (select case when coord.key_of(a) = '' then a.hash else new.hash end
               from coord.audit_log a
               where workspace_id = new.workspace_id and device_id = new.device_id and seq = new.seq_to)
          or new.row_count <> (select count(*) from coord.audit_log
               where workspace_id = new.workspace_id and device_id = new.device_id
                 and seq between new.seq_from and new.seq_to)) then
        raise exception 'audit seals must continue the last seal and fit the rows they seal'
            using errcode = 'restrict_violation';
    end if;
    return new;
end $$;
revoke all on function coord.fit_audit_seal() from public, anon, authenticated, service_role;
