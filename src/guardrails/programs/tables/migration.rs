//! Migration tools, and databases' own administration.

use crate::guardrails::programs::table::{Program, row};
use crate::guardrails::programs::tables::{program, single};

pub static PROGRAMS: &[Program] = &[
    program(
        "alembic",
        "-c --config -n --name -x",
        &[row("downgrade", "migration_down").without("--sql")],
    ),
    single(
        "flyway",
        "",
        &[row("… clean", "database_reset"), row("… undo|repair", "migration_down")],
    ),
    program(
        "liquibase",
        "--url --username --password --changelog-file --defaults-file",
        &[
            row("… drop-all|dropAll", "database_reset"),
            row(
                "… rollback|rollback-count|rollbackCount|rollback-to-date|rollbackToDate",
                "migration_down",
            ),
        ],
    ),
    single(
        "migrate golang-migrate",
        "-path -database -source ",
        &[row("drop", "database_reset"), row("down|goto|force", "migration_down")],
    ),
    program("goose", "-dir -table", &[row("… reset|down-to|down", "migration_down")]),
    program(
        "dbmate",
        "-u --url -d -e --env -s",
        &[row("drop", "database_reset"), row("down|rollback", "migration_down")],
    ),
    program(
        "atlas",
        "-u --url --to --dev-url -c --env",
        &[row("schema clean", "database_reset"), row("migrate down", "migration_down")],
    ),
    program("sqitch", "-t --target", &[row("revert|rebase", "migration_down")]),
    program(
        "dropdb",
        "-h -p -U -e -i --host --port --username --maintenance-db",
        &[row("*", "drop_database")],
    ),
    program("dropuser", "-h -p -U", &[row("*", "drop_role")]),
    program(
        "mysqladmin mariadb-admin",
        "-h -P -u -S --host --user",
        &[row("… drop", "drop_database")],
    ),
    program(
        "pg_restore",
        "-d -h -p -U -j -t -n --dbname --host --username",
        &[row("", "database_restore").with("-c --clean")],
    ),
    program(
        "mongorestore",
        "--uri --host -d --db -c --collection --archive",
        &[row("", "database_reset").with("--drop")],
    ),
    program(
        "etcdctl",
        "--endpoints --cacert --cert --key",
        &[row("del", "cluster_delete").with("--prefix --from-key")],
    ),
    program(
        "rabbitmqctl rabbitmqadmin",
        "-n --node -p --vhost",
        &[
            row("… reset|force_reset|delete_vhost|delete_queue|purge_queue", "cluster_delete"),
            row("delete", "cluster_delete"),
            row("purge queue", "cluster_delete"),
        ],
    ),
    program(
        "kafka-topics kafka-topics.sh kafka-delete-records.sh kafka-delete-records",
        "--bootstrap-server --topic --zookeeper",
        &[row("", "cluster_delete").with("--delete --offset-json-file")],
    ),
    program("rpk kcat", "", &[row("topic delete", "cluster_delete")]),
    program(
        "nodetool",
        "-h -p",
        &[row("clearsnapshot|decommission|removenode|assassinate", "cluster_delete")],
    ),
    program(
        "influx",
        "-o --org -t --token --host",
        &[
            row("bucket delete", "drop_database"),
            row("delete", "delete_no_where").without("-p --predicate"),
            row("delete", "keys_delete"),
        ],
    ),
    program("memcflush memflush", "--servers", &[row("", "database_flush")]),
    program("elasticdump curator", "", &[row("delete_indices|delete-indices", "cluster_delete")]),
    program(
        "pscale",
        "--org",
        &[
            row("database|branch delete", "cloud_delete"),
            row("deploy-request deploy", "deploy_command"),
        ],
    ),
    program(
        "neonctl neon",
        "--project-id",
        &[
            row("projects|branches|databases|roles delete", "cloud_delete"),
            row("branches|branch reset|restore", "database_restore"),
        ],
    ),
    program("turso", "", &[row("db|group destroy", "drop_database")]),
    program("cockroach", "--url --host", &[row("node decommission|drain", "cluster_delete")]),
    program(
        "pg_ctl pg_ctlcluster initdb pg_dropcluster",
        "-D",
        &[row("*", "drop_database").with("--stop-drop")],
    ),
    program("pg_resetwal", "", &[row("*", "database_reset").without("-n")]),
];
