-- Made from schema/002_handoff_tables.* by COORD_BLESS=1 cargo nextest run schema; change it there.

-- What an agent leaves for the next one.

-- A handoff is written once and never changed, so copies from several machines simply add up.
CREATE TABLE IF NOT EXISTS coord.handoff_documents (
    workspace_id   uuid             NOT NULL,
    device_id      uuid             NOT NULL, -- who wrote this image
    handoff_id     uuid             NOT NULL,
    project        text COLLATE "C" NOT NULL CHECK (octet_length(project) BETWEEN 1 AND 512),
    agent_id       text COLLATE "C" NOT NULL CHECK (octet_length(agent_id) BETWEEN 1 AND 512),
    agent_type     text COLLATE "C" NOT NULL CHECK (octet_length(agent_type) BETWEEN 1 AND 512),
    session_id     text COLLATE "C" NOT NULL CHECK (octet_length(session_id) BETWEEN 1 AND 512),
    summary        text             NOT NULL,
    completed_work jsonb            NOT NULL CHECK (jsonb_typeof(completed_work) = 'array'),
    in_progress    jsonb            NOT NULL CHECK (jsonb_typeof(in_progress) = 'array'),
    decisions      jsonb            NOT NULL CHECK (jsonb_typeof(decisions) = 'array'),
    next_steps     jsonb            NOT NULL CHECK (jsonb_typeof(next_steps) = 'array'),
    relevant_files jsonb            NOT NULL CHECK (jsonb_typeof(relevant_files) = 'array'),
    branch         text,
    commit_id      text COLLATE "C" CHECK (octet_length(commit_id) BETWEEN 1 AND 512),
    open_locks     jsonb            NOT NULL CHECK (jsonb_typeof(open_locks) = 'array'), -- what the writer held when it wrote
    open_tasks     jsonb            NOT NULL CHECK (jsonb_typeof(open_tasks) = 'array'),
    created_at     bigint           NOT NULL CHECK (created_at BETWEEN 0 AND 253402300799999),
    row_hash       bigint           NOT NULL, -- of the image, by its device
    hlc            bigint           NOT NULL, -- the newest image stays
    PRIMARY KEY (workspace_id, handoff_id),
    CONSTRAINT a_handoff_says_something CHECK (summary <> '')
);
ALTER TABLE coord.handoff_documents ENABLE ROW LEVEL SECURITY;
REVOKE ALL ON coord.handoff_documents FROM PUBLIC, anon, authenticated, service_role;
INSERT INTO coord.mirrored_tables VALUES ('handoff_documents', 'union', '{handoff_id}')
    ON CONFLICT (name) DO UPDATE SET class = excluded.class, key_columns = excluded.key_columns;

UPDATE coord.installation SET schema_version = 2 WHERE schema_version < 2;
