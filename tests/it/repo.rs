//! Repositories have one name, their paths too, and overlap is never missed.

mod hostile;
mod identity;
mod overlap;
mod paths;
mod url;

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use coord::repo::{Kind, PathRefusal, Repo, Target};
use tempfile::TempDir;

/// A folder with everything that can go wrong in it, taken for a repository.
pub struct Tree {
    pub repo: Repo,
    /// Dropping it removes the files.
    pub around: TempDir,
}

impl Tree {
    /// `around/repo` is the repository, `around/outside` is not.
    pub fn new() -> Self {
        let around = TempDir::new().expect("the temporary folder is writable");
        let top = around.path().canonicalize().expect("it exists");
        let root = top.join("repo");
        for folder in ["repo/a/deep", "repo/b/[id]", "repo/.git/objects", "repo/data", "outside"] {
            fs::create_dir_all(top.join(folder)).expect("the parent is writable");
        }
        let files = ["a/f", "a/deep/g.rs", "b/[id]/page.tsx", "x.rs", ".git/config", "{a,b}.txt"];
        for file in files.into_iter().chain(["cafe\u{301}", "back\\slash", "data/objects"]) {
            fs::write(root.join(file), "").expect("the folder exists");
        }
        fs::write(top.join("outside/secret"), "").expect("the folder exists");
        let links: [(&str, PathBuf); 12] = [
            ("link", "a".into()),
            ("b/tofile", "../a/f".into()),
            ("out", top.join("outside")),
            ("outrel", "../outside/secret".into()),
            ("loop1", "loop2".into()),
            ("loop2", "loop1".into()),
            ("me", "me".into()),
            ("up", "..".into()),
            ("here", ".".into()),
            ("hidden", ".git/config".into()),
            ("dangling", "a/not-yet".into()),
            ("dangling-out", "../outside/not-yet".into()),
        ];
        for (name, to) in links {
            symlink(to, root.join(name)).expect("the folder exists");
        }
        Self { repo: plain(&root), around }
    }

    pub fn key(&self, asked: &str) -> String {
        self.get(asked).key
    }

    pub fn get(&self, asked: &str) -> Target {
        let found = self.repo.resolve(asked);
        assert!(found.is_ok(), "{asked:?} was refused: {found:?}");
        found.expect("it was just checked")
    }

    pub fn refusal(&self, asked: &str) -> PathRefusal {
        let found = self.repo.resolve(asked);
        assert!(found.is_err(), "{asked:?} was taken for {found:?}");
        found.expect_err("it was just checked")
    }

    pub fn reason(&self, asked: &str) -> &'static str {
        self.refusal(asked).why.reason()
    }
}

/// A repository as `discover` would find it, without asking git.
pub fn plain(root: &Path) -> Repo {
    Repo {
        project: "path:test".into(),
        root: root.to_owned(),
        git_dir: None,
        common_dir: None,
        case_insensitive: false,
        warnings: Vec::new(),
    }
}

pub fn stored(kind: Kind, key: &str) -> Target {
    Target::from_stored(kind, key)
}
