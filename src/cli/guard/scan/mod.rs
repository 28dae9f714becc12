//! `coord guard scan`: destructive commands in the files that machines run.
//!
//! - Nothing is run and nothing is changed; no daemon is needed.
//! - Links are not followed, so it ends, and stays below what was asked for.
//!
//! Not here: which files (`walk`), what in them is a command (`extract`).

mod extract;
mod lines;
mod sarif;
mod walk;
mod yaml;

use std::path::PathBuf;

use serde::Serialize;
use serde_json::json;

use super::{Desk, Trouble, style};
use crate::cli::render::style::{DIM, paint};
use crate::cli::render::{clean, count};
use crate::guardrails::{Category, Decision, Input, Setting, Violation, check};
use extract::{Code, Snippet};

/// Find destructive commands in shell scripts, CI files, Makefiles, Dockerfiles and
/// package.json.
///
/// The exit code is 1 if something is found that an agent would be kept from.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  coord guard scan
  coord guard scan .github scripts/deploy.sh
  coord guard scan --sarif > guard.sarif")]
pub struct Scan {
    /// Files and folders
    #[arg(default_value = ".")]
    paths: Vec<PathBuf>,
    /// Print SARIF 2.1.0 for code scanning services
    #[arg(long)]
    sarif: bool,
}

/// A command that breaks a rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The file, as it was found.
    pub path: String,
    /// Its line, from 1.
    pub line: usize,
    /// The rule's name.
    pub rule: String,
    /// `block`, `warn` or `log`.
    pub severity: &'static str,
    /// What would run.
    pub matched_text: String,
    /// Why the rule exists.
    pub explanation: String,
}

impl Scan {
    /// Does what the arguments say.
    ///
    /// # Errors
    /// When a path cannot be read, or something was found.
    pub fn run(self, desk: &Desk) -> Result<(), Trouble> {
        let walked = walk::files(&self.paths)?;
        let mut findings = Vec::new();
        for file in &walked.files {
            // A file that is no text has no commands that could be read.
            let Ok(text) = std::fs::read_to_string(file) else { continue };
            findings.extend(scan(&file.to_string_lossy(), &text));
        }
        if self.sarif {
            desk.print(&format!("{:#}\n", sarif::log(&findings)))?;
        } else {
            let (files, skipped) = (walked.files.len(), walked.skipped);
            let reply = json!({ "files": files, "skipped": skipped, "findings": findings });
            desk.show(&reply, || show(&findings, files, skipped))?;
        }
        let stops = findings.iter().any(|one| one.severity == Decision::Block.as_str());
        if stops { Err(Trouble::Found) } else { Ok(()) }
    }
}

/// What is found in one file.
#[must_use]
pub fn scan(path: &str, text: &str) -> Vec<Finding> {
    let snippets = extract::snippets(path, text);
    snippets.iter().flat_map(|snippet| judge(path, snippet)).collect()
}

fn judge(path: &str, snippet: &Snippet) -> Vec<Finding> {
    let setting = Setting::default();
    let verdict = match &snippet.code {
        Code::Shell(text) => check(&Input::Shell(text), &setting),
        Code::Argv(argv) => check(&Input::Argv(argv), &setting),
    };
    let counts = |one: &&Violation| {
        !(one.bypassed_by_trust || snippet.throwaway && one.category == Category::File)
    };
    let finding = |one: &Violation| Finding {
        path: path.to_owned(),
        line: snippet.line + lines_before(&snippet.code, one),
        rule: one.rule.clone().into_owned(),
        severity: one.severity.as_str(),
        matched_text: one.matched_text.clone(),
        explanation: one.explanation.clone().into_owned(),
    };
    verdict.violations.iter().filter(counts).map(finding).collect()
}

/// How far down in its snippet a command stands.
fn lines_before(code: &Code, violation: &Violation) -> usize {
    let (Code::Shell(text), Some(span)) = (code, violation.span) else { return 0 };
    let before = text.as_bytes().get(..span.0).unwrap_or_default();
    before.iter().filter(|byte| **byte == b'\n').count()
}

fn show(findings: &[Finding], files: usize, skipped: usize) -> String {
    let mut text = String::new();
    for one in findings {
        let severity = paint(style(one.severity), one.severity);
        let (path, matched) = (clean(&one.path), clean(&one.matched_text));
        text += &format!("{path}:{}: {severity} {}: {matched}\n", one.line, one.rule);
        text += &format!("    {}\n", paint(DIM, &clean(&one.explanation)));
    }
    text += &format!("{} in {}.\n", count(findings.len(), "finding"), count(files, "file"));
    if skipped > 0 {
        text += &format!("{} too large or too many to be read.\n", count(skipped, "file"));
    }
    text
}

#[cfg(test)]
mod tests;
