-- The way out: a device takes back what it sent.

-- The audit log loses what was sealed, and what its own device takes back, which `coord_purge` says in its transaction.
create or replace function coord.keep_unsealed_audit_rows() returns trigger
language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
    if old.seq > coalesce((select max(seq_to) from coord.audit_seals
                              where workspace_id = old.workspace_id and device_id = old.device_id), 0)
       and current_setting('coord.purging', true) is distinct from old.device_id::text then
        raise exception 'audit rows are immutable: a row goes only after its segment is sealed'
            using errcode = 'restrict_violation';
    end if;
    return old;
end $$;
revoke all on function coord.keep_unsealed_audit_rows() from public, anon, authenticated, service_role;

create or replace function coord.keep_audit_seals() returns trigger
language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
    if current_setting('coord.purging', true) is distinct from old.device_id::text then
        raise exception 'audit seals are immutable: a seal is never removed' using errcode = 'restrict_violation';
    end if;
    return old;
end $$;
revoke all on function coord.keep_audit_seals() from public, anon, authenticated, service_role;

create or replace trigger audit_seals_are_never_removed before delete on coord.audit_seals
for each row execute function coord.keep_audit_seals();

-- Removes what the calling device sent, some thousand rows at a time, and shuts the device out when nothing is left. Rows
-- that all share go if this device wrote their last version; other machines keep theirs, and may send them again. Policies
-- stay: they are everybody's.
create or replace function public.coord_purge(p jsonb) returns jsonb
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp set statement_timeout = '60s' as $$
declare
    v_device coord.devices := coord.auth('writer');
    v_refusal jsonb := coord.negotiate(p);
    v_table record;
    v_gone coord.outcome[];
    v_some bigint;
    v_removed bigint := 0;
begin
    if v_refusal is not null then
        return v_refusal;
    end if;
    perform 1 from coord.devices where device_id = v_device.device_id for no key update;
    perform set_config('coord.purging', v_device.device_id::text, true);
    for v_table in
        select name, class from coord.mirrored_tables where class <> 'policy' order by name = 'audit_seals', name
    loop
        execute coord.fill($sql$
            with gone as (
                delete from {table} e where ctid = any (array(
                    select ctid from {table} where workspace_id = $1 and device_id = $2 limit 5000))
                returning {e_key} as k
            )
            select count(*), array_agg((null, {name}, k, 'd', coord.now_ms() << 16, null, null, null, null, null)::coord.outcome)
              from gone
            $sql$, v_table.name) into v_some, v_gone using v_device.workspace_id, v_device.device_id;
        v_removed := v_removed + v_some;
        -- Others forget what they know of this device alone.
        if v_table.class = 'owner' and v_some > 0 then
            perform coord.emit(v_device.workspace_id, v_device.device_id, v_gone);
        end if;
        exit when v_some = 5000;
    end loop;
    if v_some = 5000 then
        return coord.reply('ok', jsonb_build_object('removed', v_removed, 'more', true));
    end if;
    update coord.cloud_log set op = 'x', body = null
     where workspace_id = v_device.workspace_id and device_id = v_device.device_id and op = 'i';
    delete from coord.dead_letters where device_id = v_device.device_id;
    update coord.devices set revoked_at = now() where device_id = v_device.device_id;
    return coord.reply('ok', jsonb_build_object('removed', v_removed, 'more', false));
end $$;
revoke all on function public.coord_purge(jsonb) from public, anon, authenticated, service_role;
grant execute on function public.coord_purge(jsonb) to anon, service_role;
