-- Made from schema/007_audit_tables.* by COORD_BLESS=1 cargo nextest run schema; change it there.

-- What was done, by whom, with what result: kept with the deed, chained, and never changed.

-- One row for each call. hash = SHA-256(hash of the row before ‖ canonical text of this row), so that no row
-- can be changed, dropped or slipped in without every later hash telling.
CREATE TABLE IF NOT EXISTS coord.audit_log (
    workspace_id uuid             NOT NULL,
    device_id    uuid             NOT NULL,
    seq          bigint           NOT NULL CHECK (seq >= 1),
    at           bigint           NOT NULL CHECK (at BETWEEN 0 AND 253402300799999),
    project      text COLLATE "C" CHECK (octet_length(project) BETWEEN 1 AND 512),
    agent_id     text COLLATE "C" NOT NULL CHECK (octet_length(agent_id) BETWEEN 1 AND 512),
    agent_type   text COLLATE "C" NOT NULL CHECK (octet_length(agent_type) BETWEEN 1 AND 512),
    session_id   text COLLATE "C" NOT NULL CHECK (octet_length(session_id) BETWEEN 1 AND 512),
    operation    text COLLATE "C" NOT NULL CHECK (octet_length(operation) BETWEEN 1 AND 512),
    arguments    text             NOT NULL, -- after redaction; the hash covers these very bytes
    success      boolean          NOT NULL,
    code         text COLLATE "C" CHECK (octet_length(code) BETWEEN 1 AND 512), -- why it was refused or what went wrong
    result       text             NOT NULL,
    request_key  text COLLATE "C" CHECK (octet_length(request_key) BETWEEN 1 AND 512), -- names the call for ever, so that a repetition is answered and not done again
    hash         text COLLATE "C" NOT NULL CHECK (hash ~ '^[0-9a-f]{64}$'),
    row_hash     bigint           NOT NULL, -- of the image, by its device
    PRIMARY KEY (workspace_id, device_id, seq),
    CONSTRAINT a_failure_has_its_code CHECK (success OR code IS NOT NULL)
);
ALTER TABLE coord.audit_log ENABLE ROW LEVEL SECURITY;
REVOKE ALL ON coord.audit_log FROM PUBLIC, anon, authenticated, service_role;
INSERT INTO coord.mirrored_tables VALUES ('audit_log', 'append', '{seq}')
    ON CONFLICT (name) DO UPDATE SET class = excluded.class, key_columns = excluded.key_columns;

-- A segment of the chain that was written to a file and may leave the database. The live chain goes on from the
-- newest seal's hash. Seals follow each other without a gap and stay for ever.
CREATE TABLE IF NOT EXISTS coord.audit_seals (
    workspace_id uuid             NOT NULL,
    device_id    uuid             NOT NULL,
    seq_from     bigint           NOT NULL CHECK (seq_from >= 1),
    seq_to       bigint           NOT NULL CHECK (seq_to >= 1),
    hash         text COLLATE "C" NOT NULL CHECK (hash ~ '^[0-9a-f]{64}$'), -- of the row seq_to: where the next row's hash starts
    row_count    bigint           NOT NULL CHECK (row_count >= 1),
    file         text             NOT NULL,
    sealed_at    bigint           NOT NULL CHECK (sealed_at BETWEEN 0 AND 253402300799999),
    row_hash     bigint           NOT NULL, -- of the image, by its device
    PRIMARY KEY (workspace_id, device_id, seq_to),
    CONSTRAINT a_segment_is_dense CHECK (row_count = seq_to - seq_from + 1)
);
ALTER TABLE coord.audit_seals ENABLE ROW LEVEL SECURITY;
REVOKE ALL ON coord.audit_seals FROM PUBLIC, anon, authenticated, service_role;
INSERT INTO coord.mirrored_tables VALUES ('audit_seals', 'append', '{seq_to}')
    ON CONFLICT (name) DO UPDATE SET class = excluded.class, key_columns = excluded.key_columns;

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

UPDATE coord.installation SET schema_version = 7 WHERE schema_version < 7;
