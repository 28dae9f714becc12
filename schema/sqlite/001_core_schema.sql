-- Made from schema/001_core_schema.* by COORD_BLESS=1 cargo nextest run schema; change it there.

-- Who is here, who holds which path, and what is to be done.

-- A repository, however many clones and worktrees it has.
CREATE TABLE projects (
    project    TEXT    NOT NULL CHECK (octet_length(project) BETWEEN 1 AND 512 AND instr(project, char(0)) = 0),
    root_hint  TEXT    CHECK (instr(root_hint, char(0)) = 0), -- where it was last seen; for people, never for decisions
    last_fence INTEGER NOT NULL CHECK (last_fence >= 0), -- the newest fence handed out here; only ever rises, also when locks go
    created_at INTEGER NOT NULL CHECK (created_at BETWEEN 0 AND 253402300799999),
    PRIMARY KEY (project)
) STRICT;

-- One run of one agent. Its row outlives it, so that history can name it.
CREATE TABLE agent_sessions (
    session_id     TEXT    NOT NULL CHECK (octet_length(session_id) BETWEEN 1 AND 512 AND instr(session_id, char(0)) = 0),
    project        TEXT    NOT NULL CHECK (octet_length(project) BETWEEN 1 AND 512 AND instr(project, char(0)) = 0),
    agent_id       TEXT    NOT NULL CHECK (octet_length(agent_id) BETWEEN 1 AND 512 AND instr(agent_id, char(0)) = 0),
    agent_type     TEXT    NOT NULL CHECK (octet_length(agent_type) BETWEEN 1 AND 512 AND instr(agent_type, char(0)) = 0),
    client_pid     INTEGER CHECK (client_pid >= 1),
    client_started TEXT    CHECK (octet_length(client_started) BETWEEN 1 AND 512 AND instr(client_started, char(0)) = 0), -- tells a recycled pid from the client itself
    worktree       TEXT    CHECK (instr(worktree, char(0)) = 0),
    current_task   TEXT    CHECK (instr(current_task, char(0)) = 0),
    liveness       TEXT    NOT NULL CHECK (liveness IN ('connection', 'silence')), -- what its death shows in
    identity_rule  TEXT    NOT NULL CHECK (octet_length(identity_rule) BETWEEN 1 AND 512 AND instr(identity_rule, char(0)) = 0), -- which rule gave it its name
    started_at     INTEGER NOT NULL CHECK (started_at BETWEEN 0 AND 253402300799999),
    last_seen_at   INTEGER NOT NULL CHECK (last_seen_at BETWEEN 0 AND 253402300799999),
    ended_at       INTEGER CHECK (ended_at BETWEEN 0 AND 253402300799999),
    end_reason     TEXT    CHECK (end_reason IN ('finished', 'died', 'silent')),
    PRIMARY KEY (session_id),
    CONSTRAINT an_end_has_its_reason CHECK ((ended_at IS NULL) = (end_reason IS NULL))
) STRICT;

-- discover_agents and the status page: who is alive in this repository.
CREATE INDEX agent_sessions_live ON agent_sessions (project, agent_id)
    WHERE ended_at IS NULL;

-- The reaper: live sessions that were not heard for longest.
CREATE INDEX agent_sessions_silent ON agent_sessions (last_seen_at)
    WHERE ended_at IS NULL;

-- The newest session of a name, alive or not: whose handoff, whose audit row.
CREATE INDEX agent_sessions_by_agent ON agent_sessions (project, agent_id, started_at);

-- At most one row for a path and a session; who may share a path is decided in code, where overlap is known.
-- A row whose time has passed counts as absent; the reaper removes it later.
CREATE TABLE file_locks (
    project     TEXT    NOT NULL CHECK (octet_length(project) BETWEEN 1 AND 512 AND instr(project, char(0)) = 0),
    path_key    TEXT    NOT NULL CHECK (octet_length(path_key) BETWEEN 1 AND 1024 AND instr(path_key, char(0)) = 0), -- what is compared: normalised, case folded where the disk folds it
    session_id  TEXT    NOT NULL CHECK (octet_length(session_id) BETWEEN 1 AND 512 AND instr(session_id, char(0)) = 0),
    path        TEXT    NOT NULL CHECK (instr(path, char(0)) = 0), -- what is shown
    kind        TEXT    NOT NULL CHECK (kind IN ('file', 'folder', 'glob', 'resource')),
    mode        TEXT    NOT NULL CHECK (mode IN ('exclusive', 'shared')),
    agent_id    TEXT    NOT NULL CHECK (octet_length(agent_id) BETWEEN 1 AND 512 AND instr(agent_id, char(0)) = 0),
    agent_type  TEXT    NOT NULL CHECK (octet_length(agent_type) BETWEEN 1 AND 512 AND instr(agent_type, char(0)) = 0),
    worktree    TEXT    CHECK (instr(worktree, char(0)) = 0),
    reason      TEXT    CHECK (instr(reason, char(0)) = 0),
    fence       INTEGER NOT NULL CHECK (fence >= 1),
    ttl_ms      INTEGER NOT NULL CHECK (ttl_ms >= 1),
    acquired_at INTEGER NOT NULL CHECK (acquired_at BETWEEN 0 AND 253402300799999),
    expires_at  INTEGER NOT NULL CHECK (expires_at BETWEEN 0 AND 253402300799999),
    PRIMARY KEY (project, path_key, session_id),
    CONSTRAINT a_lock_lasts CHECK (expires_at > acquired_at)
) STRICT, WITHOUT ROWID;

-- Release all of a session's locks; renew them when it is heard.
CREATE INDEX file_locks_by_session ON file_locks (session_id);

-- The reaper: locks whose time is up, and when to wake next.
CREATE INDEX file_locks_by_expiry ON file_locks (expires_at);

-- The overlap test: only folders and globs of a repository have to be walked.
CREATE INDEX file_locks_by_kind ON file_locks (project, kind);

-- A piece of work and how far it has come.
CREATE TABLE work_queue (
    task_id            TEXT    NOT NULL CHECK (octet_length(task_id) = 36 AND task_id GLOB '????????-????-????-????-????????????' AND length(replace(task_id, '-', '')) = 32 AND task_id NOT GLOB '*[^0-9a-f-]*'),
    project            TEXT    NOT NULL CHECK (octet_length(project) BETWEEN 1 AND 512 AND instr(project, char(0)) = 0),
    seq                INTEGER NOT NULL CHECK (seq >= 1), -- order of submission, over all repositories
    task_type          TEXT    NOT NULL CHECK (octet_length(task_type) BETWEEN 1 AND 512 AND instr(task_type, char(0)) = 0),
    description        TEXT    NOT NULL CHECK (instr(description, char(0)) = 0),
    input_data         TEXT    CHECK (json_valid(input_data) AND instr(input_data, char(0)) = 0),
    priority           INTEGER NOT NULL CHECK (priority BETWEEN 1 AND 10), -- 1 is taken first
    status             TEXT    NOT NULL CHECK (status IN ('pending', 'claimed', 'running', 'completed', 'failed', 'cancelled')),
    unmet              INTEGER NOT NULL CHECK (unmet >= 0), -- dependencies not yet completed; kept at submit and complete
    parked_reason      TEXT    CHECK (instr(parked_reason, char(0)) = 0), -- why it cannot become ready by itself
    run_after          INTEGER NOT NULL CHECK (run_after BETWEEN 0 AND 253402300799999), -- back-off: not before this; 0 once it is over
    attempt            INTEGER NOT NULL CHECK (attempt >= 0), -- claims so far
    max_attempts       INTEGER NOT NULL CHECK (max_attempts >= 1),
    dedupe_key         TEXT    CHECK (octet_length(dedupe_key) BETWEEN 1 AND 512 AND instr(dedupe_key, char(0)) = 0),
    capability_key     TEXT    NOT NULL CHECK (octet_length(capability_key) BETWEEN 1 AND 700 AND instr(capability_key, char(0)) = 0), -- required capabilities as a canonical JSON array, '[]' if none
    deadline           INTEGER CHECK (deadline BETWEEN 0 AND 253402300799999),
    submitted_by       TEXT    NOT NULL CHECK (octet_length(submitted_by) BETWEEN 1 AND 512 AND instr(submitted_by, char(0)) = 0),
    submitted_at       INTEGER NOT NULL CHECK (submitted_at BETWEEN 0 AND 253402300799999),
    claimed_by_session TEXT    CHECK (octet_length(claimed_by_session) BETWEEN 1 AND 512 AND instr(claimed_by_session, char(0)) = 0), -- the last to claim it; kept when it is finished
    claimed_by         TEXT    CHECK (octet_length(claimed_by) BETWEEN 1 AND 512 AND instr(claimed_by, char(0)) = 0),
    claimed_at         INTEGER CHECK (claimed_at BETWEEN 0 AND 253402300799999),
    lease_ms           INTEGER CHECK (lease_ms >= 1),
    lease_expires_at   INTEGER CHECK (lease_expires_at BETWEEN 0 AND 253402300799999),
    fence              INTEGER NOT NULL CHECK (fence >= 0), -- 0 until the first claim, then its number
    result             TEXT    CHECK (json_valid(result) AND instr(result, char(0)) = 0),
    error_message      TEXT    CHECK (instr(error_message, char(0)) = 0), -- of the last attempt; kept while it is tried again
    late_result        TEXT    CHECK (json_valid(late_result) AND instr(late_result, char(0)) = 0), -- what came from a worker whose lease was gone
    finished_at        INTEGER CHECK (finished_at BETWEEN 0 AND 253402300799999),
    PRIMARY KEY (task_id),
    CONSTRAINT a_lease_is_held_while_worked_on CHECK ((status IN ('claimed', 'running')) = (lease_expires_at IS NOT NULL)),
    CONSTRAINT a_lease_has_its_length CHECK ((lease_ms IS NULL) = (lease_expires_at IS NULL)),
    CONSTRAINT a_claim_is_whole CHECK ((claimed_by IS NULL) = (claimed_by_session IS NULL) AND (claimed_by IS NULL) = (claimed_at IS NULL)),
    CONSTRAINT waiting_work_is_nobodys CHECK (status <> 'pending' OR claimed_by IS NULL),
    CONSTRAINT done_work_has_its_worker CHECK (status NOT IN ('claimed', 'running', 'completed') OR claimed_by IS NOT NULL),
    CONSTRAINT only_ready_work_is_claimed CHECK (status NOT IN ('claimed', 'running', 'completed') OR (unmet = 0 AND parked_reason IS NULL)),
    CONSTRAINT a_claim_is_counted CHECK (claimed_by IS NULL OR (attempt >= 1 AND fence >= 1)),
    CONSTRAINT attempts_are_bounded CHECK (attempt <= max_attempts),
    CONSTRAINT an_end_has_its_time CHECK ((status IN ('completed', 'failed', 'cancelled')) = (finished_at IS NOT NULL)),
    CONSTRAINT a_result_comes_at_the_end CHECK (result IS NULL OR status IN ('completed', 'failed')),
    CONSTRAINT capabilities_are_a_list CHECK (capability_key LIKE '[%]'),
    CONSTRAINT only_waiting_work_backs_off CHECK (run_after = 0 OR status = 'pending')
) STRICT;

-- Order of submission is one line for all.
CREATE UNIQUE INDEX work_queue_seq ON work_queue (seq);

-- get_work without a type: the first ready task of a set of required capabilities, in one seek however long the queue is.
CREATE INDEX work_queue_ready ON work_queue (project, capability_key, priority, seq)
    WHERE status = 'pending' AND unmet = 0 AND parked_reason IS NULL AND run_after = 0;

-- get_work with types: one seek for each type.
CREATE INDEX work_queue_ready_by_type ON work_queue (project, capability_key, task_type, priority, seq)
    WHERE status = 'pending' AND unmet = 0 AND parked_reason IS NULL AND run_after = 0;

-- get_work that finds nothing says what the rest waits for.
CREATE INDEX work_queue_blocked ON work_queue (project, seq)
    WHERE status = 'pending' AND (unmet > 0 OR parked_reason IS NOT NULL);

-- The reaper: back-offs that are over, and when to wake next.
CREATE INDEX work_queue_back_off ON work_queue (run_after)
    WHERE status = 'pending' AND run_after > 0;

-- list_work and work_graph show what is not finished, in order of submission.
CREATE INDEX work_queue_open ON work_queue (project, seq)
    WHERE status IN ('pending', 'claimed', 'running');

-- The reaper: leases that ran out, and when to wake next.
CREATE INDEX work_queue_leases ON work_queue (lease_expires_at)
    WHERE status IN ('claimed', 'running');

-- What a session holds: renewed when it is heard, returned when it dies.
CREATE INDEX work_queue_by_holder ON work_queue (claimed_by_session)
    WHERE status IN ('claimed', 'running');

-- submit_work with a dedupe key finds the live task of that key, and cannot make a second.
CREATE UNIQUE INDEX work_queue_dedupe ON work_queue (project, dedupe_key)
    WHERE dedupe_key IS NOT NULL AND status IN ('pending', 'claimed', 'running');

-- What must be completed before what. Rows are never changed; a cycle is refused before it is written.
CREATE TABLE work_dependencies (
    task_id    TEXT NOT NULL CHECK (octet_length(task_id) = 36 AND task_id GLOB '????????-????-????-????-????????????' AND length(replace(task_id, '-', '')) = 32 AND task_id NOT GLOB '*[^0-9a-f-]*'),
    depends_on TEXT NOT NULL CHECK (octet_length(depends_on) = 36 AND depends_on GLOB '????????-????-????-????-????????????' AND length(replace(depends_on, '-', '')) = 32 AND depends_on NOT GLOB '*[^0-9a-f-]*'),
    PRIMARY KEY (task_id, depends_on),
    CONSTRAINT nothing_waits_for_itself CHECK (task_id <> depends_on)
) STRICT, WITHOUT ROWID;

-- complete_work: which tasks waited for this one.
CREATE INDEX work_dependencies_by_target ON work_dependencies (depends_on);

-- How an attempt ended; the one under way is on the task itself. A late worker learns from here that its claim is gone.
CREATE TABLE work_attempts (
    task_id       TEXT    NOT NULL CHECK (octet_length(task_id) = 36 AND task_id GLOB '????????-????-????-????-????????????' AND length(replace(task_id, '-', '')) = 32 AND task_id NOT GLOB '*[^0-9a-f-]*'),
    fence         INTEGER NOT NULL CHECK (fence >= 1),
    session_id    TEXT    NOT NULL CHECK (octet_length(session_id) BETWEEN 1 AND 512 AND instr(session_id, char(0)) = 0),
    agent_id      TEXT    NOT NULL CHECK (octet_length(agent_id) BETWEEN 1 AND 512 AND instr(agent_id, char(0)) = 0),
    claimed_at    INTEGER NOT NULL CHECK (claimed_at BETWEEN 0 AND 253402300799999),
    ended_at      INTEGER NOT NULL CHECK (ended_at BETWEEN 0 AND 253402300799999),
    ending        TEXT    NOT NULL CHECK (ending IN ('completed', 'failed', 'lease_expired', 'holder_finished', 'holder_died', 'holder_silent', 'cancelled')),
    error_message TEXT    CHECK (instr(error_message, char(0)) = 0),
    PRIMARY KEY (task_id, fence)
) STRICT, WITHOUT ROWID;

-- Who stands in line. In the file, so that a restart of the daemon costs nobody its place.
CREATE TABLE waits (
    ticket      TEXT    NOT NULL CHECK (octet_length(ticket) = 36 AND ticket GLOB '????????-????-????-????-????????????' AND length(replace(ticket, '-', '')) = 32 AND ticket NOT GLOB '*[^0-9a-f-]*'),
    seq         INTEGER NOT NULL CHECK (seq >= 1), -- the place in line
    project     TEXT    NOT NULL CHECK (octet_length(project) BETWEEN 1 AND 512 AND instr(project, char(0)) = 0),
    kind        TEXT    NOT NULL CHECK (kind IN ('lock', 'work')),
    session_id  TEXT    NOT NULL CHECK (octet_length(session_id) BETWEEN 1 AND 512 AND instr(session_id, char(0)) = 0),
    agent_id    TEXT    NOT NULL CHECK (octet_length(agent_id) BETWEEN 1 AND 512 AND instr(agent_id, char(0)) = 0),
    request_key TEXT    CHECK (octet_length(request_key) BETWEEN 1 AND 512 AND instr(request_key, char(0)) = 0), -- the call that waits, so that its repetition finds its place
    args        TEXT    NOT NULL CHECK (instr(args, char(0)) = 0),
    enqueued_at INTEGER NOT NULL CHECK (enqueued_at BETWEEN 0 AND 253402300799999),
    deadline_at INTEGER NOT NULL CHECK (deadline_at BETWEEN 0 AND 253402300799999),
    PRIMARY KEY (ticket),
    CONSTRAINT a_wait_is_bounded CHECK (deadline_at >= enqueued_at)
) STRICT;

-- The line is served in order, and no two have one place.
CREATE UNIQUE INDEX waits_seq ON waits (seq);

-- Who is served next when a lock is released or a task becomes ready.
CREATE INDEX waits_line ON waits (project, kind, seq);

-- A session that ended leaves the line.
CREATE INDEX waits_by_session ON waits (session_id);

-- Facts about this file: its format, its device, how it was closed.
CREATE TABLE meta (
    key   TEXT NOT NULL CHECK (octet_length(key) BETWEEN 1 AND 512 AND instr(key, char(0)) = 0),
    value TEXT NOT NULL CHECK (instr(value, char(0)) = 0),
    PRIMARY KEY (key)
) STRICT;
