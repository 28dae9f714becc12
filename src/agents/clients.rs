//! The clients we know, and how to find the one that stands behind a process.
//!
//! Not here: what a session is called after that (`identity`).

use crate::os::Process;
use crate::wire::{Hello, Role};

/// Names of executables (lower case, first word) and the client each belongs to.
const NAMES: [(&str, &str); 24] = [
    ("claude", "claude"),
    ("claude-code", "claude"),
    ("codex", "codex"),
    ("codex-cli", "codex"),
    ("gemini", "gemini"),
    ("gemini-cli", "gemini"),
    ("cursor", "cursor"),
    ("cursor-agent", "cursor"),
    ("opencode", "opencode"),
    ("copilot", "copilot"),
    ("goose", "goose"),
    ("goosed", "goose"),
    ("amp", "amp"),
    ("aider", "aider"),
    ("grok", "grok"),
    ("qwen", "qwen"),
    ("crush", "crush"),
    ("droid", "droid"),
    ("cline", "cline"),
    ("windsurf", "windsurf"),
    ("antigravity", "antigravity"),
    ("kiro", "kiro"),
    ("kiro-cli", "kiro"),
    ("auggie", "auggie"),
];

/// Variables that a client sets for what it starts. Nearest meaning first.
const MARKERS: [(&str, &str); 8] = [
    ("GEMINI_CLI", "gemini"),
    ("GEMINI_SESSION_ID", "gemini"),
    ("CODEX_THREAD_ID", "codex"),
    ("OPENCODE", "opencode"),
    ("GROK_SESSION_ID", "grok"),
    ("CURSOR_TRACE_ID", "cursor"),
    ("CLAUDECODE", "claude"),
    ("CLAUDE_CODE_SESSION_ID", "claude"),
];

/// Variables that name the client's session, for when its process is out of sight.
const SESSIONS: [(&str, &str); 4] = [
    ("CODEX_THREAD_ID", "codex"),
    ("GEMINI_SESSION_ID", "gemini"),
    ("GROK_SESSION_ID", "grok"),
    ("CLAUDE_CODE_SESSION_ID", "claude"),
];

/// Executables that merely start others.
const LAUNCHERS: [&str; 32] = [
    "sh", "bash", "dash", "zsh", "fish", "ksh", "ash", "tcsh", "csh", "nu", "pwsh", "busybox",
    "env", "nice", "nohup", "timeout", "setsid", "sudo", "time", "xargs", "stdbuf", "script",
    "npm", "npx", "pnpm", "yarn", "bunx", "uv", "uvx", "make", "just", "login",
];

/// Executables whose name does not say what they run.
const RUNTIMES: [&str; 7] =
    ["node", "mainthread", "node-mainthread", "bun", "deno", "electron", "ruby"];

/// The client behind a process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Which client, if that can be told.
    pub kind: Option<&'static str>,
    /// Its process, unless only the environment speaks of it.
    pub process: Option<Process>,
    /// What its session is called.
    pub session: String,
    /// How it was found.
    pub rule: &'static str,
}

/// The client that started a shim or a hook, or in which a command was typed.
pub fn find(hello: &Hello) -> Option<Found> {
    let line: Vec<&(Process, String)> =
        hello.ancestors.iter().filter(|(_, name)| !is_launcher(name)).collect();
    let marked = marker(hello, &line);
    if let Some(&(process, name)) = line.first() {
        if let Some(kind) = known(name) {
            return Some(at(process, Some(kind), "process"));
        }
        // A variable that no known ancestor explains was set by a nearer client,
        // and that can only be the process whose name says nothing.
        if let Some(kind) = marked.filter(|_| hello.role != Role::Cli || is_runtime(name)) {
            return Some(at(process, Some(kind), "process and environment"));
        }
        if let Some((process, kind)) = behind(hello, name) {
            return Some(at(process, Some(kind), "process"));
        }
        if hello.role != Role::Cli {
            return Some(at(process, None, "parent"));
        }
    }
    if hello.role != Role::Cli && line.is_empty() {
        return Some(out_of_sight(hello, marked));
    }
    if let Some(kind) = marked {
        return Some(out_of_sight(hello, Some(kind)));
    }
    line.iter().find_map(|(process, name)| Some(at(process, Some(known(name)?), "process")))
}

/// The client in whose place a runtime was started to launch us (`npx`): its
/// direct child, with no shell between.
fn behind<'h>(hello: &'h Hello, name: &str) -> Option<(&'h Process, &'static str)> {
    if !is_runtime(name) {
        return None;
    }
    let position = hello.ancestors.iter().position(|(_, other)| other == name)?;
    let (process, parent) = hello.ancestors.get(position + 1)?;
    Some((process, known(parent)?))
}

fn at(process: &Process, kind: Option<&'static str>, rule: &'static str) -> Found {
    let started = process.started.replace(|c: char| !c.is_ascii_alphanumeric(), ".");
    let session = format!("client-{}-{started}", process.pid);
    Found { kind, process: Some(process.clone()), session, rule }
}

/// Detached from its client, or started by process 1 of a container.
fn out_of_sight(hello: &Hello, kind: Option<&'static str>) -> Found {
    let told = SESSIONS
        .iter()
        .filter(|(_, of)| kind.is_none_or(|kind| kind == *of))
        .find_map(|(name, _)| hello.env.get(*name).filter(|value| !value.is_empty()));
    let session = match (kind, told) {
        (Some(kind), Some(id)) => format!("{kind}-{id}"),
        (Some(kind), None) => format!("{kind}-unseen"),
        (None, _) => "client-1".into(),
    };
    let session = session.chars().filter(|c| !c.is_control()).take(super::identity::NAME_MAX);
    Found { kind, process: None, session: session.collect(), rule: "environment" }
}

/// The client whose variables are set here though no ancestor of that kind is in sight.
fn marker(hello: &Hello, line: &[&(Process, String)]) -> Option<&'static str> {
    let explained = |kind: &str| line.iter().any(|(_, name)| known(name) == Some(kind));
    MARKERS
        .iter()
        .find(|(name, kind)| {
            hello.env.get(*name).is_some_and(|value| !value.is_empty()) && !explained(kind)
        })
        .map(|(_, kind)| *kind)
}

/// The client's usual name ("claude-code" is "claude").
pub fn usual_name(client: &str) -> String {
    known(client).map_or_else(|| client.to_lowercase(), Into::into)
}

fn known(name: &str) -> Option<&'static str> {
    let plain = plain(name);
    NAMES.iter().find(|(known, _)| *known == plain).map(|(_, kind)| *kind)
}

fn is_launcher(name: &str) -> bool {
    LAUNCHERS.contains(&plain(name).as_str())
}

fn is_runtime(name: &str) -> bool {
    let plain = plain(name);
    RUNTIMES.contains(&plain.as_str()) || plain.starts_with("python")
}

/// "-zsh", ".opencode", "Cursor Helper (Plugin)" and "claude.exe" as one would say them.
fn plain(name: &str) -> String {
    let word = name.split_whitespace().next().unwrap_or_default().to_lowercase();
    let word = word.trim_start_matches(['.', '-']);
    word.strip_suffix(".exe").unwrap_or(word).to_owned()
}
