//! A user's directory and a repository, and everything in them as one value.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// Everything below a folder: contents, permissions and links; folders have no contents.
pub type Tree = BTreeMap<PathBuf, (Vec<u8>, u32)>;

pub struct Ground {
    folder: tempfile::TempDir,
}

impl Ground {
    /// An empty user's directory and an empty repository.
    pub fn new() -> Self {
        let ground = Self { folder: tempfile::tempdir().expect("a temporary folder can be made") };
        fs::create_dir(ground.user()).expect("the folder is empty");
        fs::create_dir(ground.repo()).expect("the folder is empty");
        ground.git(&["init", "-q", "-b", "main"]);
        fs::remove_dir_all(ground.repo().join(".git/hooks")).ok();
        ground
    }

    pub fn top(&self) -> &Path {
        self.folder.path()
    }

    pub fn user(&self) -> PathBuf {
        self.top().join("home")
    }

    pub fn repo(&self) -> PathBuf {
        self.top().join("repo")
    }

    pub fn state(&self) -> PathBuf {
        self.top().join("state")
    }

    pub fn git(&self, arguments: &[&str]) {
        let done = self.command("git", &self.repo()).args(arguments).status();
        assert!(done.expect("git is installed").success(), "git {arguments:?}");
    }

    /// A command with nothing in its environment but what it needs; `coord` is on its path.
    pub fn command(&self, program: &str, cwd: &Path) -> Command {
        let bin = Path::new(env!("CARGO_BIN_EXE_coord")).parent().expect("it lies in a folder");
        let mut command = Command::new(program);
        command
            .env_clear()
            .env("PATH", format!("{}:/usr/bin:/bin", bin.display()))
            .env("HOME", self.user())
            .env("COORD_HOME", self.state())
            .env("GIT_CONFIG_GLOBAL", self.user().join(".gitconfig"))
            .current_dir(cwd)
            .stdin(Stdio::null());
        command
    }

    pub fn run_in(&self, cwd: &Path, arguments: &[&str]) -> Output {
        let mut command = self.command(env!("CARGO_BIN_EXE_coord"), cwd);
        command.args(arguments).output().expect("the binary runs")
    }

    pub fn run(&self, arguments: &[&str]) -> Output {
        self.run_in(&self.repo(), arguments)
    }

    /// Runs it to an exit code; what it printed on both streams.
    pub fn ends(&self, arguments: &[&str], code: i32) -> String {
        let output = self.run(arguments);
        let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {said}");
        said.replace(&self.top().display().to_string(), "TOP")
    }

    pub fn write(&self, path: &str, text: impl AsRef<[u8]>) {
        let path = self.top().join(path);
        fs::create_dir_all(path.parent().expect("it lies in a folder")).expect("it can be made");
        fs::write(path, text).expect("it can be written");
    }

    pub fn script(&self, path: &str, text: &str) {
        self.write(path, text);
        self.mode(path, 0o755);
    }

    pub fn mode(&self, path: &str, mode: u32) {
        fs::set_permissions(self.top().join(path), fs::Permissions::from_mode(mode))
            .expect("it is ours");
    }

    pub fn read(&self, path: &str) -> String {
        let path = self.top().join(path);
        fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    }

    /// The user's directory and the repository as they are, git's own data apart.
    pub fn tree(&self) -> Tree {
        let mut tree = Tree::new();
        for top in [self.user(), self.repo()] {
            gather(&top, &mut tree);
        }
        tree.retain(|path, _| {
            let text = path.display().to_string();
            !text.contains("/.git/") || text.contains("/.git/hooks")
        });
        tree
    }
}

fn gather(folder: &Path, tree: &mut Tree) {
    for entry in fs::read_dir(folder).expect("it can be read") {
        let path = entry.expect("it can be read").path();
        let meta = fs::symlink_metadata(&path).expect("it is there");
        let mode = meta.permissions().mode();
        if meta.is_dir() {
            tree.insert(path.clone(), (Vec::new(), mode));
            gather(&path, tree);
        } else if meta.is_symlink() {
            let target = fs::read_link(&path).expect("it is a link");
            tree.insert(path, (target.into_os_string().into_encoded_bytes(), mode));
        } else {
            let bytes = fs::read(&path).expect("it can be read");
            tree.insert(path, (bytes, mode));
        }
    }
}

/// What differs between two trees, in words.
pub fn difference(one: &Tree, other: &Tree) -> Vec<String> {
    let say = |(path, (bytes, mode)): (&PathBuf, &(Vec<u8>, u32))| {
        format!("{} {mode:o} {:?}", path.display(), String::from_utf8_lossy(bytes))
    };
    let gone = one.iter().filter(|(path, was)| other.get(*path) != Some(was)).map(say);
    let come = other.iter().filter(|(path, is)| one.get(*path) != Some(is)).map(say);
    gone.map(|line| format!("- {line}")).chain(come.map(|line| format!("+ {line}"))).collect()
}

/// Copies a folder and everything below it.
pub fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("it can be made");
    for entry in fs::read_dir(from).expect("it can be read") {
        let path = entry.expect("it can be read").path();
        let target = to.join(path.file_name().expect("it has a name"));
        if path.is_dir() {
            copy(&path, &target);
        } else {
            fs::copy(&path, &target).expect("it can be copied");
        }
    }
}
