-- Made from schema/042_audit_growth.* by COORD_BLESS=1 cargo nextest run schema; change it there.

-- An audit row is added at the end. The end is looked up as the first of a descending order, which a planner with and
-- without statistics takes from the key: `max` and `exists` made it read all rows of the device, with the one before the
-- table was analysed and with the other after it.
create or replace function coord.let_audit_log_only_grow() returns trigger
language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
    if new.seq <= coalesce((select e.seq from coord.audit_log e
                             where e.workspace_id = new.workspace_id and e.device_id = new.device_id
                             order by e.workspace_id desc, e.device_id desc, e.seq desc limit 1), 0)
       or new.seq <= coalesce((select e.seq_to from coord.audit_seals e
                                where e.workspace_id = new.workspace_id and e.device_id = new.device_id
                                order by e.workspace_id desc, e.device_id desc, e.seq_to desc limit 1), 0) then
        raise exception 'audit rows are immutable: a row is added at the end, once for each request'
            using errcode = 'restrict_violation';
    end if;
    return new;
end $$;
revoke all on function coord.let_audit_log_only_grow() from public, anon, authenticated, service_role;

UPDATE coord.installation SET schema_version = 42 WHERE schema_version < 42;
