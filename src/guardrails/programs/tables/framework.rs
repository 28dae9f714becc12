//! Frameworks' own database tasks.

use crate::guardrails::programs::table::{Program, fine, row};
use crate::guardrails::programs::tables::program;

pub static PROGRAMS: &[Program] = &[
    program(
        "rails rake bin/rails bundle-rake",
        "-e --environment -f --rakefile",
        &[
            row(
                "… db:drop|db:reset|db:purge|db:drop:*|db:reset:*|db:migrate:reset|db:seed:replant|db:truncate_all|db:drop:_unsafe",
                "database_reset",
            ),
            row("… db:schema:load|db:setup|db:test:purge", "migration_down").without("RAILS_ENV"),
            row("… db:rollback|db:migrate:down|db:migrate:redo", "migration_down"),
            row("db:migrate VERSION=0|VERSION=00*", "migration_down"),
            row("destroy|d", "generator_destroy"),
            row("… kamal:deploy|deploy", "deploy_command"),
            row("release|… gem:release|publish", "package_publish"),
            row("credentials:edit", "credentials_file"),
            fine(""),
        ],
    ),
    program(
        "python manage.py django-admin django flask",
        "--settings --database --pythonpath",
        &[
            row(
                "… *manage.py flush|reset_db|drop_db|clear_db|wipe_db|reset_schema|delete_all",
                "database_reset",
            ),
            row("flush|reset_db", "database_reset"),
            row("… migrate * zero", "migration_down"),
            row("… db downgrade base", "migration_down"),
            row("… db downgrade", "migration_down"),
            row("… db drop|drop_all|reset", "database_reset"),
            row("upload|twine upload", "package_publish"),
            row("setup.py upload", "package_publish"),
            row("setup.py … upload", "package_publish"),
            row("… alembic downgrade", "migration_down"),
            fine(""),
        ],
    ),
    program(
        "php artisan symfony console bin/console",
        "-d --env --database",
        &[
            row("… migrate:fresh|migrate:refresh|migrate:reset|db:wipe", "database_reset"),
            row("… migrate:rollback", "migration_down"),
            row("… doctrine:database:drop|doctrine:schema:drop|d:d:d|d:s:d", "database_reset")
                .with("-f --force --full-database"),
            row("… doctrine:schema:update", "migration_down").with("--force --complete"),
            row("… doctrine:migrations:migrate first|0", "migration_down"),
            row("… doctrine:fixtures:load", "database_reset").without("--append"),
            row("… cache:clear", ""),
            row("… queue:flush|queue:clear", "keys_delete"),
            row("… telescope:clear|model:prune", "keys_delete"),
        ],
    ),
    program(
        "mix",
        "--repo -r --only",
        &[
            row("… ecto.drop|ecto.reset|ecto.drop,|ecto.reset,", "database_reset"),
            row("ecto.rollback", "migration_down"),
            row("hex.publish", "package_publish"),
            row("hex.retire", "package_yank"),
            row("phx.gen.*", ""),
        ],
    ),
    program(
        "prisma",
        "--schema --name -n",
        &[
            row("migrate reset", "database_reset"),
            row("db push", "database_reset").with("--force-reset"),
            row("db push", "migration_down").with("--accept-data-loss"),
            row("db execute", ""),
            row("migrate dev", ""),
        ],
    ),
    program(
        "sequelize sequelize-cli",
        "--env --config --to --name",
        &[
            row("db:drop", "database_reset"),
            row("db:migrate:undo:all|db:migrate:undo|db:seed:undo:all", "migration_down"),
        ],
    ),
    program(
        "typeorm typeorm-ts-node-commonjs typeorm-ts-node-esm mikro-orm",
        "-d --dataSource",
        &[
            row("schema:drop|schema:fresh|database:drop|migration:fresh", "database_reset"),
            row("migration:revert|migration:down", "migration_down"),
            row("schema:sync", "migration_down"),
        ],
    ),
    program("knex", "--knexfile --env", &[row("migrate:rollback|migrate:down", "migration_down")]),
    program(
        "drizzle-kit",
        "--config",
        &[row("drop", "migration_down"), row("push", "migration_down").with("--force")],
    ),
    program(
        "supabase",
        "--db-url --project-ref -p ",
        &[
            row("db reset", "database_reset"),
            row("projects delete", "cloud_delete"),
            row("functions deploy|delete", "deploy_command"),
            row("secrets set|unset", "ci_secret"),
            row("migration down|repair", "migration_down"),
            row("branches delete", "cloud_delete"),
            row("stop", "volume_delete_minor").with("--no-backup"),
        ],
    ),
    program(
        "dotnet",
        "-p --project -s --source -k --api-key -c --configuration --context",
        &[
            row("ef database drop", "database_reset"),
            row("ef database update 0", "migration_down"),
            row("ef migrations remove", "migration_down"),
            row("nuget push", "package_publish"),
            row("nuget delete", "package_yank"),
        ],
    ),
    program(
        "diesel sqlx sea-orm-cli sea",
        "--database-url --source -D",
        &[
            row("database|db reset|drop", "database_reset"),
            row("migrate fresh|refresh|reset", "database_reset"),
            row("migration revert|redo", "migration_down"),
            row("migrate down|revert", "migration_down"),
        ],
    ),
    program(
        "wp",
        "--path --url --allow-root",
        &[row("db drop|reset|clean", "database_reset"), row("site empty|delete", "database_reset")],
    ),
    program(
        "drush",
        "--uri -l --root",
        &[row("sql:drop|sql-drop", "database_reset"), row("site:install|si", "database_reset")],
    ),
    program(
        "hasura",
        "--endpoint --admin-secret --database-name",
        &[
            row("migrate apply", "migration_down").with("--down --type=down"),
            row("metadata clear", "migration_down"),
        ],
    ),
    program(
        "airflow",
        "",
        &[
            row("db reset|clean|downgrade", "database_reset"),
            row("dags|connections|variables delete", "keys_delete"),
        ],
    ),
    program("celery", "-A --app -Q", &[row("… purge", "cluster_delete")]),
    program("java", "-cp -D", &[row("*bfg*.jar|…bfg.jar", "git_history_rewrite")]),
    program(
        "medusa strapi payload keystone directus",
        "",
        &[row("migrate:fresh|db:rollback|migrate:reset|migrate:down", "database_reset")],
    ),
];
