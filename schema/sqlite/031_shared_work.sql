-- Made from schema/031_shared_work.* by COORD_BLESS=1 cargo nextest run schema; change it there.

-- Work that several machines share, as this one knows of it.

-- A task that the arbiter knows of. The row in work_queue is this machine's copy.
CREATE TABLE shared_work (
    task_id TEXT NOT NULL CHECK (octet_length(task_id) = 36 AND task_id GLOB '????????-????-????-????-????????????' AND length(replace(task_id, '-', '')) = 32 AND task_id NOT GLOB '*[^0-9a-f-]*'),
    project TEXT NOT NULL CHECK (octet_length(project) BETWEEN 1 AND 512 AND instr(project, char(0)) = 0),
    report  TEXT CHECK (json_valid(report) AND instr(report, char(0)) = 0), -- how it ended, until the arbiter has been told
    PRIMARY KEY (task_id)
) STRICT;

-- What is still to be told.
CREATE INDEX shared_work_reports ON shared_work (project)
    WHERE report IS NOT NULL;
