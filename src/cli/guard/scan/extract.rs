//! What in a file is a command: by the file's name, and its first line.

use std::path::Path;

use serde_json::{Map, Value};

use super::{lines, yaml};

/// A command of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snippet {
    /// The line at which it starts, from 1.
    pub line: usize,
    /// The command.
    pub code: Code,
    /// It runs where files are thrown away: an image that is being built.
    pub throwaway: bool,
}

/// How a command is written down.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Code {
    /// For a shell.
    Shell(String),
    /// As a list of words.
    Argv(Vec<String>),
}

impl Snippet {
    /// A text for a shell.
    pub fn shell(line: usize, text: impl Into<String>) -> Self {
        Self { line, code: Code::Shell(text.into()), throwaway: false }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Shell,
    Yaml,
    Make,
    Docker,
    Package,
    /// By its first line.
    Unnamed,
}

fn kind(path: &Path) -> Option<Kind> {
    let name = path.file_name()?.to_string_lossy().to_ascii_lowercase();
    let extension = Path::new(&*name).extension().map(|ext| ext.to_string_lossy().into_owned());
    match (name.as_str(), extension.as_deref()) {
        (_, Some("sh" | "bash" | "zsh" | "ksh" | "bats")) => Some(Kind::Shell),
        (_, Some("yml" | "yaml")) => Some(Kind::Yaml),
        ("makefile" | "gnumakefile", _) | (_, Some("mk")) => Some(Kind::Make),
        ("dockerfile" | "containerfile", _) | (_, Some("dockerfile")) => Some(Kind::Docker),
        ("package.json", _) => Some(Kind::Package),
        (name, _) if name.starts_with("dockerfile.") => Some(Kind::Docker),
        (_, None) => Some(Kind::Unnamed),
        _ => None,
    }
}

/// Whether the name may be that of a file with commands.
pub fn may_be_run(path: &Path) -> bool {
    kind(path).is_some_and(|kind| kind != Kind::Yaml || is_ci(path))
}

/// Whether a YAML file is one whose scripts a service runs.
fn is_ci(path: &Path) -> bool {
    let text = path.to_string_lossy().replace('\\', "/");
    let name = text.rsplit('/').next().unwrap_or(&text);
    text.contains(".github/workflows/")
        || text.contains(".gitlab/")
        || matches!(name, "action.yml" | "action.yaml")
        || name.contains("gitlab-ci")
}

/// The commands of a file.
pub fn snippets(path: &str, text: &str) -> Vec<Snippet> {
    match kind(Path::new(path)) {
        Some(Kind::Shell) => vec![Snippet::shell(1, text)],
        Some(Kind::Yaml) => yaml::snippets(text),
        Some(Kind::Make) => lines::make(text),
        Some(Kind::Docker) => lines::docker(text),
        Some(Kind::Package) => package(text),
        Some(Kind::Unnamed) if names_a_shell(text) => vec![Snippet::shell(1, text)],
        Some(Kind::Unnamed) | None => Vec::new(),
    }
}

fn names_a_shell(text: &str) -> bool {
    let Some(first) = text.lines().next().and_then(|line| line.strip_prefix("#!")) else {
        return false;
    };
    let words = first.split_whitespace().map(|word| word.rsplit('/').next().unwrap_or(word));
    words
        .filter(|word| !word.starts_with('-') && *word != "env")
        .any(|word| matches!(word, "sh" | "bash" | "zsh" | "dash" | "ksh" | "ash"))
}

/// The scripts of a package, each at the line that names it.
fn package(text: &str) -> Vec<Snippet> {
    let Ok(Value::Object(package)) = serde_json::from_str::<Value>(text) else { return Vec::new() };
    let none = Map::new();
    let scripts = package.get("scripts").and_then(Value::as_object).unwrap_or(&none);
    let start = text.lines().position(|line| line.contains("\"scripts\"")).unwrap_or(0);
    let line = |name: &str| {
        let key = Value::from(name).to_string();
        let after = text.lines().skip(start).position(|line| line.contains(&key)).unwrap_or(0);
        start + after + 1
    };
    scripts
        .iter()
        .filter_map(|(name, script)| Some(Snippet::shell(line(name), script.as_str()?)))
        .collect()
}
