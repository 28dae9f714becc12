-- Made from schema/015_breaches.* by COORD_BLESS=1 cargo nextest run schema; change it there.

-- What was done to files past the locks on them.

-- A file that changed while an agent held it, and not by that agent as far as can be told. Changes that follow each
-- other count up in one row.
CREATE TABLE IF NOT EXISTS coord.breaches (
    workspace_id    uuid             NOT NULL,
    device_id       uuid             NOT NULL,
    breach_id       uuid             NOT NULL,
    project         text COLLATE "C" NOT NULL CHECK (octet_length(project) BETWEEN 1 AND 512),
    path            text             NOT NULL,
    worktree        text             NOT NULL,
    what            text COLLATE "C" NOT NULL CHECK (what IN ('written', 'removed')),
    holder_session  text COLLATE "C" NOT NULL CHECK (octet_length(holder_session) BETWEEN 1 AND 512),
    holder          text COLLATE "C" NOT NULL CHECK (octet_length(holder) BETWEEN 1 AND 512),
    fence           bigint           NOT NULL CHECK (fence >= 1), -- of the lock that was passed by
    suspect_session text COLLATE "C" CHECK (octet_length(suspect_session) BETWEEN 1 AND 512), -- whose doing it may be, where one stands out
    suspect         text COLLATE "C" CHECK (octet_length(suspect) BETWEEN 1 AND 512),
    first_at        bigint           NOT NULL CHECK (first_at BETWEEN 0 AND 253402300799999),
    last_at         bigint           NOT NULL CHECK (last_at BETWEEN 0 AND 253402300799999),
    times           bigint           NOT NULL CHECK (times >= 1),
    row_hash        bigint           NOT NULL, -- of the image, by its device
    PRIMARY KEY (workspace_id, device_id, breach_id),
    CONSTRAINT a_suspect_has_a_name CHECK ((suspect IS NULL) = (suspect_session IS NULL)),
    CONSTRAINT time_goes_forward CHECK (first_at <= last_at)
);
ALTER TABLE coord.breaches ENABLE ROW LEVEL SECURITY;
REVOKE ALL ON coord.breaches FROM PUBLIC, anon, authenticated, service_role;
INSERT INTO coord.mirrored_tables VALUES ('breaches', 'owner', '{breach_id}')
    ON CONFLICT (name) DO UPDATE SET class = excluded.class, key_columns = excluded.key_columns;

UPDATE coord.installation SET schema_version = 15 WHERE schema_version < 15;
