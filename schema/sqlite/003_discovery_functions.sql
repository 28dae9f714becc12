-- Made from schema/003_discovery_functions.* by COORD_BLESS=1 cargo nextest run schema; change it there.

-- Who can do what.

-- What a session said it can do; replaced as a whole when it registers again.
CREATE TABLE agent_capabilities (
    session_id TEXT NOT NULL CHECK (octet_length(session_id) BETWEEN 1 AND 512 AND instr(session_id, char(0)) = 0),
    capability TEXT NOT NULL CHECK (octet_length(capability) BETWEEN 1 AND 512 AND instr(capability, char(0)) = 0),
    PRIMARY KEY (session_id, capability)
) STRICT, WITHOUT ROWID;

-- discover_agents with a capability, and which sessions may take a task that requires one.
CREATE INDEX agent_capabilities_by_name ON agent_capabilities (capability, session_id);
