use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use coord::repo::{Git, Head, Repo, Warning};
use tempfile::TempDir;

/// A temporary folder in which git can be told what to do.
struct Scratch {
    top: PathBuf,
    _files: TempDir,
}

impl Scratch {
    fn new() -> Self {
        let files = TempDir::new().expect("the temporary folder is writable");
        Self { top: files.path().canonicalize().expect("it exists"), _files: files }
    }

    fn git(&self, dir: &str, args: &str) -> String {
        let output = Command::new("git")
            .args(["-c", "protocol.file.allow=always", "-c", "init.defaultBranch=main"])
            .args(args.split(' '))
            .current_dir(self.top.join(dir))
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .envs([("GIT_AUTHOR_NAME", "a"), ("GIT_AUTHOR_EMAIL", "a@example.org")])
            .envs([("GIT_COMMITTER_NAME", "a"), ("GIT_COMMITTER_EMAIL", "a@example.org")])
            .output()
            .expect("git is installed");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "git {args}: {said}");
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }

    /// A repository with one commit, whose id is its own.
    fn repository(&self, name: &str) -> String {
        self.git("", &format!("init -q {name}"));
        fs::create_dir_all(self.top.join(name).join("src/deep")).expect("the folder is writable");
        fs::write(self.top.join(name).join("src/a.rs"), name).expect("the folder exists");
        self.git(name, "add .");
        self.git(name, &format!("commit -q -m {name}"));
        self.git(name, "rev-parse HEAD")
    }

    fn discover(&self, dir: &str) -> Repo {
        Repo::discover(&self.top.join(dir))
    }

    fn project(&self, dir: &str) -> String {
        self.discover(dir).project
    }

    fn script(&self, name: &str, text: &str) -> PathBuf {
        let path = self.top.join(name);
        fs::write(&path, format!("#!/bin/sh\n{text}\n")).expect("the folder is writable");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("it is ours");
        path
    }
}

#[test]
fn worktrees_subfolders_and_clones_share_the_name_of_the_origin() {
    let scratch = Scratch::new();
    scratch.repository("app");
    scratch.git("app", "remote add origin git@github.com:acme/app.git");
    scratch.git("app", "worktree add -q ../tree");
    scratch.git("", "clone -q app clone");
    scratch.git("", "clone -q clone grandchild");
    scratch.git("", "clone -q --bare app bare.git");
    scratch.git("", "clone -q bare.git from-bare");

    let places = ["app", "app/src/deep", "app/.git", "tree", "clone/src", "grandchild", "bare.git"];
    for place in places.into_iter().chain(["from-bare"]) {
        let repo = scratch.discover(place);
        assert_eq!(repo.project, "github.com/acme/app", "{place}");
        assert_eq!(repo.warnings, [], "{place}");
    }
    assert_eq!(scratch.discover("app/src/deep").root, scratch.top.join("app"));
    assert_eq!(scratch.discover("app/.git").root, scratch.top.join("app"));
    assert_eq!(scratch.discover("tree").root, scratch.top.join("tree"));
    assert_eq!(scratch.discover("tree").common_dir, Some(scratch.top.join("app/.git")));
}

#[test]
fn without_a_hosted_origin_the_first_commit_names_the_repository() {
    let scratch = Scratch::new();
    let first = scratch.repository("app");
    scratch.git("", "clone -q app clone");
    scratch.git("app", "worktree add -q --orphan -b pages ../pages");
    fs::write(scratch.top.join("pages/index"), "").expect("the worktree exists");
    scratch.git("pages", "add .");
    scratch.git("pages", "commit -q -m pages");

    for place in ["app", "clone", "pages"] {
        assert_eq!(scratch.project(place), format!("root:{first}"), "{place}");
    }
}

#[test]
fn of_several_first_commits_the_lowest_counts() {
    let scratch = Scratch::new();
    let one = scratch.repository("one");
    let two = scratch.repository("two");
    scratch.git("one", "fetch -q ../two main");
    scratch.git("one", "merge -q --allow-unrelated-histories -X ours -m both FETCH_HEAD");

    assert_eq!(scratch.project("one"), format!("root:{}", one.min(two)));
}

#[test]
fn a_submodule_is_a_repository_of_its_own() {
    let scratch = Scratch::new();
    scratch.repository("library");
    scratch.git("library", "remote add origin https://github.com/acme/library");
    let app = scratch.repository("app");
    scratch.git("app", "submodule --quiet add ../library vendor/library");

    let repo = scratch.discover("app/vendor/library/src");
    assert_eq!(repo.project, "github.com/acme/library");
    assert_eq!(repo.root, scratch.top.join("app/vendor/library"));
    assert_eq!(scratch.project("app"), format!("root:{app}"));
    assert!(repo.resolve("src/a.rs").is_ok());
    let git = repo.resolve(".git").expect_err("the file .git is git's, too");
    assert_eq!(git.why.reason(), "inside_git");
}

#[test]
fn paths_of_an_inner_repository_or_worktree_are_known_as_such() {
    let scratch = Scratch::new();
    scratch.repository("library");
    scratch.repository("app");
    scratch.git("app", "submodule --quiet add ../library vendor/library");
    scratch.git("app", "worktree add -q trees/one");
    let app = scratch.discover("app");
    let nested = |asked: &str| app.nested(&app.resolve(asked).expect("it lies inside"));

    for (inside, root) in [
        ("vendor/library/src/a.rs", "vendor/library"),
        ("vendor/library", "vendor/library"),
        ("vendor/library/src/*.rs", "vendor/library"),
        ("trees/one/src/new.rs", "trees/one"),
    ] {
        assert_eq!(nested(inside), Some(app.root.join(root)), "{inside}");
    }
    for own in ["src/a.rs", "vendor", "./", "trees/*/x", "port:1", "new/x"] {
        assert_eq!(nested(own), None, "{own}");
    }
}

#[test]
fn a_folder_without_history_is_named_by_its_place() {
    let scratch = Scratch::new();
    fs::create_dir_all(scratch.top.join("plain/sub")).expect("the folder is writable");
    scratch.git("", "init -q unborn");
    scratch.git("", "init -q --bare bare.git");
    let path = |name: &str| format!("path:{}", scratch.top.join(name).display());

    for name in ["plain", "plain/sub", "unborn", "bare.git"] {
        let repo = scratch.discover(name);
        assert_eq!(repo.project, path(name));
        assert_eq!(repo.warnings, [], "{name}");
        assert_eq!(repo.head().commit, None);
        assert!(!repo.case_insensitive || cfg!(target_os = "macos"));
        assert_eq!(repo.resolve("new.txt").expect("any folder works").key, "new.txt");
    }
    assert_eq!(scratch.discover("plain").git_dir, None);
    assert_eq!(scratch.discover("unborn").head().branch.as_deref(), Some("main"));
    let gone = scratch.discover("not/there");
    assert!(gone.project.starts_with("path:"));
}

#[test]
fn coord_toml_may_name_the_project() {
    let scratch = Scratch::new();
    scratch.repository("app");
    scratch.git("app", "remote add origin https://github.com/acme/app");
    let settings = scratch.top.join("app/coord.toml");

    fs::write(&settings, "project = \" my app \"\n[other]\nx = 1\n").expect("writable");
    assert_eq!(scratch.project("app/src"), "name:my app");
    fs::write(&settings, "[locks]\nx = 1\n").expect("writable");
    assert_eq!(scratch.project("app"), "github.com/acme/app");
    for bad in ["project = 7", "project = \"\"", "project = \"a\\nb\"", "not toml"] {
        fs::write(&settings, bad).expect("writable");
        let repo = scratch.discover("app");
        assert_eq!(repo.project, "github.com/acme/app");
        assert!(matches!(repo.warnings[..], [Warning::Settings { .. }]), "{bad}");
    }
}

#[test]
fn a_shallow_clone_without_a_host_does_not_pretend_to_know_its_first_commit() {
    let scratch = Scratch::new();
    scratch.repository("app");
    scratch.git("app", "commit -q --allow-empty -m more");
    let origin = format!("file://{}/app", scratch.top.display());
    scratch.git("", &format!("clone -q --depth 1 {origin} shallow"));
    assert_eq!(scratch.project("shallow"), scratch.project("app"), "its origin is still there");

    scratch.git("shallow", "remote remove origin");

    let repo = scratch.discover("shallow");
    assert!(repo.project.starts_with("path:"));
    assert_eq!(repo.warnings, [Warning::Shallow]);
}

#[test]
fn a_git_that_does_not_answer_is_given_up() {
    let scratch = Scratch::new();
    scratch.repository("app");
    let deaf = scratch.script("deaf", "sleep 600 & wait");
    let started = Instant::now();

    let repo = Repo::discover_with(
        &scratch.top.join("app/src"),
        &Git::new(deaf, Duration::from_millis(200)),
    );

    assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());
    assert_eq!(repo.root, scratch.top.join("app"), "the folder with .git is the best guess");
    assert_eq!(repo.project, format!("path:{}", scratch.top.join("app").display()));
    assert_eq!(repo.warnings, [Warning::TimedOut { seconds: 0 }]);
}

#[test]
fn a_missing_git_is_reported() {
    let scratch = Scratch::new();
    let git = Git::new(scratch.top.join("no-such-git"), Duration::from_secs(5));

    let repo = Repo::discover_with(&scratch.top, &git);

    assert!(matches!(repo.warnings[..], [Warning::NoGit { .. }]), "{:?}", repo.warnings);
}

#[test]
fn a_repository_of_another_user_is_reported() {
    let scratch = Scratch::new();
    scratch.repository("app");
    let wary = "GIT_TEST_ASSUME_DIFFERENT_OWNER=1 GIT_CONFIG_GLOBAL=/dev/null exec git \"$@\"";
    let git = Git::new(scratch.script("wary", wary), Duration::from_secs(5));

    let repo = Repo::discover_with(&scratch.top.join("app"), &git);

    assert!(matches!(repo.warnings[..], [Warning::Untrusted { .. }]), "{:?}", repo.warnings);
    assert_eq!(repo.root, scratch.top.join("app"));
    assert!(repo.warnings[0].to_string().contains("safe.directory"));
}

#[test]
fn a_broken_repository_is_reported() {
    let scratch = Scratch::new();
    fs::create_dir(scratch.top.join("app")).expect("writable");
    fs::write(scratch.top.join("app/.git"), "gitdir: /no/such/place\n").expect("writable");

    let repo = scratch.discover("app");

    assert!(matches!(repo.warnings[..], [Warning::Broken { .. }]), "{:?}", repo.warnings);
}

#[test]
fn git_is_asked_without_prompts_locks_hooks_or_the_callers_repository() {
    let scratch = Scratch::new();
    let log = scratch.top.join("log");
    let spy = format!("env >> {0}; echo \"$@\" >> {0}; exit 1", log.display());

    Repo::discover_with(
        &scratch.top,
        &Git::new(scratch.script("spy", &spy), Duration::from_secs(5)),
    );

    let log = fs::read_to_string(log).expect("it was asked");
    for set in ["LC_ALL=C", "GIT_TERMINAL_PROMPT=0", "GIT_OPTIONAL_LOCKS=0", "GIT_NO_LAZY_FETCH=1"]
    {
        assert!(log.lines().any(|line| line == set), "{set}");
    }
    assert!(log.contains("core.hooksPath=/dev/null") && log.contains("core.fsmonitor=false"));
    assert!(!log.lines().any(|line| line.starts_with("GIT_DIR=")));
}

#[test]
fn the_head_is_read_from_every_kind_of_file() {
    let scratch = Scratch::new();
    let first = scratch.repository("app");
    let on = |branch: &str, commit: &str| Head {
        branch: Some(branch.into()),
        commit: Some(commit.into()),
    };
    assert_eq!(scratch.discover("app/src").head(), on("main", &first));

    scratch.git("app", "pack-refs --all");
    assert_eq!(scratch.discover("app").head(), on("main", &first), "packed");

    scratch.git("app", "worktree add -q -b feature/x ../tree");
    scratch.git("tree", "commit -q --allow-empty -m more");
    let second = scratch.git("tree", "rev-parse HEAD");
    assert_eq!(scratch.discover("tree").head(), on("feature/x", &second), "of a worktree");

    scratch.git("tree", "checkout -q --detach");
    let head = scratch.discover("tree").head();
    assert_eq!(head, Head { branch: None, commit: Some(second) }, "detached");

    scratch.git("", "init -q --ref-format=reftable table");
    scratch.git("table", "commit -q --allow-empty -m first");
    let third = scratch.git("table", "rev-parse HEAD");
    assert_eq!(scratch.discover("table").head(), on("main", &third), "in a table");
}

#[test]
fn a_hostile_head_reads_no_other_file() {
    let scratch = Scratch::new();
    scratch.repository("app");
    let id = "0123456789012345678901234567890123456789";
    fs::write(scratch.top.join("secret"), id).expect("writable");
    let repo = scratch.discover("app");

    for name in ["../../secret", "refs/../../../secret", "/etc/passwd"] {
        fs::write(scratch.top.join("app/.git/HEAD"), format!("ref: {name}\n")).expect("writable");
        assert_eq!(repo.head().commit, None, "{name}");
    }
    fs::write(scratch.top.join("app/.git/HEAD"), "garbage").expect("writable");
    assert_eq!(repo.head(), Head::default());
}

#[test]
fn nothing_is_written_while_looking() {
    let scratch = Scratch::new();
    scratch.repository("app");
    let all = |dir: &Path| {
        let mut seen: Vec<_> = walk(dir);
        seen.sort();
        seen
    };
    let before = all(&scratch.top);

    let repo = scratch.discover("app");
    repo.resolve("src/a.rs").expect("it is there");
    repo.head();

    assert_eq!(all(&scratch.top), before);
}

fn walk(dir: &Path) -> Vec<(PathBuf, u64)> {
    let entries = fs::read_dir(dir).expect("it is ours").map(|entry| entry.expect("it is ours"));
    let each = entries.flat_map(|entry| {
        let size = entry.metadata().expect("it is ours").len();
        let mut all = vec![(entry.path(), size)];
        if entry.path().is_dir() {
            all.extend(walk(&entry.path()));
        }
        all
    });
    each.collect()
}
