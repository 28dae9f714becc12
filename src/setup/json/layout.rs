//! How a JSON text is laid out, and values written in that way.

use jsonc_parser::ast;
use jsonc_parser::common::Ranged as _;
use serde_json::Value;
use serde_json::ser::{PrettyFormatter, Serializer};

/// The habits of one text.
pub struct Layout {
    /// What ends a line.
    pub line_end: &'static str,
    /// One step of indentation.
    pub step: String,
    /// The whole of it is one line.
    pub flat: bool,
}

impl Layout {
    /// The habits of `text`, whose value is `root`.
    pub fn of(text: &str, root: &ast::Value<'_>) -> Self {
        let inside = text.get(root.range().start..root.range().end).unwrap_or_default();
        let empty = inside.chars().all(|c| c.is_whitespace() || "{}[]".contains(c));
        Self {
            line_end: if text.contains("\r\n") { "\r\n" } else { "\n" },
            step: step(text, root).unwrap_or("  ").to_owned(),
            flat: !empty && !inside.contains('\n'),
        }
    }

    /// `value` as text, with `indent` before each line but the first.
    pub fn write(&self, value: &Value, indent: &str) -> String {
        let mut bytes = Vec::new();
        let pretty = PrettyFormatter::with_indent(self.step.as_bytes());
        let mut serializer = Serializer::with_formatter(&mut bytes, pretty);
        // Writing a value into memory fails for no value.
        serde::Serialize::serialize(value, &mut serializer).ok();
        let text = String::from_utf8(bytes).unwrap_or_default();
        text.replace('\n', &format!("{}{indent}", self.line_end))
    }
}

/// The indentation of the first thing that stands alone in the outermost container.
fn step<'t>(text: &'t str, root: &ast::Value<'_>) -> Option<&'t str> {
    let first = match root {
        ast::Value::Object(object) => object.properties.first().map(|member| member.range.start),
        ast::Value::Array(list) => list.elements.first().map(|element| element.range().start),
        _ => None,
    }?;
    indent_of(text, first).filter(|indent| !indent.is_empty())
}

/// The white space before `at`, if nothing else stands before it on its line.
pub fn indent_of(text: &str, at: usize) -> Option<&str> {
    let line = line_start(text, at);
    text.get(line..at).filter(|before| before.trim().is_empty())
}

/// The white space that the line of `at` begins with.
pub fn margin(text: &str, at: usize) -> &str {
    let line = text.get(line_start(text, at)..at).unwrap_or_default();
    let ink = line.find(|c: char| !c.is_whitespace()).unwrap_or(line.len());
    line.get(..ink).unwrap_or_default()
}

fn line_start(text: &str, at: usize) -> usize {
    text.get(..at).and_then(|before| before.rfind('\n')).map_or(0, |newline| newline + 1)
}
