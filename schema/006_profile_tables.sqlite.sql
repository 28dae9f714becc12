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
