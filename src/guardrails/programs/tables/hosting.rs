//! Hosting platforms and deployment tools.

use crate::guardrails::programs::table::{Program, fine, row};
use crate::guardrails::programs::tables::program;

pub static PROGRAMS: &[Program] = &[
    program(
        "heroku",
        "-a --app -r --remote -s --space -t --team -c",
        &[
            row(
                "apps:destroy|apps:delete|destroy|addons:destroy|domains:remove|spaces:destroy",
                "cloud_delete",
            ),
            row("pg:reset|redis:reset|pg:credentials:destroy", "database_reset"),
            row("pg:copy|pg:restore|pg:backups:restore|pg:push", "database_restore"),
            row("pg:backups:delete", "cloud_delete"),
            row("ps:scale|ps:stop|scale *=0", "kubernetes_scale_zero"),
            row("ps:scale|ps:restart|restart|maintenance:on", "cloud_change"),
            row(
                "container:release|container:push|pipelines:promote|builds:create|deploy",
                "cloud_deploy",
            ),
            row("rollback|releases:rollback", "deploy_rollback"),
            row("config:set|config:unset", "ci_secret"),
            row("auth:token", "registry_token"),
        ],
    ),
    program(
        "fly flyctl",
        "-a --app -c --config -r --region -o --org -i --image",
        &[
            row("apps destroy", "cloud_delete"),
            row("destroy", "cloud_delete"),
            row("volumes|volume|vol destroy|delete", "volume_delete"),
            row("machine|machines|m destroy|remove", "cloud_delete"),
            row("postgres|mpg|redis destroy|delete|detach", "cloud_delete"),
            row("deploy|launch", "cloud_deploy").without("--build-only"),
            row("m|machine|machines run|update", "cloud_deploy"),
            row("scale count 0", "kubernetes_scale_zero"),
            row("scale", "cloud_change"),
            row("secrets set|unset|import|deploy", "ci_secret"),
            row("auth token", "registry_token"),
            row("apps restart", "cloud_change"),
        ],
    ),
    program(
        "vercel vc now",
        "-t --token -S --scope -A --local-config -e --env --cwd -b",
        &[
            row("deploy", "cloud_deploy").with("--prod --target=production"),
            row("promote|redeploy", "cloud_deploy"),
            row("rollback", "deploy_rollback"),
            row("remove|rm", "cloud_delete"),
            row("project|domains|dns|alias|certs|blob|teams rm|remove|del", "cloud_delete"),
            row("env add|rm|remove|update", "ci_secret"),
            row("env pull", "env_file_modify"),
            row("$", "cloud_deploy").with("--prod --target=production"),
            row(".|./*", "cloud_deploy").with("--prod --target=production"),
        ],
    ),
    program(
        "netlify ntl",
        "-s --site -d --dir -a --auth -m --message -f",
        &[
            row("deploy", "cloud_deploy").with("-p --prod --prod-if-unlocked"),
            row("sites:delete", "cloud_delete"),
            row("env:set|env:unset|env:import", "ci_secret"),
            row("build", ""),
        ],
    ),
    program(
        "wrangler",
        "-c --config -e --env --name --project-name --branch",
        &[
            row("deploy|publish", "cloud_deploy"),
            row("pages deploy|publish", "cloud_deploy"),
            row("versions deploy|upload", "cloud_deploy"),
            row("rollback", "deploy_rollback"),
            row("delete", "cloud_delete"),
            row("d1|kv:namespace|r2|queues|pages|vectorize|hyperdrive … delete", "cloud_delete"),
            row("kv … delete", "cloud_delete"),
            row("secret|secret:bulk put|delete|bulk", "ci_secret"),
            row("d1 migrations apply", ""),
        ],
    ),
    program(
        "railway",
        "-s --service -e --environment -p",
        &[
            row("up|deploy|redeploy", "cloud_deploy"),
            row("down|delete", "cloud_delete"),
            row("volume|environment delete", "cloud_delete"),
            row("variables|variable", "ci_secret").with("--set"),
        ],
    ),
    program(
        "render",
        "",
        &[row("deploys create", "cloud_deploy"), row("… delete", "cloud_delete")],
    ),
    program(
        "firebase",
        "-P --project --only --except --token",
        &[
            row("deploy", "cloud_deploy"),
            row(
                "hosting:clone|hosting:channel:deploy|hosting:disable|functions:delete|hosting:sites:delete",
                "cloud_delete",
            ),
            row("firestore:delete|database:remove", "database_reset"),
            row(
                "functions:config:set|functions:secrets:set|functions:secrets:destroy",
                "ci_secret",
            ),
            row("projects:delete", "cloud_delete"),
        ],
    ),
    program(
        "eb",
        "-r --region --profile",
        &[row("deploy|create|swap", "cloud_deploy"), row("terminate", "cloud_delete")],
    ),
    program(
        "cf",
        "",
        &[
            row("push", "cloud_deploy"),
            row("delete|delete-*|purge-*", "cloud_delete"),
            row("scale", "cloud_change"),
        ],
    ),
    program(
        "kamal mrsk",
        "-d --destination -c --config-file -r -v",
        &[
            row("deploy|redeploy|setup", "cloud_deploy"),
            row("rollback", "deploy_rollback"),
            row("remove", "cloud_delete"),
            row("app|accessory|proxy|traefik remove|stop|boot|reboot", "cloud_delete"),
        ],
    ),
    program(
        "cap capistrano mina",
        "-r",
        &[
            row("… deploy|deploy:*", "deploy_command"),
            row("… rollback|deploy:rollback", "deploy_rollback"),
        ],
    ),
    program("fab fabric", "-H -R -i", &[row("… deploy*", "deploy_command")]),
    program(
        "dep deployer",
        "",
        &[row("deploy", "deploy_command"), row("rollback", "deploy_rollback")],
    ),
    program(
        "gh-pages surge angular-cli-ghpages",
        "-d --dist",
        &[row("", "cloud_deploy").without("--list")],
    ),
    program(
        "ng mkdocs quarto hugo docusaurus mike",
        "",
        &[row("deploy|gh-deploy|publish", "cloud_deploy")],
    ),
    program(
        "gcloud-app platform upsun lagoon",
        "",
        &[row("… deploy|push", "cloud_deploy"), row("… delete", "cloud_delete")],
    ),
    program(
        "dokku",
        "",
        &[
            row(
                "apps:destroy|postgres:destroy|mysql:destroy|redis:destroy|*:destroy",
                "cloud_delete",
            ),
            row("git:sync|git:from-image|ps:rebuild", "cloud_deploy"),
            row("config:set|config:unset", "ci_secret"),
        ],
    ),
    program(
        "deno deployctl",
        "--project -p  --token",
        &[row("deploy", "cloud_deploy").without("--preview"), row("publish", "package_publish")],
    ),
    program(
        "eas expo",
        "-p --platform -e --profile --branch -m --message",
        &[
            row("submit|update|deploy", "cloud_deploy"),
            row("publish", "cloud_deploy"),
            row("build", "").with("--local"),
            row("build", "cloud_change").with("--auto-submit"),
        ],
    ),
    program(
        "fastlane",
        "",
        &[row("… release|deploy|beta|upload_to_*|deliver|supply|pilot", "cloud_deploy")],
    ),
    program(
        "shopify",
        "",
        &[row("theme push|publish|delete", "cloud_deploy"), row("app deploy", "cloud_deploy")],
    ),
    program("sentry-cli", "--org --project", &[row("releases delete", "release_delete")]),
    program("semantic-release release-it", "-b ", &[row("", "package_publish").without(" -d")]),
    program(
        "goreleaser",
        "-f --config",
        &[
            row("release", "package_publish").without("--snapshot --skip=publish --skip-publish"),
            row("publish", "package_publish"),
            fine(""),
        ],
    ),
    program("changeset changesets", "", &[row("publish", "package_publish")]),
    program("cargo-release cargo-dist", "", &[row("", "package_publish").with("-x --execute")]),
    program("ecs-deploy ecs-cli", "", &[row("… up|deploy|down", "cloud_deploy")]),
    program("jenkins-cli spin hal", "", &[row("… build|deploy|pipeline", "deploy_trigger")]),
    program(
        "circleci travis buildkite-agent drone",
        "",
        &[row("pipeline run|trigger", "deploy_trigger"), row("build promote", "deploy_trigger")],
    ),
];
