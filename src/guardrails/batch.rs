//! Judges one line of a batch: a JSON object in, a JSON object out.
//!
//! - A line that is no question is itself answered, with `unparsable`.
//!
//! Not here: reading the file, printing the answers.

use serde::{Deserialize, Serialize};

use crate::guardrails::check::check;
use crate::guardrails::input::{Input, Setting};
use crate::guardrails::verdict::{Decision, Verdict};

#[derive(Debug, Deserialize)]
struct Question {
    cmd: Option<String>,
    argv: Option<Vec<String>>,
    sql: Option<String>,
    text: Option<String>,
    path: Option<String>,
    op: Option<String>,
    trust: Option<i64>,
    cwd: Option<String>,
    branch: Option<String>,
}

#[derive(Debug, Serialize)]
struct Answer<'a> {
    verdict: &'a str,
    rules: Vec<&'a str>,
    explanation: String,
}

/// Answers one line.
///
/// The line is `{"cmd": …}`, `{"argv": […]}`, `{"sql": …}`, `{"text": …}` or
/// `{"path": …, "op": …}`, optionally with `trust` (1 if left out), `cwd` and
/// `branch`. The answer is `{"verdict", "rules", "explanation"}` on one line.
#[must_use]
pub fn batch_line(line: &str) -> String {
    match serde_json::from_str::<Question>(line) {
        Ok(question) => answered(&question),
        Err(_) => unparsable(),
    }
}

fn answered(question: &Question) -> String {
    let input = if let Some(text) = &question.cmd {
        Input::Shell(text)
    } else if let Some(argv) = &question.argv {
        Input::Argv(argv)
    } else if let Some(text) = &question.sql {
        Input::Sql(text)
    } else if let Some(path) = &question.path {
        Input::FileEdit { path, op: question.op.as_deref().unwrap_or("write") }
    } else if let Some(text) = &question.text {
        Input::Text(text)
    } else {
        return unparsable();
    };
    let trust = question.trust.unwrap_or(1).clamp(0, 4);
    let setting = Setting {
        cwd: question.cwd.as_deref(),
        branch: question.branch.as_deref(),
        trust: u8::try_from(trust).unwrap_or(0),
        ..Setting::default()
    };
    written(&check(&input, &setting))
}

fn written(verdict: &Verdict) -> String {
    let mut rules: Vec<&str> = Vec::new();
    for violation in verdict.violations.iter().filter(|violation| !violation.bypassed_by_trust) {
        if !rules.contains(&violation.rule.as_ref()) {
            rules.push(&violation.rule);
        }
    }
    if rules.is_empty() && !verdict.unknowns.is_empty() {
        rules.push("unknown");
    }
    json(&Answer { verdict: verdict.decision.as_str(), rules, explanation: explanation(verdict) })
}

fn explanation(verdict: &Verdict) -> String {
    let first = verdict.violations.iter().find(|violation| !violation.bypassed_by_trust);
    match (first, verdict.unknowns.first()) {
        (Some(violation), _) => {
            let safer = violation.safer.as_ref().map(|safer| format!("; rather: {safer}"));
            format!(
                "{}: {}{}",
                violation.matched_text,
                violation.explanation,
                safer.unwrap_or_default()
            )
        }
        (None, Some(unknown)) => format!("not understood: {}", unknown.why),
        (None, None) => String::new(),
    }
}

fn unparsable() -> String {
    json(&Answer {
        verdict: Decision::Warn.as_str(),
        rules: vec!["unparsable"],
        explanation: "the line is no question".to_owned(),
    })
}

fn json(answer: &Answer<'_>) -> String {
    serde_json::to_string(answer).unwrap_or_else(|_| {
        "{\"verdict\":\"warn\",\"rules\":[\"unparsable\"],\"explanation\":\"\"}".to_owned()
    })
}
