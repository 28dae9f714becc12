//! The command line that is written into a configuration.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

/// How `coord` is started.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Command {
    /// The name or the absolute path of the program.
    pub program: String,
    /// A state directory other than the usual one.
    pub home: Option<PathBuf>,
}

impl Command {
    /// The program and all its arguments.
    #[must_use]
    pub fn words(&self, arguments: &[&str]) -> Vec<String> {
        let home = self.home.iter().flat_map(|home| ["--home".into(), home.display().to_string()]);
        let own = arguments.iter().map(|word| (*word).to_owned());
        std::iter::once(self.program.clone()).chain(own).chain(home).collect()
    }

    /// As one line for a shell.
    #[must_use]
    pub fn line(&self, arguments: &[&str]) -> String {
        let words = self.words(arguments);
        words.iter().map(|word| quoted(word)).collect::<Vec<_>>().join(" ")
    }

    /// As the fields `command` and `args`.
    #[must_use]
    pub fn split(&self, arguments: &[&str]) -> (Value, Value) {
        let words = self.words(arguments);
        let (program, rest) = words.split_first().map_or(("", &[][..]), |(a, b)| (a.as_str(), b));
        (json!(program), json!(rest))
    }
}

/// A word as a shell takes it literally.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+=:@%,".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

/// Whether a program and its first argument are a hook of ours.
#[must_use]
pub fn is_hook(program: &str, first: &str) -> bool {
    first == "hook" && Path::new(program).file_name().is_some_and(|name| name == "coord")
}

/// Whether a line for a shell runs a hook of ours.
#[must_use]
pub fn runs_hook(line: &str) -> bool {
    shlex::split(line).is_some_and(|words| match words.as_slice() {
        [program, first, ..] => is_hook(program, first),
        _ => false,
    })
}
