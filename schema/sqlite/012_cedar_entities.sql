-- Made from schema/012_cedar_entities.* by COORD_BLESS=1 cargo nextest run schema; change it there.

-- Groups that Cedar policies speak of: agents, paths and hosts that a person put together.

-- One member of a group. Project '*' means every repository.
CREATE TABLE cedar_entities (
    project    TEXT    NOT NULL CHECK (octet_length(project) BETWEEN 1 AND 512 AND instr(project, char(0)) = 0),
    kind       TEXT    NOT NULL CHECK (kind IN ('agent', 'agent_type', 'path', 'domain')),
    group_name TEXT    NOT NULL CHECK (octet_length(group_name) BETWEEN 1 AND 512 AND instr(group_name, char(0)) = 0),
    member     TEXT    NOT NULL CHECK (octet_length(member) BETWEEN 1 AND 512 AND instr(member, char(0)) = 0), -- a name, a path or pattern as it is shown, a host or '*.' and a host
    created_by TEXT    NOT NULL CHECK (octet_length(created_by) BETWEEN 1 AND 512 AND instr(created_by, char(0)) = 0),
    created_at INTEGER NOT NULL CHECK (created_at BETWEEN 0 AND 253402300799999),
    PRIMARY KEY (project, kind, group_name, member)
) STRICT, WITHOUT ROWID;

-- Groups are kept in memory with the compiled sets; see 010.
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
