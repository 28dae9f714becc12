CREATE TABLE kept_projects (
    project TEXT NOT NULL,
    root TEXT NOT NULL,
    since INTEGER NOT NULL,
    PRIMARY KEY (project, root)
) STRICT, WITHOUT ROWID;
