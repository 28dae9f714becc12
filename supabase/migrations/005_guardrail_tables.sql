-- Made from schema/005_guardrail_tables.* by COORD_BLESS=1 cargo nextest run schema; change it there.

-- What a person changed about the guardrails, and what they caught.

-- One row for each rule that a person added, changed or switched off; a rule without a row holds as it is built in.
-- A row is never removed, so that a rule's name means one thing for ever.
CREATE TABLE IF NOT EXISTS coord.operation_guardrails (
    workspace_id uuid             NOT NULL,
    device_id    uuid             NOT NULL, -- who wrote this image
    rule         text COLLATE "C" NOT NULL CHECK (octet_length(rule) BETWEEN 1 AND 512),
    enabled      boolean          NOT NULL,
    category     text COLLATE "C" CHECK (category IN ('git', 'file', 'database', 'credential', 'deployment')), -- of an added rule
    severity     text COLLATE "C" CHECK (severity IN ('log', 'warn', 'block')), -- absent: as built in
    min_trust    bigint           CHECK (min_trust BETWEEN 0 AND 5), -- 5: nobody passes; absent: as built in
    pattern      text, -- regular expression, of an added rule
    explanation  text, -- of an added rule
    revision     uuid             NOT NULL, -- another one after each change: tells a kept copy from a stale one
    created_at   bigint           NOT NULL CHECK (created_at BETWEEN 0 AND 253402300799999),
    updated_at   bigint           NOT NULL CHECK (updated_at BETWEEN 0 AND 253402300799999),
    row_hash     bigint           NOT NULL, -- of the image, by its device
    rev          bigint           NOT NULL CHECK (rev >= 1),
    deleted_at   bigint, -- removed, and still counted on
    PRIMARY KEY (workspace_id, rule),
    CONSTRAINT an_added_rule_is_whole CHECK (pattern IS NULL OR (category IS NOT NULL AND severity IS NOT NULL AND min_trust IS NOT NULL AND explanation IS NOT NULL))
);
ALTER TABLE coord.operation_guardrails ENABLE ROW LEVEL SECURITY;
REVOKE ALL ON coord.operation_guardrails FROM PUBLIC, anon, authenticated, service_role;
INSERT INTO coord.mirrored_tables VALUES ('operation_guardrails', 'policy', '{rule}')
    ON CONFLICT (name) DO UPDATE SET class = excluded.class, key_columns = excluded.key_columns;

-- One row for each rule that a text broke, whether or not that stopped anybody.
CREATE TABLE IF NOT EXISTS coord.guardrail_violations (
    workspace_id uuid             NOT NULL,
    device_id    uuid             NOT NULL,
    violation_id uuid             NOT NULL,
    project      text COLLATE "C" NOT NULL CHECK (octet_length(project) BETWEEN 1 AND 512),
    agent_id     text COLLATE "C" NOT NULL CHECK (octet_length(agent_id) BETWEEN 1 AND 512),
    agent_type   text COLLATE "C" NOT NULL CHECK (octet_length(agent_type) BETWEEN 1 AND 512),
    session_id   text COLLATE "C" NOT NULL CHECK (octet_length(session_id) BETWEEN 1 AND 512),
    operation    text COLLATE "C" NOT NULL CHECK (octet_length(operation) BETWEEN 1 AND 512), -- the tool that was called
    rule         text COLLATE "C" NOT NULL CHECK (octet_length(rule) BETWEEN 1 AND 512),
    category     text COLLATE "C" NOT NULL CHECK (category IN ('git', 'file', 'database', 'credential', 'deployment')),
    severity     text COLLATE "C" NOT NULL CHECK (severity IN ('log', 'warn', 'block')),
    matched_text text             NOT NULL, -- without secrets
    blocked      boolean          NOT NULL,
    trust        bigint           NOT NULL CHECK (trust BETWEEN 0 AND 5), -- the agent's, at the time
    at           bigint           NOT NULL CHECK (at BETWEEN 0 AND 253402300799999),
    row_hash     bigint           NOT NULL, -- of the image, by its device
    PRIMARY KEY (workspace_id, device_id, violation_id)
);
ALTER TABLE coord.guardrail_violations ENABLE ROW LEVEL SECURITY;
REVOKE ALL ON coord.guardrail_violations FROM PUBLIC, anon, authenticated, service_role;
INSERT INTO coord.mirrored_tables VALUES ('guardrail_violations', 'append', '{violation_id}')
    ON CONFLICT (name) DO UPDATE SET class = excluded.class, key_columns = excluded.key_columns;

UPDATE coord.installation SET schema_version = 5 WHERE schema_version < 5;
