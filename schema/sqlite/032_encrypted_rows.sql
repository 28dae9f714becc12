-- Made from schema/032_encrypted_rows.* by COORD_BLESS=1 cargo nextest run schema; change it there.

-- What of the mirror this device cannot read, or finds in another form than it would give it.

-- A row that several devices write and that stands in the mirror in clear while this device encrypts, or encrypted with
-- a key that is not here, or altered. How the mirror has it is kept, so that both sides can still be compared.
CREATE TABLE sync_marks (
    tbl       TEXT    NOT NULL CHECK (octet_length(tbl) BETWEEN 1 AND 64 AND instr(tbl, char(0)) = 0),
    pk        TEXT    NOT NULL CHECK (octet_length(pk) BETWEEN 1 AND 2400 AND instr(pk, char(0)) = 0),
    why       TEXT    NOT NULL CHECK (why IN ('clear', 'foreign', 'altered')),
    device_id TEXT    CHECK (octet_length(device_id) = 36 AND device_id GLOB '????????-????-????-????-????????????' AND length(replace(device_id, '-', '')) = 32 AND device_id NOT GLOB '*[^0-9a-f-]*'), -- who wrote it; absent: nobody says
    hlc       INTEGER NOT NULL CHECK (hlc >= 0), -- of the version that is there
    digest    TEXT    NOT NULL CHECK (octet_length(digest) BETWEEN 1 AND 16 AND instr(digest, char(0)) = 0), -- the mirror's
    PRIMARY KEY (tbl, pk)
) STRICT, WITHOUT ROWID;
