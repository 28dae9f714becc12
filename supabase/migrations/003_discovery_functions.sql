-- Made from schema/003_discovery_functions.* by COORD_BLESS=1 cargo nextest run schema; change it there.

-- Who can do what.

-- What a session said it can do; replaced as a whole when it registers again.
CREATE TABLE IF NOT EXISTS coord.agent_capabilities (
    workspace_id uuid             NOT NULL,
    device_id    uuid             NOT NULL,
    session_id   text COLLATE "C" NOT NULL CHECK (octet_length(session_id) BETWEEN 1 AND 512),
    capability   text COLLATE "C" NOT NULL CHECK (octet_length(capability) BETWEEN 1 AND 512),
    row_hash     bigint           NOT NULL, -- of the image, by its device
    PRIMARY KEY (workspace_id, device_id, session_id, capability)
);
ALTER TABLE coord.agent_capabilities ENABLE ROW LEVEL SECURITY;
REVOKE ALL ON coord.agent_capabilities FROM PUBLIC, anon, authenticated, service_role;
INSERT INTO coord.mirrored_tables VALUES ('agent_capabilities', 'owner', '{session_id,capability}')
    ON CONFLICT (name) DO UPDATE SET class = excluded.class, key_columns = excluded.key_columns;

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

UPDATE coord.installation SET schema_version = 3 WHERE schema_version < 3;
