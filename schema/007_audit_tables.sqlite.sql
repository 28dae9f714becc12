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
