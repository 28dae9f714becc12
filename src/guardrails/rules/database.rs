//! Rules about data.

use crate::guardrails::rules::Category::Database;
use crate::guardrails::rules::Rule;
use crate::guardrails::rules::Severity::{Block, Log, Warn};

pub const RULES: &[Rule] = &[
    Rule::new("drop_table", Database, (Block, 3), "deletes a table with all its rows")
        .yes(&[
            "psql -c 'DROP TABLE users'",
            "sqlite3 a.db 'drop table t'",
            "echo 'DROP TABLE t;' | mysql",
        ])
        .no(&["psql -c \"SELECT 'DROP TABLE users'\"", "grep 'DROP TABLE' x.sql"]),
    Rule::new(
        "drop_database",
        Database,
        (Block, 4),
        "deletes a database or schema with everything in it",
    )
    .yes(&[
        "psql -c 'DROP SCHEMA public CASCADE'",
        "dropdb app",
        "mongosh --eval 'db.dropDatabase()'",
    ])
    .no(&["createdb app"]),
    Rule::new("truncate_table", Database, (Block, 3), "deletes all rows of a table")
        .yes(&["psql -c 'TRUNCATE users'"])
        .no(&["psql -c 'SELECT truncate(1)'"]),
    Rule::new("delete_no_where", Database, (Block, 3), "deletes all rows: no condition narrows it")
        .safer("psql -c 'SELECT count(*) FROM users WHERE id = 3'")
        .yes(&["mysql -e 'DELETE FROM users'", "psql -c 'DELETE FROM users WHERE 1=1'"])
        .no(&["mysql -e 'DELETE FROM users WHERE id = 3'"]),
    Rule::new("update_no_where", Database, (Warn, 2), "changes all rows: no condition narrows it")
        .yes(&["psql -c 'UPDATE users SET a = 1'"])
        .no(&["psql -c 'UPDATE users SET a = 1 WHERE id = 3'"]),
    Rule::new("drop_column", Database, (Warn, 2), "deletes a column or partition with its data")
        .yes(&["psql -c 'ALTER TABLE t DROP COLUMN c'"])
        .no(&["psql -c 'ALTER TABLE t ADD COLUMN c int'"]),
    Rule::new("drop_role", Database, (Warn, 3), "deletes a database account")
        .yes(&["psql -c 'DROP ROLE app'"])
        .no(&["psql -c 'CREATE ROLE app'"]),
    Rule::new("database_flush", Database, (Block, 3), "deletes all keys")
        .yes(&[
            "redis-cli FLUSHALL",
            "redis-cli -n 1 flushdb",
            "echo flush_all | nc localhost 11211",
        ])
        .no(&["redis-cli GET flushall"]),
    Rule::new("keys_delete", Database, (Warn, 2), "deletes many keys or queued jobs")
        .yes(&["redis-cli keys '*' | xargs redis-cli del"])
        .no(&["redis-cli del a"]),
    Rule::new("database_reset", Database, (Block, 3), "drops the database and builds it anew")
        .yes(&[
            "rails db:drop",
            "prisma migrate reset",
            "python manage.py flush",
            "php artisan migrate:fresh",
            "flyway clean",
        ])
        .no(&["rails db:migrate", "prisma migrate deploy", "python manage.py migrate"]),
    Rule::new("database_restore", Database, (Warn, 3), "replaces what a database holds")
        .yes(&["pg_restore --clean -d app x.dump"])
        .no(&["pg_restore -l x.dump", "pg_dump app"]),
    Rule::new(
        "migration_down",
        Database,
        (Warn, 2),
        "takes migrations back, with the data they brought",
    )
    .yes(&[
        "alembic downgrade base",
        "python manage.py migrate app zero",
        "knex migrate:rollback --all",
    ])
    .no(&["alembic upgrade head"]),
    Rule::new(
        "cluster_delete",
        Database,
        (Block, 4),
        "deletes an index, topic, queue or prefix of a cluster",
    )
    .yes(&[
        "curl -XDELETE localhost:9200/_all",
        "etcdctl del --prefix /",
        "kafka-topics.sh --delete --topic x",
    ])
    .no(&["curl localhost:9200/_cat/indices", "etcdctl get a"]),
    Rule::new("object_delete", Database, (Log, 2), "deletes a stored object")
        .yes(&["aws s3 rm s3://b/k"])
        .no(&["aws s3 ls"]),
];
