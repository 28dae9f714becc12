//! What is wrong with a policy, and where.

use std::fmt;

use schemars::JsonSchema;
use serde::Serialize;

/// One mistake.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Problem {
    /// The file or policy, where there are several.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    #[expect(missing_docs, reason = "the name says it")]
    pub message: String,
    /// From 1.
    pub line: usize,
    /// From 1, in characters.
    pub column: usize,
    #[expect(missing_docs, reason = "the name says it")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
}

impl Problem {
    /// A mistake at a byte of the text.
    #[must_use]
    pub fn at(text: &str, offset: usize, message: impl Into<String>) -> Self {
        let (line, column) = place(text, offset);
        Self { source: None, message: message.into(), line, column, help: None }
    }

    /// The same with advice.
    #[must_use]
    pub fn with_help(self, help: impl Into<String>) -> Self {
        Self { help: Some(help.into()), ..self }
    }

    /// The same of this file or policy.
    #[must_use]
    pub fn of(self, source: &str) -> Self {
        Self { source: Some(source.to_owned()), ..self }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let source = self.source.as_deref().unwrap_or("the policy");
        write!(f, "{source}:{}:{}: {}", self.line, self.column, self.message)
    }
}

/// Line and column of a byte, both from 1; beyond the end it is the end.
fn place(text: &str, offset: usize) -> (usize, usize) {
    let mut offset = offset.min(text.len());
    while !text.is_char_boundary(offset) {
        offset -= 1;
    }
    let before = text.get(..offset).unwrap_or_default();
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    (line, column)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_counted_in_characters_from_one() {
        let text = "ä\nbö c";
        for (offset, at) in
            [(0, (1, 1)), (2, (1, 2)), (3, (2, 1)), (4, (2, 2)), (6, (2, 3)), (99, (2, 5))]
        {
            assert_eq!(place(text, offset), at, "{offset}");
        }
        assert_eq!(place(text, 1), (1, 1), "inside a character");
    }
}
