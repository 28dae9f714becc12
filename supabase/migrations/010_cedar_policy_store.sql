-- Made from schema/010_cedar_policy_store.* by COORD_BLESS=1 cargo nextest run schema; change it there.

-- Cedar policies that people added to the built-in ones.

-- One policy. Project '*' means every repository.
CREATE TABLE IF NOT EXISTS coord.cedar_policies (
    workspace_id uuid             NOT NULL,
    device_id    uuid             NOT NULL, -- who wrote this image
    policy_id    text COLLATE "C" NOT NULL CHECK (octet_length(policy_id) BETWEEN 1 AND 512),
    project      text COLLATE "C" NOT NULL CHECK (octet_length(project) BETWEEN 1 AND 512),
    policy_text  text             NOT NULL,
    description  text             NOT NULL,
    enabled      boolean          NOT NULL,
    updated_by   text COLLATE "C" NOT NULL CHECK (octet_length(updated_by) BETWEEN 1 AND 512),
    updated_at   bigint           NOT NULL CHECK (updated_at BETWEEN 0 AND 253402300799999),
    row_hash     bigint           NOT NULL, -- of the image, by its device
    rev          bigint           NOT NULL CHECK (rev >= 1),
    deleted_at   bigint, -- removed, and still counted on
    PRIMARY KEY (workspace_id, policy_id)
);
ALTER TABLE coord.cedar_policies ENABLE ROW LEVEL SECURITY;
REVOKE ALL ON coord.cedar_policies FROM PUBLIC, anon, authenticated, service_role;
INSERT INTO coord.mirrored_tables VALUES ('cedar_policies', 'policy', '{policy_id}')
    ON CONFLICT (name) DO UPDATE SET class = excluded.class, key_columns = excluded.key_columns;

UPDATE coord.installation SET schema_version = 10 WHERE schema_version < 10;
