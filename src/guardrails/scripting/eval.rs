//! The value of an expression, as far as literals make it known.
//!
//! Not here: which calls act (`scripting::sinks`).

use std::cell::Cell;
use std::collections::BTreeMap;

use crate::guardrails::encode;
use crate::guardrails::machine::HOLE;
use crate::guardrails::scripting::decode;
use crate::guardrails::scripting::lex::Token;

/// What an expression is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Val {
    /// A text, perhaps with holes.
    Text(String),
    /// A list of texts.
    List(Vec<String>),
    /// Anything else.
    Unknown,
}

impl Val {
    /// The text with a hole for what is unknown.
    #[must_use]
    pub fn text(&self) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::List(list) => list.join(" "),
            Self::Unknown => HOLE.to_string(),
        }
    }
}

/// Reads expressions from tokens with known variables.
pub struct Reader<'t> {
    /// The tokens.
    pub tokens: &'t [Token],
    /// Variables that hold literals.
    pub vars: BTreeMap<String, Val>,
    /// The person's home.
    pub home: String,
    /// How many more tokens may be looked at.
    pub fuel: Cell<usize>,
}

/// How deep expressions are followed.
const DEPTH: u32 = 24;

impl Reader<'_> {
    /// The token at `at`.
    #[must_use]
    pub fn sign(&self, at: usize, sign: char) -> bool {
        self.tokens.get(at) == Some(&Token::Sign(sign))
    }

    /// The name at `at`.
    #[must_use]
    pub fn name(&self, at: usize) -> Option<&str> {
        match self.tokens.get(at) {
            Some(Token::Name(name)) => Some(name),
            _ => None,
        }
    }

    /// The arguments of a call whose `(` stands at `open`, and where it ends.
    #[must_use]
    pub fn arguments(&self, open: usize, depth: u32) -> (Vec<Val>, usize) {
        let close = match self.tokens.get(open) {
            Some(Token::Sign('[')) => ']',
            Some(Token::Sign('{')) => '}',
            _ => ')',
        };
        let mut list = Vec::new();
        let mut at = open + 1;
        while at < self.tokens.len() && list.len() < 64 {
            if !self.burn() {
                return (list, self.tokens.len());
            }
            if self.sign(at, close) {
                return (list, at + 1);
            }
            if self.sign(at, ',') || self.sign(at, '\n') {
                at += 1;
                continue;
            }
            let (value, next) = self.expression(at, depth);
            let value = self.comprehended(at, next, depth).unwrap_or(value);
            list.push(value);
            at = self.to_comma(next.max(at), close, depth);
        }
        (list, at)
    }

    /// The list that `F(x) for x in LIST` makes, as far as `F` is known.
    fn comprehended(&self, from: usize, at: usize, depth: u32) -> Option<Val> {
        if self.name(at) != Some("for") {
            return None;
        }
        let found = (at + 2..at + 6).find(|at| self.name(*at) == Some("in"))?;
        let (list, _) = self.expression(found + 1, depth + 1);
        match self.name(from)? {
            "chr" => Some(decode::codes(&list)),
            name if self.name(at + 1) == Some(name) => Some(list),
            _ => None,
        }
    }

    /// Uses up one look; false when none is left.
    fn burn(&self) -> bool {
        let left = self.fuel.get();
        self.fuel.set(left.saturating_sub(1));
        left > 0
    }

    /// Skips to the next `,` or the closing sign on this level.
    fn to_comma(&self, mut at: usize, close: char, depth: u32) -> usize {
        if depth >= DEPTH {
            return self.tokens.len();
        }
        let mut open = 0_u32;
        while let Some(token) = self.tokens.get(at) {
            if !self.burn() {
                return self.tokens.len();
            }
            match token {
                Token::Sign('(' | '[' | '{') => open += 1,
                Token::Sign(c) if open == 0 && (*c == close || *c == ',') => return at,
                Token::Sign(')' | ']' | '}') => {
                    if open == 0 {
                        return at;
                    }
                    open -= 1;
                }
                _ => {}
            }
            at += 1;
        }
        at
    }

    /// The expression at `at` and where it ends: terms joined by `+`, `.`, `/`.
    #[must_use]
    pub fn expression(&self, at: usize, depth: u32) -> (Val, usize) {
        if depth >= DEPTH || !self.burn() {
            return (Val::Unknown, self.tokens.len());
        }
        let (mut value, mut at) = self.term(at, depth + 1);
        loop {
            let (method, next) = self.method(&value, at, depth + 1);
            if next > at {
                (value, at) = (method, next);
                continue;
            }
            let slash = self.sign(at, '/');
            let joins = self.sign(at, '+') || self.sign(at, '.') || slash;
            let adjacent = matches!(self.tokens.get(at), Some(Token::Text(_)))
                && matches!(value, Val::Text(_));
            if !joins && !adjacent {
                return (value, at);
            }
            let doubled = usize::from(joins && self.sign(at + 1, '.'));
            let (right, next) = self.term(at + usize::from(joins) + doubled, depth + 1);
            let mut text = value.text();
            if slash {
                text.push('/');
            }
            text.push_str(&right.text());
            if text.len() > 64 * 1024 || next <= at {
                return (Val::Unknown, next.max(at));
            }
            (value, at) = match (value, right) {
                (Val::List(mut a), Val::List(b)) => {
                    a.extend(b);
                    (Val::List(a), next)
                }
                _ => (Val::Text(text), next),
            };
        }
    }

    fn term(&self, at: usize, depth: u32) -> (Val, usize) {
        match self.tokens.get(at) {
            Some(Token::Text(text)) => (Val::Text(self.filled(text)), at + 1),
            Some(Token::Words(words)) => (Val::List(words.clone()), at + 1),
            Some(Token::Sign('[')) => {
                let (items, next) = self.arguments(at, depth + 1);
                (Val::List(items.iter().map(Val::text).collect()), next)
            }
            Some(Token::Sign('(')) => {
                let (items, next) = self.arguments(at, depth + 1);
                match items.as_slice() {
                    [one] => (one.clone(), next),
                    many => (Val::List(many.iter().map(Val::text).collect()), next),
                }
            }
            Some(Token::Name(_)) => self.named(at, depth),
            _ => (Val::Unknown, at),
        }
    }

    /// A variable or a call of a function that only computes.
    fn named(&self, mut at: usize, depth: u32) -> (Val, usize) {
        let mut name = self.name(at).unwrap_or("").to_owned();
        if name == "new" || name == "await" {
            at += 1;
            self.name(at).unwrap_or("").clone_into(&mut name);
        }
        let mut end = at + 1;
        if let Some(value) = self.vars.get(&name) {
            return (value.clone(), end);
        }
        if name.starts_with(|c: char| c.is_ascii_digit()) {
            return (Val::Text(name), end);
        }
        while self.sign(end, '.') && self.name(end + 1).is_some() && !self.sign(end, '(') {
            self.name(end + 1).unwrap_or("").clone_into(&mut name);
            end += 2;
        }
        while self.sign(end, ':') && self.sign(end + 1, ':') {
            self.name(end + 2).unwrap_or("").clone_into(&mut name);
            end += 3;
        }
        if !self.sign(end, '(') {
            return (Val::Unknown, end);
        }
        let (args, next) = self.arguments(end, depth + 1);
        (self.computed(&name, &args), next)
    }

    fn computed(&self, name: &str, args: &[Val]) -> Val {
        let first = args.first();
        match name {
            "mkdtemp" | "mkstemp" | "mktemp" | "TemporaryDirectory" | "NamedTemporaryFile"
            | "mktmpdir" | "tempdir"
                if first.is_none_or(|first| first.text().contains(HOLE)) =>
            {
                Val::Text("/tmp/tmp.XXXXXX".into())
            }
            "mkdtempSync" | "mkdtemp" | "mktmpdir" => {
                let stem = first.map(Val::text).unwrap_or_default();
                let stem = if stem.starts_with('/') { stem } else { "/tmp/tmp.".into() };
                Val::Text(stem + "XXXXXX")
            }
            "tmpdir" | "gettempdir" => Val::Text("/tmp".into()),
            "expanduser" => first
                .map_or(Val::Unknown, |path| Val::Text(path.text().replacen('~', &self.home, 1))),
            _ => decode::computed(name, args),
        }
    }

    /// A method on a known value: `.join(…)`, `.decode()`, `[::-1]`.
    fn method(&self, value: &Val, at: usize, depth: u32) -> (Val, usize) {
        if self.sign(at, '[') && self.sign(at + 1, ':') && self.sign(at + 2, ':') {
            return (Val::Text(value.text().chars().rev().collect()), at + 6);
        }
        if !self.sign(at, '.') || !self.sign(at + 2, '(') {
            return (Val::Unknown, at);
        }
        let Some(name) = self.name(at + 1) else { return (Val::Unknown, at) };
        let (args, next) = self.arguments(at + 2, depth + 1);
        let first = args.first().map(Val::text).unwrap_or_default();
        let done = match (name, value) {
            (
                "decode" | "encode" | "strip" | "toString" | "trim" | "resolve" | "absolute"
                | "expanduser" | "chomp" | "to_s" | "rstrip",
                value,
            ) => value.clone(),
            ("format", Val::Text(text)) => Val::Text(text.replacen("{}", &first, 1)),
            ("join", Val::Text(text)) => match args.first() {
                Some(Val::List(list)) => Val::Text(list.join(text)),
                _ => Val::Unknown,
            },
            ("join", Val::List(list)) => Val::Text(list.join(&first)),
            ("split", Val::Text(text)) => {
                let parts: Vec<String> = if first.trim().is_empty() {
                    text.split_whitespace().map(str::to_owned).collect()
                } else {
                    text.split(&first).map(str::to_owned).collect()
                };
                Val::List(parts)
            }
            ("unpack" | "unpack1", Val::Text(text)) if first.starts_with('m') => {
                encode::base64(text).map_or(Val::Unknown, Val::Text)
            }
            ("pack", Val::List(list)) => match (first.chars().next(), list.as_slice()) {
                (Some('H' | 'h'), [hex]) => encode::hex(hex).map_or(Val::Unknown, Val::Text),
                (Some('m'), _) => Val::Unknown,
                (Some('c' | 'C' | 'U'), _) => decode::joined(decode::codes(value)),
                _ => Val::Unknown,
            },
            ("map", Val::List(_)) => decode::codes(value),
            ("reverse", Val::List(list)) => Val::List(list.iter().rev().cloned().collect()),
            ("reverse", Val::Text(text)) => Val::Text(text.chars().rev().collect()),
            ("replace", Val::Text(text)) => {
                let to = args.get(1).map(Val::text).unwrap_or_default();
                if first.is_empty() { Val::Unknown } else { Val::Text(text.replace(&first, &to)) }
            }
            ("joinpath", Val::Text(text)) => Val::Text(format!("{text}/{first}")),
            (name, Val::Unknown) => match self.computed(name, &args) {
                Val::Unknown => return (Val::Unknown, at),
                value => value,
            },
            _ => return (Val::Unknown, at),
        };
        (done, next)
    }

    /// Interpolated names replaced by their values where known.
    #[must_use]
    pub fn filled(&self, text: &str) -> String {
        if !text.contains(HOLE) {
            return text.to_owned();
        }
        let mut out = String::new();
        for (at, piece) in text.split(HOLE).enumerate() {
            if at % 2 == 0 {
                out.push_str(piece);
                continue;
            }
            match self.vars.get(piece) {
                Some(value) => out.push_str(&value.text()),
                None => out.push(HOLE),
            }
        }
        out
    }
}
