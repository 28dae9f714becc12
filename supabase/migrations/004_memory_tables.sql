-- Made from schema/004_memory_tables.* by COORD_BLESS=1 cargo nextest run schema; change it there.

-- What agents learned, so that others need not learn it again.

-- The words of a memory never change. A person may pin it, or have it forgotten, which leaves only the fact that it
-- was.
CREATE TABLE IF NOT EXISTS coord.episodic_memories (
    workspace_id uuid             NOT NULL,
    device_id    uuid             NOT NULL, -- who wrote this image
    memory_id    uuid             NOT NULL,
    project      text COLLATE "C" NOT NULL CHECK (octet_length(project) BETWEEN 1 AND 512),
    agent_id     text COLLATE "C" NOT NULL CHECK (octet_length(agent_id) BETWEEN 1 AND 512),
    agent_type   text COLLATE "C" NOT NULL CHECK (octet_length(agent_type) BETWEEN 1 AND 512),
    session_id   text COLLATE "C" NOT NULL CHECK (octet_length(session_id) BETWEEN 1 AND 512),
    event_type   text COLLATE "C" NOT NULL CHECK (event_type IN ('error', 'success', 'decision', 'discovery', 'optimization')),
    summary      text             NOT NULL,
    details      jsonb,
    outcome      text COLLATE "C" CHECK (outcome IN ('positive', 'negative', 'neutral')),
    lessons      jsonb            NOT NULL CHECK (jsonb_typeof(lessons) = 'array'),
    tags         jsonb            NOT NULL CHECK (jsonb_typeof(tags) = 'array'),
    keywords     text             NOT NULL, -- parts of the identifiers in it, by which it is found too
    norm_key     text COLLATE "C" NOT NULL CHECK (norm_key ~ '^[0-9a-f]{64}$'), -- of the summary without case, spaces and punctuation; equal for what says the same
    branch       text,
    commit_id    text COLLATE "C" CHECK (octet_length(commit_id) BETWEEN 1 AND 512),
    pinned       boolean          NOT NULL, -- it does not age
    created_at   bigint           NOT NULL CHECK (created_at BETWEEN 0 AND 253402300799999),
    forgotten_at bigint           CHECK (forgotten_at BETWEEN 0 AND 253402300799999),
    row_hash     bigint           NOT NULL, -- of the image, by its device
    hlc          bigint           NOT NULL, -- the newest image stays
    PRIMARY KEY (workspace_id, memory_id),
    CONSTRAINT a_memory_says_something CHECK (summary <> '' OR forgotten_at IS NOT NULL),
    CONSTRAINT what_is_forgotten_is_gone CHECK (forgotten_at IS NULL OR (summary = '' AND details IS NULL AND keywords = ''))
);
ALTER TABLE coord.episodic_memories ENABLE ROW LEVEL SECURITY;
REVOKE ALL ON coord.episodic_memories FROM PUBLIC, anon, authenticated, service_role;
INSERT INTO coord.mirrored_tables VALUES ('episodic_memories', 'union', '{memory_id}')
    ON CONFLICT (name) DO UPDATE SET class = excluded.class, key_columns = excluded.key_columns;

UPDATE coord.installation SET schema_version = 4 WHERE schema_version < 4;
