//! The real binary, without a daemon: exit codes, streams, copies.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use coord::daemon::lockfile;
use coord::home::Home;
use coord::store::{Options, Store};
use serde_json::Value;

/// A home of its own, and the binary in an environment without anything else.
struct Shell {
    folder: tempfile::TempDir,
}

impl Shell {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().expect("a temporary folder can be made") }
    }

    fn home(&self) -> Home {
        Home::locate(Some(self.folder.path().join("home")), None).expect("it is absolute")
    }

    /// A home whose daemon has been there and has left cleanly.
    fn used(self) -> Self {
        let store = Store::open(&self.home(), Options::default()).expect("a new database opens");
        store.close();
        self
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_coord"));
        command
            .args(arguments)
            .env_clear()
            .env("COORD_HOME", self.home().dir())
            .current_dir(self.folder.path())
            .stdin(Stdio::null());
        command
    }

    fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().expect("the binary was built")
    }

    /// Runs with `--json`; the object, and the exit code.
    fn json(&self, arguments: &[&str]) -> (Value, i32) {
        let output = self.run(&[arguments, &["--json"]].concat());
        let object = serde_json::from_slice(&output.stdout).expect("it is one JSON value");
        (object, code(&output))
    }
}

fn code(output: &Output) -> i32 {
    output.status.code().expect("it was not killed")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn mode(file: &Path) -> u32 {
    std::fs::metadata(file).expect("it is there").permissions().mode() & 0o777
}

#[test]
fn what_cannot_be_understood_ends_with_2() {
    let shell = Shell::new();
    for arguments in [
        &["nonsense"][..],
        &[],
        &["locks", "release", "src/main.rs", "--reason", "gone"],
        &["locks", "release", "--force", "--reason", "gone"],
        &["work", "submit", "no type"],
        &["work", "submit", "--type", "t", "--priority", "11", "x"],
        &["agents", "--status", "sleepy"],
        &["--set", "lock_ttl_minuts=3", "config"],
        &["--set", "lock_ttl_minutes=0", "config"],
        &["config", "nonsense"],
        &["help", "nonsense"],
        &["call", "check_locks", "{"],
        &["audit", "query", "--since", "yesterday"],
    ] {
        let output = shell.run(arguments);
        assert_eq!(code(&output), 2, "{arguments:?}: {}", text(&output.stderr));
        assert!(!output.stderr.is_empty() && output.stdout.is_empty(), "{arguments:?}");
    }
}

#[test]
fn a_misspelt_setting_on_the_command_line_is_told_its_name() {
    let output = Shell::new().run(&["--set", "lock_ttl_minuts=3", "config"]);
    assert!(text(&output.stderr).contains("did you mean lock_ttl_minutes?"));
}

#[test]
fn help_and_versions_end_with_0_and_go_to_standard_output() {
    let shell = Shell::new();
    for arguments in [
        &["help"][..],
        &["help", "exit-codes"],
        &["help", "settings"],
        &["help", "locks", "release"],
        &["--help"],
        &["--version"],
        &["version"],
        &["config"],
        &["restore"],
        &["daemon", "status"],
        &["completions", "fish"],
        &["man"],
    ] {
        let output = shell.run(arguments);
        assert_eq!(code(&output), 0, "{arguments:?}: {}", text(&output.stderr));
        assert!(!output.stdout.is_empty() && output.stderr.is_empty(), "{arguments:?}");
        assert!(!text(&output.stdout).contains('\u{1b}'), "{arguments:?}: no colours in a pipe");
    }
    assert!(!shell.home().dir().exists(), "none of that makes a home or starts a daemon");
}

#[test]
fn a_daemon_that_cannot_be_started_ends_with_3() {
    let shell = Shell::new();
    std::fs::write(shell.home().dir(), "in the way").expect("the folder is writable");
    let (told, code) = shell.json(&["locks"]);
    assert_eq!(code, 3);
    assert_eq!(told["code"], "daemon_unreachable");
    assert_eq!(told["success"], false);
}

#[test]
fn a_reader_that_has_gone_away_is_no_error() {
    let shell = Shell::new();
    let mut child = shell
        .command(&["completions", "bash"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary was built");
    drop(child.stdout.take());
    let output = child.wait_with_output().expect("it ends");
    assert_eq!((code(&output), text(&output.stderr)), (0, String::new()));
}

#[test]
fn a_wrong_setting_is_told_as_text_and_as_json() {
    let shell = Shell::new();
    let output = shell.command(&["config"]).env("LOCK_TTL_MINUTES", "0").output();
    let output = output.expect("the binary was built");
    assert_eq!(code(&output), 1);
    insta::assert_snapshot!(text(&output.stderr), @r#"
    error: the environment (LOCK_TTL_MINUTES): lock_ttl_minutes is "0"
    hint: it must be a whole number from 1 to 480
    "#);
    let output = shell.command(&["config", "--json"]).env("LOCK_TTL_MINUTES", "0").output();
    let told: Value = serde_json::from_slice(&output.expect("as before").stdout).expect("JSON");
    assert_eq!(
        (&told["code"], &told["setting"]),
        (&"invalid_setting".into(), &"lock_ttl_minutes".into())
    );
}

#[test]
fn the_project_one_stands_in_gives_its_settings() {
    let shell = Shell::new();
    let inside = shell.folder.path().join("repo/src");
    std::fs::create_dir_all(&inside).expect("the folder is writable");
    std::fs::write(shell.folder.path().join("repo/.coordinator.toml"), "lock_ttl_minutes = 7")
        .expect("the folder is writable");
    let output = shell.command(&["config", "lock_ttl_minutes"]).current_dir(inside).output();
    assert_eq!(text(&output.expect("the binary was built").stdout), "7\n");
}

#[test]
fn a_doctor_finds_nothing_in_a_new_home_and_makes_nothing() {
    let shell = Shell::new();
    let (told, code) = shell.json(&["doctor"]);
    assert_eq!((code, &told["success"]), (0, &Value::Bool(true)), "{told}");
    assert!(!shell.home().dir().exists());
}

#[test]
fn a_doctor_finds_a_damaged_database_and_says_what_helps() {
    let shell = Shell::new().used();
    assert_eq!(shell.json(&["doctor"]).1, 0, "it is whole");
    let mut bytes = std::fs::read(shell.home().database()).expect("it is there");
    for byte in bytes.iter_mut().skip(4_096).take(40_000) {
        *byte ^= 0xFF;
    }
    std::fs::write(shell.home().database(), bytes).expect("it is ours");

    let (told, code) = shell.json(&["doctor"]);

    assert_eq!(code, 1);
    let checks = told["checks"].as_array().expect("a list");
    let failed: Vec<&Value> = checks.iter().filter(|check| check["verdict"] == "fail").collect();
    assert!(failed.iter().any(|check| check["name"] == "database"), "{told}");
    assert!(failed.iter().all(|check| check["advice"].is_string()), "{told}");
}

#[test]
fn a_doctor_names_a_variable_that_means_nothing() {
    let shell = Shell::new();
    let output = shell.command(&["doctor"]).env("COORD_DURABILTY", "fast").output();
    let said = text(&output.expect("the binary was built").stdout);
    assert!(said.contains("did you mean COORD_DURABILITY?"), "{said}");
}

#[test]
fn a_copy_is_private_listed_and_never_overwrites() {
    let shell = Shell::new().used();
    let (told, ended) = shell.json(&["backup"]);
    assert_eq!(ended, 0);
    let file = told["file"].as_str().expect("it has a name").to_owned();
    assert_eq!(mode(Path::new(&file)), 0o600);

    let (listed, _) = shell.json(&["restore"]);
    assert_eq!(listed["copies"][0]["file"], told["file"]);

    let (again, ended) = shell.json(&["backup", &file]);
    assert_eq!((ended, &again["code"]), (1, &"file_exists".into()));
}

#[test]
fn a_copy_comes_back_only_when_no_daemon_runs_and_somebody_agrees() {
    let shell = Shell::new().used();
    let (told, _) = shell.json(&["backup"]);
    let file = told["file"].as_str().expect("it has a name").to_owned();

    let running = lockfile::take(&shell.home().lock_file()).expect("nobody has it");
    let (refused, ended) = shell.json(&["restore", &file, "--yes"]);
    assert_eq!((ended, &refused["code"]), (1, &"daemon_already_running".into()));
    drop(running);

    let (refused, ended) = shell.json(&["restore", &file]);
    assert_eq!((ended, &refused["code"]), (1, &"not_confirmed".into()));

    let (done, ended) = shell.json(&["restore", &file, "--yes"]);
    assert_eq!(ended, 0, "{done}");
    let kept = Path::new(done["replaced"].as_str().expect("it says where")).join("coord.db");
    assert!(kept.exists(), "what was replaced is kept");
    assert_eq!(mode(&shell.home().database()), 0o600);
    Store::open(&shell.home(), Options::default()).expect("what came back opens");
}

#[test]
fn a_copy_that_is_not_whole_does_not_come_back() {
    let shell = Shell::new().used();
    let before = std::fs::read(shell.home().database()).expect("it is there");
    let bad = shell.folder.path().join("bad.db");
    std::fs::write(&bad, "this is no database at all, but long enough to be one").expect("ours");
    for (file, code) in [("bad.db", "database_corrupt"), ("none.db", "copy_not_found")] {
        let (refused, ended) = shell.json(&["restore", file, "--yes"]);
        assert_eq!((ended, &refused["code"]), (1, &code.into()), "{refused}");
    }
    assert_eq!(std::fs::read(shell.home().database()).expect("it is there"), before);
}

#[test]
fn manual_pages_are_written_where_they_are_wanted() {
    let shell = Shell::new();
    let (told, ended) = shell.json(&["man", "man1"]);
    assert_eq!(ended, 0);
    for page in told["pages"].as_array().expect("a list") {
        let file = shell.folder.path().join("man1").join(page.as_str().expect("a name"));
        assert!(file.exists(), "{}", file.display());
    }
}
