-- Made from schema/037_kept_projects.* by COORD_BLESS=1 cargo nextest run schema; change it there.

-- Which projects stay on this machine, though others are mirrored.

-- A place of a project whose settings say that its rows stay here. One is enough.
CREATE TABLE kept_projects (
    project TEXT    NOT NULL CHECK (octet_length(project) BETWEEN 1 AND 512 AND instr(project, char(0)) = 0),
    root    TEXT    NOT NULL CHECK (octet_length(root) BETWEEN 1 AND 1900 AND instr(root, char(0)) = 0),
    since   INTEGER NOT NULL CHECK (since >= 0), -- the last change of the log that the mirror may have of it; 0: it has none
    PRIMARY KEY (project, root)
) STRICT, WITHOUT ROWID;
