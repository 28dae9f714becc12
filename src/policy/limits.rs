//! How much policy text is taken: before it reaches a parser that recurses.
//!
//! - A chain of operators is nested as deep as it is long, so both have a bound.

use super::problem::Problem;

/// Bytes of a text with policies, at most.
pub const TEXT_MAX: usize = 64 << 10;
/// Brackets within brackets, at most.
pub const NESTING_MAX: usize = 32;
/// Words and operators in one policy, at most.
pub const OPERATORS_MAX: usize = 512;
/// Policies in one text, at most.
pub const POLICIES_MAX: usize = 200;

/// Where one policy stands in a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Statement {
    /// Its first byte.
    pub start: usize,
}

/// Walks over text without what is in comments and strings.
struct Scan<'a> {
    text: &'a str,
    at: usize,
}

impl Iterator for Scan<'_> {
    type Item = (usize, u8);

    fn next(&mut self) -> Option<(usize, u8)> {
        let bytes = self.text.as_bytes();
        loop {
            let at = self.at;
            let byte = *bytes.get(at)?;
            self.at += 1;
            match byte {
                b'/' if bytes.get(at + 1) == Some(&b'/') => {
                    let rest = bytes.get(at..).unwrap_or_default();
                    self.at = at + rest.iter().position(|b| *b == b'\n').unwrap_or(rest.len());
                }
                b'"' => {
                    self.skip_string();
                    return Some((at, b'"'));
                }
                _ => return Some((at, byte)),
            }
        }
    }
}

impl Scan<'_> {
    fn skip_string(&mut self) {
        let bytes = self.text.as_bytes();
        while let Some(byte) = bytes.get(self.at) {
            self.at += 1;
            match byte {
                b'\\' => self.at += 1,
                b'"' => return,
                _ => {}
            }
        }
    }
}

/// The policies of a text, if it keeps the limits.
///
/// # Errors
/// The first limit that it does not keep, and where.
pub fn statements(text: &str) -> Result<Vec<Statement>, Problem> {
    let (mut found, mut start): (Vec<Statement>, Option<usize>) = (Vec::new(), None);
    let (mut depth, mut operators) = (0_usize, 0_usize);
    let mut word_before = false;
    for (at, byte) in (Scan { text, at: 0 }) {
        if byte.is_ascii_whitespace() {
            word_before = false;
            continue;
        }
        start.get_or_insert(at);
        match byte {
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' | b'}' => depth = depth.saturating_sub(1),
            b'|' | b'&' | b'+' | b'-' | b'*' | b'!' | b'.' | b'<' | b'>' | b'=' => operators += 1,
            // `if`, `then`, `has`, `like`, `in`, `is`: words nest too.
            _ if byte.is_ascii_alphabetic() && !word_before => operators += 1,
            b';' if depth == 0 => {
                found.extend(start.take().map(|start| Statement { start }));
                operators = 0;
            }
            _ => {}
        }
        word_before = byte.is_ascii_alphanumeric() || byte == b'_';
        if depth > NESTING_MAX {
            let message = format!("brackets are nested deeper than {NESTING_MAX}");
            return Err(Problem::at(text, at, message).with_help("split the condition"));
        }
        if operators > OPERATORS_MAX {
            let message = format!("the policy has more than {OPERATORS_MAX} words and operators");
            let help = "split it into several policies, or compare with a set";
            return Err(Problem::at(text, at, message).with_help(help));
        }
        if found.len() > POLICIES_MAX {
            let message = format!("there are more than {POLICIES_MAX} policies");
            return Err(Problem::at(text, at, message));
        }
    }
    found.extend(start.map(|start| Statement { start }));
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_are_told_apart_past_comments_and_strings() {
        let text = "// a; b\npermit(principal, action, resource) when { \"; // \\\" ;\" == \"\" };\n\n forbid(principal, action, resource);";
        let starts: Vec<&str> = statements(text)
            .expect("small")
            .iter()
            .map(|one| &text[one.start..=one.start])
            .collect();
        assert_eq!(starts, ["p", "f"]);
    }

    #[test]
    fn what_would_exhaust_a_parser_is_refused_with_its_place() {
        let deep = |n: usize| {
            format!(
                "permit(principal,action,resource) when {{ {}true{} }};",
                "(".repeat(n),
                ")".repeat(n)
            )
        };
        assert!(statements(&deep(NESTING_MAX - 1)).is_ok());
        let problem = statements(&deep(NESTING_MAX)).expect_err("one too deep");
        assert_eq!((problem.line, problem.column), (1, 41 + NESTING_MAX));
        let long =
            format!("permit(principal,action,resource) when {{ true{} }};", " || true".repeat(600));
        assert!(statements(&long).is_err());
        assert!(
            statements(&"forbid(principal,action,resource);".repeat(POLICIES_MAX + 1)).is_err()
        );
    }
}
