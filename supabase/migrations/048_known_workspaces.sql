-- Made from schema/048_known_workspaces.* by COORD_BLESS=1 cargo nextest run schema; change it there.

-- An invitation into a workspace that is not there may be a name that was mistyped: whoever says that it should be there
-- hears which there are, and makes none. Whoever says nothing gets one made, as ever.
create or replace function public.coord_invite(p jsonb) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    v_name text := coalesce(p ->> 'workspace', 'default');
    v_made boolean := not exists (select from coord.workspaces where name = v_name);
    v_known jsonb;
begin
    if v_made and p -> 'new' = 'false' then
        select jsonb_agg(w.name order by w.name) into v_known
          from (select name from coord.workspaces order by name limit 100) w;
        -- The first one is nobody's mistake.
        if v_known is not null then
            return coord.reply('unknown_workspace', jsonb_build_object('known', v_known));
        end if;
    end if;
    return coord.reply('ok', jsonb_build_object('made', v_made, 'code', coord.invite(
        v_name, coalesce(p ->> 'role', 'writer'), coalesce((p ->> 'minutes')::integer, 60))));
end $$;
revoke all on function public.coord_invite(jsonb) from public, anon, authenticated, service_role;
grant execute on function public.coord_invite(jsonb) to service_role;

UPDATE coord.installation SET schema_version = 48 WHERE schema_version < 48;
