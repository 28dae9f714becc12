-- Made from schema/003_discovery_functions.* by COORD_BLESS=1 cargo nextest run schema; change it there.

-- Who can do what.

-- What a session said it can do; replaced as a whole when it registers again.
CREATE TABLE IF NOT EXISTS coord.agent_capabilities (
    session_id text COLLATE "C" NOT NULL CHECK (octet_length(session_id) BETWEEN 1 AND 512),
    capability text COLLATE "C" NOT NULL CHECK (octet_length(capability) BETWEEN 1 AND 512),
    PRIMARY KEY (session_id, capability)
);
ALTER TABLE coord.agent_capabilities ENABLE ROW LEVEL SECURITY;
REVOKE ALL ON coord.agent_capabilities FROM PUBLIC, anon, authenticated;

-- discover_agents with a capability, and which sessions may take a task that requires one.
CREATE INDEX IF NOT EXISTS agent_capabilities_by_name ON coord.agent_capabilities (capability, session_id);

-- The live sessions of a repository with what they can do, newest sign of life first.
-- A mirrored row may be old: whoever asks judges last_seen_at by the server's clock.
create or replace function coord.discover_agents(p_project text, p_capability text default null)
returns table (
    session_id text, agent_id text, agent_type text, current_task text,
    capabilities text[], started_at bigint, last_seen_at bigint
)
language sql stable security invoker set search_path = pg_catalog, pg_temp
as $$
    select s.session_id, s.agent_id, s.agent_type, s.current_task,
           array(select c.capability from coord.agent_capabilities c
                  where c.session_id = s.session_id order by c.capability),
           s.started_at, s.last_seen_at
      from coord.agent_sessions s
     where s.project = p_project
       and s.ended_at is null
       and (p_capability is null or exists (
            select from coord.agent_capabilities c
             where c.session_id = s.session_id and c.capability = p_capability))
     order by s.last_seen_at desc, s.session_id
$$;
revoke all on function coord.discover_agents(text, text) from public, anon, authenticated;
