-- Made from schema/008_network_policy_tables.* by COORD_BLESS=1 cargo nextest run schema; change it there.

-- Which hosts may be reached, and which were asked for.

-- What is said of a host or of everything below it ('*.example'). Project and profile '*' mean every one.
CREATE TABLE IF NOT EXISTS coord.network_domains (
    workspace_id uuid             NOT NULL,
    device_id    uuid             NOT NULL, -- who wrote this image
    project      text COLLATE "C" NOT NULL CHECK (octet_length(project) BETWEEN 1 AND 512),
    profile      text COLLATE "C" NOT NULL CHECK (octet_length(profile) BETWEEN 1 AND 512),
    pattern      text COLLATE "C" NOT NULL CHECK (octet_length(pattern) BETWEEN 1 AND 512), -- lower case, Punycode, without a final dot
    effect       text COLLATE "C" NOT NULL CHECK (effect IN ('allow', 'block')),
    priority     bigint           NOT NULL CHECK (priority BETWEEN 0 AND 1000), -- the highest that matches decides; between equals, a block
    reason       text,
    created_by   text COLLATE "C" NOT NULL CHECK (octet_length(created_by) BETWEEN 1 AND 512),
    created_at   bigint           NOT NULL CHECK (created_at BETWEEN 0 AND 253402300799999),
    row_hash     bigint           NOT NULL, -- of the image, by its device
    rev          bigint           NOT NULL CHECK (rev >= 1),
    deleted_at   bigint, -- removed, and still counted on
    PRIMARY KEY (workspace_id, project, profile, pattern)
);
ALTER TABLE coord.network_domains ENABLE ROW LEVEL SECURITY;
REVOKE ALL ON coord.network_domains FROM PUBLIC, anon, authenticated, service_role;
INSERT INTO coord.mirrored_tables VALUES ('network_domains', 'policy', '{project,profile,pattern}')
    ON CONFLICT (name) DO UPDATE SET class = excluded.class, key_columns = excluded.key_columns;

-- Each question about a host, with the answer.
CREATE TABLE IF NOT EXISTS coord.network_access_log (
    workspace_id uuid             NOT NULL,
    device_id    uuid             NOT NULL,
    access_id    uuid             NOT NULL,
    project      text COLLATE "C" NOT NULL CHECK (octet_length(project) BETWEEN 1 AND 512),
    agent_id     text COLLATE "C" NOT NULL CHECK (octet_length(agent_id) BETWEEN 1 AND 512),
    agent_type   text COLLATE "C" NOT NULL CHECK (octet_length(agent_type) BETWEEN 1 AND 512),
    session_id   text COLLATE "C" NOT NULL CHECK (octet_length(session_id) BETWEEN 1 AND 512),
    host         text             NOT NULL, -- normalised where that was possible
    allowed      boolean          NOT NULL,
    reason       text COLLATE "C" NOT NULL CHECK (octet_length(reason) BETWEEN 1 AND 512),
    rule         text, -- the pattern that decided
    at           bigint           NOT NULL CHECK (at BETWEEN 0 AND 253402300799999),
    row_hash     bigint           NOT NULL, -- of the image, by its device
    PRIMARY KEY (workspace_id, device_id, access_id)
);
ALTER TABLE coord.network_access_log ENABLE ROW LEVEL SECURITY;
REVOKE ALL ON coord.network_access_log FROM PUBLIC, anon, authenticated, service_role;
INSERT INTO coord.mirrored_tables VALUES ('network_access_log', 'append', '{access_id}')
    ON CONFLICT (name) DO UPDATE SET class = excluded.class, key_columns = excluded.key_columns;

UPDATE coord.installation SET schema_version = 8 WHERE schema_version < 8;
