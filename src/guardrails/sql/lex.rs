//! Splits SQL into words, literals and signs; comments vanish.
//!
//! - `/*! … */` is code, as `MySQL` has it.
//! - Quoted identifiers are neither words nor literals.
//!
//! Not here: what statements mean (`sql::statement`).

/// One token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Token {
    /// A word outside quotes, or a number.
    Word(String),
    /// A quoted identifier.
    Name(String),
    /// A string literal or a dollar-quoted body.
    Text(String),
    /// A sign.
    Sign(char),
}

impl Token {
    /// The word, or nothing.
    #[must_use]
    pub fn word(&self) -> &str {
        match self {
            Self::Word(word) => word,
            _ => "",
        }
    }

    /// Whether it is this word, in any case.
    #[must_use]
    pub fn is(&self, word: &str) -> bool {
        self.word().eq_ignore_ascii_case(word)
    }
}

/// All tokens of a text.
#[must_use]
pub fn tokens(text: &str) -> Vec<Token> {
    let mut out = Vec::new();
    let mut rest = text;
    let mut line_start = true;
    while let Some(first) = rest.chars().next() {
        let used = if line_start && (first == '\\' || first == '.') {
            rest.find('\n').unwrap_or(rest.len())
        } else if first.is_whitespace() {
            first.len_utf8()
        } else {
            token(rest, first, &mut out)
        };
        line_start = first == '\n' || (line_start && first.is_whitespace());
        let used = if used == 0 { first.len_utf8() } else { used };
        rest = rest.get(used..).unwrap_or("");
    }
    out
}

fn token(rest: &str, first: char, out: &mut Vec<Token>) -> usize {
    if let Some(used) = comment(rest) {
        return used;
    }
    match first {
        '\'' => {
            let (text, used) = quoted(rest, '\'');
            out.push(Token::Text(text));
            used
        }
        '"' | '`' => {
            let (text, used) = quoted(rest, first);
            out.push(Token::Name(text));
            used
        }
        '[' if rest.chars().nth(1).is_some_and(|c| c.is_alphabetic() || c == '_') => {
            let end = rest.find(']').unwrap_or(rest.len());
            out.push(Token::Name(rest[1..end].to_owned()));
            (end + 1).min(rest.len())
        }
        '$' => dollar(rest, out),
        c if c.is_alphanumeric() || c == '_' || c == '#' || c == '@' => {
            let end = rest.find(|c: char| !(c.is_alphanumeric() || "_#@$".contains(c)));
            let end = end.unwrap_or(rest.len());
            let next = rest[end..].chars().next();
            // `N'…'`, `E'…'`: the prefix belongs to the literal.
            if end == 1 && next == Some('\'') && "nNeEbBxXuU".contains(first) {
                return end;
            }
            out.push(Token::Word(rest[..end].to_owned()));
            end
        }
        c => {
            out.push(Token::Sign(c));
            c.len_utf8()
        }
    }
}

/// The length of the comment here, if one is; `/*!` is stepped into.
fn comment(rest: &str) -> Option<usize> {
    if rest.starts_with("--") && !rest.starts_with("-->") {
        return Some(rest.find('\n').unwrap_or(rest.len()));
    }
    if rest.starts_with("# ") || rest.starts_with("#\n") {
        return Some(rest.find('\n').unwrap_or(rest.len()));
    }
    if let Some(inside) = rest.strip_prefix("/*!") {
        return Some(3 + inside.bytes().take_while(u8::is_ascii_digit).count());
    }
    if rest.starts_with("*/") {
        return Some(2);
    }
    if !rest.starts_with("/*") {
        return None;
    }
    Some(rest.find("*/").map_or(rest.len(), |at| at + 2))
}

fn quoted(rest: &str, quote: char) -> (String, usize) {
    let mut text = String::new();
    let mut chars = rest.char_indices().skip(1).peekable();
    while let Some((at, c)) = chars.next() {
        if c == quote {
            if chars.peek().is_some_and(|(_, next)| *next == quote) {
                chars.next();
                text.push(c);
                continue;
            }
            return (text, at + c.len_utf8());
        }
        if c == '\\' && quote == '\'' && chars.peek().is_some_and(|(_, next)| *next == '\'') {
            // MySQL escapes; elsewhere the literal ends here, and a stray quote follows.
            chars.next();
            text.push('\'');
            continue;
        }
        text.push(c);
    }
    (text, rest.len())
}

/// `$tag$ … $tag$`, or a parameter.
fn dollar(rest: &str, out: &mut Vec<Token>) -> usize {
    let tag_end = rest[1..].find(|c: char| !(c.is_alphanumeric() || c == '_')).map(|at| at + 1);
    if let Some(end) = tag_end.filter(|end| rest[*end..].starts_with('$')) {
        let tag = &rest[..=end];
        let body = &rest[end + 1..];
        let close = body.find(tag).unwrap_or(body.len());
        out.push(Token::Text(body[..close].to_owned()));
        return (end + 1 + close + tag.len()).min(rest.len());
    }
    out.push(Token::Sign('$'));
    1
}
