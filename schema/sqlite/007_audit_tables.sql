-- Made from schema/007_audit_tables.* by COORD_BLESS=1 cargo nextest run schema; change it there.

-- What was done, by whom, with what result: kept with the deed, chained, and never changed.

-- One row for each call. hash = SHA-256(hash of the row before ‖ canonical text of this row), so that no row
-- can be changed, dropped or slipped in without every later hash telling.
CREATE TABLE audit_log (
    seq         INTEGER NOT NULL CHECK (seq >= 1),
    at          INTEGER NOT NULL CHECK (at BETWEEN 0 AND 253402300799999),
    project     TEXT    CHECK (octet_length(project) BETWEEN 1 AND 512 AND instr(project, char(0)) = 0),
    agent_id    TEXT    NOT NULL CHECK (octet_length(agent_id) BETWEEN 1 AND 512 AND instr(agent_id, char(0)) = 0),
    agent_type  TEXT    NOT NULL CHECK (octet_length(agent_type) BETWEEN 1 AND 512 AND instr(agent_type, char(0)) = 0),
    session_id  TEXT    NOT NULL CHECK (octet_length(session_id) BETWEEN 1 AND 512 AND instr(session_id, char(0)) = 0),
    operation   TEXT    NOT NULL CHECK (octet_length(operation) BETWEEN 1 AND 512 AND instr(operation, char(0)) = 0),
    arguments   TEXT    NOT NULL CHECK (instr(arguments, char(0)) = 0), -- after redaction; the hash covers these very bytes
    success     INTEGER NOT NULL CHECK (success IN (0, 1)),
    code        TEXT    CHECK (octet_length(code) BETWEEN 1 AND 512 AND instr(code, char(0)) = 0), -- why it was refused or what went wrong
    result      TEXT    NOT NULL CHECK (instr(result, char(0)) = 0),
    request_key TEXT    CHECK (octet_length(request_key) BETWEEN 1 AND 512 AND instr(request_key, char(0)) = 0), -- names the call for ever, so that a repetition is answered and not done again
    hash        TEXT    NOT NULL CHECK (octet_length(hash) = 64 AND length(hash) = 64 AND hash NOT GLOB '*[^0-9a-f]*'),
    PRIMARY KEY (seq),
    CONSTRAINT a_failure_has_its_code CHECK (success OR code IS NOT NULL)
) STRICT;

-- Was this call already carried out? The one question after a lost reply.
CREATE UNIQUE INDEX audit_log_request ON audit_log (request_key)
    WHERE request_key IS NOT NULL;

-- query_audit by time within a repository, and audit://recent.
CREATE INDEX audit_log_by_time ON audit_log (project, at);

-- query_audit of one agent, newest first.
CREATE INDEX audit_log_by_agent ON audit_log (agent_id, seq);

-- query_audit of one operation, newest first.
CREATE INDEX audit_log_by_operation ON audit_log (operation, seq);

-- A segment of the chain that was written to a file and may leave the database. The live chain goes on from the
-- newest seal's hash. Seals follow each other without a gap and stay for ever.
CREATE TABLE audit_seals (
    seq_from  INTEGER NOT NULL CHECK (seq_from >= 1),
    seq_to    INTEGER NOT NULL CHECK (seq_to >= 1),
    hash      TEXT    NOT NULL CHECK (octet_length(hash) = 64 AND length(hash) = 64 AND hash NOT GLOB '*[^0-9a-f]*'), -- of the row seq_to: where the next row's hash starts
    row_count INTEGER NOT NULL CHECK (row_count >= 1),
    file      TEXT    NOT NULL CHECK (instr(file, char(0)) = 0),
    sealed_at INTEGER NOT NULL CHECK (sealed_at BETWEEN 0 AND 253402300799999),
    PRIMARY KEY (seq_to),
    CONSTRAINT a_segment_is_dense CHECK (row_count = seq_to - seq_from + 1)
) STRICT;

-- Answers to calls that may be asked for again; the audit row of such a call holds only their digest.
CREATE TABLE replies (
    request_key TEXT    NOT NULL CHECK (octet_length(request_key) BETWEEN 1 AND 512 AND instr(request_key, char(0)) = 0),
    answer      TEXT    NOT NULL CHECK (instr(answer, char(0)) = 0),
    at          INTEGER NOT NULL CHECK (at BETWEEN 0 AND 253402300799999),
    PRIMARY KEY (request_key)
) STRICT;

-- The reaper: answers too old to be asked for.
CREATE INDEX replies_by_age ON replies (at);

-- The chain only grows. These triggers are never dropped: retention passes them by sealing first.

CREATE TRIGGER audit_log_is_never_changed BEFORE UPDATE ON audit_log
BEGIN
    SELECT RAISE(ABORT, 'audit rows are immutable: a row is never changed');
END;

CREATE TRIGGER audit_log_loses_only_sealed_rows BEFORE DELETE ON audit_log
WHEN old.seq > coalesce((SELECT max(seq_to) FROM audit_seals), 0)
BEGIN
    SELECT RAISE(ABORT, 'audit rows are immutable: a row goes only after its segment is sealed');
END;

-- INSERT OR REPLACE deletes without asking the trigger above, so what it would replace is refused here.
CREATE TRIGGER audit_log_only_grows BEFORE INSERT ON audit_log
WHEN EXISTS (SELECT 1 FROM audit_log WHERE seq >= new.seq)
  OR EXISTS (SELECT 1 FROM audit_seals WHERE seq_to >= new.seq)
  OR EXISTS (SELECT 1 FROM audit_log WHERE request_key = new.request_key)
BEGIN
    SELECT RAISE(ABORT, 'audit rows are immutable: a row is added at the end, once for each request');
END;

CREATE TRIGGER audit_seals_are_never_changed BEFORE UPDATE ON audit_seals
BEGIN
    SELECT RAISE(ABORT, 'audit seals are immutable: a seal is never changed');
END;

CREATE TRIGGER audit_seals_are_never_removed BEFORE DELETE ON audit_seals
BEGIN
    SELECT RAISE(ABORT, 'audit seals are immutable: a seal is never removed');
END;

-- A seal opens the way to a deletion: it must continue the last one and fit the rows that are there.
CREATE TRIGGER audit_seals_fit_the_chain BEFORE INSERT ON audit_seals
WHEN new.seq_from <> coalesce((SELECT max(seq_to) FROM audit_seals), 0) + 1
  OR new.hash IS NOT (SELECT hash FROM audit_log WHERE seq = new.seq_to)
  OR new.row_count <> (SELECT count(*) FROM audit_log WHERE seq BETWEEN new.seq_from AND new.seq_to)
BEGIN
    SELECT RAISE(ABORT, 'audit seals must continue the last seal and fit the rows they seal');
END;
