//! Finds the repository around a folder and the name it goes by.
//!
//! - All worktrees of a repository, and all clones of it, get one name.
//! - A submodule is a repository of its own.
//! - Every folder gets a name; what went wrong on the way is a warning.
//!
//! Not here: where the worktree stands (`head`), names of paths (`path`).

use std::ffi::{OsStr, OsString};
use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::git::{Answer, Git, Silence};
use super::url::{self, Remote};
use super::{Repo, Stamp, names};

/// The file that may name a project.
const SETTINGS: &str = "coord.toml";
const SETTINGS_BYTES: u64 = 64 * 1024;
const NAME_CHARS: usize = 200;
/// A clone of a clone of a clone … of a folder; further ones stand alone.
const CLONE_DEPTH: u32 = 4;

/// Why a repository did not get the name one would expect.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "the messages say it")]
pub enum Warning {
    /// `git` could not be started.
    #[error("git did not start ({error}), so the folder names the project")]
    NoGit { error: String },
    /// `git` was killed.
    #[error("git gave no answer within {seconds} s, so the folder names the project")]
    TimedOut { seconds: u64 },
    /// Somebody else owns the repository and git will not read it.
    #[error(
        "git does not trust {folder}, which belongs to another user, so the folder names the \
         project; git config safe.directory lists the folders to trust"
    )]
    Untrusted { folder: String },
    /// The history was cut off, so its first commit says nothing.
    #[error("the clone is shallow and has no hosted origin, so the folder names the project")]
    Shallow,
    /// `coord.toml` is there and cannot be used.
    #[error("coord.toml was not used: {reason}")]
    Settings { reason: String },
    /// A repository that git cannot make sense of.
    #[error("git cannot read the repository ({said}), so the folder names the project")]
    Broken { said: String },
}

/// What surrounds a folder.
struct Place {
    root: PathBuf,
    git_dir: Option<PathBuf>,
    common_dir: Option<PathBuf>,
    shallow: bool,
}

impl Repo {
    /// The repository around `cwd`. Starts `git` two or three times; keep the
    /// answer.
    pub fn discover(cwd: &Path) -> Self {
        Self::discover_with(cwd, &Git::default())
    }

    /// How the file that may name the repository is now. Another name counts from when it stands
    /// there.
    #[must_use]
    pub fn name_stamp(&self) -> Stamp {
        Stamp::of(&self.root.join(SETTINGS))
    }

    /// The same with another git or time limit.
    pub fn discover_with(cwd: &Path, git: &Git) -> Self {
        let mut search = Search { git, warnings: Vec::new() };
        let place = search.locate(&real(cwd));
        let project = search.project(&place, 0);
        Self {
            project,
            case_insensitive: case_insensitive(&place.root),
            root: place.root,
            git_dir: place.git_dir,
            common_dir: place.common_dir,
            warnings: search.warnings,
        }
    }
}

struct Search<'a> {
    git: &'a Git,
    warnings: Vec<Warning>,
}

impl Search<'_> {
    fn locate(&mut self, cwd: &Path) -> Place {
        let question = [
            "rev-parse",
            "--is-shallow-repository",
            "--absolute-git-dir",
            "--git-common-dir",
            // Last, because it fails in a bare repository.
            "--show-toplevel",
        ];
        let Some(answer) = self.ask(cwd, &question) else { return outside(nearest(cwd)) };
        let lines: Vec<&str> = answer.stdout.lines().collect();
        let (&[shallow, git_dir, common_dir] | &[shallow, git_dir, common_dir, _]) = &lines[..]
        else {
            self.complain(cwd, &answer);
            return outside(nearest(cwd));
        };
        let top = lines.get(3);
        let git_dir = real(cwd.join(git_dir));
        let common_dir = real(cwd.join(common_dir));
        let root = top.map_or_else(|| without_worktree(cwd, &git_dir, &common_dir), real);
        Place {
            root,
            git_dir: Some(git_dir),
            common_dir: Some(common_dir),
            shallow: shallow == "true",
        }
    }

    fn complain(&mut self, cwd: &Path, answer: &Answer) {
        let said = answer.stderr.trim();
        if said.contains("dubious ownership") {
            let folder = names::echo(&nearest(cwd).to_string_lossy());
            self.warnings.push(Warning::Untrusted { folder });
        } else if !said.starts_with("fatal: not a git repository (") {
            self.warnings.push(Warning::Broken { said: names::echo(said) });
        }
    }

    fn ask<S: AsRef<OsStr>>(&mut self, dir: &Path, args: &[S]) -> Option<Answer> {
        let warning = match self.git.ask(dir, args) {
            Ok(answer) => return Some(answer),
            Err(Silence::TimedOut) => Warning::TimedOut { seconds: self.git.limit().as_secs() },
            Err(Silence::NotStarted(error)) => Warning::NoGit { error: error.to_string() },
        };
        if !self.warnings.contains(&warning) {
            self.warnings.push(warning);
        }
        None
    }

    fn project(&mut self, place: &Place, depth: u32) -> String {
        if let Some(name) = self.given_name(&place.root) {
            return format!("name:{name}");
        }
        let Some(common) = &place.common_dir else { return path_name(&place.root) };
        if let Some(name) = self.origin(place, common, depth) {
            return name;
        }
        if place.shallow {
            self.warnings.push(Warning::Shallow);
            return path_name(home(common));
        }
        self.first_commit(place, common)
            .map_or_else(|| path_name(home(common)), |id| format!("root:{id}"))
    }

    fn given_name(&mut self, root: &Path) -> Option<String> {
        match given_name(&root.join(SETTINGS)) {
            Ok(name) => name,
            Err(reason) => {
                self.warnings.push(Warning::Settings { reason: names::echo(&reason) });
                None
            }
        }
    }

    fn origin(&mut self, place: &Place, common: &Path, depth: u32) -> Option<String> {
        let answer = self.ask(&place.root, &within(common, &["remote", "get-url", "origin"]))?;
        if !answer.ok {
            return None;
        }
        match url::normalise(answer.stdout.trim_end_matches('\n')) {
            Remote::Hosted(name) => Some(name),
            Remote::Local(folder) if depth < CLONE_DEPTH => {
                let other = self.original(&place.root, &folder)?;
                (other.common_dir != place.common_dir).then(|| self.project(&other, depth + 1))
            }
            Remote::Local(_) | Remote::Unknown => None,
        }
    }

    /// The repository at a folder that is an origin, with or without `.git`.
    fn original(&mut self, root: &Path, folder: &str) -> Option<Place> {
        let plain = root.join(folder);
        let mut dotted = plain.clone().into_os_string();
        dotted.push(".git");
        let folder = [plain, dotted.into()].into_iter().find(|f| f.is_dir())?;
        let folder = real(&folder);
        let place = self.locate(&folder);
        let git_dir = place.git_dir.as_ref()?;
        // A folder inside some repository is not that repository.
        (place.root == folder || *git_dir == folder).then_some(place)
    }

    /// The main worktree's head is asked, so that a worktree on a branch with
    /// roots of its own still belongs to the family.
    fn first_commit(&mut self, place: &Place, common: &Path) -> Option<String> {
        let dirs = [Some(common), place.git_dir.as_deref().filter(|dir| *dir != common)];
        dirs.into_iter().flatten().find_map(|dir| {
            let question = within(dir, &["rev-list", "--max-parents=0", "HEAD"]);
            let answer = self.ask(&place.root, &question)?;
            let ids = answer.stdout.lines().filter(|_| answer.ok);
            ids.min().map(str::to_owned)
        })
    }
}

fn within(git_dir: &Path, args: &[&str]) -> Vec<OsString> {
    let mut all = vec![OsString::from("--git-dir"), git_dir.into()];
    all.extend(args.iter().map(OsString::from));
    all
}

fn real(path: impl AsRef<Path>) -> PathBuf {
    let path = path.as_ref();
    let absolute = || std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    fs::canonicalize(path).unwrap_or_else(|_| absolute())
}

fn outside(root: PathBuf) -> Place {
    Place { root, git_dir: None, common_dir: None, shallow: false }
}

/// The root where git does not tell: the nearest folder with a `.git`, else
/// the folder itself.
fn nearest(cwd: &Path) -> PathBuf {
    let marked = cwd.ancestors().find(|dir| dir.join(".git").symlink_metadata().is_ok());
    marked.unwrap_or(cwd).to_owned()
}

/// The root where there is no worktree around `cwd`.
fn without_worktree(cwd: &Path, git_dir: &Path, common_dir: &Path) -> PathBuf {
    if cwd.starts_with(common_dir) && common_dir.file_name() == Some(OsStr::new(".git")) {
        return home(common_dir).to_owned();
    }
    if cwd.starts_with(git_dir) { git_dir.to_owned() } else { cwd.to_owned() }
}

/// The folder that stands for a repository: the one that holds `.git`.
fn home(common_dir: &Path) -> &Path {
    let parent = common_dir.parent().filter(|_| common_dir.ends_with(".git"));
    parent.unwrap_or(common_dir)
}

fn path_name(folder: &Path) -> String {
    format!("path:{}", folder.display())
}

#[derive(Deserialize)]
struct Settings {
    project: Option<String>,
}

fn given_name(file: &Path) -> Result<Option<String>, String> {
    let Ok(meta) = file.metadata() else { return Ok(None) };
    if !meta.is_file() || meta.len() > SETTINGS_BYTES {
        return Err("not a file of at most 64 kB".into());
    }
    let text = fs::read_to_string(file).map_err(|error| error.to_string())?;
    let settings: Settings = toml::from_str(&text).map_err(|e| e.message().to_owned())?;
    let Some(name) = settings.project else { return Ok(None) };
    let name = name.trim();
    if name.is_empty() || name.chars().count() > NAME_CHARS || name.chars().any(char::is_control) {
        return Err(format!("project must be 1 to {NAME_CHARS} printable characters"));
    }
    Ok(Some(names::nfc(name).into_owned()))
}

/// Asks the file system with a name that exists, spelled in the other case.
fn case_insensitive(root: &Path) -> bool {
    let entries = fs::read_dir(root).into_iter().flatten().flatten().take(16);
    let inside = entries.map(|entry| entry.path());
    let mut known = [root.join(".git")].into_iter().chain(inside).chain([root.to_owned()]);
    known.find_map(|path| answers_to_other_case(&path)).unwrap_or(cfg!(target_os = "macos"))
}

fn answers_to_other_case(path: &Path) -> Option<bool> {
    let name = path.file_name()?.to_str()?;
    let here = path.symlink_metadata().ok()?;
    let swap = |c: char| {
        if c.is_ascii_lowercase() { c.to_ascii_uppercase() } else { c.to_ascii_lowercase() }
    };
    let other: String = name.chars().map(swap).collect();
    if other == name {
        return None;
    }
    let there = path.with_file_name(other).symlink_metadata().ok();
    Some(there.is_some_and(|there| (there.dev(), there.ino()) == (here.dev(), here.ino())))
}
