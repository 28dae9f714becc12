-- Made from schema/020_cloud.* by COORD_BLESS=1 cargo nextest run schema; change it there.

-- What only the cloud has: whose rows they are, who may write them, and in which order others hear of them.

-- Machines that share memories, handoffs, policies and, if wanted, locks and work.
create table if not exists coord.workspaces (
    workspace_id uuid not null default gen_random_uuid(),
    name         text collate "C" not null check (octet_length(name) between 1 and 512),
    head         bigint not null default 0 check (head >= 0), -- the last position given out; they are dense
    floor        bigint not null default 0 check (floor <= head), -- positions up to here are no longer in cloud_log
    created_at   timestamptz not null default now(),
    cleaned_at   timestamptz not null default now(),
    primary key (workspace_id),
    unique (name)
);

-- One state directory on one machine. Its token never comes here, only the token's SHA-256.
create table if not exists coord.devices (
    device_id    uuid not null,
    workspace_id uuid not null references coord.workspaces,
    token_hash   text collate "C" not null check (token_hash ~ '^[0-9a-f]{64}$'),
    role         text collate "C" not null check (role in ('reader', 'writer')),
    name         text not null,
    platform     text not null,
    forked_from  uuid references coord.devices, -- whose state directory was copied
    created_at   timestamptz not null default now(),
    last_seen    timestamptz,
    revoked_at   timestamptz,
    last_seq     bigint not null default 0, -- of its change log, carried out
    last_hash    text collate "C" not null default repeat('0', 64), -- of its change log, there
    audit_seq    bigint not null default 0, -- of its audit log, proven
    audit_hash   text collate "C" not null default repeat('0', 64),
    broken_at    bigint, -- its audit chain does not hold at this row; until a person lifts it
    broken_why   text,
    primary key (device_id),
    unique (token_hash),
    check ((broken_at is null) = (broken_why is null))
);

-- A code lets one device in, once, and not for long.
create table if not exists coord.enrolment_codes (
    code_hash    text collate "C" not null,
    workspace_id uuid not null references coord.workspaces,
    role         text collate "C" not null check (role in ('reader', 'writer')),
    expires_at   timestamptz not null,
    used_by      uuid references coord.devices,
    primary key (code_hash)
);

-- How much each caller may still do at once. Lost in a crash, which harms nobody.
create unlogged table if not exists coord.rate_limits (
    subject uuid not null,
    tokens  double precision not null,
    at      timestamptz not null,
    primary key (subject)
) with (fillfactor = 50);

-- What happened to the rows of a workspace, in the order in which it was committed.
create table if not exists coord.cloud_log (
    workspace_id uuid not null references coord.workspaces,
    pos          bigint not null,
    device_id    uuid, -- who need not be told; null when everybody must be
    dev_seq      bigint,
    tbl          text collate "C" not null,
    pk           text collate "C" not null,
    op           text collate "C" not null check (op in ('i', 'd', 'x')), -- x: a later position has it
    hlc          bigint not null,
    rev          bigint,
    row_hash     bigint,
    body         jsonb,
    at           timestamptz not null default now(),
    primary key (workspace_id, pos)
);

-- Changes that were not carried out, and why. They never hold up those behind them.
create table if not exists coord.dead_letters (
    device_id uuid not null references coord.devices,
    seq       bigint not null,
    tbl       text not null,
    pk        text not null,
    code      text not null,
    reason    text,
    rev       bigint,
    body      jsonb, -- what stands instead
    change    jsonb, -- what was asked
    at        timestamptz not null default now(),
    primary key (device_id, seq)
);

-- Rows that an administrator removed. A device that was away brings none of them back.
create table if not exists coord.tombstones (
    workspace_id uuid not null references coord.workspaces,
    tbl          text collate "C" not null,
    pk           text collate "C" not null,
    at           timestamptz not null default now(),
    primary key (workspace_id, tbl, pk)
);

do $$
declare t text;
begin
    foreach t in array array['workspaces', 'devices', 'enrolment_codes', 'rate_limits', 'cloud_log', 'dead_letters',
                             'tombstones'] loop
        execute format('alter table coord.%I enable row level security', t);
        execute format('revoke all on coord.%I from public, anon, authenticated, service_role', t);
    end loop;
end $$;

-- Milliseconds since 1970 by the server's clock, now and not when the transaction began.
create or replace function coord.now_ms() returns bigint
language sql volatile set search_path = pg_catalog, pg_temp
as $$ select (extract(epoch from clock_timestamp()) * 1000)::bigint $$;
revoke all on function coord.now_ms() from public, anon, authenticated, service_role;

-- Every answer says what time it is here and which database it comes from.
create or replace function coord.reply(p_status text, p_more jsonb default '{}') returns jsonb
language sql volatile set search_path = pg_catalog, pg_temp
as $$
    select jsonb_build_object('status', p_status, 'now', coord.now_ms(),
                              'incarnation', (select incarnation from coord.installation)) || p_more
$$;
revoke all on function coord.reply(text, jsonb) from public, anon, authenticated, service_role;

-- A field of a request; a missing or misshapen one is the caller's mistake, and named.
create or replace function coord.wanted(p jsonb, p_field text, p_type text) returns text
language plpgsql immutable set search_path = pg_catalog, pg_temp as $$
begin
    if jsonb_typeof(p -> p_field) is distinct from p_type
       or p_type = 'number' and (p ->> p_field) !~ '^-?[0-9]{1,18}$' then
        raise sqlstate 'PT400' using
            message = format('%s: expected a %s, got %s', p_field, p_type, coalesce(p ->> p_field, 'nothing'));
    end if;
    return p ->> p_field;
end $$;
revoke all on function coord.wanted(jsonb, text, text) from public, anon, authenticated, service_role;

UPDATE coord.installation SET schema_version = 20 WHERE schema_version < 20;
