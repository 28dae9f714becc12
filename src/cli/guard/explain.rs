//! `coord guard explain`: how a verdict comes about.

use serde_json::{Value, json};

use super::{Desk, Trouble, style};
use crate::cli::render::style::{DIM, paint};
use crate::cli::render::{clean, count};
use crate::guardrails::{Explanation, Input, PathRef, Setting, explain};

/// Show how a command is read: its parse, what would run, what it would touch, and
/// the rules it breaks. Only the built-in rules are asked; no daemon is needed.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  coord guard explain 'cd src && rm -rf \"$OUT\"'
  coord guard explain --sql 'DELETE FROM users'")]
pub struct Explain {
    /// The command, the SQL, or any text
    text: String,
    /// It is SQL, whatever it looks like
    #[arg(long, conflicts_with = "shell")]
    sql: bool,
    /// It is for a shell, whatever it looks like
    #[arg(long)]
    shell: bool,
    /// How far the agent is trusted, 0 to 4
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u8).range(0..=4))]
    trust: u8,
    /// The branch checked out
    #[arg(long, value_name = "NAME")]
    branch: Option<String>,
}

impl Explain {
    /// Does what the arguments say.
    ///
    /// # Errors
    /// When the answer cannot be written.
    pub fn run(self, desk: &Desk) -> Result<(), Trouble> {
        let text = self.text.as_str();
        let input = match (self.sql, self.shell) {
            (true, _) => Input::Sql(text),
            (_, true) => Input::Shell(text),
            _ => Input::Text(text),
        };
        let branch = self.branch.as_deref();
        let setting = Setting { trust: self.trust, branch, ..Setting::default() };
        let explanation = explain(&input, &setting);
        let value: Value = json!(explanation);
        if desk.json {
            return desk.print_json(&value);
        }
        desk.print(&show(&explanation))
    }
}

/// An explanation as a page.
#[must_use]
pub fn show(explanation: &Explanation) -> String {
    let verdict = &explanation.verdict;
    let decision = verdict.decision.as_str();
    let mut text = format!("read as      {}\n", explanation.kind);
    section(&mut text, "parse", explanation.outline.iter().cloned());
    section(&mut text, "would run", explanation.commands.iter().cloned());
    let effects = verdict.effects.iter().map(|effect| {
        let path = match &effect.path {
            PathRef::Literal(path) => path.clone(),
            PathRef::Pattern(path) => format!("{path} (a pattern)"),
            PathRef::Unknown => "a path that is not known before it runs".into(),
        };
        let verb = json!(effect.verb);
        format!("{} {path}", verb.as_str().unwrap_or_default().replace('_', " "))
    });
    section(&mut text, "would touch", effects);
    let fault = explanation.fault.into_iter();
    let unknown = fault.chain(verdict.unknowns.iter().map(|one| one.why)).map(str::to_owned);
    section(&mut text, "not known", unknown);
    let broken = verdict.violations.iter().map(|one| {
        let safer = one.safer.as_ref().map(|safer| format!("; rather: {safer}"));
        let bypassed = if one.bypassed_by_trust { " (the trust lets it pass)" } else { "" };
        format!(
            "{} [{}]: {}{bypassed}{}",
            one.rule,
            one.severity.as_str(),
            one.explanation,
            safer.unwrap_or_default()
        )
    });
    section(&mut text, "rules broken", broken);
    let rules = count(explanation.rules_considered, "rule");
    text + &format!(
        "verdict      {} {}\n",
        paint(style(decision), decision),
        paint(DIM, &format!("({rules})"))
    )
}

fn section(text: &mut String, name: &str, lines: impl Iterator<Item = String>) {
    for (at, line) in lines.enumerate() {
        let name = if at == 0 { name } else { "" };
        let indent = line.len() - line.trim_start().len();
        *text += &format!("{name:12} {:indent$}{}\n", "", clean(line.trim_start()));
    }
}
