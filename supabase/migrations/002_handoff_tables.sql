-- Made from schema/002_handoff_tables.* by COORD_BLESS=1 cargo nextest run schema; change it there.

-- What an agent leaves for the next one.

-- A handoff is written once and never changed, so copies from several machines simply add up.
CREATE TABLE IF NOT EXISTS coord.handoff_documents (
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
    PRIMARY KEY (handoff_id),
    CONSTRAINT a_handoff_says_something CHECK (summary <> '')
);
ALTER TABLE coord.handoff_documents ENABLE ROW LEVEL SECURITY;
REVOKE ALL ON coord.handoff_documents FROM PUBLIC, anon, authenticated;

-- read_handoff from anyone in this repository, and handoffs://recent.
CREATE INDEX IF NOT EXISTS handoff_documents_recent ON coord.handoff_documents (project, created_at);

-- read_handoff of one agent.
CREATE INDEX IF NOT EXISTS handoff_documents_by_agent ON coord.handoff_documents (project, agent_id, created_at);
