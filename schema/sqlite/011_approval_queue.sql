-- Made from schema/011_approval_queue.* by COORD_BLESS=1 cargo nextest run schema; change it there.

-- What an agent asked for and a person has to decide.

-- One call that a policy wants approved: good for these very arguments, once, and not for long.
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

-- The call comes again: is it approved?
CREATE INDEX approval_queue_by_call ON approval_queue (session_id, digest, status);

-- What waits for a person in this repository.
CREATE INDEX approval_queue_open ON approval_queue (project, asked_at);
