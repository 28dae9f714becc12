//! A passage between two marking lines, in a text that belongs to somebody else.
//!
//! - What [`merge`] adds, [`remove`] takes out to the byte: whether the text ended with a line end
//!   can be told from the passage's own end.
//! - A passage that is there is replaced where it stands.
//!
//! Not here: what it says (`notes`, `git_hooks`).

/// A passage and the lines around it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Passage {
    /// The line before it.
    pub begin: &'static str,
    /// The line after it.
    pub end: &'static str,
    /// The lines between, each with its end.
    pub body: String,
    /// Where it goes in a text that has none.
    pub place: Place,
}

/// Where a new passage goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// At the end, after an empty line.
    End,
    /// After the first line, which names the interpreter; else at the beginning.
    BelowShebang,
}

impl Passage {
    /// It with its marking lines; the last line has no end.
    #[must_use]
    pub fn whole(&self) -> String {
        format!("{}\n{}{}", self.begin, self.body, self.end)
    }
}

/// The text with the passage in it.
#[must_use]
pub fn merge(text: &str, passage: &Passage) -> String {
    let fresh = in_line_ends_of(text, &passage.whole());
    if let Some((from, to)) = span(text, passage) {
        return format!("{}{fresh}{}", cut(text, 0, from), cut(text, to, text.len()));
    }
    let line_end = if text.contains("\r\n") { "\r\n" } else { "\n" };
    match passage.place {
        Place::End if text.is_empty() => format!("{fresh}{line_end}"),
        Place::End if text.ends_with('\n') => format!("{text}{line_end}{fresh}{line_end}"),
        Place::End => format!("{text}{line_end}{line_end}{fresh}"),
        Place::BelowShebang => {
            let first = text.find('\n').map_or(text.len(), |at| at + 1);
            let at = if text.starts_with("#!") { first } else { 0 };
            let (before, after) = (cut(text, 0, at), cut(text, at, text.len()));
            if at > 0 && !before.ends_with('\n') {
                return format!("{before}{line_end}{fresh}");
            }
            format!("{before}{fresh}{line_end}{after}")
        }
    }
}

/// The passage as it stands in the text, without its marking lines.
#[must_use]
pub fn find(text: &str, passage: &Passage) -> Option<String> {
    let (from, to) = span(text, passage)?;
    let inner = cut(text, from + passage.begin.len(), to - passage.end.len());
    Some(inner.replace("\r\n", "\n").trim_start_matches('\n').to_owned())
}

/// The text without the passage and what was put around it.
#[must_use]
pub fn remove(text: &str, passage: &Passage) -> String {
    let Some((from, to)) = span(text, passage) else { return text.to_owned() };
    let (mut before, mut after) = (cut(text, 0, from), cut(text, to, text.len()));
    if after.is_empty() {
        before = without_end(before);
        if passage.place == Place::End {
            before = without_end(before);
        }
        return before.to_owned();
    }
    after = after.strip_prefix("\r\n").or_else(|| after.strip_prefix('\n')).unwrap_or(after);
    if passage.place == Place::End {
        before = without_end(before);
    }
    format!("{before}{after}")
}

fn span(text: &str, passage: &Passage) -> Option<(usize, usize)> {
    let from = text.find(passage.begin)?;
    let below = cut(text, from, text.len());
    Some((from, from + below.find(passage.end)? + passage.end.len()))
}

fn without_end(text: &str) -> &str {
    text.strip_suffix("\r\n").or_else(|| text.strip_suffix('\n')).unwrap_or(text)
}

fn in_line_ends_of(text: &str, fresh: &str) -> String {
    if text.contains("\r\n") { fresh.replace('\n', "\r\n") } else { fresh.to_owned() }
}

fn cut(text: &str, from: usize, to: usize) -> &str {
    text.get(from..to).unwrap_or_default()
}
