-- Made from schema/011_approval_queue.* by COORD_BLESS=1 cargo nextest run schema; change it there.

-- What an agent asked for and a person has to decide.

-- One call that a policy wants approved: good for these very arguments, once, and not for long.
CREATE TABLE IF NOT EXISTS coord.approval_queue (
    workspace_id uuid             NOT NULL,
    device_id    uuid             NOT NULL,
    approval_id  uuid             NOT NULL,
    project      text COLLATE "C" NOT NULL CHECK (octet_length(project) BETWEEN 1 AND 512),
    session_id   text COLLATE "C" NOT NULL CHECK (octet_length(session_id) BETWEEN 1 AND 512),
    agent_id     text COLLATE "C" NOT NULL CHECK (octet_length(agent_id) BETWEEN 1 AND 512),
    agent_type   text COLLATE "C" NOT NULL CHECK (octet_length(agent_type) BETWEEN 1 AND 512),
    operation    text COLLATE "C" NOT NULL CHECK (octet_length(operation) BETWEEN 1 AND 512),
    arguments    text             NOT NULL, -- for the person who decides; secrets taken out, shortened
    digest       text COLLATE "C" NOT NULL CHECK (digest ~ '^[0-9a-f]{64}$'), -- of the operation and its whole arguments
    reason       text             NOT NULL,
    policy       text COLLATE "C" NOT NULL CHECK (octet_length(policy) BETWEEN 1 AND 512), -- what wants it approved
    status       text COLLATE "C" NOT NULL CHECK (status IN ('pending', 'approved', 'denied', 'used')),
    asked_at     bigint           NOT NULL CHECK (asked_at BETWEEN 0 AND 253402300799999),
    expires_at   bigint           NOT NULL CHECK (expires_at BETWEEN 0 AND 253402300799999),
    decided_by   text COLLATE "C" CHECK (octet_length(decided_by) BETWEEN 1 AND 512),
    decided_at   bigint           CHECK (decided_at BETWEEN 0 AND 253402300799999),
    note         text,
    used_at      bigint           CHECK (used_at BETWEEN 0 AND 253402300799999),
    row_hash     bigint           NOT NULL, -- of the image, by its device
    PRIMARY KEY (workspace_id, device_id, approval_id),
    CONSTRAINT a_decision_is_whole CHECK ((status = 'pending') = (decided_by IS NULL) AND (decided_by IS NULL) = (decided_at IS NULL)),
    CONSTRAINT only_what_was_used_has_its_time CHECK ((status = 'used') = (used_at IS NOT NULL))
);
ALTER TABLE coord.approval_queue ENABLE ROW LEVEL SECURITY;
REVOKE ALL ON coord.approval_queue FROM PUBLIC, anon, authenticated, service_role;
INSERT INTO coord.mirrored_tables VALUES ('approval_queue', 'owner', '{approval_id}')
    ON CONFLICT (name) DO UPDATE SET class = excluded.class, key_columns = excluded.key_columns;

UPDATE coord.installation SET schema_version = 11 WHERE schema_version < 11;
