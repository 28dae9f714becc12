-- Made from schema/008_network_policy_tables.* by COORD_BLESS=1 cargo nextest run schema; change it there.

-- Which hosts may be reached, and which were asked for.

-- What is said of a host or of everything below it ('*.example'). Project and profile '*' mean every one.
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

-- Each question about a host, with the answer.
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

-- domain_log: the newest of a repository.
CREATE INDEX network_access_log_recent ON network_access_log (project, at);

-- The rules are kept in memory as well; this value tells whether they still are what the rows say.
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
