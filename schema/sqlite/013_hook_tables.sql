-- Made from schema/013_hook_tables.* by COORD_BLESS=1 cargo nextest run schema; change it there.

-- What hooks know of a session from one event to the next.

-- A session that hooks were heard of. It lives as long as its client's process, with or without a connection.
CREATE TABLE hook_sessions (
    session_id TEXT    NOT NULL CHECK (octet_length(session_id) BETWEEN 1 AND 512 AND instr(session_id, char(0)) = 0),
    told_at    INTEGER NOT NULL CHECK (told_at BETWEEN 0 AND 253402300799999), -- what happened before is no news to it
    PRIMARY KEY (session_id)
) STRICT;

-- A client's id of a tool call, told by the hook before it, so that the call itself, which comes another way and
-- names nobody but the client, is known to be a subagent's.
CREATE TABLE tool_uses (
    tool_use_id TEXT    NOT NULL CHECK (octet_length(tool_use_id) BETWEEN 1 AND 512 AND instr(tool_use_id, char(0)) = 0),
    session_id  TEXT    NOT NULL CHECK (octet_length(session_id) BETWEEN 1 AND 512 AND instr(session_id, char(0)) = 0), -- the subagent's
    agent_id    TEXT    NOT NULL CHECK (octet_length(agent_id) BETWEEN 1 AND 512 AND instr(agent_id, char(0)) = 0),
    agent_type  TEXT    NOT NULL CHECK (octet_length(agent_type) BETWEEN 1 AND 512 AND instr(agent_type, char(0)) = 0),
    at          INTEGER NOT NULL CHECK (at BETWEEN 0 AND 253402300799999),
    PRIMARY KEY (tool_use_id)
) STRICT;

-- Those that are too old to be asked for.
CREATE INDEX tool_uses_by_age ON tool_uses (at);

-- Files that a session was let change, and under which fence: for its handoff, and for its commits. It outlives
-- the session, because what was changed may be committed later.
CREATE TABLE touched_files (
    project    TEXT    NOT NULL CHECK (octet_length(project) BETWEEN 1 AND 512 AND instr(project, char(0)) = 0),
    path_key   TEXT    NOT NULL CHECK (octet_length(path_key) BETWEEN 1 AND 1024 AND instr(path_key, char(0)) = 0),
    session_id TEXT    NOT NULL CHECK (octet_length(session_id) BETWEEN 1 AND 512 AND instr(session_id, char(0)) = 0),
    agent_id   TEXT    NOT NULL CHECK (octet_length(agent_id) BETWEEN 1 AND 512 AND instr(agent_id, char(0)) = 0),
    path       TEXT    NOT NULL CHECK (instr(path, char(0)) = 0),
    worktree   TEXT    NOT NULL CHECK (instr(worktree, char(0)) = 0),
    fence      INTEGER NOT NULL CHECK (fence >= 1),
    at         INTEGER NOT NULL CHECK (at BETWEEN 0 AND 253402300799999),
    PRIMARY KEY (project, path_key, session_id)
) STRICT, WITHOUT ROWID;

-- What one session changed, newest first; what to forget with it.
CREATE INDEX touched_files_by_session ON touched_files (session_id, at);

-- Those that are too old to matter.
CREATE INDEX touched_files_by_age ON touched_files (at);
