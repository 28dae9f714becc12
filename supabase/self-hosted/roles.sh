#!/usr/bin/env bash
# What a Supabase project has from the start and a plain Postgres has not: the role that PostgREST logs in as, which may
# become anon and nothing else. Run once, when the database is made.
set -euo pipefail

psql --set ON_ERROR_STOP=1 --username "${POSTGRES_USER:-postgres}" --dbname "${POSTGRES_DB:-coord}" \
    --set password="$COORD_API_PASSWORD" <<'SQL'
create role anon nologin;
alter role anon set statement_timeout = '3s';
create role authenticator login noinherit password :'password';
alter role authenticator set statement_timeout = '8s';
grant anon to authenticator;
SQL
