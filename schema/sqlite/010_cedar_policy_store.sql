-- Made from schema/010_cedar_policy_store.* by COORD_BLESS=1 cargo nextest run schema; change it there.

-- Cedar policies that people added to the built-in ones.

-- One policy. Project '*' means every repository.
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

-- Compiled sets are kept in memory; this value tells whether they still are what the rows say.
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
