-- Who calls: device tokens, the codes that let a device in, and how much each caller may do.
-- The functions in `public` are all that the web interface shows; each says by grants which key may call it.

-- How much one device may ask: far above what agents need, far below what hurts.
alter table coord.installation add column if not exists calls_per_second double precision not null default 100;
alter table coord.installation add column if not exists calls_at_once double precision not null default 1000;

-- Takes one from the bucket of a caller; false when it is empty. Two calls at once may count as one: a limit need not
-- be exact, and nobody should wait for it.
create or replace function coord.spend(p_subject uuid, p_per_second double precision, p_burst double precision)
returns boolean
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
    v_bucket coord.rate_limits;
    v_now timestamptz := clock_timestamp();
    v_left double precision;
begin
    select * into v_bucket from coord.rate_limits where subject = p_subject for update skip locked;
    if not found then
        insert into coord.rate_limits values (p_subject, p_burst - 1, v_now) on conflict do nothing;
        return true;
    end if;
    v_left := least(p_burst, v_bucket.tokens + p_per_second * extract(epoch from v_now - v_bucket.at));
    if v_left < 1 then
        return false;
    end if;
    update coord.rate_limits set tokens = v_left - 1, at = v_now where subject = p_subject;
    return true;
end $$;
revoke all on function coord.spend(uuid, double precision, double precision)
    from public, anon, authenticated, service_role;

-- The device whose token the request's header has.
create or replace function coord.auth(p_role text) returns coord.devices
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
    v_token text := nullif(current_setting('request.headers', true), '')::jsonb ->> 'x-coord-token';
    v_device coord.devices;
begin
    select * into v_device from coord.devices where token_hash = encode(sha256(convert_to(v_token, 'UTF8')), 'hex');
    if not found then
        raise sqlstate 'PT401' using message = 'no device has this token', hint = 'enrol this machine again';
    end if;
    if v_device.revoked_at is not null then
        raise sqlstate 'PT403' using message = 'this device was shut out', hint = 'ask whoever runs the workspace';
    end if;
    if p_role = 'writer' and v_device.role <> 'writer' then
        raise sqlstate 'PT403' using message = 'this device may only read', hint = 'enrol it with a code for writers';
    end if;
    if not (select coord.spend(v_device.device_id, i.calls_per_second, i.calls_at_once) from coord.installation i) then
        raise sqlstate 'PGRST' using
            message = '{"code":"PT429","message":"too many calls by this device","details":null,"hint":"wait a second"}',
            detail = '{"status":429,"headers":{"Retry-After":"1"}}';
    end if;
    return v_device;
end $$;
revoke all on function coord.auth(text) from public, anon, authenticated, service_role;

-- What to answer a device whose format is too old or too new; null if it fits.
create or replace function coord.negotiate(p jsonb) returns jsonb
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
    v_here coord.installation;
    v_proto bigint := coord.wanted(p, 'proto', 'number')::bigint;
    v_schema bigint := coord.wanted(p, 'schema', 'number')::bigint;
begin
    select * into v_here from coord.installation;
    if v_proto < v_here.min_proto or v_schema < v_here.min_schema then
        return coord.reply('upgrade_client',
            jsonb_build_object('min_proto', v_here.min_proto, 'min_schema', v_here.min_schema));
    end if;
    if v_proto > 1 or v_schema > v_here.schema_version then
        return coord.reply('upgrade_server', jsonb_build_object('schema', v_here.schema_version));
    end if;
    return null;
end $$;
revoke all on function coord.negotiate(jsonb) from public, anon, authenticated, service_role;

-- Makes a code that lets one device into a workspace, and the workspace if there is none of that name.
create or replace function coord.invite(
    p_workspace text, p_role text default 'writer', p_minutes integer default 60) returns text
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
    -- 256 bits, of which a UUID fixes six each; the dashes tell a person nothing.
    v_code text := replace(gen_random_uuid()::text || gen_random_uuid()::text, '-', '');
begin
    insert into coord.workspaces (name) values (p_workspace) on conflict (name) do nothing;
    insert into coord.enrolment_codes (code_hash, workspace_id, role, expires_at)
    select encode(sha256(convert_to(v_code, 'UTF8')), 'hex'), w.workspace_id, p_role,
           now() + make_interval(mins => p_minutes)
      from coord.workspaces w where w.name = p_workspace;
    return v_code;
end $$;
revoke all on function coord.invite(text, text, integer) from public, anon, authenticated, service_role;

-- The same for whoever has the service key.
create or replace function public.coord_invite(p jsonb) returns jsonb
language sql volatile security definer set search_path = pg_catalog, pg_temp
as $$
    select coord.reply('ok', jsonb_build_object('code', coord.invite(
        coalesce(p ->> 'workspace', 'default'), coalesce(p ->> 'role', 'writer'),
        coalesce((p ->> 'minutes')::integer, 60))))
$$;
revoke all on function public.coord_invite(jsonb) from public, anon, authenticated, service_role;
grant execute on function public.coord_invite(jsonb) to service_role;

-- Lets a device in: by a code, or as the fork of the device whose token it still has.
create or replace function public.coord_enrol(p jsonb) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    v_id uuid := coord.wanted(p, 'device_id', 'string')::uuid;
    v_token text := coord.wanted(p, 'token_sha256', 'string');
    v_code coord.enrolment_codes;
    v_parent coord.devices;
    v_known coord.devices;
    v_refusal jsonb := coord.negotiate(p);
begin
    if v_refusal is not null then
        return v_refusal;
    end if;
    if p ->> 'code' is null then
        v_parent := coord.auth('writer');
    else
        -- Refusals are answers, so that they count: an error would take the count back.
        if not coord.spend('00000000-0000-0000-0000-000000000000', 1, 60) then
            return coord.reply('refused', '{"reason":"too many attempts; wait a minute"}');
        end if;
        select * into v_code from coord.enrolment_codes
         where code_hash = encode(sha256(convert_to(p ->> 'code', 'UTF8')), 'hex') for update;
        if not found or v_code.expires_at < now() or v_code.used_by <> v_id then
            return coord.reply('refused', '{"reason":"the code is unknown, used up or too old"}');
        end if;
    end if;
    insert into coord.devices (device_id, workspace_id, token_hash, role, name, platform, forked_from)
    values (v_id, coalesce(v_parent.workspace_id, v_code.workspace_id), v_token,
            coalesce(v_parent.role, v_code.role), left(coalesce(p ->> 'name', ''), 200),
            left(coalesce(p ->> 'platform', ''), 200), v_parent.device_id)
    on conflict do nothing;
    select * into v_known from coord.devices where device_id = v_id;
    if v_known.token_hash is distinct from v_token
       or v_known.workspace_id <> coalesce(v_parent.workspace_id, v_code.workspace_id) then
        return coord.reply('device_taken');
    end if;
    update coord.enrolment_codes set used_by = v_id where code_hash = v_code.code_hash;
    return (select coord.reply('ok', jsonb_build_object(
                'workspace_id', w.workspace_id, 'workspace', w.name, 'role', v_known.role,
                'schema', i.schema_version, 'min_schema', i.min_schema, 'min_proto', i.min_proto))
              from coord.workspaces w, coord.installation i where w.workspace_id = v_known.workspace_id);
end $$;
revoke all on function public.coord_enrol(jsonb) from public, anon, authenticated, service_role;
grant execute on function public.coord_enrol(jsonb) to anon, service_role;
