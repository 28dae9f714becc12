-- Made from schema/006_profile_tables.* by COORD_BLESS=1 cargo nextest run schema; change it there.

-- How far each agent is trusted, and what it may use up.

-- A profile that a person made or changed. The usual ones are in the binary; a row of the same name takes the place of one.
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

-- Which profile an agent has. Project '*' means every repository.
CREATE TABLE agent_profile_assignments (
    project      TEXT    NOT NULL CHECK (octet_length(project) BETWEEN 1 AND 512 AND instr(project, char(0)) = 0),
    subject_kind TEXT    NOT NULL CHECK (subject_kind IN ('agent', 'type')),
    subject      TEXT    NOT NULL CHECK (octet_length(subject) BETWEEN 1 AND 512 AND instr(subject, char(0)) = 0),
    profile      TEXT    NOT NULL CHECK (octet_length(profile) BETWEEN 1 AND 512 AND instr(profile, char(0)) = 0),
    assigned_by  TEXT    NOT NULL CHECK (octet_length(assigned_by) BETWEEN 1 AND 512 AND instr(assigned_by, char(0)) = 0),
    assigned_at  INTEGER NOT NULL CHECK (assigned_at BETWEEN 0 AND 253402300799999),
    PRIMARY KEY (project, subject_kind, subject)
) STRICT, WITHOUT ROWID;

-- What an agent has used up. A window that is not the present one counts as empty.
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

-- The files that an agent changed or was about to, each once a day.
CREATE TABLE agent_files (
    project   TEXT    NOT NULL CHECK (octet_length(project) BETWEEN 1 AND 512 AND instr(project, char(0)) = 0),
    agent_id  TEXT    NOT NULL CHECK (octet_length(agent_id) BETWEEN 1 AND 512 AND instr(agent_id, char(0)) = 0),
    path_key  TEXT    NOT NULL CHECK (octet_length(path_key) BETWEEN 1 AND 1024 AND instr(path_key, char(0)) = 0),
    day_start INTEGER NOT NULL CHECK (day_start BETWEEN 0 AND 253402300799999),
    PRIMARY KEY (project, agent_id, path_key)
) STRICT, WITHOUT ROWID;

-- Decisions are made from a copy in memory. It is good as long as this value stays, so whoever changes
-- a row, be it the mirror, cannot forget to tell. The value is random: after a rollback the next change
-- must not look like the one that never was.
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
