-- The chain of each device only grows, here as there. Retention passes these triggers by sealing first.

create or replace function coord.refuse_audit_change() returns trigger
language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
    raise exception '%', tg_argv[0] using errcode = 'restrict_violation';
end $$;
revoke all on function coord.refuse_audit_change() from public, anon, authenticated, service_role;

create or replace trigger audit_log_is_never_changed before update on coord.audit_log
for each row execute function coord.refuse_audit_change('audit rows are immutable: a row is never changed');

create or replace trigger audit_log_is_never_emptied before truncate on coord.audit_log
for each statement execute function coord.refuse_audit_change('audit rows are immutable: the log is never emptied');

create or replace function coord.keep_unsealed_audit_rows() returns trigger
language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
    if old.seq > coalesce((select max(seq_to) from coord.audit_seals
                              where workspace_id = old.workspace_id and device_id = old.device_id), 0) then
        raise exception 'audit rows are immutable: a row goes only after its segment is sealed'
            using errcode = 'restrict_violation';
    end if;
    return old;
end $$;
revoke all on function coord.keep_unsealed_audit_rows() from public, anon, authenticated, service_role;

create or replace trigger audit_log_loses_only_sealed_rows before delete on coord.audit_log
for each row execute function coord.keep_unsealed_audit_rows();

create or replace function coord.let_audit_log_only_grow() returns trigger
language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
    if new.seq <= coalesce((select max(seq) from coord.audit_log
                               where workspace_id = new.workspace_id and device_id = new.device_id), 0)
       or new.seq <= coalesce((select max(seq_to) from coord.audit_seals
                                  where workspace_id = new.workspace_id and device_id = new.device_id), 0) then
        raise exception 'audit rows are immutable: a row is added at the end, once for each request'
            using errcode = 'restrict_violation';
    end if;
    return new;
end $$;
revoke all on function coord.let_audit_log_only_grow() from public, anon, authenticated, service_role;

create or replace trigger audit_log_only_grows before insert on coord.audit_log
for each row execute function coord.let_audit_log_only_grow();

create or replace trigger audit_seals_are_never_changed before update on coord.audit_seals
for each row execute function coord.refuse_audit_change('audit seals are immutable: a seal is never changed');

create or replace trigger audit_seals_are_never_removed before delete on coord.audit_seals
for each row execute function coord.refuse_audit_change('audit seals are immutable: a seal is never removed');

create or replace trigger audit_seals_are_never_emptied before truncate on coord.audit_seals
for each statement execute function coord.refuse_audit_change('audit seals are immutable: a seal is never removed');

-- A seal opens the way to a deletion: it must continue the last one and fit the rows that are there. Of rows that
-- were sealed before the device had a mirror there are none, and its seals are where the chain starts here.
create or replace function coord.fit_audit_seal() returns trigger
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
    v_sealed bigint := coalesce((select max(seq_to) from coord.audit_seals
                                  where workspace_id = new.workspace_id and device_id = new.device_id), 0);
    v_newest bigint := coalesce((select max(seq) from coord.audit_log
                                  where workspace_id = new.workspace_id and device_id = new.device_id), 0);
begin
    if new.seq_from <> v_sealed + 1
       or v_newest >= new.seq_from and (
          new.hash is distinct from (select hash from coord.audit_log
               where workspace_id = new.workspace_id and device_id = new.device_id and seq = new.seq_to)
          or new.row_count <> (select count(*) from coord.audit_log
               where workspace_id = new.workspace_id and device_id = new.device_id
                 and seq between new.seq_from and new.seq_to)) then
        raise exception 'audit seals must continue the last seal and fit the rows they seal'
            using errcode = 'restrict_violation';
    end if;
    return new;
end $$;
revoke all on function coord.fit_audit_seal() from public, anon, authenticated, service_role;

create or replace trigger audit_seals_fit_the_chain before insert on coord.audit_seals
for each row execute function coord.fit_audit_seal();
