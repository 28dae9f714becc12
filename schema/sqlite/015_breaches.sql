-- Made from schema/015_breaches.* by COORD_BLESS=1 cargo nextest run schema; change it there.

-- What was done to files past the locks on them.

-- A file that changed while an agent held it, and not by that agent as far as can be told. Changes that follow each
-- other count up in one row.
CREATE TABLE breaches (
    breach_id       TEXT    NOT NULL CHECK (octet_length(breach_id) = 36 AND breach_id GLOB '????????-????-????-????-????????????' AND length(replace(breach_id, '-', '')) = 32 AND breach_id NOT GLOB '*[^0-9a-f-]*'),
    project         TEXT    NOT NULL CHECK (octet_length(project) BETWEEN 1 AND 512 AND instr(project, char(0)) = 0),
    path            TEXT    NOT NULL CHECK (instr(path, char(0)) = 0),
    worktree        TEXT    NOT NULL CHECK (instr(worktree, char(0)) = 0),
    what            TEXT    NOT NULL CHECK (what IN ('written', 'removed')),
    holder_session  TEXT    NOT NULL CHECK (octet_length(holder_session) BETWEEN 1 AND 512 AND instr(holder_session, char(0)) = 0),
    holder          TEXT    NOT NULL CHECK (octet_length(holder) BETWEEN 1 AND 512 AND instr(holder, char(0)) = 0),
    fence           INTEGER NOT NULL CHECK (fence >= 1), -- of the lock that was passed by
    suspect_session TEXT    CHECK (octet_length(suspect_session) BETWEEN 1 AND 512 AND instr(suspect_session, char(0)) = 0), -- whose doing it may be, where one stands out
    suspect         TEXT    CHECK (octet_length(suspect) BETWEEN 1 AND 512 AND instr(suspect, char(0)) = 0),
    first_at        INTEGER NOT NULL CHECK (first_at BETWEEN 0 AND 253402300799999),
    last_at         INTEGER NOT NULL CHECK (last_at BETWEEN 0 AND 253402300799999),
    times           INTEGER NOT NULL CHECK (times >= 1),
    PRIMARY KEY (breach_id),
    CONSTRAINT a_suspect_has_a_name CHECK ((suspect IS NULL) = (suspect_session IS NULL)),
    CONSTRAINT time_goes_forward CHECK (first_at <= last_at)
) STRICT;

-- coord status: the latest in a repository; whether one more change belongs to a row that is there.
CREATE INDEX breaches_latest ON breaches (project, last_at);
