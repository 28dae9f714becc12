//! Package managers that publish.

use crate::guardrails::programs::table::{Program, fine, row};
use crate::guardrails::programs::tables::program;

pub static PROGRAMS: &[Program] = &[
    program(
        "npm cnpm",
        "-w --workspace --prefix --registry --tag --otp --access -C --userconfig",
        &[
            row("publish", "npm_publish"),
            row("pub|pu", "npm_publish"),
            row("unpublish", "npm_publish"),
            row("… unpublish", "npm_publish").with("--registry"),
            row("deprecate", "package_yank"),
            row("dist-tag|dist-tags add|rm|remove", "package_yank"),
            row("owner|access add|rm|grant|revoke|set", "package_yank"),
            row("token create|revoke|delete|rm", "registry_token"),
            row("config set|s *_authToken*|*_auth*|*_password*", "registry_token"),
            row("set *_authToken*|*_auth=*", "registry_token"),
        ],
    ),
    program(
        "yarn",
        "--cwd --registry --tag",
        &[
            row("publish", "npm_publish"),
            row("npm publish", "npm_publish"),
            row("npm tag|owner", "package_yank"),
            row("… npm publish", "npm_publish"),
            row("config set npmAuthToken|npmAuthIdent", "registry_token"),
        ],
    ),
    program(
        "pnpm bun",
        "-C --dir --filter -F --registry --tag",
        &[
            row("publish", "npm_publish"),
            row("unpublish|deprecate", "npm_publish"),
            row("… publish", "npm_publish").with("-r --recursive --filter"),
            row("config set *_authToken*", "registry_token"),
        ],
    ),
    program(
        "lerna nx rush vsce ovsx jsr web-ext np",
        "-r --registry -p --pat --token",
        &[
            row("publish|release", "npm_publish"),
            row("unpublish", "npm_publish"),
            row("sign", "npm_publish"),
            row("$", "").with("--version"),
        ],
    ),
    program(
        "np release-please",
        "",
        &[
            row("", "npm_publish").with("--yolo"),
            row("patch|minor|major|github-release", "npm_publish"),
        ],
    ),
    program(
        "cargo",
        "-p --package --manifest-path --registry --token --index --color -Z --config --target-dir -j --features -F",
        &[
            row("publish", "package_publish").without("-n --dry-run"),
            row("… publish", "package_publish").without("-n --dry-run"),
            row("yank", "package_yank"),
            row("owner", "package_yank").with("-a --add -r --remove"),
            row("login", "registry_token"),
            row("release", "package_publish").with("-x --execute"),
            fine(""),
        ],
    ),
    program(
        "bazel bazelisk buck2 pants",
        "-c --config",
        &[
            row("run *deploy*|*publish*|*push*|*release*", "deploy_command"),
            row("run *:*apply*", "kubernetes_apply"),
            row("clean", ""),
        ],
    ),
    program(
        "twine",
        "-r --repository --repository-url -u --username -p --password --config-file",
        &[row("upload", "package_publish")],
    ),
    program(
        "poetry flit hatch uv pdm rye maturin",
        "-r --repository -u --username -p --password --index -C --directory -P --project --publish-url --token -t",
        &[
            row("publish|upload", "package_publish"),
            row("build", "package_publish").with("--publish"),
            row("config pypi-token.*|http-basic.*", "registry_token"),
            fine(""),
        ],
    ),
    program(
        "gem",
        "--host -k --key",
        &[
            row("push", "package_publish"),
            row("yank", "package_yank"),
            row("owner", "package_yank").with("-a -r --add --remove"),
        ],
    ),
    program("bundle", "", &[row("exec rake release", "package_publish")]),
    program(
        "mvn mvnw ./mvnw",
        "-f --file -s --settings -P -pl -D -T",
        &[
            row(
                "… deploy|deploy:deploy|release:perform|nexus-staging:release|deploy:deploy-file|jib:build|*:deploy",
                "package_publish",
            ),
            row("… release:prepare", "release_create"),
            row("… flyway:clean|liquibase:dropAll", "database_reset"),
            row("… docker:push|spring-boot:build-image-publish", "image_publish"),
        ],
    ),
    Program {
        names: "gradle gradlew",
        valued: "-p --project-dir -b -c -I --init-script -x --exclude-task",
        single: false,
        dry: "-m --dry-run",
        rows: &[
            row(
                "… publish|*:publish|publishTo*Central*|publishAll*|publishPlugins|uploadArchives|bintrayUpload|publishReleasePublication*|closeAndRelease*|publish*ToMavenRepository|publishToSonatype",
                "package_publish",
            ),
            row("… flywayClean|dropAll|*:flywayClean", "database_reset"),
            row("… jib|*:jib|dockerPush*", "image_publish"),
            row("… appengineDeploy|deploy", "cloud_deploy"),
        ],
    },
    program(
        "sbt",
        "",
        &[row(
            "… publish|publishSigned|sonatypeRelease|sonatypeBundleRelease|ci-release|+publish|+publishSigned",
            "package_publish",
        )],
    ),
    program(
        "nuget",
        "-Source -ApiKey",
        &[
            row("push", "package_publish"),
            row("delete", "package_yank"),
            row("setapikey", "registry_token"),
        ],
    ),
    program(
        "dart flutter pub",
        "-C --directory",
        &[row("pub publish|lish", "package_publish"), row("publish|lish", "package_publish")],
    ),
    program(
        "pod",
        "",
        &[row("trunk push", "package_publish"), row("trunk delete|deprecate", "package_yank")],
    ),
    program(
        "cabal stack opam luarocks conan cpan-upload rebar3 shards",
        "-r --remote",
        &[
            row("upload|publish", "package_publish").without("--candidate"),
            row("hex publish", "package_publish"),
        ],
    ),
    program(
        "anaconda conda-build quetz",
        "-u --user",
        &[row("upload", "package_publish"), row("remove", "package_yank")],
    ),
    program(
        "snapcraft charmcraft flatpak-builder",
        "",
        &[row("upload|push|release|publish", "package_publish"), row("close", "package_yank")],
    ),
    program(
        "jf jfrog",
        "--url --server-id",
        &[
            row("rt u|upload|dp|docker-push|bp|build-publish", "package_publish"),
            row("rt del|delete", "bucket_delete"),
        ],
    ),
    program(
        "hf huggingface-cli",
        "--repo-type --token",
        &[
            row("upload|upload-large-folder", "package_publish"),
            row("repo delete", "git_repo_delete"),
            row("delete", "git_repo_delete"),
        ],
    ),
    program(
        "wasm-pack spin wapm wasmer",
        "",
        &[row("publish", "package_publish"), row("deploy", "cloud_deploy")],
    ),
    program(
        "dpkg-sig dput reprepro aptly",
        "",
        &[
            row("", "package_publish").with("--upload"),
            row("publish", "package_publish"),
            row("ppa:*", "package_publish"),
        ],
    ),
    program("brew", "", &[row("bump-formula-pr|pr-publish", "package_publish")]),
    program(
        "kaggle modal",
        "",
        &[
            row("datasets create|version", "package_publish"),
            row("deploy", "cloud_deploy"),
            row("volume delete|rm", "volume_delete"),
            row("app stop", "cloud_delete"),
        ],
    ),
];
