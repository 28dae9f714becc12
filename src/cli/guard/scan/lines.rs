//! Commands in files that are read line by line: Makefiles and Dockerfiles.

use std::collections::HashMap;

use super::extract::{Code, Snippet};

/// Recipes of a Makefile, with the variables that are plainly set.
pub fn make(text: &str) -> Vec<Snippet> {
    let mut variables: HashMap<&str, &str> = HashMap::new();
    let mut found = Vec::new();
    for (line, logical) in logical(text) {
        match logical.strip_prefix('\t') {
            Some(recipe) => {
                let recipe = recipe.trim_start_matches(['@', '-', '+', ' ', '\t']);
                found.push(Snippet::shell(line, expanded(recipe, &variables)));
            }
            None => {
                let set = text.lines().nth(line - 1).and_then(assignment);
                variables.extend(set);
            }
        }
    }
    found
}

fn assignment(line: &str) -> Option<(&str, &str)> {
    let (name, value) = line.split_once('=')?;
    let name = name.trim_end_matches([':', '?', ' ', '\t']).trim_start_matches("export ").trim();
    let plain = name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-');
    (plain && !name.is_empty()).then(|| (name, value.trim()))
}

/// A recipe as the shell gets it. What make knows and we do not is left to the shell
/// as a variable: a value that is not known.
fn expanded(recipe: &str, variables: &HashMap<&str, &str>) -> String {
    let mut out = String::with_capacity(recipe.len());
    let mut rest = recipe;
    while let Some(at) = rest.find('$') {
        out.push_str(&rest[..at]);
        let after = &rest[at + 1..];
        let (value, used) = match after.chars().next() {
            Some('$') => ("$".to_owned(), 1),
            Some(open @ ('(' | '{')) => {
                let close = if open == '(' { ')' } else { '}' };
                let end = after.find(close).unwrap_or(after.len());
                let name = after.get(1..end).unwrap_or_default();
                let known = variables.get(name).filter(|value| !value.contains('$'));
                let value =
                    known.map_or_else(|| "${MAKE_VALUE}".into(), |value| (*value).to_owned());
                (value, (end + 1).min(after.len()))
            }
            Some(one) => ("${MAKE_VALUE}".into(), one.len_utf8()),
            None => (String::new(), 0),
        };
        out.push_str(&value);
        rest = &after[used..];
    }
    out + rest
}

/// `RUN` lines of a Dockerfile. Files that they delete are those of the image.
pub fn docker(text: &str) -> Vec<Snippet> {
    let mut found = Vec::new();
    let lines: Vec<(usize, String)> = logical(text);
    let mut at = 0;
    while let Some((line, logical)) = lines.get(at) {
        at += 1;
        let trimmed = logical.trim_start();
        let Some(run) = trimmed.get(..4).filter(|word| word.eq_ignore_ascii_case("run ")) else {
            continue;
        };
        let mut rest = trimmed[run.len()..].trim_start();
        while rest.starts_with("--") {
            rest = rest.split_once(char::is_whitespace).map_or("", |(_, rest)| rest.trim_start());
        }
        let code = match serde_json::from_str::<Vec<String>>(rest) {
            Ok(argv) => Code::Argv(argv),
            Err(_) => Code::Shell(with_here_document(rest, &lines, &mut at)),
        };
        found.push(Snippet { line: *line, code, throwaway: true });
    }
    found
}

/// A `RUN <<EOF` and its lines: a script for the shell that the image has.
fn with_here_document(rest: &str, lines: &[(usize, String)], at: &mut usize) -> String {
    let Some(word) = rest.split_once("<<").map(|(_, word)| word.trim_start_matches('-')) else {
        return rest.to_owned();
    };
    let word = word.split_whitespace().next().unwrap_or_default().trim_matches(['"', '\'']);
    let bare = rest.starts_with("<<");
    let mut script = if bare { String::new() } else { format!("{rest}\n") };
    while let Some((_, line)) = lines.get(*at) {
        *at += 1;
        if !(bare && line.trim() == word) {
            script.push_str(line);
            script.push('\n');
        }
        if line.trim() == word {
            break;
        }
    }
    script
}

/// Lines with those that a backslash continues, each with the number of its first.
/// Comments between them are left out, as Docker does.
fn logical(text: &str) -> Vec<(usize, String)> {
    let mut found: Vec<(usize, String)> = Vec::new();
    let mut open = false;
    for (at, line) in text.lines().enumerate() {
        if open && line.trim_start().starts_with('#') {
            continue;
        }
        let continued = line.ends_with('\\');
        let content = line.strip_suffix('\\').unwrap_or(line);
        match found.last_mut().filter(|_| open) {
            Some((_, whole)) => {
                // The break stays, so that a command's line can be told.
                whole.push_str("\\\n");
                whole.push_str(content);
            }
            None => found.push((at + 1, content.to_owned())),
        }
        open = continued;
    }
    found
}
