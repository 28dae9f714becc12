-- Made from schema/006_profile_tables.* by COORD_BLESS=1 cargo nextest run schema; change it there.

-- How far each agent is trusted, and what it may use up.

-- A profile that a person made or changed. The usual ones are in the binary; a row of the same name takes the place of one.
CREATE TABLE IF NOT EXISTS coord.agent_profiles (
    workspace_id        uuid             NOT NULL,
    device_id           uuid             NOT NULL, -- who wrote this image
    name                text COLLATE "C" NOT NULL CHECK (octet_length(name) BETWEEN 1 AND 512),
    agent_type          text COLLATE "C" CHECK (octet_length(agent_type) BETWEEN 1 AND 512), -- agents of this type have it unless another is assigned
    description         text             NOT NULL,
    trust_level         bigint           NOT NULL CHECK (trust_level BETWEEN 0 AND 4),
    allowed_operations  jsonb            CHECK (jsonb_typeof(allowed_operations) = 'array'), -- these and no others; absent: all that the trust allows
    blocked_operations  jsonb            NOT NULL CHECK (jsonb_typeof(blocked_operations) = 'array'),
    ask_operations      jsonb            NOT NULL CHECK (jsonb_typeof(ask_operations) = 'array'), -- a person approves each call
    max_files_per_day   bigint           CHECK (max_files_per_day >= 0),
    max_seconds_per_day bigint           CHECK (max_seconds_per_day >= 0),
    max_calls_per_hour  bigint           CHECK (max_calls_per_hour >= 0),
    updated_by          text COLLATE "C" NOT NULL CHECK (octet_length(updated_by) BETWEEN 1 AND 512),
    updated_at          bigint           NOT NULL CHECK (updated_at BETWEEN 0 AND 253402300799999),
    row_hash            bigint           NOT NULL, -- of the image, by its device
    rev                 bigint           NOT NULL CHECK (rev >= 1),
    deleted_at          bigint, -- removed, and still counted on
    PRIMARY KEY (workspace_id, name)
);
ALTER TABLE coord.agent_profiles ENABLE ROW LEVEL SECURITY;
REVOKE ALL ON coord.agent_profiles FROM PUBLIC, anon, authenticated, service_role;
INSERT INTO coord.mirrored_tables VALUES ('agent_profiles', 'policy', '{name}')
    ON CONFLICT (name) DO UPDATE SET class = excluded.class, key_columns = excluded.key_columns;

-- Which profile an agent has. Project '*' means every repository.
CREATE TABLE IF NOT EXISTS coord.agent_profile_assignments (
    workspace_id uuid             NOT NULL,
    device_id    uuid             NOT NULL, -- who wrote this image
    project      text COLLATE "C" NOT NULL CHECK (octet_length(project) BETWEEN 1 AND 512),
    subject_kind text COLLATE "C" NOT NULL CHECK (subject_kind IN ('agent', 'type')),
    subject      text COLLATE "C" NOT NULL CHECK (octet_length(subject) BETWEEN 1 AND 512),
    profile      text COLLATE "C" NOT NULL CHECK (octet_length(profile) BETWEEN 1 AND 512),
    assigned_by  text COLLATE "C" NOT NULL CHECK (octet_length(assigned_by) BETWEEN 1 AND 512),
    assigned_at  bigint           NOT NULL CHECK (assigned_at BETWEEN 0 AND 253402300799999),
    row_hash     bigint           NOT NULL, -- of the image, by its device
    rev          bigint           NOT NULL CHECK (rev >= 1),
    deleted_at   bigint, -- removed, and still counted on
    PRIMARY KEY (workspace_id, project, subject_kind, subject)
);
ALTER TABLE coord.agent_profile_assignments ENABLE ROW LEVEL SECURITY;
REVOKE ALL ON coord.agent_profile_assignments FROM PUBLIC, anon, authenticated, service_role;
INSERT INTO coord.mirrored_tables VALUES ('agent_profile_assignments', 'policy', '{project,subject_kind,subject}')
    ON CONFLICT (name) DO UPDATE SET class = excluded.class, key_columns = excluded.key_columns;

UPDATE coord.installation SET schema_version = 6 WHERE schema_version < 6;
