-- Made from schema/002_handoff_tables.* by COORD_BLESS=1 cargo nextest run schema; change it there.

-- What an agent leaves for the next one.

-- A handoff is written once and never changed, so copies from several machines simply add up.
CREATE TABLE handoff_documents (
    handoff_id     TEXT    NOT NULL CHECK (octet_length(handoff_id) = 36 AND handoff_id GLOB '????????-????-????-????-????????????' AND length(replace(handoff_id, '-', '')) = 32 AND handoff_id NOT GLOB '*[^0-9a-f-]*'),
    project        TEXT    NOT NULL CHECK (octet_length(project) BETWEEN 1 AND 512 AND instr(project, char(0)) = 0),
    agent_id       TEXT    NOT NULL CHECK (octet_length(agent_id) BETWEEN 1 AND 512 AND instr(agent_id, char(0)) = 0),
    agent_type     TEXT    NOT NULL CHECK (octet_length(agent_type) BETWEEN 1 AND 512 AND instr(agent_type, char(0)) = 0),
    session_id     TEXT    NOT NULL CHECK (octet_length(session_id) BETWEEN 1 AND 512 AND instr(session_id, char(0)) = 0),
    summary        TEXT    NOT NULL CHECK (instr(summary, char(0)) = 0),
    completed_work TEXT    NOT NULL CHECK (json_valid(completed_work) AND json_type(completed_work) = 'array' AND instr(completed_work, char(0)) = 0),
    in_progress    TEXT    NOT NULL CHECK (json_valid(in_progress) AND json_type(in_progress) = 'array' AND instr(in_progress, char(0)) = 0),
    decisions      TEXT    NOT NULL CHECK (json_valid(decisions) AND json_type(decisions) = 'array' AND instr(decisions, char(0)) = 0),
    next_steps     TEXT    NOT NULL CHECK (json_valid(next_steps) AND json_type(next_steps) = 'array' AND instr(next_steps, char(0)) = 0),
    relevant_files TEXT    NOT NULL CHECK (json_valid(relevant_files) AND json_type(relevant_files) = 'array' AND instr(relevant_files, char(0)) = 0),
    branch         TEXT    CHECK (instr(branch, char(0)) = 0),
    commit_id      TEXT    CHECK (octet_length(commit_id) BETWEEN 1 AND 512 AND instr(commit_id, char(0)) = 0),
    open_locks     TEXT    NOT NULL CHECK (json_valid(open_locks) AND json_type(open_locks) = 'array' AND instr(open_locks, char(0)) = 0), -- what the writer held when it wrote
    open_tasks     TEXT    NOT NULL CHECK (json_valid(open_tasks) AND json_type(open_tasks) = 'array' AND instr(open_tasks, char(0)) = 0),
    created_at     INTEGER NOT NULL CHECK (created_at BETWEEN 0 AND 253402300799999),
    PRIMARY KEY (handoff_id),
    CONSTRAINT a_handoff_says_something CHECK (summary <> '')
) STRICT;

-- read_handoff from anyone in this repository, and handoffs://recent.
CREATE INDEX handoff_documents_recent ON handoff_documents (project, created_at);

-- read_handoff of one agent.
CREATE INDEX handoff_documents_by_agent ON handoff_documents (project, agent_id, created_at);
