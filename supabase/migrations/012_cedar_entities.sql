-- Made from schema/012_cedar_entities.* by COORD_BLESS=1 cargo nextest run schema; change it there.

-- Groups that Cedar policies speak of: agents, paths and hosts that a person put together.

-- One member of a group. Project '*' means every repository.
CREATE TABLE IF NOT EXISTS coord.cedar_entities (
    workspace_id uuid             NOT NULL,
    device_id    uuid             NOT NULL, -- who wrote this image
    project      text COLLATE "C" NOT NULL CHECK (octet_length(project) BETWEEN 1 AND 512),
    kind         text COLLATE "C" NOT NULL CHECK (kind IN ('agent', 'agent_type', 'path', 'domain')),
    group_name   text COLLATE "C" NOT NULL CHECK (octet_length(group_name) BETWEEN 1 AND 512),
    member       text COLLATE "C" NOT NULL CHECK (octet_length(member) BETWEEN 1 AND 512), -- a name, a path or pattern as it is shown, a host or '*.' and a host
    created_by   text COLLATE "C" NOT NULL CHECK (octet_length(created_by) BETWEEN 1 AND 512),
    created_at   bigint           NOT NULL CHECK (created_at BETWEEN 0 AND 253402300799999),
    row_hash     bigint           NOT NULL, -- of the image, by its device
    rev          bigint           NOT NULL CHECK (rev >= 1),
    deleted_at   bigint, -- removed, and still counted on
    PRIMARY KEY (workspace_id, project, kind, group_name, member)
);
ALTER TABLE coord.cedar_entities ENABLE ROW LEVEL SECURITY;
REVOKE ALL ON coord.cedar_entities FROM PUBLIC, anon, authenticated, service_role;
INSERT INTO coord.mirrored_tables VALUES ('cedar_entities', 'policy', '{project,kind,group_name,member}')
    ON CONFLICT (name) DO UPDATE SET class = excluded.class, key_columns = excluded.key_columns;

UPDATE coord.installation SET schema_version = 12 WHERE schema_version < 12;
