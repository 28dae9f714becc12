//! Shows how an answer came about.
//!
//! Not here: how it is printed.

use serde::Serialize;

use crate::guardrails::check::play;
use crate::guardrails::input::{Input, Kind, Setting, classify};
use crate::guardrails::parse::{LONGEST, Node, parse};
use crate::guardrails::rules::rules;
use crate::guardrails::verdict::{Verdict, weigh};

/// Most lines of the outline.
const MOST_LINES: usize = 200;

/// How an answer came about.
#[derive(Clone, Debug, Serialize)]
pub struct Explanation {
    /// How the input was read: `shell`, `argv`, `sql`, `file_edit` or `prose`.
    pub kind: &'static str,
    /// The tree of a shell text, one line a node, indented.
    pub outline: Vec<String>,
    /// Where the text breaks the grammar or a cap.
    pub fault: Option<&'static str>,
    /// The commands that would run, in canonical form.
    pub commands: Vec<String>,
    /// How many rules were held against them.
    pub rules_considered: usize,
    /// The answer: decision, rules broken, effects, unknowns.
    pub verdict: Verdict,
}

/// Judges an input and shows how.
#[must_use]
pub fn explain(input: &Input<'_>, setting: &Setting<'_>) -> Explanation {
    let (kind, shell) = match input {
        Input::Shell(text) => ("shell", Some(*text)),
        Input::Argv(_) => ("argv", None),
        Input::Sql(_) => ("sql", None),
        Input::FileEdit { .. } => ("file_edit", None),
        Input::Text(text) if text.len() > LONGEST => ("shell", Some(*text)),
        Input::Text(text) => match classify(text) {
            Kind::Shell => ("shell", Some(*text)),
            Kind::Sql => ("sql", None),
            Kind::Prose => ("prose", None),
        },
    };
    let (mut outline, mut fault) = (Vec::new(), None);
    if let Some(text) = shell {
        let script = parse(text);
        fault = script.fault;
        lines(&script.nodes, text, 0, &mut outline);
    }
    let report = play(input, setting, true);
    let commands = report.commands.clone();
    let verdict = weigh(report, setting);
    Explanation { kind, outline, fault, commands, rules_considered: rules().len(), verdict }
}

fn lines(nodes: &[Node], text: &str, depth: usize, out: &mut Vec<String>) {
    for node in nodes {
        if out.len() >= MOST_LINES {
            return;
        }
        line(node, text, depth, out);
    }
}

fn line(node: &Node, text: &str, depth: usize, out: &mut Vec<String>) {
    let indent = "  ".repeat(depth.min(32));
    let mut say = |what: &str| out.push(format!("{indent}{what}"));
    match node {
        Node::Simple(simple) => {
            let source = text.get(simple.span.0..simple.span.1).unwrap_or("").trim();
            say(&format!("command: {}", source.chars().take(120).collect::<String>()));
        }
        Node::Pipe(nodes) => {
            say("pipe");
            lines(nodes, text, depth + 1, out);
        }
        Node::Seq(nodes) => lines(nodes, text, depth, out),
        Node::If(nodes) => {
            say("if");
            lines(nodes, text, depth + 1, out);
        }
        Node::Background(inner) => nested("background", inner, (text, depth), out),
        Node::Subshell(inner) => nested("subshell", inner, (text, depth), out),
        Node::While(inner) => nested("loop", inner, (text, depth), out),
        Node::For(inner) => nested(&format!("for {}", inner.name), &inner.body, (text, depth), out),
        Node::Case(inner) => {
            say("case");
            for (_, body) in &inner.arms {
                line(body, text, depth + 1, out);
            }
        }
        Node::Func(name, body) => nested(&format!("function {name}"), body, (text, depth), out),
        Node::Test(_) => say("test"),
        Node::Redirected(inner, redirs) => {
            nested(&format!("redirected {} times", redirs.len()), inner, (text, depth), out);
        }
    }
}

fn nested(what: &str, inner: &Node, place: (&str, usize), out: &mut Vec<String>) {
    out.push(format!("{}{what}", "  ".repeat(place.1.min(32))));
    line(inner, place.0, place.1 + 1, out);
}
