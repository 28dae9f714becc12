//! `coord policy test`: holds the policies against a file of expected decisions.

use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{Desk, Trouble, count, fields, text};
use crate::cli::render::style::{BAD, paint};

/// Expectations in one file, at most.
const CASES_MAX: usize = 10_000;

/// Hold the policies against expected decisions; the exit code is 1 on a difference.
///
/// Each `[[expect]]` of the TOML file names a principal (agent, type or profile),
/// an operation, a resource, and what is expected: allowed = true, false or "ask".
#[derive(Debug, clap::Args)]
#[command(after_help = "Example, a file expected.toml:
  [[expect]]
  type = \"codex\"
  operation = \"edit_file\"
  resource = \"src/main.rs\"
  allowed = true

  [[expect]]
  profile = \"claude_code_web_reviewer\"
  operation = \"acquire_lock\"
  allowed = false

Examples:
  coord policy test expected.toml
  coord policy test expected.toml --with new.cedar")]
pub struct Test {
    /// The file with what is expected
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// As if this file's policy were added, in Cedar
    #[arg(long = "with", value_name = "FILE")]
    tried: Option<PathBuf>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Expectations {
    expect: Vec<Case>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    agent: Option<String>,
    #[serde(rename = "type")]
    kind: Option<String>,
    profile: Option<String>,
    operation: String,
    #[serde(default)]
    resource: String,
    #[serde(default)]
    context: Map<String, Value>,
    allowed: Expected,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(untagged)]
enum Expected {
    Plain(bool),
    Asked(Ask),
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Ask {
    Ask,
}

impl Expected {
    const fn decision(self) -> &'static str {
        match self {
            Self::Plain(true) => "allow",
            Self::Plain(false) => "deny",
            Self::Asked(Ask::Ask) => "ask",
        }
    }
}

impl Case {
    fn question(&self, tried: Option<&str>) -> Value {
        let mut asked = json!({
            "operation": self.operation, "resource": self.resource, "context": self.context,
        });
        for (field, value) in [
            ("agent_id", self.agent.as_deref()),
            ("agent_type", self.kind.as_deref()),
            ("profile", self.profile.as_deref()),
            ("policy_text", tried),
        ] {
            if let Some(value) = value {
                asked[field] = value.into();
            }
        }
        asked
    }

    /// "codex: `edit_file` on src/main.rs".
    fn words(&self) -> String {
        let who = [&self.agent, &self.kind, &self.profile];
        let who: Vec<&str> = who.into_iter().flatten().map(String::as_str).collect();
        let who = if who.is_empty() { "whoever calls".into() } else { who.join(", ") };
        let about =
            if self.resource.is_empty() { String::new() } else { format!(" on {}", self.resource) };
        format!("{who}: {}{about}", self.operation)
    }
}

impl Test {
    /// Does what the arguments say.
    ///
    /// # Errors
    /// When a file cannot be read or understood, the daemon refuses, or a decision differs.
    pub fn run(self, desk: &mut Desk) -> Result<(), Trouble> {
        let cases = expectations(&self.file)?;
        let tried = self.tried.as_deref().map(text::read).transpose()?;
        let mut failed = Vec::new();
        for (at, case) in cases.iter().enumerate() {
            let reply = desk.ask("explain_policy", case.question(tried.as_deref()))?;
            let told = reply.get("with_policy").unwrap_or(&reply);
            let expected = case.allowed.decision();
            if told["decision"] != expected {
                failed.push(json!({
                    "case": at + 1, "what": case.words(), "expected": expected,
                    "decision": told["decision"], "reason": told["reason"],
                    "policies": told["policies"],
                }));
            }
        }
        let reply = json!({ "cases": cases.len(), "failed": failed });
        desk.show(&reply, || report(&reply))?;
        if fields::list(&reply, "failed").is_empty() { Ok(()) } else { Err(Trouble::Found) }
    }
}

fn expectations(file: &Path) -> Result<Vec<Case>, Trouble> {
    let wrong = |message: String| Trouble::Usage {
        message,
        hint: "`coord help policy test` shows how such a file is written".into(),
    };
    let read: Expectations = toml::from_str(&text::read(file)?)
        .map_err(|error| wrong(format!("{}: {error}", file.display())))?;
    let cases = read.expect.len();
    if cases > CASES_MAX {
        let name = file.display();
        return Err(wrong(format!(
            "{name} has {cases} expectations; it takes at most {CASES_MAX}"
        )));
    }
    Ok(read.expect)
}

/// What differs, and how many were asked.
#[must_use]
pub fn report(reply: &Value) -> String {
    let failed = fields::list(reply, "failed");
    let mut text = String::new();
    for one in failed {
        let said = format!(
            "{}. {}: expected {}, got {}",
            fields::text(one, "case"),
            fields::text(one, "what"),
            fields::text(one, "expected"),
            fields::text(one, "decision"),
        );
        text += &format!("{}\n     {}\n", paint(BAD, &said), fields::text(one, "reason"));
    }
    let asked = usize::try_from(fields::number(reply, "cases")).unwrap_or(usize::MAX);
    text + &format!("{}, {} failed.\n", count(asked, "expectation"), failed.len())
}
