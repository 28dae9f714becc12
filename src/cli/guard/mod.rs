//! `coord guard`: what is destructive, and what a person says about it.
//!
//! - Judging texts and files needs no daemon; a person's rules and other agents'
//!   locks do.

mod batch;
mod explain;
mod rules;
mod scan;
mod test;

use serde_json::{Map, Value, json};

use super::Trouble;
use super::desk::Desk;
use super::render::fields;
use super::render::style::{BAD, DIM, GOOD, WARN, paint};

/// Judge commands before they run, and change what is judged how.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  coord guard check 'git reset --hard'    what coord would say to an agent
  coord guard explain 'sh -c \"rm -rf $X\"' how it came to that
  coord guard list                        every rule
  coord guard scan .                      scripts and CI files with risky commands")]
pub struct Guard {
    #[command(subcommand)]
    deed: Deed,
}

#[derive(Debug, clap::Subcommand)]
enum Deed {
    Check(Check),
    Explain(explain::Explain),
    List(rules::List),
    Add(rules::Add),
    Set(rules::Set),
    Disable(rules::Disable),
    Enable(rules::Enable),
    Test(test::Test),
    Scan(scan::Scan),
}

/// Check a command as an agent would; the exit code is 1 if it is blocked.
///
/// It is judged for an agent without a profile, by a person's rules and what other
/// agents hold.
///
/// With --batch nothing but the built-in rules is asked and no daemon is needed:
/// each line of FILE is an object with `cmd`, `argv`, `sql`, `text`, or `path` and
/// `op`, and optionally `trust`, `cwd` and `branch`; each answer is one line.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  coord guard check 'git push --force'
  coord guard check --edit .env --edit src/main.rs
  coord guard check --json --batch commands.jsonl")]
struct Check {
    /// The command or SQL
    #[arg(required_unless_present_any = ["batch", "edit"], default_value = "", hide_default_value = true)]
    text: String,
    /// A file that would be edited; may be repeated
    #[arg(long, value_name = "PATH")]
    edit: Vec<String>,
    /// For an agent that is trusted so far, 0 to 4
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(0..=4))]
    trust: Option<u8>,
    /// Judge every line of this file (`-`: standard input)
    #[arg(long, value_name = "FILE", conflicts_with_all = ["text", "edit", "trust"])]
    batch: Option<std::path::PathBuf>,
}

impl Guard {
    /// Does what the arguments say.
    ///
    /// # Errors
    /// What the daemon refuses, or that something was found.
    pub fn run(self, desk: &mut Desk) -> Result<(), Trouble> {
        match self.deed {
            Deed::Check(check) => check.run(desk),
            Deed::Explain(explain) => explain.run(desk),
            Deed::List(list) => list.run(desk),
            Deed::Add(add) => add.run(desk),
            Deed::Set(set) => set.run(desk),
            Deed::Disable(disable) => disable.run(desk),
            Deed::Enable(enable) => enable.run(desk),
            Deed::Test(test) => test.run(desk),
            Deed::Scan(scan) => scan.run(desk),
        }
    }
}

impl Check {
    fn run(self, desk: &mut Desk) -> Result<(), Trouble> {
        if let Some(file) = self.batch {
            return batch::run(&file);
        }
        let trust = match self.trust {
            Some(trust) => trust.into(),
            None => desk.config()?.profiles_default_trust(),
        };
        let mut asked = Map::from_iter([
            ("operation_text".to_owned(), self.text.into()),
            ("trust".to_owned(), trust.into()),
        ]);
        if !self.edit.is_empty() {
            asked.insert("file_paths".into(), json!(self.edit));
        }
        let reply = desk.ask("check_guardrails", asked.into())?;
        desk.show(&reply, || show(&reply))?;
        let safe = reply.get("safe").and_then(Value::as_bool).unwrap_or(false);
        if safe { Ok(()) } else { Err(Trouble::Found) }
    }
}

/// The reply of `check_guardrails` in lines.
#[must_use]
pub fn show(reply: &Value) -> String {
    let verdict = fields::text(reply, "verdict");
    let mut text = format!("{}\n", paint(style(&verdict), &verdict));
    for one in fields::list(reply, "violations") {
        let (rule, matched) =
            (fields::text(one, "pattern_name"), fields::text(one, "matched_text"));
        text += &format!("  {rule}: {matched}\n    {}\n", fields::text(one, "explanation"));
        let safer = fields::text(one, "safer");
        if !safer.is_empty() {
            text += &format!("    {}\n", paint(DIM, &format!("rather: {safer}")));
        }
    }
    let unknown = fields::joined(reply, "unknown");
    if !unknown.is_empty() {
        text += &format!("  not known before it runs: {unknown}\n");
    }
    text
}

fn style(verdict: &str) -> anstyle::Style {
    match verdict {
        "block" => BAD,
        "warn" => WARN,
        "log" => DIM,
        _ => GOOD,
    }
}
