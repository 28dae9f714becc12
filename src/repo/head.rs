//! Where a worktree stands: its branch and commit, read from files.
//!
//! - No process is started, except for the rare table format of refs.
//! - A hostile `HEAD` cannot make it read a file outside the git directory.
//!
//! Not here: finding the git directory (`identity`).

use std::fs::File;
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::Path;

use super::{Git, Repo};

/// A ref is one short line; more is no ref.
const REF_BYTES: u64 = 4096;
/// Refs may point to refs; longer chains are broken ones.
const CHAIN: usize = 5;

/// The branch and commit of a worktree.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Head {
    /// Short name of the branch; none when the head is detached.
    pub branch: Option<String>,
    /// Full commit id; none before the first commit.
    pub commit: Option<String>,
}

impl Repo {
    /// Branch and commit of this worktree; both empty outside a repository.
    pub fn head(&self) -> Head {
        let (Some(git_dir), Some(common)) = (&self.git_dir, &self.common_dir) else {
            return Head::default();
        };
        let Some(line) = short_file(&git_dir.join("HEAD")) else { return Head::default() };
        let Some(first) = line.strip_prefix("ref: ").map(str::trim) else {
            return Head { branch: None, commit: id(&line) };
        };
        if first == "refs/heads/.invalid" {
            return ask_git(&self.root);
        }
        let branch = first.strip_prefix("refs/heads/").map(str::to_owned);
        Head { branch, commit: follow(git_dir, common, first) }
    }
}

fn follow(git_dir: &Path, common: &Path, first: &str) -> Option<String> {
    let mut name = first.to_owned();
    for _ in 0..CHAIN {
        if !well_formed(&name) {
            return None;
        }
        let loose = short_file(&git_dir.join(&name)).or_else(|| short_file(&common.join(&name)));
        let Some(line) = loose else { return packed(common, &name) };
        match line.strip_prefix("ref: ") {
            Some(next) => name = next.trim().to_owned(),
            None => return id(&line),
        }
    }
    None
}

/// Keeps `ref: ../../x` from naming a file elsewhere.
fn well_formed(name: &str) -> bool {
    name.starts_with("refs/") && !name.contains("..") && !name.chars().any(char::is_control)
}

fn short_file(path: &Path) -> Option<String> {
    // A named pipe would block the reader for ever.
    if !path.metadata().ok()?.is_file() {
        return None;
    }
    let mut text = String::new();
    File::open(path).ok()?.take(REF_BYTES).read_to_string(&mut text).ok()?;
    Some(text)
}

fn packed(common: &Path, name: &str) -> Option<String> {
    let lines = BufReader::new(File::open(common.join("packed-refs")).ok()?).lines();
    lines.map_while(Result::ok).find_map(|line| {
        line.split_once(' ').filter(|(_, at)| *at == name).and_then(|(i, _)| id(i))
    })
}

fn id(text: &str) -> Option<String> {
    let text = text.trim();
    let right = matches!(text.len(), 40 | 64) && text.bytes().all(|b| b.is_ascii_hexdigit());
    right.then(|| text.to_ascii_lowercase())
}

fn ask_git(root: &Path) -> Head {
    let ask = |args: &[&str]| {
        let answer = Git::default().ask(root, args).ok()?;
        answer.ok.then(|| answer.stdout.trim().to_owned())
    };
    Head {
        branch: ask(&["symbolic-ref", "--quiet", "--short", "HEAD"]),
        commit: ask(&["rev-parse", "--verify", "--quiet", "HEAD"]).as_deref().and_then(id),
    }
}
