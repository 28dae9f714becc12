//! Where in a text a child of a container begins and ends, commas and white space included.

use jsonc_parser::ast;
use jsonc_parser::common::{Range, Ranged};
use serde_json::Value;

use super::layout::{Layout, indent_of, margin};

/// An object or a list, as places in the text.
pub struct Container {
    open: usize,
    close: usize,
    children: Vec<Range>,
}

impl Container {
    /// An object and its members, names included.
    pub fn of_object(object: &ast::Object<'_>) -> Self {
        let children = object.properties.iter().map(|member| member.range).collect();
        Self::of(object.range, children)
    }

    /// A list and its elements.
    pub fn of_array(list: &ast::Array<'_>) -> Self {
        Self::of(list.range, list.elements.iter().map(Ranged::range).collect())
    }

    fn of(range: Range, children: Vec<Range>) -> Self {
        Self { open: range.start, close: range.end.saturating_sub(1), children }
    }
}

/// The text with another value in the place of `range`.
pub fn replace(text: &str, range: Range, layout: &Layout, value: &Value) -> String {
    let fresh = if layout.flat {
        value.to_string()
    } else {
        layout.write(value, margin(text, range.start))
    };
    format!("{}{fresh}{}", cut(text, 0, range.start), cut(text, range.end, text.len()))
}

/// The text with one more child at the end of `container`.
pub fn insert(
    text: &str,
    container: &Container,
    layout: &Layout,
    name: Option<&str>,
    value: &Value,
) -> String {
    let key = name.map(|name| Value::from(name).to_string());
    let entry = |indent: &str| {
        let value = layout.write(value, indent);
        key.as_ref().map_or_else(|| value.clone(), |key| format!("{key}: {value}"))
    };
    let compact =
        || key.as_ref().map_or_else(|| value.to_string(), |key| format!("{key}: {value}"));
    let Some(last) = container.children.last() else {
        return insert_first(text, container, layout, &compact(), entry);
    };
    let comma = comma_after(text, last.end, container.close);
    let end = comment_end(text, comma.map_or(last.end, |at| at + 1), container.close);
    let flat = !cut(text, container.open, container.close).contains('\n');
    let fresh = if flat {
        format!(" {}", compact())
    } else {
        let indent = indent_of(text, last.start).map_or_else(
            || format!("{}{}", margin(text, container.open), layout.step),
            str::to_owned,
        );
        format!("{}{indent}{}", layout.line_end, entry(&indent))
    };
    let (before, after) = (cut(text, last.end, end), cut(text, end, text.len()));
    let start = cut(text, 0, last.end);
    match comma {
        Some(_) => format!("{start}{before}{fresh},{after}"),
        None => format!("{start},{before}{fresh}{after}"),
    }
}

fn insert_first(
    text: &str,
    container: &Container,
    layout: &Layout,
    compact: &str,
    entry: impl Fn(&str) -> String,
) -> String {
    let inside = cut(text, container.open + 1, container.close);
    let (before, after) =
        (cut(text, 0, container.open + 1), cut(text, container.open + 1, text.len()));
    if layout.flat {
        return format!("{before}{compact}{after}");
    }
    let outer = margin(text, container.open);
    let indent = format!("{outer}{}", layout.step);
    let fresh = format!("{}{indent}{}", layout.line_end, entry(&indent));
    if inside.contains('\n') {
        return format!("{before}{fresh}{after}");
    }
    let rest =
        if inside.trim().is_empty() { cut(text, container.close, text.len()) } else { after };
    format!("{before}{fresh}{}{outer}{rest}", layout.line_end)
}

/// The text without one child of `container`, and without the comma that parted it from others.
pub fn remove(text: &str, container: &Container, index: usize) -> String {
    let Some(child) = container.children.get(index) else { return text.to_owned() };
    let before = cut(text, 0, child.start);
    let start = before.trim_end().len();
    let mut kept = match comma_after(text, child.end, container.close) {
        Some(comma) => format!(
            "{}{}{}",
            cut(text, 0, start),
            cut(text, child.end, comma),
            cut(text, comma + 1, text.len())
        ),
        None => {
            let previous = index.checked_sub(1).and_then(|index| container.children.get(index));
            let comma = previous.and_then(|one| comma_after(text, one.end, container.close));
            let head = comma.map_or_else(
                || cut(text, 0, start).to_owned(),
                |comma| format!("{}{}", cut(text, 0, comma), cut(text, comma + 1, start)),
            );
            format!("{head}{}", cut(text, child.end, text.len()))
        }
    };
    if container.children.len() == 1 {
        let close = kept.len() - (text.len() - container.close);
        if cut(&kept, container.open + 1, close).trim().is_empty() {
            kept.replace_range(container.open + 1..close, "");
        }
    }
    kept
}

fn cut(text: &str, from: usize, to: usize) -> &str {
    text.get(from..to).unwrap_or_default()
}

/// The comma that follows, with nothing but white space and comments before it.
fn comma_after(text: &str, from: usize, close: usize) -> Option<usize> {
    let mut at = from;
    while at < close {
        let rest = cut(text, at, close);
        match comment(rest) {
            Some(length) => at += length,
            None if rest.starts_with(',') => return Some(at),
            None => at += rest.chars().next()?.len_utf8(),
        }
    }
    None
}

/// The end of the comment that ends the line of `from`, or `from`.
fn comment_end(text: &str, from: usize, close: usize) -> usize {
    let rest = cut(text, from, close);
    let blank = rest.len() - rest.trim_start_matches([' ', '\t']).len();
    match comment(cut(rest, blank, rest.len())) {
        Some(length) if !cut(rest, blank, blank + length).contains('\n') => from + blank + length,
        _ => from,
    }
}

/// Length of the comment that `text` begins with, without the end of its line.
fn comment(text: &str) -> Option<usize> {
    if text.starts_with("//") {
        return Some(text.find(['\r', '\n']).unwrap_or(text.len()));
    }
    if text.starts_with("/*") {
        return Some(text.find("*/").map_or(text.len(), |end| end + 2));
    }
    None
}
