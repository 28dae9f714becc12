-- Made from schema/016_sync_tables.* by COORD_BLESS=1 cargo nextest run schema; change it there.

-- What the mirror has to be told, and what it told us. Empty while sync is off.

-- Every change of a mirrored row, in the transaction that made it. Numbers have no gap. Each hash covers the row and
-- the hash before it, so that two histories that part can be told apart. Rows go from the front only, long after the
-- mirror has them.
CREATE TABLE change_log (
    seq  INTEGER NOT NULL CHECK (seq >= 1),
    tx   INTEGER NOT NULL CHECK (tx >= 0), -- equal for what one request did: the mirror gets all of it or nothing
    hlc  INTEGER NOT NULL CHECK (hlc >= 0), -- Unix milliseconds times 65,536 and a counter; only ever rises
    tbl  TEXT    NOT NULL CHECK (octet_length(tbl) BETWEEN 1 AND 64 AND instr(tbl, char(0)) = 0),
    pk   TEXT    NOT NULL CHECK (instr(pk, char(0)) = 0), -- the key's values as a JSON array
    op   TEXT    NOT NULL CHECK (op IN ('i', 'u', 'd')),
    body TEXT    CHECK (json_valid(body) AND instr(body, char(0)) = 0), -- the row as it was then; absent if it is gone, or never changes and can be read later
    hash TEXT    NOT NULL CHECK (octet_length(hash) = 64 AND length(hash) = 64 AND hash NOT GLOB '*[^0-9a-f]*'),
    PRIMARY KEY (seq)
) STRICT;

-- Facts about the mirror: which device this is, how far it has come.
CREATE TABLE sync_state (
    name  TEXT NOT NULL CHECK (octet_length(name) BETWEEN 1 AND 512 AND instr(name, char(0)) = 0),
    value TEXT NOT NULL CHECK (instr(value, char(0)) = 0),
    PRIMARY KEY (name)
) STRICT;

-- What is agreed upon with the mirror about a row that several devices may write.
CREATE TABLE sync_rows (
    tbl       TEXT    NOT NULL CHECK (octet_length(tbl) BETWEEN 1 AND 64 AND instr(tbl, char(0)) = 0),
    pk        TEXT    NOT NULL CHECK (octet_length(pk) BETWEEN 1 AND 2400 AND instr(pk, char(0)) = 0),
    device_id TEXT    CHECK (octet_length(device_id) = 36 AND device_id GLOB '????????-????-????-????-????????????' AND length(replace(device_id, '-', '')) = 32 AND device_id NOT GLOB '*[^0-9a-f-]*'), -- who wrote it; absent: this device
    hlc       INTEGER NOT NULL CHECK (hlc >= 0),
    revision  INTEGER NOT NULL CHECK (revision >= 0), -- what the next change of a policy is based on
    PRIMARY KEY (tbl, pk)
) STRICT, WITHOUT ROWID;

-- Rows of other devices that mean something there alone: their sessions, locks and tasks. Shown, never acted upon.
CREATE TABLE peer_rows (
    device_id TEXT    NOT NULL CHECK (octet_length(device_id) = 36 AND device_id GLOB '????????-????-????-????-????????????' AND length(replace(device_id, '-', '')) = 32 AND device_id NOT GLOB '*[^0-9a-f-]*'),
    tbl       TEXT    NOT NULL CHECK (octet_length(tbl) BETWEEN 1 AND 64 AND instr(tbl, char(0)) = 0),
    pk        TEXT    NOT NULL CHECK (octet_length(pk) BETWEEN 1 AND 2300 AND instr(pk, char(0)) = 0),
    hlc       INTEGER NOT NULL CHECK (hlc >= 0),
    body      TEXT    NOT NULL CHECK (json_valid(body) AND instr(body, char(0)) = 0),
    PRIMARY KEY (device_id, tbl, pk)
) STRICT, WITHOUT ROWID;

-- Changes that the mirror did not take, until a person has decided about them.
CREATE TABLE sync_aside (
    aside_id    INTEGER NOT NULL CHECK (aside_id >= 1),
    seq         INTEGER CHECK (seq >= 1), -- of the change, if it was this device's
    tbl         TEXT    NOT NULL CHECK (octet_length(tbl) BETWEEN 1 AND 64 AND instr(tbl, char(0)) = 0),
    pk          TEXT    NOT NULL CHECK (instr(pk, char(0)) = 0),
    code        TEXT    NOT NULL CHECK (octet_length(code) BETWEEN 1 AND 512 AND instr(code, char(0)) = 0),
    reason      TEXT    NOT NULL CHECK (instr(reason, char(0)) = 0),
    ours        TEXT    CHECK (json_valid(ours) AND instr(ours, char(0)) = 0), -- absent: a deletion
    theirs      TEXT    CHECK (json_valid(theirs) AND instr(theirs, char(0)) = 0), -- absent: they have no such row
    revision    INTEGER NOT NULL CHECK (revision >= 0), -- theirs
    at          INTEGER NOT NULL CHECK (at BETWEEN 0 AND 253402300799999),
    resolved_at INTEGER CHECK (resolved_at BETWEEN 0 AND 253402300799999),
    PRIMARY KEY (aside_id)
) STRICT;
