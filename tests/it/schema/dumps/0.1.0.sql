PRAGMA application_id = 1129271122;
PRAGMA user_version = 20;

CREATE TABLE agent_capabilities (
    session_id TEXT NOT NULL CHECK (octet_length(session_id) BETWEEN 1 AND 512 AND instr(session_id, char(0)) = 0),
    capability TEXT NOT NULL CHECK (octet_length(capability) BETWEEN 1 AND 512 AND instr(capability, char(0)) = 0),
    PRIMARY KEY (session_id, capability)
) STRICT, WITHOUT ROWID;
INSERT INTO agent_capabilities VALUES ('session_id', 'capability');

CREATE TABLE agent_files (
    project   TEXT    NOT NULL CHECK (octet_length(project) BETWEEN 1 AND 512 AND instr(project, char(0)) = 0),
    agent_id  TEXT    NOT NULL CHECK (octet_length(agent_id) BETWEEN 1 AND 512 AND instr(agent_id, char(0)) = 0),
    path_key  TEXT    NOT NULL CHECK (octet_length(path_key) BETWEEN 1 AND 1024 AND instr(path_key, char(0)) = 0),
    day_start INTEGER NOT NULL CHECK (day_start BETWEEN 0 AND 253402300799999),
    PRIMARY KEY (project, agent_id, path_key)
) STRICT, WITHOUT ROWID;
INSERT INTO agent_files VALUES ('project', 'agent_id', 'path_key', 1);

CREATE TABLE agent_profile_assignments (
    project      TEXT    NOT NULL CHECK (octet_length(project) BETWEEN 1 AND 512 AND instr(project, char(0)) = 0),
    subject_kind TEXT    NOT NULL CHECK (subject_kind IN ('agent', 'type')),
    subject      TEXT    NOT NULL CHECK (octet_length(subject) BETWEEN 1 AND 512 AND instr(subject, char(0)) = 0),
    profile      TEXT    NOT NULL CHECK (octet_length(profile) BETWEEN 1 AND 512 AND instr(profile, char(0)) = 0),
    assigned_by  TEXT    NOT NULL CHECK (octet_length(assigned_by) BETWEEN 1 AND 512 AND instr(assigned_by, char(0)) = 0),
    assigned_at  INTEGER NOT NULL CHECK (assigned_at BETWEEN 0 AND 253402300799999),
    PRIMARY KEY (project, subject_kind, subject)
) STRICT, WITHOUT ROWID;
INSERT INTO agent_profile_assignments VALUES ('project', 'agent', 'subject', 'profile', 'assigned_by', 1);

CREATE TABLE agent_profiles (
    name                TEXT    NOT NULL CHECK (octet_length(name) BETWEEN 1 AND 512 AND instr(name, char(0)) = 0),
    agent_type          TEXT    CHECK (octet_length(agent_type) BETWEEN 1 AND 512 AND instr(agent_type, char(0)) = 0), -- agents of this type have it unless another is assigned
    description         TEXT    NOT NULL CHECK (instr(description, char(0)) = 0),
    trust_level         INTEGER NOT NULL CHECK (trust_level BETWEEN 0 AND 4),
    allowed_operations  TEXT    CHECK (json_valid(allowed_operations) AND json_type(allowed_operations) = 'array' AND instr(allowed_operations, char(0)) = 0), -- these and no others; absent: all that the trust allows
    blocked_operations  TEXT    NOT NULL CHECK (json_valid(blocked_operations) AND json_type(blocked_operations) = 'array' AND instr(blocked_operations, char(0)) = 0),
    ask_operations      TEXT    NOT NULL CHECK (json_valid(ask_operations) AND json_type(ask_operations) = 'array' AND instr(ask_operations, char(0)) = 0), -- a person approves each call
    max_files_per_day   INTEGER CHECK (max_files_per_day >= 0),
    max_seconds_per_day INTEGER CHECK (max_seconds_per_day >= 0),
    max_calls_per_hour  INTEGER CHECK (max_calls_per_hour >= 0),
    updated_by          TEXT    NOT NULL CHECK (octet_length(updated_by) BETWEEN 1 AND 512 AND instr(updated_by, char(0)) = 0),
    updated_at          INTEGER NOT NULL CHECK (updated_at BETWEEN 0 AND 253402300799999),
    PRIMARY KEY (name)
) STRICT;
INSERT INTO agent_profiles VALUES ('name', NULL, 'description', 0, NULL, '[]', '[]', NULL, NULL, NULL, 'updated_by', 1);

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
INSERT INTO agent_sessions VALUES ('session_id', 'project', 'agent_id', 'agent_type', NULL, NULL, NULL, NULL, 'connection', 'identity_rule', 1, 1, NULL, NULL);

CREATE TABLE agent_usage (
    project    TEXT    NOT NULL CHECK (octet_length(project) BETWEEN 1 AND 512 AND instr(project, char(0)) = 0),
    agent_id   TEXT    NOT NULL CHECK (octet_length(agent_id) BETWEEN 1 AND 512 AND instr(agent_id, char(0)) = 0),
    hour_start INTEGER NOT NULL CHECK (hour_start BETWEEN 0 AND 253402300799999),
    calls      INTEGER NOT NULL CHECK (calls >= 0), -- in that hour
    day_start  INTEGER NOT NULL CHECK (day_start BETWEEN 0 AND 253402300799999),
    active_ms  INTEGER NOT NULL CHECK (active_ms >= 0), -- in that day, long silences left out
    last_at    INTEGER NOT NULL CHECK (last_at BETWEEN 0 AND 253402300799999),
    PRIMARY KEY (project, agent_id)
) STRICT, WITHOUT ROWID;
INSERT INTO agent_usage VALUES ('project', 'agent_id', 1, 0, 1, 0, 1);

CREATE TABLE approval_queue (
    approval_id TEXT    NOT NULL CHECK (octet_length(approval_id) = 36 AND approval_id GLOB '????????-????-????-????-????????????' AND length(replace(approval_id, '-', '')) = 32 AND approval_id NOT GLOB '*[^0-9a-f-]*'),
    project     TEXT    NOT NULL CHECK (octet_length(project) BETWEEN 1 AND 512 AND instr(project, char(0)) = 0),
    session_id  TEXT    NOT NULL CHECK (octet_length(session_id) BETWEEN 1 AND 512 AND instr(session_id, char(0)) = 0),
    agent_id    TEXT    NOT NULL CHECK (octet_length(agent_id) BETWEEN 1 AND 512 AND instr(agent_id, char(0)) = 0),
    agent_type  TEXT    NOT NULL CHECK (octet_length(agent_type) BETWEEN 1 AND 512 AND instr(agent_type, char(0)) = 0),
    operation   TEXT    NOT NULL CHECK (octet_length(operation) BETWEEN 1 AND 512 AND instr(operation, char(0)) = 0),
    arguments   TEXT    NOT NULL CHECK (instr(arguments, char(0)) = 0), -- for the person who decides; secrets taken out, shortened
    digest      TEXT    NOT NULL CHECK (octet_length(digest) = 64 AND length(digest) = 64 AND digest NOT GLOB '*[^0-9a-f]*'), -- of the operation and its whole arguments
    reason      TEXT    NOT NULL CHECK (instr(reason, char(0)) = 0),
    policy      TEXT    NOT NULL CHECK (octet_length(policy) BETWEEN 1 AND 512 AND instr(policy, char(0)) = 0), -- what wants it approved
    status      TEXT    NOT NULL CHECK (status IN ('pending', 'approved', 'denied', 'used')),
    asked_at    INTEGER NOT NULL CHECK (asked_at BETWEEN 0 AND 253402300799999),
    expires_at  INTEGER NOT NULL CHECK (expires_at BETWEEN 0 AND 253402300799999),
    decided_by  TEXT    CHECK (octet_length(decided_by) BETWEEN 1 AND 512 AND instr(decided_by, char(0)) = 0),
    decided_at  INTEGER CHECK (decided_at BETWEEN 0 AND 253402300799999),
    note        TEXT    CHECK (instr(note, char(0)) = 0),
    used_at     INTEGER CHECK (used_at BETWEEN 0 AND 253402300799999),
    PRIMARY KEY (approval_id),
    CONSTRAINT a_decision_is_whole CHECK ((status = 'pending') = (decided_by IS NULL) AND (decided_by IS NULL) = (decided_at IS NULL)),
    CONSTRAINT only_what_was_used_has_its_time CHECK ((status = 'used') = (used_at IS NOT NULL))
) STRICT;
INSERT INTO approval_queue VALUES ('00000000-0000-7000-8000-000000000001', 'project', 'session_id', 'agent_id', 'agent_type', 'operation', 'arguments', '0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef', 'reason', 'policy', 'pending', 1, 1, NULL, NULL, NULL, NULL);

CREATE TABLE audit_log (
    seq         INTEGER NOT NULL CHECK (seq >= 1),
    at          INTEGER NOT NULL CHECK (at BETWEEN 0 AND 253402300799999),
    project     TEXT    CHECK (octet_length(project) BETWEEN 1 AND 512 AND instr(project, char(0)) = 0),
    agent_id    TEXT    NOT NULL CHECK (octet_length(agent_id) BETWEEN 1 AND 512 AND instr(agent_id, char(0)) = 0),
    agent_type  TEXT    NOT NULL CHECK (octet_length(agent_type) BETWEEN 1 AND 512 AND instr(agent_type, char(0)) = 0),
    session_id  TEXT    NOT NULL CHECK (octet_length(session_id) BETWEEN 1 AND 512 AND instr(session_id, char(0)) = 0),
    operation   TEXT    NOT NULL CHECK (octet_length(operation) BETWEEN 1 AND 512 AND instr(operation, char(0)) = 0),
    arguments   TEXT    NOT NULL CHECK (instr(arguments, char(0)) = 0), -- after redaction; the hash covers these very bytes
    success     INTEGER NOT NULL CHECK (success IN (0, 1)),
    code        TEXT    CHECK (octet_length(code) BETWEEN 1 AND 512 AND instr(code, char(0)) = 0), -- why it was refused or what went wrong
    result      TEXT    NOT NULL CHECK (instr(result, char(0)) = 0),
    request_key TEXT    CHECK (octet_length(request_key) BETWEEN 1 AND 512 AND instr(request_key, char(0)) = 0), -- names the call for ever, so that a repetition is answered and not done again
    hash        TEXT    NOT NULL CHECK (octet_length(hash) = 64 AND length(hash) = 64 AND hash NOT GLOB '*[^0-9a-f]*'),
    PRIMARY KEY (seq),
    CONSTRAINT a_failure_has_its_code CHECK (success OR code IS NOT NULL)
) STRICT;
INSERT INTO audit_log VALUES (1, 1, NULL, 'agent_id', 'agent_type', 'session_id', 'operation', 'arguments', 1, NULL, 'result', NULL, '0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef');

CREATE TABLE audit_seals (
    seq_from  INTEGER NOT NULL CHECK (seq_from >= 1),
    seq_to    INTEGER NOT NULL CHECK (seq_to >= 1),
    hash      TEXT    NOT NULL CHECK (octet_length(hash) = 64 AND length(hash) = 64 AND hash NOT GLOB '*[^0-9a-f]*'), -- of the row seq_to: where the next row's hash starts
    row_count INTEGER NOT NULL CHECK (row_count >= 1),
    file      TEXT    NOT NULL CHECK (instr(file, char(0)) = 0),
    sealed_at INTEGER NOT NULL CHECK (sealed_at BETWEEN 0 AND 253402300799999),
    PRIMARY KEY (seq_to),
    CONSTRAINT a_segment_is_dense CHECK (row_count = seq_to - seq_from + 1)
) STRICT;
INSERT INTO audit_seals VALUES (1, 1, '0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef', 1, 'file', 1);

CREATE TABLE breaches (
    breach_id       TEXT    NOT NULL CHECK (octet_length(breach_id) = 36 AND breach_id GLOB '????????-????-????-????-????????????' AND length(replace(breach_id, '-', '')) = 32 AND breach_id NOT GLOB '*[^0-9a-f-]*'),
    project         TEXT    NOT NULL CHECK (octet_length(project) BETWEEN 1 AND 512 AND instr(project, char(0)) = 0),
    path            TEXT    NOT NULL CHECK (instr(path, char(0)) = 0),
    worktree        TEXT    NOT NULL CHECK (instr(worktree, char(0)) = 0),
    what            TEXT    NOT NULL CHECK (what IN ('written', 'removed')),
    holder_session  TEXT    NOT NULL CHECK (octet_length(holder_session) BETWEEN 1 AND 512 AND instr(holder_session, char(0)) = 0),
    holder          TEXT    NOT NULL CHECK (octet_length(holder) BETWEEN 1 AND 512 AND instr(holder, char(0)) = 0),
    fence           INTEGER NOT NULL CHECK (fence >= 1), -- of the lock that was passed by
    suspect_session TEXT    CHECK (octet_length(suspect_session) BETWEEN 1 AND 512 AND instr(suspect_session, char(0)) = 0), -- whose doing it may be, where one stands out
    suspect         TEXT    CHECK (octet_length(suspect) BETWEEN 1 AND 512 AND instr(suspect, char(0)) = 0),
    first_at        INTEGER NOT NULL CHECK (first_at BETWEEN 0 AND 253402300799999),
    last_at         INTEGER NOT NULL CHECK (last_at BETWEEN 0 AND 253402300799999),
    times           INTEGER NOT NULL CHECK (times >= 1),
    PRIMARY KEY (breach_id),
    CONSTRAINT a_suspect_has_a_name CHECK ((suspect IS NULL) = (suspect_session IS NULL)),
    CONSTRAINT time_goes_forward CHECK (first_at <= last_at)
) STRICT;
INSERT INTO breaches VALUES ('00000000-0000-7000-8000-000000000001', 'project', 'path', 'worktree', 'written', 'holder_session', 'holder', 1, NULL, NULL, 1, 1, 1);

CREATE TABLE cedar_entities (
    project    TEXT    NOT NULL CHECK (octet_length(project) BETWEEN 1 AND 512 AND instr(project, char(0)) = 0),
    kind       TEXT    NOT NULL CHECK (kind IN ('agent', 'agent_type', 'path', 'domain')),
    group_name TEXT    NOT NULL CHECK (octet_length(group_name) BETWEEN 1 AND 512 AND instr(group_name, char(0)) = 0),
    member     TEXT    NOT NULL CHECK (octet_length(member) BETWEEN 1 AND 512 AND instr(member, char(0)) = 0), -- a name, a path or pattern as it is shown, a host or '*.' and a host
    created_by TEXT    NOT NULL CHECK (octet_length(created_by) BETWEEN 1 AND 512 AND instr(created_by, char(0)) = 0),
    created_at INTEGER NOT NULL CHECK (created_at BETWEEN 0 AND 253402300799999),
    PRIMARY KEY (project, kind, group_name, member)
) STRICT, WITHOUT ROWID;
INSERT INTO cedar_entities VALUES ('project', 'agent', 'group_name', 'member', 'created_by', 1);

CREATE TABLE cedar_policies (
    policy_id   TEXT    NOT NULL CHECK (octet_length(policy_id) BETWEEN 1 AND 512 AND instr(policy_id, char(0)) = 0),
    project     TEXT    NOT NULL CHECK (octet_length(project) BETWEEN 1 AND 512 AND instr(project, char(0)) = 0),
    policy_text TEXT    NOT NULL CHECK (instr(policy_text, char(0)) = 0),
    description TEXT    NOT NULL CHECK (instr(description, char(0)) = 0),
    enabled     INTEGER NOT NULL CHECK (enabled IN (0, 1)),
    updated_by  TEXT    NOT NULL CHECK (octet_length(updated_by) BETWEEN 1 AND 512 AND instr(updated_by, char(0)) = 0),
    updated_at  INTEGER NOT NULL CHECK (updated_at BETWEEN 0 AND 253402300799999),
    PRIMARY KEY (policy_id)
) STRICT;
INSERT INTO cedar_policies VALUES ('policy_id', 'project', 'policy_text', 'description', 1, 'updated_by', 1);

CREATE TABLE change_log (
    seq  INTEGER NOT NULL CHECK (seq >= 1),
    tx   INTEGER NOT NULL CHECK (tx >= 0), -- equal for what one request did: the mirror gets all of it or nothing
    hlc  INTEGER NOT NULL CHECK (hlc >= 0), -- Unix milliseconds times 65,536 and a counter; only ever rises
    tbl  TEXT    NOT NULL CHECK (octet_length(tbl) BETWEEN 1 AND 64 AND instr(tbl, char(0)) = 0),
    pk   TEXT    NOT NULL CHECK (instr(pk, char(0)) = 0), -- the key's values as a JSON array
    op   TEXT    NOT NULL CHECK (op IN ('i', 'u', 'd')),
    body TEXT    CHECK (json_valid(body) AND instr(body, char(0)) = 0), -- the row as it was then; absent if it is gone, or never changes and can be read later
    hash TEXT    NOT NULL CHECK (octet_length(hash) = 64 AND length(hash) = 64 AND hash NOT GLOB '*[^0-9a-f]*'),
    PRIMARY KEY (seq)
) STRICT;
INSERT INTO change_log VALUES (1, 0, 0, 'tbl', 'pk', 'i', NULL, '0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef');

CREATE TABLE episodic_memories (
    memory_id    TEXT    NOT NULL CHECK (octet_length(memory_id) = 36 AND memory_id GLOB '????????-????-????-????-????????????' AND length(replace(memory_id, '-', '')) = 32 AND memory_id NOT GLOB '*[^0-9a-f-]*'),
    seq          INTEGER NOT NULL CHECK (seq >= 1), -- its place in the full-text index; counted on this device
    project      TEXT    NOT NULL CHECK (octet_length(project) BETWEEN 1 AND 512 AND instr(project, char(0)) = 0),
    agent_id     TEXT    NOT NULL CHECK (octet_length(agent_id) BETWEEN 1 AND 512 AND instr(agent_id, char(0)) = 0),
    agent_type   TEXT    NOT NULL CHECK (octet_length(agent_type) BETWEEN 1 AND 512 AND instr(agent_type, char(0)) = 0),
    session_id   TEXT    NOT NULL CHECK (octet_length(session_id) BETWEEN 1 AND 512 AND instr(session_id, char(0)) = 0),
    event_type   TEXT    NOT NULL CHECK (event_type IN ('error', 'success', 'decision', 'discovery', 'optimization')),
    summary      TEXT    NOT NULL CHECK (instr(summary, char(0)) = 0),
    details      TEXT    CHECK (json_valid(details) AND instr(details, char(0)) = 0),
    outcome      TEXT    CHECK (outcome IN ('positive', 'negative', 'neutral')),
    lessons      TEXT    NOT NULL CHECK (json_valid(lessons) AND json_type(lessons) = 'array' AND instr(lessons, char(0)) = 0),
    tags         TEXT    NOT NULL CHECK (json_valid(tags) AND json_type(tags) = 'array' AND instr(tags, char(0)) = 0),
    keywords     TEXT    NOT NULL CHECK (instr(keywords, char(0)) = 0), -- parts of the identifiers in it, by which it is found too
    norm_key     TEXT    NOT NULL CHECK (octet_length(norm_key) = 64 AND length(norm_key) = 64 AND norm_key NOT GLOB '*[^0-9a-f]*'), -- of the summary without case, spaces and punctuation; equal for what says the same
    branch       TEXT    CHECK (instr(branch, char(0)) = 0),
    commit_id    TEXT    CHECK (octet_length(commit_id) BETWEEN 1 AND 512 AND instr(commit_id, char(0)) = 0),
    pinned       INTEGER NOT NULL CHECK (pinned IN (0, 1)), -- it does not age
    created_at   INTEGER NOT NULL CHECK (created_at BETWEEN 0 AND 253402300799999),
    forgotten_at INTEGER CHECK (forgotten_at BETWEEN 0 AND 253402300799999),
    PRIMARY KEY (memory_id),
    CONSTRAINT a_memory_says_something CHECK (summary <> '' OR forgotten_at IS NOT NULL),
    CONSTRAINT what_is_forgotten_is_gone CHECK (forgotten_at IS NULL OR (summary = '' AND details IS NULL AND keywords = ''))
) STRICT;
INSERT INTO episodic_memories VALUES ('00000000-0000-7000-8000-000000000001', 1, 'project', 'agent_id', 'agent_type', 'session_id', 'error', 'summary', NULL, NULL, '[]', '[]', 'keywords', '0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef', NULL, NULL, 1, 1, NULL);

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
INSERT INTO file_locks VALUES ('project', 'path_key', 'session_id', 'path', 'file', 'exclusive', 'agent_id', 'agent_type', NULL, NULL, 1, 1, 1, 2);

CREATE TABLE guardrail_violations (
    violation_id TEXT    NOT NULL CHECK (octet_length(violation_id) = 36 AND violation_id GLOB '????????-????-????-????-????????????' AND length(replace(violation_id, '-', '')) = 32 AND violation_id NOT GLOB '*[^0-9a-f-]*'),
    project      TEXT    NOT NULL CHECK (octet_length(project) BETWEEN 1 AND 512 AND instr(project, char(0)) = 0),
    agent_id     TEXT    NOT NULL CHECK (octet_length(agent_id) BETWEEN 1 AND 512 AND instr(agent_id, char(0)) = 0),
    agent_type   TEXT    NOT NULL CHECK (octet_length(agent_type) BETWEEN 1 AND 512 AND instr(agent_type, char(0)) = 0),
    session_id   TEXT    NOT NULL CHECK (octet_length(session_id) BETWEEN 1 AND 512 AND instr(session_id, char(0)) = 0),
    operation    TEXT    NOT NULL CHECK (octet_length(operation) BETWEEN 1 AND 512 AND instr(operation, char(0)) = 0), -- the tool that was called
    rule         TEXT    NOT NULL CHECK (octet_length(rule) BETWEEN 1 AND 512 AND instr(rule, char(0)) = 0),
    category     TEXT    NOT NULL CHECK (category IN ('git', 'file', 'database', 'credential', 'deployment')),
    severity     TEXT    NOT NULL CHECK (severity IN ('log', 'warn', 'block')),
    matched_text TEXT    NOT NULL CHECK (instr(matched_text, char(0)) = 0), -- without secrets
    blocked      INTEGER NOT NULL CHECK (blocked IN (0, 1)),
    trust        INTEGER NOT NULL CHECK (trust BETWEEN 0 AND 5), -- the agent's, at the time
    at           INTEGER NOT NULL CHECK (at BETWEEN 0 AND 253402300799999),
    PRIMARY KEY (violation_id)
) STRICT;
INSERT INTO guardrail_violations VALUES ('00000000-0000-7000-8000-000000000001', 'project', 'agent_id', 'agent_type', 'session_id', 'operation', 'rule', 'git', 'log', 'matched_text', 1, 0, 1);

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
INSERT INTO handoff_documents VALUES ('00000000-0000-7000-8000-000000000001', 'project', 'agent_id', 'agent_type', 'session_id', 'summary', '[]', '[]', '[]', '[]', '[]', NULL, NULL, '[]', '[]', 1);

CREATE TABLE hook_sessions (
    session_id TEXT    NOT NULL CHECK (octet_length(session_id) BETWEEN 1 AND 512 AND instr(session_id, char(0)) = 0),
    told_at    INTEGER NOT NULL CHECK (told_at BETWEEN 0 AND 253402300799999), -- what happened before is no news to it
    PRIMARY KEY (session_id)
) STRICT;
INSERT INTO hook_sessions VALUES ('session_id', 1);

CREATE TABLE kept_projects (
    project TEXT    NOT NULL CHECK (octet_length(project) BETWEEN 1 AND 512 AND instr(project, char(0)) = 0),
    root    TEXT    NOT NULL CHECK (octet_length(root) BETWEEN 1 AND 1900 AND instr(root, char(0)) = 0),
    since   INTEGER NOT NULL CHECK (since >= 0), -- the last change of the log that the mirror may have of it; 0: it has none
    PRIMARY KEY (project, root)
) STRICT, WITHOUT ROWID;
INSERT INTO kept_projects VALUES ('project', 'root', 0);

CREATE TABLE meta (
    key   TEXT NOT NULL CHECK (octet_length(key) BETWEEN 1 AND 512 AND instr(key, char(0)) = 0),
    value TEXT NOT NULL CHECK (instr(value, char(0)) = 0),
    PRIMARY KEY (key)
) STRICT;
INSERT INTO meta VALUES ('cedar_version', 'drawn');
INSERT INTO meta VALUES ('key', 'value');
INSERT INTO meta VALUES ('network_version', 'drawn');
INSERT INTO meta VALUES ('profiles_version', 'drawn');

CREATE TABLE network_access_log (
    access_id  TEXT    NOT NULL CHECK (octet_length(access_id) = 36 AND access_id GLOB '????????-????-????-????-????????????' AND length(replace(access_id, '-', '')) = 32 AND access_id NOT GLOB '*[^0-9a-f-]*'),
    project    TEXT    NOT NULL CHECK (octet_length(project) BETWEEN 1 AND 512 AND instr(project, char(0)) = 0),
    agent_id   TEXT    NOT NULL CHECK (octet_length(agent_id) BETWEEN 1 AND 512 AND instr(agent_id, char(0)) = 0),
    agent_type TEXT    NOT NULL CHECK (octet_length(agent_type) BETWEEN 1 AND 512 AND instr(agent_type, char(0)) = 0),
    session_id TEXT    NOT NULL CHECK (octet_length(session_id) BETWEEN 1 AND 512 AND instr(session_id, char(0)) = 0),
    host       TEXT    NOT NULL CHECK (instr(host, char(0)) = 0), -- normalised where that was possible
    allowed    INTEGER NOT NULL CHECK (allowed IN (0, 1)),
    reason     TEXT    NOT NULL CHECK (octet_length(reason) BETWEEN 1 AND 512 AND instr(reason, char(0)) = 0),
    rule       TEXT    CHECK (instr(rule, char(0)) = 0), -- the pattern that decided
    at         INTEGER NOT NULL CHECK (at BETWEEN 0 AND 253402300799999),
    PRIMARY KEY (access_id)
) STRICT;
INSERT INTO network_access_log VALUES ('00000000-0000-7000-8000-000000000001', 'project', 'agent_id', 'agent_type', 'session_id', 'host', 1, 'reason', NULL, 1);

CREATE TABLE network_domains (
    project    TEXT    NOT NULL CHECK (octet_length(project) BETWEEN 1 AND 512 AND instr(project, char(0)) = 0),
    profile    TEXT    NOT NULL CHECK (octet_length(profile) BETWEEN 1 AND 512 AND instr(profile, char(0)) = 0),
    pattern    TEXT    NOT NULL CHECK (octet_length(pattern) BETWEEN 1 AND 512 AND instr(pattern, char(0)) = 0), -- lower case, Punycode, without a final dot
    effect     TEXT    NOT NULL CHECK (effect IN ('allow', 'block')),
    priority   INTEGER NOT NULL CHECK (priority BETWEEN 0 AND 1000), -- the highest that matches decides; between equals, a block
    reason     TEXT    CHECK (instr(reason, char(0)) = 0),
    created_by TEXT    NOT NULL CHECK (octet_length(created_by) BETWEEN 1 AND 512 AND instr(created_by, char(0)) = 0),
    created_at INTEGER NOT NULL CHECK (created_at BETWEEN 0 AND 253402300799999),
    PRIMARY KEY (project, profile, pattern)
) STRICT, WITHOUT ROWID;
INSERT INTO network_domains VALUES ('project', 'profile', 'pattern', 'allow', 0, NULL, 'created_by', 1);

CREATE TABLE operation_guardrails (
    rule        TEXT    NOT NULL CHECK (octet_length(rule) BETWEEN 1 AND 512 AND instr(rule, char(0)) = 0),
    enabled     INTEGER NOT NULL CHECK (enabled IN (0, 1)),
    category    TEXT    CHECK (category IN ('git', 'file', 'database', 'credential', 'deployment')), -- of an added rule
    severity    TEXT    CHECK (severity IN ('log', 'warn', 'block')), -- absent: as built in
    min_trust   INTEGER CHECK (min_trust BETWEEN 0 AND 5), -- 5: nobody passes; absent: as built in
    pattern     TEXT    CHECK (instr(pattern, char(0)) = 0), -- regular expression, of an added rule
    explanation TEXT    CHECK (instr(explanation, char(0)) = 0), -- of an added rule
    revision    TEXT    NOT NULL CHECK (octet_length(revision) = 36 AND revision GLOB '????????-????-????-????-????????????' AND length(replace(revision, '-', '')) = 32 AND revision NOT GLOB '*[^0-9a-f-]*'), -- another one after each change: tells a kept copy from a stale one
    created_at  INTEGER NOT NULL CHECK (created_at BETWEEN 0 AND 253402300799999),
    updated_at  INTEGER NOT NULL CHECK (updated_at BETWEEN 0 AND 253402300799999),
    PRIMARY KEY (rule),
    CONSTRAINT an_added_rule_is_whole CHECK (pattern IS NULL OR (category IS NOT NULL AND severity IS NOT NULL AND min_trust IS NOT NULL AND explanation IS NOT NULL))
) STRICT;
INSERT INTO operation_guardrails VALUES ('rule', 1, NULL, NULL, NULL, NULL, NULL, '00000000-0000-7000-8000-000000000001', 1, 1);

CREATE TABLE peer_rows (
    device_id TEXT    NOT NULL CHECK (octet_length(device_id) = 36 AND device_id GLOB '????????-????-????-????-????????????' AND length(replace(device_id, '-', '')) = 32 AND device_id NOT GLOB '*[^0-9a-f-]*'),
    tbl       TEXT    NOT NULL CHECK (octet_length(tbl) BETWEEN 1 AND 64 AND instr(tbl, char(0)) = 0),
    pk        TEXT    NOT NULL CHECK (octet_length(pk) BETWEEN 1 AND 2300 AND instr(pk, char(0)) = 0),
    hlc       INTEGER NOT NULL CHECK (hlc >= 0),
    body      TEXT    NOT NULL CHECK (json_valid(body) AND instr(body, char(0)) = 0),
    PRIMARY KEY (device_id, tbl, pk)
) STRICT, WITHOUT ROWID;
INSERT INTO peer_rows VALUES ('00000000-0000-7000-8000-000000000001', 'tbl', 'pk', 0, '{}');

CREATE TABLE policy_lineage (
    tbl     TEXT NOT NULL CHECK (octet_length(tbl) BETWEEN 1 AND 64 AND instr(tbl, char(0)) = 0),
    pk      TEXT NOT NULL CHECK (octet_length(pk) BETWEEN 1 AND 2400 AND instr(pk, char(0)) = 0),
    lineage TEXT NOT NULL CHECK (json_valid(lineage) AND json_type(lineage) = 'array' AND instr(lineage, char(0)) = 0),
    PRIMARY KEY (tbl, pk)
) STRICT, WITHOUT ROWID;
INSERT INTO policy_lineage VALUES ('tbl', 'pk', '[]');

CREATE TABLE projects (
    project    TEXT    NOT NULL CHECK (octet_length(project) BETWEEN 1 AND 512 AND instr(project, char(0)) = 0),
    root_hint  TEXT    CHECK (instr(root_hint, char(0)) = 0), -- where it was last seen; for people, never for decisions
    last_fence INTEGER NOT NULL CHECK (last_fence >= 0), -- the newest fence handed out here; only ever rises, also when locks go
    created_at INTEGER NOT NULL CHECK (created_at BETWEEN 0 AND 253402300799999),
    PRIMARY KEY (project)
) STRICT;
INSERT INTO projects VALUES ('project', NULL, 0, 1);

CREATE TABLE replies (
    request_key TEXT    NOT NULL CHECK (octet_length(request_key) BETWEEN 1 AND 512 AND instr(request_key, char(0)) = 0),
    answer      TEXT    NOT NULL CHECK (instr(answer, char(0)) = 0),
    at          INTEGER NOT NULL CHECK (at BETWEEN 0 AND 253402300799999),
    PRIMARY KEY (request_key)
) STRICT;
INSERT INTO replies VALUES ('request_key', 'answer', 1);

CREATE TABLE shared_work (
    task_id TEXT NOT NULL CHECK (octet_length(task_id) = 36 AND task_id GLOB '????????-????-????-????-????????????' AND length(replace(task_id, '-', '')) = 32 AND task_id NOT GLOB '*[^0-9a-f-]*'),
    project TEXT NOT NULL CHECK (octet_length(project) BETWEEN 1 AND 512 AND instr(project, char(0)) = 0),
    report  TEXT CHECK (json_valid(report) AND instr(report, char(0)) = 0), -- how it ended, until the arbiter has been told
    PRIMARY KEY (task_id)
) STRICT;
INSERT INTO shared_work VALUES ('00000000-0000-7000-8000-000000000001', 'project', NULL);

CREATE TABLE sync_aside (
    aside_id    INTEGER NOT NULL CHECK (aside_id >= 1),
    seq         INTEGER CHECK (seq >= 1), -- of the change, if it was this device's
    tbl         TEXT    NOT NULL CHECK (octet_length(tbl) BETWEEN 1 AND 64 AND instr(tbl, char(0)) = 0),
    pk          TEXT    NOT NULL CHECK (instr(pk, char(0)) = 0),
    code        TEXT    NOT NULL CHECK (octet_length(code) BETWEEN 1 AND 512 AND instr(code, char(0)) = 0),
    reason      TEXT    NOT NULL CHECK (instr(reason, char(0)) = 0),
    ours        TEXT    CHECK (json_valid(ours) AND instr(ours, char(0)) = 0), -- absent: a deletion
    theirs      TEXT    CHECK (json_valid(theirs) AND instr(theirs, char(0)) = 0), -- absent: they have no such row
    revision    INTEGER NOT NULL CHECK (revision >= 0), -- theirs
    at          INTEGER NOT NULL CHECK (at BETWEEN 0 AND 253402300799999),
    resolved_at INTEGER CHECK (resolved_at BETWEEN 0 AND 253402300799999),
    PRIMARY KEY (aside_id)
) STRICT;
INSERT INTO sync_aside VALUES (1, NULL, 'tbl', 'pk', 'code', 'reason', NULL, NULL, 0, 1, NULL);

CREATE TABLE sync_marks (
    tbl       TEXT    NOT NULL CHECK (octet_length(tbl) BETWEEN 1 AND 64 AND instr(tbl, char(0)) = 0),
    pk        TEXT    NOT NULL CHECK (octet_length(pk) BETWEEN 1 AND 2400 AND instr(pk, char(0)) = 0),
    why       TEXT    NOT NULL CHECK (why IN ('clear', 'foreign', 'altered')),
    device_id TEXT    CHECK (octet_length(device_id) = 36 AND device_id GLOB '????????-????-????-????-????????????' AND length(replace(device_id, '-', '')) = 32 AND device_id NOT GLOB '*[^0-9a-f-]*'), -- who wrote it; absent: nobody says
    hlc       INTEGER NOT NULL CHECK (hlc >= 0), -- of the version that is there
    digest    TEXT    NOT NULL CHECK (octet_length(digest) BETWEEN 1 AND 16 AND instr(digest, char(0)) = 0), -- the mirror's
    PRIMARY KEY (tbl, pk)
) STRICT, WITHOUT ROWID;
INSERT INTO sync_marks VALUES ('tbl', 'pk', 'clear', NULL, 0, 'digest');

CREATE TABLE sync_rows (
    tbl       TEXT    NOT NULL CHECK (octet_length(tbl) BETWEEN 1 AND 64 AND instr(tbl, char(0)) = 0),
    pk        TEXT    NOT NULL CHECK (octet_length(pk) BETWEEN 1 AND 2400 AND instr(pk, char(0)) = 0),
    device_id TEXT    CHECK (octet_length(device_id) = 36 AND device_id GLOB '????????-????-????-????-????????????' AND length(replace(device_id, '-', '')) = 32 AND device_id NOT GLOB '*[^0-9a-f-]*'), -- who wrote it; absent: this device
    hlc       INTEGER NOT NULL CHECK (hlc >= 0),
    revision  INTEGER NOT NULL CHECK (revision >= 0), -- what the next change of a policy is based on
    PRIMARY KEY (tbl, pk)
) STRICT, WITHOUT ROWID;
INSERT INTO sync_rows VALUES ('tbl', 'pk', NULL, 0, 0);

CREATE TABLE sync_state (
    name  TEXT NOT NULL CHECK (octet_length(name) BETWEEN 1 AND 512 AND instr(name, char(0)) = 0),
    value TEXT NOT NULL CHECK (instr(value, char(0)) = 0),
    PRIMARY KEY (name)
) STRICT;
INSERT INTO sync_state VALUES ('name', 'value');

CREATE TABLE tool_uses (
    tool_use_id TEXT    NOT NULL CHECK (octet_length(tool_use_id) BETWEEN 1 AND 512 AND instr(tool_use_id, char(0)) = 0),
    session_id  TEXT    NOT NULL CHECK (octet_length(session_id) BETWEEN 1 AND 512 AND instr(session_id, char(0)) = 0), -- the subagent's
    agent_id    TEXT    NOT NULL CHECK (octet_length(agent_id) BETWEEN 1 AND 512 AND instr(agent_id, char(0)) = 0),
    agent_type  TEXT    NOT NULL CHECK (octet_length(agent_type) BETWEEN 1 AND 512 AND instr(agent_type, char(0)) = 0),
    at          INTEGER NOT NULL CHECK (at BETWEEN 0 AND 253402300799999),
    PRIMARY KEY (tool_use_id)
) STRICT;
INSERT INTO tool_uses VALUES ('tool_use_id', 'session_id', 'agent_id', 'agent_type', 1);

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
INSERT INTO touched_files VALUES ('project', 'path_key', 'session_id', 'agent_id', 'path', 'worktree', 1, 1);

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
INSERT INTO waits VALUES ('00000000-0000-7000-8000-000000000001', 1, 'project', 'lock', 'session_id', 'agent_id', NULL, 'args', 1, 1);

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
INSERT INTO work_attempts VALUES ('00000000-0000-7000-8000-000000000001', 1, 'session_id', 'agent_id', 1, 1, 'completed', NULL);

CREATE TABLE work_dependencies (
    task_id    TEXT NOT NULL CHECK (octet_length(task_id) = 36 AND task_id GLOB '????????-????-????-????-????????????' AND length(replace(task_id, '-', '')) = 32 AND task_id NOT GLOB '*[^0-9a-f-]*'),
    depends_on TEXT NOT NULL CHECK (octet_length(depends_on) = 36 AND depends_on GLOB '????????-????-????-????-????????????' AND length(replace(depends_on, '-', '')) = 32 AND depends_on NOT GLOB '*[^0-9a-f-]*'),
    PRIMARY KEY (task_id, depends_on),
    CONSTRAINT nothing_waits_for_itself CHECK (task_id <> depends_on)
) STRICT, WITHOUT ROWID;
INSERT INTO work_dependencies VALUES ('00000000-0000-7000-8000-000000000001', '00000000-0000-7000-8000-000000000002');

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
INSERT INTO work_queue VALUES ('00000000-0000-7000-8000-000000000000', 'project', 1, 'task_type', 'description', NULL, 1, 'pending', 0, NULL, 1, 0, 1, NULL, '[]', NULL, 'submitted_by', 1, NULL, NULL, NULL, NULL, NULL, 0, NULL, NULL, NULL, NULL);
INSERT INTO work_queue VALUES ('00000000-0000-7000-8000-000000000001', 'project', 2, 'task_type', 'description', NULL, 1, 'claimed', 0, NULL, 0, 1, 1, NULL, '[]', NULL, 'submitted_by', 1, 's1', 'ann', 1, 1, 2, 1, NULL, NULL, NULL, NULL);
INSERT INTO work_queue VALUES ('00000000-0000-7000-8000-000000000002', 'project', 3, 'task_type', 'description', NULL, 1, 'completed', 0, NULL, 0, 1, 1, NULL, '[]', NULL, 'submitted_by', 1, 's1', 'ann', 1, NULL, NULL, 1, '{}', NULL, NULL, 3);
INSERT INTO work_queue VALUES ('00000000-0000-7000-8000-000000000003', 'project', 4, 'task_type', 'description', NULL, 1, 'failed', 0, NULL, 0, 1, 1, NULL, '[]', NULL, 'submitted_by', 1, 's1', 'ann', 1, NULL, NULL, 1, NULL, 'it does not compile', NULL, 3);
INSERT INTO work_queue VALUES ('00000000-0000-7000-8000-000000000004', 'project', 5, 'task_type', 'description', NULL, 1, 'cancelled', 0, NULL, 0, 0, 1, NULL, '[]', NULL, 'submitted_by', 1, NULL, NULL, NULL, NULL, NULL, 0, NULL, NULL, NULL, 3);

CREATE VIEW memory_texts AS
SELECT seq,
       'p' || hex(project) || ' e' || event_type || ' a' || hex(agent_id) AS facets,
       summary,
       lessons,
       tags,
       coalesce(details, '') AS details,
       keywords
  FROM episodic_memories
 WHERE forgotten_at IS NULL;

CREATE VIRTUAL TABLE memory_index USING fts5 (
    facets, summary, lessons, tags, details, keywords,
    content = 'memory_texts', content_rowid = 'seq',
    tokenize = 'porter unicode61 remove_diacritics 2'
);
INSERT INTO memory_index (memory_index) VALUES ('rebuild');

CREATE VIRTUAL TABLE memory_words USING fts5vocab (memory_index, row);

CREATE INDEX agent_capabilities_by_name ON agent_capabilities (capability, session_id);

CREATE INDEX agent_sessions_by_agent ON agent_sessions (project, agent_id, started_at);

CREATE INDEX agent_sessions_live ON agent_sessions (project, agent_id)
    WHERE ended_at IS NULL;

CREATE INDEX agent_sessions_silent ON agent_sessions (last_seen_at)
    WHERE ended_at IS NULL;

CREATE INDEX approval_queue_by_call ON approval_queue (session_id, digest, status);

CREATE INDEX approval_queue_open ON approval_queue (project, asked_at);

CREATE INDEX audit_log_by_agent ON audit_log (agent_id, seq);

CREATE UNIQUE INDEX audit_log_request ON audit_log (request_key)
    WHERE request_key IS NOT NULL;

CREATE INDEX breaches_latest ON breaches (project, last_at);

CREATE INDEX change_log_shared ON change_log(tbl, pk) WHERE tbl IN (
    'handoff_documents',
    'episodic_memories',
    'operation_guardrails',
    'agent_profiles',
    'agent_profile_assignments',
    'network_domains',
    'cedar_policies',
    'cedar_entities'
);

CREATE INDEX episodic_memories_by_seq ON episodic_memories (seq);

CREATE INDEX episodic_memories_pinned ON episodic_memories (project, created_at)
    WHERE pinned AND forgotten_at IS NULL;

CREATE INDEX episodic_memories_recent ON episodic_memories (project, created_at)
    WHERE forgotten_at IS NULL;

CREATE INDEX episodic_memories_same ON episodic_memories (project, agent_id, norm_key, created_at)
    WHERE forgotten_at IS NULL;

CREATE INDEX file_locks_by_expiry ON file_locks (expires_at);

CREATE INDEX file_locks_by_kind ON file_locks (project, kind);

CREATE INDEX file_locks_by_session ON file_locks (session_id);

CREATE INDEX guardrail_violations_by_rule ON guardrail_violations (project, rule, at);

CREATE INDEX handoff_documents_by_agent ON handoff_documents (project, agent_id, created_at);

CREATE INDEX handoff_documents_recent ON handoff_documents (project, created_at);

CREATE INDEX network_access_log_recent ON network_access_log (project, at);

CREATE INDEX replies_by_age ON replies (at);

CREATE INDEX shared_work_reports ON shared_work (project)
    WHERE report IS NOT NULL;

CREATE INDEX sync_aside_by_change ON sync_aside(seq) WHERE code = 'untransportable';

CREATE INDEX tool_uses_by_age ON tool_uses (at);

CREATE INDEX touched_files_by_age ON touched_files (at);

CREATE INDEX touched_files_by_session ON touched_files (session_id, at);

CREATE INDEX waits_by_session ON waits (session_id);

CREATE INDEX waits_line ON waits (project, kind, seq);

CREATE UNIQUE INDEX waits_seq ON waits (seq);

CREATE INDEX work_dependencies_by_target ON work_dependencies (depends_on);

CREATE INDEX work_queue_back_off ON work_queue (run_after)
    WHERE status = 'pending' AND run_after > 0;

CREATE INDEX work_queue_blocked ON work_queue (project, seq)
    WHERE status = 'pending' AND (unmet > 0 OR parked_reason IS NOT NULL);

CREATE INDEX work_queue_by_holder ON work_queue (claimed_by_session)
    WHERE status IN ('claimed', 'running');

CREATE UNIQUE INDEX work_queue_dedupe ON work_queue (project, dedupe_key)
    WHERE dedupe_key IS NOT NULL AND status IN ('pending', 'claimed', 'running');

CREATE INDEX work_queue_leases ON work_queue (lease_expires_at)
    WHERE status IN ('claimed', 'running');

CREATE INDEX work_queue_open ON work_queue (project, seq)
    WHERE status IN ('pending', 'claimed', 'running');

CREATE INDEX work_queue_ready ON work_queue (project, capability_key, priority, seq)
    WHERE status = 'pending' AND unmet = 0 AND parked_reason IS NULL AND run_after = 0;

CREATE INDEX work_queue_ready_by_type ON work_queue (project, capability_key, task_type, priority, seq)
    WHERE status = 'pending' AND unmet = 0 AND parked_reason IS NULL AND run_after = 0;

CREATE UNIQUE INDEX work_queue_seq ON work_queue (seq);

CREATE TRIGGER agent_profile_assignments_added AFTER INSERT ON agent_profile_assignments BEGIN
    INSERT INTO meta (key, value) VALUES ('profiles_version', lower(hex(randomblob(16))))
    ON CONFLICT (key) DO UPDATE SET value = excluded.value;
END;

CREATE TRIGGER agent_profile_assignments_changed AFTER UPDATE ON agent_profile_assignments BEGIN
    INSERT INTO meta (key, value) VALUES ('profiles_version', lower(hex(randomblob(16))))
    ON CONFLICT (key) DO UPDATE SET value = excluded.value;
END;

CREATE TRIGGER agent_profile_assignments_removed AFTER DELETE ON agent_profile_assignments BEGIN
    INSERT INTO meta (key, value) VALUES ('profiles_version', lower(hex(randomblob(16))))
    ON CONFLICT (key) DO UPDATE SET value = excluded.value;
END;

CREATE TRIGGER agent_profiles_added AFTER INSERT ON agent_profiles BEGIN
    INSERT INTO meta (key, value) VALUES ('profiles_version', lower(hex(randomblob(16))))
    ON CONFLICT (key) DO UPDATE SET value = excluded.value;
END;

CREATE TRIGGER agent_profiles_changed AFTER UPDATE ON agent_profiles BEGIN
    INSERT INTO meta (key, value) VALUES ('profiles_version', lower(hex(randomblob(16))))
    ON CONFLICT (key) DO UPDATE SET value = excluded.value;
END;

CREATE TRIGGER agent_profiles_removed AFTER DELETE ON agent_profiles BEGIN
    INSERT INTO meta (key, value) VALUES ('profiles_version', lower(hex(randomblob(16))))
    ON CONFLICT (key) DO UPDATE SET value = excluded.value;
END;

CREATE TRIGGER audit_log_is_never_changed BEFORE UPDATE ON audit_log
BEGIN
    SELECT RAISE(ABORT, 'audit rows are immutable: a row is never changed');
END;

CREATE TRIGGER audit_log_loses_only_sealed_rows BEFORE DELETE ON audit_log
WHEN old.seq > coalesce((SELECT max(seq_to) FROM audit_seals), 0)
BEGIN
    SELECT RAISE(ABORT, 'audit rows are immutable: a row goes only after its segment is sealed');
END;

CREATE TRIGGER audit_log_only_grows BEFORE INSERT ON audit_log
WHEN EXISTS (SELECT 1 FROM audit_log WHERE seq >= new.seq)
  OR EXISTS (SELECT 1 FROM audit_seals WHERE seq_to >= new.seq)
  OR EXISTS (SELECT 1 FROM audit_log WHERE request_key = new.request_key)
BEGIN
    SELECT RAISE(ABORT, 'audit rows are immutable: a row is added at the end, once for each request');
END;

CREATE TRIGGER audit_seals_are_never_changed BEFORE UPDATE ON audit_seals
BEGIN
    SELECT RAISE(ABORT, 'audit seals are immutable: a seal is never changed');
END;

CREATE TRIGGER audit_seals_are_never_removed BEFORE DELETE ON audit_seals
BEGIN
    SELECT RAISE(ABORT, 'audit seals are immutable: a seal is never removed');
END;

CREATE TRIGGER audit_seals_fit_the_chain BEFORE INSERT ON audit_seals
WHEN new.seq_from <> coalesce((SELECT max(seq_to) FROM audit_seals), 0) + 1
  OR new.hash IS NOT (SELECT hash FROM audit_log WHERE seq = new.seq_to)
  OR new.row_count <> (SELECT count(*) FROM audit_log WHERE seq BETWEEN new.seq_from AND new.seq_to)
BEGIN
    SELECT RAISE(ABORT, 'audit seals must continue the last seal and fit the rows they seal');
END;

CREATE TRIGGER cedar_entities_added AFTER INSERT ON cedar_entities BEGIN
    INSERT INTO meta (key, value) VALUES ('cedar_version', lower(hex(randomblob(16))))
    ON CONFLICT (key) DO UPDATE SET value = excluded.value;
END;

CREATE TRIGGER cedar_entities_changed AFTER UPDATE ON cedar_entities BEGIN
    INSERT INTO meta (key, value) VALUES ('cedar_version', lower(hex(randomblob(16))))
    ON CONFLICT (key) DO UPDATE SET value = excluded.value;
END;

CREATE TRIGGER cedar_entities_removed AFTER DELETE ON cedar_entities BEGIN
    INSERT INTO meta (key, value) VALUES ('cedar_version', lower(hex(randomblob(16))))
    ON CONFLICT (key) DO UPDATE SET value = excluded.value;
END;

CREATE TRIGGER cedar_policies_added AFTER INSERT ON cedar_policies BEGIN
    INSERT INTO meta (key, value) VALUES ('cedar_version', lower(hex(randomblob(16))))
    ON CONFLICT (key) DO UPDATE SET value = excluded.value;
END;

CREATE TRIGGER cedar_policies_changed AFTER UPDATE ON cedar_policies BEGIN
    INSERT INTO meta (key, value) VALUES ('cedar_version', lower(hex(randomblob(16))))
    ON CONFLICT (key) DO UPDATE SET value = excluded.value;
END;

CREATE TRIGGER cedar_policies_removed AFTER DELETE ON cedar_policies BEGIN
    INSERT INTO meta (key, value) VALUES ('cedar_version', lower(hex(randomblob(16))))
    ON CONFLICT (key) DO UPDATE SET value = excluded.value;
END;

CREATE TRIGGER episodic_memories_are_indexed AFTER INSERT ON episodic_memories
BEGIN
    INSERT INTO memory_index (rowid, facets, summary, lessons, tags, details, keywords)
    SELECT seq, facets, summary, lessons, tags, details, keywords FROM memory_texts WHERE seq = new.seq;
END;

CREATE TRIGGER episodic_memories_keep_their_words
BEFORE UPDATE OF seq, project, agent_id, event_type, summary, lessons, tags, details, keywords ON episodic_memories
WHEN new.forgotten_at IS NULL OR old.forgotten_at IS NOT NULL
BEGIN
    SELECT RAISE(ABORT, 'memories are immutable: one is pinned or forgotten, never rewritten');
END;

CREATE TRIGGER episodic_memories_leave_the_index BEFORE DELETE ON episodic_memories
BEGIN
    INSERT INTO memory_index (memory_index, rowid, facets, summary, lessons, tags, details, keywords)
    SELECT 'delete', seq, facets, summary, lessons, tags, details, keywords FROM memory_texts WHERE seq = old.seq;
END;

CREATE TRIGGER episodic_memories_leave_the_index_when_forgotten
BEFORE UPDATE OF forgotten_at ON episodic_memories WHEN old.forgotten_at IS NULL
BEGIN
    INSERT INTO memory_index (memory_index, rowid, facets, summary, lessons, tags, details, keywords)
    SELECT 'delete', seq, facets, summary, lessons, tags, details, keywords FROM memory_texts WHERE seq = old.seq;
END;

CREATE TRIGGER network_domains_added AFTER INSERT ON network_domains BEGIN
    INSERT INTO meta (key, value) VALUES ('network_version', lower(hex(randomblob(16))))
    ON CONFLICT (key) DO UPDATE SET value = excluded.value;
END;

CREATE TRIGGER network_domains_changed AFTER UPDATE ON network_domains BEGIN
    INSERT INTO meta (key, value) VALUES ('network_version', lower(hex(randomblob(16))))
    ON CONFLICT (key) DO UPDATE SET value = excluded.value;
END;

CREATE TRIGGER network_domains_removed AFTER DELETE ON network_domains BEGIN
    INSERT INTO meta (key, value) VALUES ('network_version', lower(hex(randomblob(16))))
    ON CONFLICT (key) DO UPDATE SET value = excluded.value;
END;
