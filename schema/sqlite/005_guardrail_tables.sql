-- Made from schema/005_guardrail_tables.* by COORD_BLESS=1 cargo nextest run schema; change it there.

-- What a person changed about the guardrails, and what they caught.

-- One row for each rule that a person added, changed or switched off; a rule without a row holds as it is built in.
-- A row is never removed, so that a rule's name means one thing for ever.
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

-- One row for each rule that a text broke, whether or not that stopped anybody.
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

-- list_guardrails: how often each rule was broken in a repository, and when last.
CREATE INDEX guardrail_violations_by_rule ON guardrail_violations (project, rule, at);
