-- Made from schema/052_lock_changes.* by COORD_BLESS=1 cargo nextest run schema; change it there.

-- What has changed of a project's locks needs no index: a look reads all of them for their sum as well. With one, each renewal
-- wrote to every index of the table, and a planner that knows nothing of the table took it for other looks at a project's
-- locks, so that a lock cost the more the more were held.
drop index if exists coord.shared_locks_changed;

UPDATE coord.installation SET schema_version = 52 WHERE schema_version < 52;
