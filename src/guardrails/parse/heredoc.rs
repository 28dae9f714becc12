//! Here-documents: the lines after the line that asked for them.
//!
//! - A document without its end reaches to the end of the text, as in bash.
//! - The lines of a quoted delimiter are never looked into.
//!
//! Not here: what the document feeds (`machine`).

use crate::guardrails::parse::cursor::{Parser, Pending};
use crate::guardrails::parse::{Part, Word};

impl Parser<'_> {
    /// Reads the lines of all documents waiting at this newline.
    pub(super) fn finish_heredocs(&mut self) {
        if self.pending.is_empty() {
            return;
        }
        for pending in std::mem::take(&mut self.pending) {
            self.heredoc(&pending);
        }
    }

    fn heredoc(&mut self, pending: &Pending) {
        let start = self.at.min(self.end);
        let (body_end, after) = self.heredoc_end(start, pending);
        let parts = if pending.quoted {
            vec![Part::Quoted(self.src[start..body_end].to_owned())]
        } else {
            self.at = start;
            self.region(body_end)
        };
        let parts = if pending.strip_tabs { stripped(parts) } else { parts };
        self.at = after;
        let word =
            Word { parts: parts.into(), span: self.fixed_span().unwrap_or((start, body_end)) };
        // A cell is filled once: each document is queued once.
        pending.body.get_or_init(|| word);
    }

    /// Where the body ends and where reading goes on.
    fn heredoc_end(&self, start: usize, pending: &Pending) -> (usize, usize) {
        let mut at = start;
        while at < self.end {
            let rest = &self.src[at..self.end];
            let length = rest.find('\n').unwrap_or(rest.len());
            let raw = &rest[..length];
            let line = if pending.strip_tabs { raw.trim_start_matches('\t') } else { raw };
            let line = line.strip_suffix('\r').unwrap_or(line);
            if line == pending.delimiter {
                return (at, (at + length + 1).min(self.end));
            }
            // `EOF)` ends a document that stands inside a substitution.
            if self.depth > 2
                && let Some(tail) = line.strip_prefix(pending.delimiter.as_str())
                && !pending.delimiter.is_empty()
                && tail.trim_start().starts_with(')')
            {
                let indent = raw.len() - raw.trim_start_matches('\t').len();
                let indent = if pending.strip_tabs { indent } else { 0 };
                return (at, at + indent + pending.delimiter.len());
            }
            at += length + 1;
        }
        (self.end, self.end)
    }
}

fn stripped(parts: Vec<Part>) -> Vec<Part> {
    let strip = |text: &str| {
        let mut out = String::with_capacity(text.len());
        for line in text.split_inclusive('\n') {
            out.push_str(line.trim_start_matches('\t'));
        }
        out
    };
    parts
        .into_iter()
        .map(|part| match part {
            Part::Lit(text) => Part::Lit(strip(&text)),
            Part::Quoted(text) => Part::Quoted(strip(&text)),
            other => other,
        })
        .collect()
}
