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
