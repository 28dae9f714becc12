-- Made from schema/049_purged_devices.* by COORD_BLESS=1 cargo nextest run schema; change it there.

-- A device that took everything back is shut out. Should the answer to its last call be lost, it asks once more: it hears
-- that nothing is left, and not that it may not ask.
alter table coord.devices add column if not exists purged_at timestamptz;

create or replace function public.coord_purge(p jsonb) returns jsonb
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp set statement_timeout = '60s' as $$
declare
    v_token text := nullif(current_setting('request.headers', true), '')::jsonb ->> 'x-coord-token';
    v_device coord.devices;
    v_refusal jsonb := coord.negotiate(p);
    v_table record;
    v_gone coord.outcome[];
    v_some bigint;
    v_removed bigint := 0;
begin
    if v_refusal is not null then
        return v_refusal;
    end if;
    if exists (select from coord.devices
                where token_hash = encode(sha256(convert_to(v_token, 'UTF8')), 'hex') and purged_at is not null) then
        return coord.reply('ok', jsonb_build_object('removed', 0, 'more', false));
    end if;
    v_device := coord.auth('writer');
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
    update coord.devices set revoked_at = now(), purged_at = now() where device_id = v_device.device_id;
    return coord.reply('ok', jsonb_build_object('removed', v_removed, 'more', false));
end $$;
revoke all on function public.coord_purge(jsonb) from public, anon, authenticated, service_role;
grant execute on function public.coord_purge(jsonb) to anon, service_role;

UPDATE coord.installation SET schema_version = 49 WHERE schema_version < 49;
