//! Fenced blocks in a text for people: the code in it that somebody is meant to run.
//!
//! - A fence is three or more backticks or tildes; it ends with as many, or with the text.
//! - Of a session with prompts, what follows the prompts is the code.
//!
//! Not here: telling prose from commands (`input`).

use std::borrow::Cow;

/// Most blocks of one text that are judged.
const MOST: usize = 32;

/// One fenced block.
#[derive(Debug, PartialEq, Eq)]
pub struct Fence<'t> {
    /// What the block says of itself, such as `bash`; empty when it says nothing.
    pub language: &'t str,
    /// What stands in it.
    pub code: &'t str,
}

/// The blocks of a text, and the text around them, lines of fences left out.
#[must_use]
pub fn fences(text: &str) -> (Vec<Fence<'_>>, String) {
    let mut blocks = Vec::new();
    let mut around = String::new();
    let mut open: Option<(&str, &str, usize)> = None;
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let start = at;
        at += line.len();
        let mark = mark(line);
        match open {
            None if mark.len() >= 3 => {
                let rest = line.trim_start()[mark.len()..].trim();
                open = Some((mark, rest.split([' ', ',', '{']).next().unwrap_or(""), at));
            }
            None => around.push_str(line),
            Some((with, language, from)) if closes(line, mark, with) => {
                blocks.push(Fence { language, code: &text[from..start] });
                open = None;
            }
            Some(_) => {}
        }
    }
    if let Some((_, language, from)) = open {
        blocks.push(Fence { language, code: &text[from..] });
    }
    blocks.truncate(MOST);
    (blocks, around)
}

/// The backticks or tildes that a line begins with.
fn mark(line: &str) -> &str {
    let line = line.trim_start();
    let Some(first) = line.chars().next().filter(|c| matches!(c, '`' | '~')) else { return "" };
    &line[..line.len() - line.trim_start_matches(first).len()]
}

fn closes(line: &str, mark: &str, with: &str) -> bool {
    mark.len() >= with.len() && mark.starts_with(&with[..1]) && line.trim() == mark
}

/// The commands of a block: all of it, or what follows the prompts of a session.
#[must_use]
pub fn commands(code: &str) -> Cow<'_, str> {
    let typed = |line: &'_ str| -> Option<String> {
        let line = line.trim_start();
        let rest = ["$ ", "> ", "% ", "❯ "].iter().find_map(|prompt| line.strip_prefix(prompt))?;
        Some(format!("{rest}\n"))
    };
    if !code.lines().any(|line| line.trim_start().starts_with("$ ")) {
        return Cow::Borrowed(code);
    }
    Cow::Owned(code.lines().filter_map(typed).collect())
}

#[cfg(test)]
mod tests {
    use super::{Fence, commands, fences};

    #[test]
    fn blocks_are_told_from_the_text_around_them() {
        let (blocks, around) =
            fences("Run\n```sh\nls\n```\nthen\n~~~\na\n```\nb\n~~~~\nend\n```c x\nopen");
        let found: Vec<(&str, &str)> = blocks.iter().map(|one| (one.language, one.code)).collect();
        assert_eq!(found, [("sh", "ls\n"), ("", "a\n```\nb\n"), ("c", "open")]);
        assert_eq!(around, "Run\nthen\nend\n");
        assert_eq!(fences("no fence").0, Vec::<Fence<'_>>::new());
    }

    #[test]
    fn a_session_is_read_at_its_prompts() {
        assert_eq!(commands("$ ls\nrm -rf src\n$ pwd\n"), "ls\npwd\n");
        assert_eq!(commands("ls\npwd\n"), "ls\npwd\n");
    }
}
