//! Splits a script into names, strings and signs.
//!
//! - Comments vanish; strings are unescaped; interpolations become holes.
//!
//! Not here: what the calls mean (`scripting::sinks`).

use crate::guardrails::encode;
use crate::guardrails::machine::HOLE;
use crate::guardrails::scripting::Language;

/// One token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Token {
    /// A name, with a `$` or `@` sigil dropped.
    Name(String),
    /// A string; interpolated names are kept between holes.
    Text(String),
    /// A string that is a command: backticks and `qx`.
    Command(String),
    /// A list of words: `qw( … )`, `%w[ … ]`.
    Words(Vec<String>),
    /// A sign.
    Sign(char),
}

struct Lexer<'t> {
    language: Language,
    rest: &'t str,
    out: Vec<Token>,
}

/// All tokens of a script.
#[must_use]
pub fn tokens(language: Language, text: &str) -> Vec<Token> {
    let mut lexer = Lexer { language, rest: text, out: Vec::new() };
    while lexer.step() {}
    lexer.out
}

impl Lexer<'_> {
    fn step(&mut self) -> bool {
        let Some(first) = self.rest.chars().next() else { return false };
        if first.is_whitespace() || matches!(first, '$' | '@') {
            self.skip(first.len_utf8());
            if first == '\n' {
                self.out.push(Token::Sign('\n'));
            }
        } else if self.comment() {
        } else if first.is_alphabetic() || first == '_' {
            self.name();
        } else if first.is_ascii_digit() {
            let length = self.rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '.');
            let length = length.unwrap_or(self.rest.len());
            self.out.push(Token::Name(self.rest[..length].to_owned()));
            self.skip(length);
        } else if matches!(first, '"' | '\'' | '`') {
            self.quoted(first, "");
        } else if first == '%' && self.language == Language::Ruby && self.percent() {
        } else {
            self.out.push(Token::Sign(first));
            self.skip(first.len_utf8());
        }
        true
    }

    fn skip(&mut self, bytes: usize) {
        self.rest = &self.rest[bytes.min(self.rest.len())..];
    }

    fn comment(&mut self) -> bool {
        use Language::{Node, Php, Plain};
        let hash = self.language != Node && self.rest.starts_with('#');
        let slashes = matches!(self.language, Node | Php) && self.rest.starts_with("//");
        let dashes = self.language == Plain && self.rest.starts_with("--");
        if hash || slashes || dashes {
            self.skip(self.rest.find('\n').unwrap_or(self.rest.len()));
            return true;
        }
        if matches!(self.language, Node | Php) && self.rest.starts_with("/*") {
            self.skip(self.rest.find("*/").map_or(self.rest.len(), |at| at + 2));
            return true;
        }
        false
    }

    fn name(&mut self) {
        let lisp = self.language == Language::Plain;
        let end = self.rest.char_indices().find(|(at, c)| {
            let dash = lisp && *c == '-' && self.rest[at + 1..].starts_with(char::is_alphabetic);
            !c.is_alphanumeric() && *c != '_' && !dash
        });
        let end = end.map_or(self.rest.len(), |(at, _)| at);
        let name = &self.rest[..end];
        let after = self.rest[end..].chars().next().unwrap_or(' ');
        let python = self.language == Language::Python && end <= 2;
        if python && matches!(after, '"' | '\'') && name.bytes().all(|b| b"rbfuRBFU".contains(&b)) {
            let prefix = name.to_ascii_lowercase();
            self.skip(end);
            self.quoted(after, &prefix);
            return;
        }
        let quote_like = matches!(name, "q" | "qq" | "qw" | "qx");
        if self.language == Language::Perl && quote_like && !after.is_alphanumeric() {
            let kind = name.to_owned();
            let gap = self.rest[end..].len() - self.rest[end..].trim_start().len();
            if !matches!(after, '=' | ',' | ';' | ')') {
                self.skip(end + gap);
                let text = self.delimited();
                self.out.push(match kind.as_str() {
                    "qx" => Token::Command(text),
                    "qw" => Token::Words(text.split_whitespace().map(str::to_owned).collect()),
                    _ => Token::Text(text),
                });
                return;
            }
        }
        self.out.push(Token::Name(name.to_owned()));
        self.skip(end);
    }

    /// Ruby's `%w[…]`, `%x(…)`, `%q{…}`.
    fn percent(&mut self) -> bool {
        let mut chars = self.rest.chars().skip(1);
        let (kind, open) = (chars.next().unwrap_or(' '), chars.next().unwrap_or(' '));
        if !matches!(kind, 'w' | 'x' | 'q' | 'Q' | 'W') || open.is_alphanumeric() || open == ' ' {
            return false;
        }
        self.skip(2);
        let text = self.delimited();
        self.out.push(match kind {
            'x' => Token::Command(text),
            'w' | 'W' => Token::Words(text.split_whitespace().map(str::to_owned).collect()),
            _ => Token::Text(text),
        });
        true
    }

    /// Text between the sign here and its partner.
    fn delimited(&mut self) -> String {
        let open = self.rest.chars().next().unwrap_or(' ');
        let close = match open {
            '(' => ')',
            '[' => ']',
            '{' => '}',
            '<' => '>',
            same => same,
        };
        self.skip(open.len_utf8());
        let mut depth = 0_u32;
        for (at, c) in self.rest.char_indices() {
            if c == close && depth == 0 {
                let text = self.rest[..at].to_owned();
                self.skip(at + c.len_utf8());
                return text;
            }
            if c == open {
                depth += 1;
            } else if c == close {
                depth -= 1;
            }
        }
        std::mem::take(&mut self.rest).to_owned()
    }

    fn quoted(&mut self, quote: char, prefix: &str) {
        let triple = self.language == Language::Python
            && self.rest.chars().take(3).filter(|c| *c == quote).count() == 3;
        let width = if triple { 3 } else { 1 };
        let close: String = std::iter::repeat_n(quote, width).collect();
        self.skip(width);
        let end = closing(self.rest, &close);
        let raw = &self.rest[..end];
        let raw_wanted = prefix.contains('r')
            || (quote == '\''
                && matches!(self.language, Language::Perl | Language::Ruby | Language::Php));
        let text = if raw_wanted { raw.replace("\\'", "'") } else { encode::ansi_c(raw) };
        let text = match self.language {
            Language::Python if prefix.contains('f') => holes(&text, "{", '}'),
            Language::Node if quote == '`' => holes(&text, "${", '}'),
            Language::Ruby if quote != '\'' => holes(&text, "#{", '}'),
            Language::Perl | Language::Php if quote == '"' || quote == '`' => sigils(&text),
            _ => text,
        };
        self.skip(end + width);
        let command = quote == '`'
            && matches!(self.language, Language::Perl | Language::Ruby | Language::Php);
        self.out.push(if command { Token::Command(text) } else { Token::Text(text) });
    }
}

fn closing(rest: &str, close: &str) -> usize {
    let mut at = 0;
    while at < rest.len() {
        let tail = &rest.as_bytes()[at..];
        if tail.starts_with(close.as_bytes()) {
            return at;
        }
        at += if tail[0] == b'\\' && tail.len() > 1 && tail[1].is_ascii() { 2 } else { 1 };
    }
    rest.len()
}

/// Interpolations become a hole around the name that stood in them.
fn holes(text: &str, open: &str, close: char) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(open) {
        out.push_str(&rest[..at]);
        let inside = &rest[at + open.len()..];
        let end = inside.find(close).unwrap_or(inside.len());
        out.push(HOLE);
        out.push_str(inside[..end].trim());
        out.push(HOLE);
        rest = inside.get(end + 1..).unwrap_or("");
    }
    out + rest
}

fn sigils(text: &str) -> String {
    let mut out = String::new();
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        if c == '\\' && chars.peek() == Some(&'$') {
            chars.next();
            out.push('$');
            continue;
        }
        let names = chars.peek().is_some_and(|c| c.is_alphabetic() || matches!(c, '_' | '{'));
        if c != '$' || !names {
            out.push(c);
            continue;
        }
        out.push(HOLE);
        while let Some(next) =
            chars.next_if(|c| c.is_alphanumeric() || matches!(c, '_' | '{' | '}'))
        {
            if !matches!(next, '{' | '}') {
                out.push(next);
            }
        }
        out.push(HOLE);
    }
    out
}
