//! What the demonstration prints: who did what when, and what was prevented.

use anstyle::{AnsiColor, Style};

use super::diary::Entry;
use super::judge::Verdict;
use super::stage::{AGENTS, DOOMED};
use crate::audit::Row;

const BOLD: Style = Style::new().bold();
const BAD: Style = AnsiColor::Red.on_default().bold();
const GOOD: Style = AnsiColor::Green.on_default().bold();
const COLOURS: [Style; 3] =
    [AnsiColor::Magenta.on_default(), AnsiColor::Cyan.on_default(), AnsiColor::Yellow.on_default()];

/// One line of the timeline.
struct Line {
    at: i64,
    agent: String,
    text: String,
}

/// The whole output.
#[must_use]
pub fn page(rows: &[Row], diaries: &[Entry], verdict: &Verdict) -> String {
    let mut page = format!(
        "{BOLD}Three agents, eight tasks, five files, one of the agents killed.{BOLD:#}\n\n"
    );
    let mut lines: Vec<Line> =
        diaries.iter().filter_map(told).chain(rows.iter().filter_map(reaped)).collect();
    lines.sort_by_key(|line| line.at);
    let start = lines.first().map_or(0, |line| line.at);
    for line in &lines {
        let colour =
            AGENTS.iter().position(|name| *name == line.agent).map_or(BOLD, |n| COLOURS[n]);
        let seconds = f64::from(i32::try_from(line.at - start).unwrap_or(i32::MAX)) / 1_000.0;
        page += &format!("  {seconds:6.2} s  {colour}{:<6}{colour:#}  {}\n", line.agent, line.text);
    }
    page + &summary(verdict)
}

fn told(entry: &Entry) -> Option<Line> {
    let (step, file) = (entry.text("step"), entry.text("file"));
    let text = match entry.what.as_str() {
        "claimed" if entry.about["attempt"] == 1 => format!("takes {step}"),
        "claimed" => format!("takes {step} over (attempt {})", entry.about["attempt"]),
        "waits" => format!("finds {file} held by {}, and waits in line", entry.text("for")),
        "edit ends" => format!("edits {file} (fence {})", entry.about["fence"]),
        "thinking" => format!("stops to think in the middle of {step}"),
        "killed" => format!("{BAD}is killed with kill -9{BAD:#}, holding its files"),
        "completed" => format!("completes {step}"),
        _ => return None,
    };
    Some(Line { at: entry.at, agent: entry.agent.clone(), text })
}

/// The coordinator's own deed: the death of the doomed agent.
fn reaped(row: &Row) -> Option<Line> {
    let mine = row.agent_id == "coord" && row.result.contains("\"released\"");
    mine.then(|| Line {
        at: row.at.ms(),
        agent: "coord".into(),
        text: format!("sees that {DOOMED} is dead, frees its files and returns its task"),
    })
}

fn summary(verdict: &Verdict) -> String {
    let mut text = format!(
        "\n{BOLD}Checked{BOLD:#}\n  {} audit rows, hash chain intact\n  {} edits, each under its own lock; no update lost\n  \
         every task done once, in the order of its dependencies\n\n{BOLD}Prevented{BOLD:#}\n  {} times an agent would have \
         edited a file that another one was editing\n  1 task and 2 files would have been lost with the agent that died\n\n",
        verdict.rows, verdict.edits, verdict.contended,
    );
    if verdict.breaches.is_empty() {
        text += &format!("{GOOD}Every invariant held.{GOOD:#}\n");
    } else {
        text = format!("\n{BAD}What must not happen, did:{BAD:#}\n");
        for breach in &verdict.breaches {
            text += &format!("  {breach}\n");
        }
    }
    text
}
