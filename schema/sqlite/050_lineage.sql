-- Made from schema/050_lineage.* by COORD_BLESS=1 cargo nextest run schema; change it there.

-- Which versions a policy was made from, so that two histories of one policy can be told apart though their revisions
-- have the same numbers: a mirror that was put back gives them out again.

-- Digests of the version that is agreed upon and of those before it, one for each revision, newest first; null: unknown.
CREATE TABLE policy_lineage (
    tbl     TEXT NOT NULL CHECK (octet_length(tbl) BETWEEN 1 AND 64 AND instr(tbl, char(0)) = 0),
    pk      TEXT NOT NULL CHECK (octet_length(pk) BETWEEN 1 AND 2400 AND instr(pk, char(0)) = 0),
    lineage TEXT NOT NULL CHECK (json_valid(lineage) AND json_type(lineage) = 'array' AND instr(lineage, char(0)) = 0),
    PRIMARY KEY (tbl, pk)
) STRICT, WITHOUT ROWID;
