-- The live sessions of a repository on every device of a workspace with what they can do, newest sign of life first.
-- A mirrored row may be old: whoever asks judges last_seen_at by the server's clock.
create or replace function coord.discover_agents(p_workspace uuid, p_project text, p_capability text default null)
returns table (
    device_id uuid, session_id text, agent_id text, agent_type text, current_task text,
    capabilities text[], started_at bigint, last_seen_at bigint
)
language sql stable security invoker set search_path = pg_catalog, pg_temp
as $$
    select s.device_id, s.session_id, s.agent_id, s.agent_type, s.current_task,
           array(select c.capability from coord.agent_capabilities c
                  where c.workspace_id = s.workspace_id and c.device_id = s.device_id
                    and c.session_id = s.session_id order by c.capability),
           s.started_at, s.last_seen_at
      from coord.agent_sessions s
     where s.workspace_id = p_workspace
       and s.project = p_project
       and s.ended_at is null
       and (p_capability is null or exists (
            select from coord.agent_capabilities c
             where c.workspace_id = s.workspace_id and c.device_id = s.device_id
               and c.session_id = s.session_id and c.capability = p_capability))
     order by s.last_seen_at desc, s.session_id
$$;
revoke all on function coord.discover_agents(uuid, text, text) from public, anon, authenticated, service_role;
