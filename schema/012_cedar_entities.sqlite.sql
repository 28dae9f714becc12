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
