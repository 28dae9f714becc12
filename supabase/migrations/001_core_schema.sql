-- Made from schema/001_core_schema.* by COORD_BLESS=1 cargo nextest run schema; change it there.

-- Who is here, who holds which path, and what is to be done.

-- Tables live in a schema that the web interface does not expose.
CREATE SCHEMA IF NOT EXISTS coord;

DO $$
DECLARE wanted text;
BEGIN
    FOREACH wanted IN ARRAY ARRAY['anon', 'authenticated', 'service_role'] LOOP
        BEGIN
            IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = wanted) THEN
                EXECUTE format('CREATE ROLE %I NOLOGIN', wanted);
            END IF;
        EXCEPTION WHEN duplicate_object OR unique_violation THEN
            NULL; -- another database of this cluster was quicker
        END;
    END LOOP;
END $$;

REVOKE ALL ON SCHEMA coord FROM PUBLIC, anon, authenticated, service_role;

-- The mirrored tables by name: how their rows arrive, and by which of the device's columns one is found.
CREATE TABLE IF NOT EXISTS coord.mirrored_tables (
    name        text COLLATE "C" NOT NULL,
    class       text COLLATE "C" NOT NULL CHECK (class IN ('owner', 'append', 'union', 'policy')),
    key_columns text[] NOT NULL,
    PRIMARY KEY (name)
);
ALTER TABLE coord.mirrored_tables ENABLE ROW LEVEL SECURITY;
REVOKE ALL ON coord.mirrored_tables FROM PUBLIC, anon, authenticated, service_role;

-- This database: who it is, and which migration it has come to.
CREATE TABLE IF NOT EXISTS coord.installation (
    single         boolean NOT NULL DEFAULT true CHECK (single),
    incarnation    uuid    NOT NULL DEFAULT gen_random_uuid(), -- another one when a project is made anew
    schema_version integer NOT NULL DEFAULT 0,
    min_schema     integer NOT NULL DEFAULT 0, -- devices older than this must be upgraded first
    min_proto      integer NOT NULL DEFAULT 1,
    PRIMARY KEY (single)
);
ALTER TABLE coord.installation ENABLE ROW LEVEL SECURITY;
REVOKE ALL ON coord.installation FROM PUBLIC, anon, authenticated, service_role;
INSERT INTO coord.installation DEFAULT VALUES ON CONFLICT DO NOTHING;

-- A repository, however many clones and worktrees it has.
CREATE TABLE IF NOT EXISTS coord.projects (
    workspace_id uuid             NOT NULL,
    device_id    uuid             NOT NULL,
    project      text COLLATE "C" NOT NULL CHECK (octet_length(project) BETWEEN 1 AND 512),
    root_hint    text, -- where it was last seen; for people, never for decisions
    last_fence   bigint           NOT NULL CHECK (last_fence >= 0), -- the newest fence handed out here; only ever rises, also when locks go
    created_at   bigint           NOT NULL CHECK (created_at BETWEEN 0 AND 253402300799999),
    row_hash     bigint           NOT NULL, -- of the image, by its device
    PRIMARY KEY (workspace_id, device_id, project)
);
ALTER TABLE coord.projects ENABLE ROW LEVEL SECURITY;
REVOKE ALL ON coord.projects FROM PUBLIC, anon, authenticated, service_role;
INSERT INTO coord.mirrored_tables VALUES ('projects', 'owner', '{project}')
    ON CONFLICT (name) DO UPDATE SET class = excluded.class, key_columns = excluded.key_columns;

-- One run of one agent. Its row outlives it, so that history can name it.
CREATE TABLE IF NOT EXISTS coord.agent_sessions (
    workspace_id   uuid             NOT NULL,
    device_id      uuid             NOT NULL,
    session_id     text COLLATE "C" NOT NULL CHECK (octet_length(session_id) BETWEEN 1 AND 512),
    project        text COLLATE "C" NOT NULL CHECK (octet_length(project) BETWEEN 1 AND 512),
    agent_id       text COLLATE "C" NOT NULL CHECK (octet_length(agent_id) BETWEEN 1 AND 512),
    agent_type     text COLLATE "C" NOT NULL CHECK (octet_length(agent_type) BETWEEN 1 AND 512),
    client_pid     bigint           CHECK (client_pid >= 1),
    client_started text COLLATE "C" CHECK (octet_length(client_started) BETWEEN 1 AND 512), -- tells a recycled pid from the client itself
    worktree       text,
    current_task   text,
    liveness       text COLLATE "C" NOT NULL CHECK (liveness IN ('connection', 'silence')), -- what its death shows in
    identity_rule  text COLLATE "C" NOT NULL CHECK (octet_length(identity_rule) BETWEEN 1 AND 512), -- which rule gave it its name
    started_at     bigint           NOT NULL CHECK (started_at BETWEEN 0 AND 253402300799999),
    last_seen_at   bigint           NOT NULL CHECK (last_seen_at BETWEEN 0 AND 253402300799999),
    ended_at       bigint           CHECK (ended_at BETWEEN 0 AND 253402300799999),
    end_reason     text COLLATE "C" CHECK (end_reason IN ('finished', 'died', 'silent')),
    row_hash       bigint           NOT NULL, -- of the image, by its device
    PRIMARY KEY (workspace_id, device_id, session_id),
    CONSTRAINT an_end_has_its_reason CHECK ((ended_at IS NULL) = (end_reason IS NULL))
);
ALTER TABLE coord.agent_sessions ENABLE ROW LEVEL SECURITY;
REVOKE ALL ON coord.agent_sessions FROM PUBLIC, anon, authenticated, service_role;
INSERT INTO coord.mirrored_tables VALUES ('agent_sessions', 'owner', '{session_id}')
    ON CONFLICT (name) DO UPDATE SET class = excluded.class, key_columns = excluded.key_columns;

-- At most one row for a path and a session; who may share a path is decided in code, where overlap is known.
-- A row whose time has passed counts as absent; the reaper removes it later.
CREATE TABLE IF NOT EXISTS coord.file_locks (
    workspace_id uuid             NOT NULL,
    device_id    uuid             NOT NULL,
    project      text COLLATE "C" NOT NULL CHECK (octet_length(project) BETWEEN 1 AND 512),
    path_key     text COLLATE "C" NOT NULL CHECK (octet_length(path_key) BETWEEN 1 AND 1024), -- what is compared: normalised, case folded where the disk folds it
    session_id   text COLLATE "C" NOT NULL CHECK (octet_length(session_id) BETWEEN 1 AND 512),
    path         text             NOT NULL, -- what is shown
    kind         text COLLATE "C" NOT NULL CHECK (kind IN ('file', 'folder', 'glob', 'resource')),
    mode         text COLLATE "C" NOT NULL CHECK (mode IN ('exclusive', 'shared')),
    agent_id     text COLLATE "C" NOT NULL CHECK (octet_length(agent_id) BETWEEN 1 AND 512),
    agent_type   text COLLATE "C" NOT NULL CHECK (octet_length(agent_type) BETWEEN 1 AND 512),
    worktree     text,
    reason       text,
    fence        bigint           NOT NULL CHECK (fence >= 1),
    ttl_ms       bigint           NOT NULL CHECK (ttl_ms >= 1),
    acquired_at  bigint           NOT NULL CHECK (acquired_at BETWEEN 0 AND 253402300799999),
    expires_at   bigint           NOT NULL CHECK (expires_at BETWEEN 0 AND 253402300799999),
    row_hash     bigint           NOT NULL, -- of the image, by its device
    PRIMARY KEY (workspace_id, device_id, project, path_key, session_id),
    CONSTRAINT a_lock_lasts CHECK (expires_at > acquired_at)
);
ALTER TABLE coord.file_locks ENABLE ROW LEVEL SECURITY;
REVOKE ALL ON coord.file_locks FROM PUBLIC, anon, authenticated, service_role;
INSERT INTO coord.mirrored_tables VALUES ('file_locks', 'owner', '{project,path_key,session_id}')
    ON CONFLICT (name) DO UPDATE SET class = excluded.class, key_columns = excluded.key_columns;

-- A piece of work and how far it has come.
CREATE TABLE IF NOT EXISTS coord.work_queue (
    workspace_id       uuid             NOT NULL,
    device_id          uuid             NOT NULL,
    task_id            uuid             NOT NULL,
    project            text COLLATE "C" NOT NULL CHECK (octet_length(project) BETWEEN 1 AND 512),
    seq                bigint           NOT NULL CHECK (seq >= 1), -- order of submission, over all repositories
    task_type          text COLLATE "C" NOT NULL CHECK (octet_length(task_type) BETWEEN 1 AND 512),
    description        text             NOT NULL,
    input_data         jsonb,
    priority           bigint           NOT NULL CHECK (priority BETWEEN 1 AND 10), -- 1 is taken first
    status             text COLLATE "C" NOT NULL CHECK (status IN ('pending', 'claimed', 'running', 'completed', 'failed', 'cancelled')),
    unmet              bigint           NOT NULL CHECK (unmet >= 0), -- dependencies not yet completed; kept at submit and complete
    parked_reason      text, -- why it cannot become ready by itself
    run_after          bigint           NOT NULL CHECK (run_after BETWEEN 0 AND 253402300799999), -- back-off: not before this; 0 once it is over
    attempt            bigint           NOT NULL CHECK (attempt >= 0), -- claims so far
    max_attempts       bigint           NOT NULL CHECK (max_attempts >= 1),
    dedupe_key         text COLLATE "C" CHECK (octet_length(dedupe_key) BETWEEN 1 AND 512),
    capability_key     text COLLATE "C" NOT NULL CHECK (octet_length(capability_key) BETWEEN 1 AND 700), -- required capabilities as a canonical JSON array, '[]' if none
    deadline           bigint           CHECK (deadline BETWEEN 0 AND 253402300799999),
    submitted_by       text COLLATE "C" NOT NULL CHECK (octet_length(submitted_by) BETWEEN 1 AND 512),
    submitted_at       bigint           NOT NULL CHECK (submitted_at BETWEEN 0 AND 253402300799999),
    claimed_by_session text COLLATE "C" CHECK (octet_length(claimed_by_session) BETWEEN 1 AND 512), -- the last to claim it; kept when it is finished
    claimed_by         text COLLATE "C" CHECK (octet_length(claimed_by) BETWEEN 1 AND 512),
    claimed_at         bigint           CHECK (claimed_at BETWEEN 0 AND 253402300799999),
    lease_ms           bigint           CHECK (lease_ms >= 1),
    lease_expires_at   bigint           CHECK (lease_expires_at BETWEEN 0 AND 253402300799999),
    fence              bigint           NOT NULL CHECK (fence >= 0), -- 0 until the first claim, then its number
    result             jsonb,
    error_message      text, -- of the last attempt; kept while it is tried again
    late_result        jsonb, -- what came from a worker whose lease was gone
    finished_at        bigint           CHECK (finished_at BETWEEN 0 AND 253402300799999),
    row_hash           bigint           NOT NULL, -- of the image, by its device
    PRIMARY KEY (workspace_id, device_id, task_id),
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
);
ALTER TABLE coord.work_queue ENABLE ROW LEVEL SECURITY;
REVOKE ALL ON coord.work_queue FROM PUBLIC, anon, authenticated, service_role;
INSERT INTO coord.mirrored_tables VALUES ('work_queue', 'owner', '{task_id}')
    ON CONFLICT (name) DO UPDATE SET class = excluded.class, key_columns = excluded.key_columns;

-- What must be completed before what. Rows are never changed; a cycle is refused before it is written.
CREATE TABLE IF NOT EXISTS coord.work_dependencies (
    workspace_id uuid   NOT NULL,
    device_id    uuid   NOT NULL,
    task_id      uuid   NOT NULL,
    depends_on   uuid   NOT NULL,
    row_hash     bigint NOT NULL, -- of the image, by its device
    PRIMARY KEY (workspace_id, device_id, task_id, depends_on),
    CONSTRAINT nothing_waits_for_itself CHECK (task_id <> depends_on)
);
ALTER TABLE coord.work_dependencies ENABLE ROW LEVEL SECURITY;
REVOKE ALL ON coord.work_dependencies FROM PUBLIC, anon, authenticated, service_role;
INSERT INTO coord.mirrored_tables VALUES ('work_dependencies', 'append', '{task_id,depends_on}')
    ON CONFLICT (name) DO UPDATE SET class = excluded.class, key_columns = excluded.key_columns;

-- How an attempt ended; the one under way is on the task itself. A late worker learns from here that its claim is gone.
CREATE TABLE IF NOT EXISTS coord.work_attempts (
    workspace_id  uuid             NOT NULL,
    device_id     uuid             NOT NULL,
    task_id       uuid             NOT NULL,
    fence         bigint           NOT NULL CHECK (fence >= 1),
    session_id    text COLLATE "C" NOT NULL CHECK (octet_length(session_id) BETWEEN 1 AND 512),
    agent_id      text COLLATE "C" NOT NULL CHECK (octet_length(agent_id) BETWEEN 1 AND 512),
    claimed_at    bigint           NOT NULL CHECK (claimed_at BETWEEN 0 AND 253402300799999),
    ended_at      bigint           NOT NULL CHECK (ended_at BETWEEN 0 AND 253402300799999),
    ending        text COLLATE "C" NOT NULL CHECK (ending IN ('completed', 'failed', 'lease_expired', 'holder_finished', 'holder_died', 'holder_silent', 'cancelled')),
    error_message text,
    row_hash      bigint           NOT NULL, -- of the image, by its device
    PRIMARY KEY (workspace_id, device_id, task_id, fence)
);
ALTER TABLE coord.work_attempts ENABLE ROW LEVEL SECURITY;
REVOKE ALL ON coord.work_attempts FROM PUBLIC, anon, authenticated, service_role;
INSERT INTO coord.mirrored_tables VALUES ('work_attempts', 'append', '{task_id,fence}')
    ON CONFLICT (name) DO UPDATE SET class = excluded.class, key_columns = excluded.key_columns;

UPDATE coord.installation SET schema_version = 1 WHERE schema_version < 1;
