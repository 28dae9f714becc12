//! Forges, and version control other than git.

use crate::guardrails::programs::table::{Program, fine, row};
use crate::guardrails::programs::tables::program;

pub static PROGRAMS: &[Program] = &[
    program(
        "gh",
        "-R --repo -X --method -f -F --field --raw-field -H --input -b --body -t --title --jq -q --template --hostname -n --notes -e --env -o --org -r --ref",
        &[
            row("repo delete", "git_repo_delete"),
            row("repo archive", "remote_delete"),
            row("repo rename", "remote_delete"),
            row("repo edit", "remote_delete").with("--visibility"),
            row("release delete|delete-asset", "release_delete"),
            row("release create|upload|edit", "release_create").without("--draft"),
            row("workflow run *deploy*|*release*|*publish*|*prod*", "deploy_trigger"),
            row("workflow disable", "deploy_trigger"),
            row("secret set|delete|remove", "ci_secret"),
            row("auth token", "registry_token"),
            row("api *git/refs/*|*/branches/*", "git_push_delete")
                .with("-X=DELETE --method=DELETE"),
            row("api repos/*/*/*|/repos/*/*/*", "remote_delete").with("-X=DELETE --method=DELETE"),
            row("api repos/*|/repos/*|orgs/*|/orgs/*", "git_repo_delete")
                .with("-X=DELETE --method=DELETE"),
            row("api", "remote_delete").with("-X=DELETE --method=DELETE"),
            row("api *dispatches*", "deploy_trigger"),
            row("codespace|cs delete", "remote_delete"),
            row("gist|ssh-key|gpg-key|project delete", "remote_delete"),
            row("issue|run|cache|label|variable delete", "remote_delete_minor"),
            row("pr close", "git_push_delete").with("-d --delete-branch"),
        ],
    ),
    program(
        "glab",
        "-R --repo -X --method -f -F -g --group",
        &[
            row("repo|project delete", "git_repo_delete"),
            row("repo|project archive", "remote_delete"),
            row("release delete", "release_delete"),
            row("release create|upload", "release_create"),
            row("variable set|update|delete", "ci_secret"),
            row("api", "remote_delete").with("-X=DELETE --method=DELETE"),
            row("ci|pipeline trigger *deploy*|*prod*", "deploy_trigger"),
            row("ssh-key|snippet|cluster delete", "remote_delete"),
        ],
    ),
    program(
        "hg",
        "-R --cwd --config -r --rev -m --message -b --branch",
        &[
            row("push", "git_force_push").with("-f --force"),
            row("strip|debugstrip", "git_history_rewrite").without("-n"),
            row("purge|clean", "git_clean_force").without("-p --print"),
            row("update|up|checkout|co", "git_discard_tree").with("-C --clean"),
            row("revert", "git_discard_tree").with("-a --all"),
            row("revert", "git_discard_file"),
            row("rollback", "git_discard_file"),
            row("bookmark|bookmarks", "git_branch_delete").with("-d --delete"),
        ],
    ),
    program(
        "svn",
        "-r --revision -m --message --username --password --depth",
        &[
            row("revert", "git_discard_tree").with("-R --recursive --depth=infinity"),
            row("revert", "git_discard_file"),
            row("delete|del|remove|rm *://*", "git_push_protected"),
            row("cleanup", "git_clean_force").with("--remove-unversioned --remove-ignored"),
        ],
    ),
    program(
        "jj",
        "-R --repository -r --revisions -m --message --config",
        &[
            row("git push", "git_push_delete").with("--deleted"),
            row("op|operation abandon", "git_history_rewrite"),
            row("util gc", "git_gc_prune").with("--expire=now"),
        ],
    ),
    program(
        "bfg git-filter-repo",
        "-b --strip-blobs-bigger-than -D --delete-files --replace-text --path",
        &[row("", "git_history_rewrite").without("--analyze")],
    ),
    program(
        "hub",
        "",
        &[row("delete", "git_repo_delete"), row("release create", "release_create")],
    ),
    program(
        "tea",
        "-r --repo",
        &[
            row("repo|repos delete|rm", "git_repo_delete"),
            row("release|releases create", "release_create"),
        ],
    ),
    program("git-lfs", "", &[fine("")]),
];
