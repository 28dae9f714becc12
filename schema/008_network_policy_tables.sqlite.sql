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
