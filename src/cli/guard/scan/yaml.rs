//! Scripts in the YAML of CI services: GitHub Actions and GitLab.
//!
//! - Read by indentation, which is enough to find the scripts of hand-written files;
//!   what is written in a rarer way (anchors, flow maps) is not found.

use super::extract::Snippet;

/// Keys whose value is a script or a list of commands.
const KEYS: [&str; 5] = ["run", "script", "before_script", "after_script", "entrypoint"];

/// The scripts of a file.
pub fn snippets(text: &str) -> Vec<Snippet> {
    let lines: Vec<&str> = text.lines().collect();
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(line) = lines.get(at) {
        at += 1;
        let Some((indent, value)) = script(line) else { continue };
        if let Some(block) = block(&lines, &mut at, (indent, value)) {
            found.extend(block);
        } else if value.is_empty() {
            items(&lines, &mut at, indent, &mut found);
        } else {
            found.push(Snippet::shell(at, plain(value)));
        }
    }
    found
}

/// The column and the value of a line that begins a script.
fn script(line: &str) -> Option<(usize, &str)> {
    let dashes = line.trim_start_matches([' ', '-']);
    let (key, value) = dashes.split_once(':')?;
    let ends = value.is_empty() || value.starts_with(' ');
    (ends && KEYS.contains(&key)).then(|| (line.len() - dashes.len(), value.trim()))
}

/// A block scalar (`|`, `>`): everything that is indented further.
fn block(lines: &[&str], at: &mut usize, (indent, value): (usize, &str)) -> Option<Vec<Snippet>> {
    let folded = value.starts_with('>');
    if !folded && !value.starts_with('|') {
        return None;
    }
    let (first, mut text, mut inner) = (*at + 1, String::new(), None);
    while let Some(line) = lines.get(*at) {
        let column = line.len() - line.trim_start().len();
        if !line.trim().is_empty() && column <= indent {
            break;
        }
        *at += 1;
        let inner = *inner.get_or_insert(column);
        text.push_str(line.get(inner.min(column)..).unwrap_or_default());
        text.push(if folded { ' ' } else { '\n' });
    }
    Some(vec![Snippet::shell(first, without_expressions(&text))])
}

/// The items of a list of commands. They are one script, but each stands alone where
/// its lines are told.
fn items(lines: &[&str], at: &mut usize, indent: usize, found: &mut Vec<Snippet>) {
    while let Some(line) = lines.get(*at) {
        let trimmed = line.trim_start();
        let column = line.len() - trimmed.len();
        if trimmed.is_empty() || trimmed.starts_with('#') {
            *at += 1;
            continue;
        }
        let Some(item) = trimmed.strip_prefix("- ").filter(|_| column >= indent) else { return };
        *at += 1;
        match block(lines, at, (column, item.trim())) {
            Some(block) => found.extend(block),
            None => found.push(Snippet::shell(*at, plain(item.trim()))),
        }
    }
}

/// A scalar on one line, without its quotes or its comment.
fn plain(value: &str) -> String {
    let text = match value.chars().next() {
        Some('\'') => value.trim_matches('\'').replace("''", "'"),
        Some('"') => {
            serde_json::from_str(value).unwrap_or_else(|_| value.trim_matches('"').to_owned())
        }
        _ => value.split(" #").next().unwrap_or(value).trim_end().to_owned(),
    };
    without_expressions(&text)
}

/// `${{ … }}` is filled in before a shell sees it: a value that is not known.
fn without_expressions(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${{") {
        out.push_str(before);
        out.push_str("${EXPRESSION}");
        rest = after.split_once("}}").map_or("", |(_, rest)| rest);
    }
    out + rest
}
