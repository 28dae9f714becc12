//! Simple commands: assignments, words, redirections.
//!
//! Not here: the inside of a word (`word`), here-document lines (`heredoc`).

use std::cell::OnceCell;
use std::rc::Rc;

use crate::guardrails::parse::cursor::{Parser, Pending};
use crate::guardrails::parse::{Assign, Dialect, Node, Part, Redir, RedirOp, Simple, Value, Word};

impl Parser<'_> {
    pub(super) fn simple(&mut self) -> Node {
        let mut simple = Simple { words: Vec::with_capacity(4), ..Simple::default() };
        let start = self.at;
        let mut declares = false;
        loop {
            self.blanks();
            if self.done() || self.failed() {
                break;
            }
            if let Some(redir) = self.redirection() {
                simple.redirs.push(redir);
                continue;
            }
            let process = matches!(self.peek(), b'<' | b'>') && self.peek_at(1) == b'(';
            if !process
                && matches!(self.peek(), b'\n' | b';' | b'&' | b'|' | b'(' | b')' | b'<' | b'>')
                && !self.begins_word(&simple.words)
            {
                break;
            }
            if (simple.words.is_empty() || declares)
                && self.dialect != Dialect::Fish
                && let Some(assign) = self.assignment()
            {
                simple.assigns.push(assign);
                continue;
            }
            let word = self.word();
            if simple.words.is_empty() {
                declares = word.bare().is_some_and(declares_variables);
                if let Some(function) = self.function_after(&word) {
                    return function;
                }
            }
            simple.words.push(word);
        }
        simple.span = self.span_from(start);
        Node::Simple(Box::new(simple))
    }

    /// Whether a parenthesis begins a word, as it does elsewhere than in bash.
    fn begins_word(&self, words: &[Word]) -> bool {
        self.peek() == b'(' && self.dialect == Dialect::Fish && !words.is_empty()
    }

    fn function_after(&mut self, word: &Word) -> Option<Node> {
        let name = word.bare()?;
        let before = self.at;
        self.blanks();
        if self.eat("(") {
            self.blanks();
            if self.eat(")") {
                return Some(self.function_body(name.to_owned()));
            }
        }
        self.at = before;
        None
    }

    /// `NAME=`, `NAME+=` or `NAME[…]=` and what follows.
    fn assignment(&mut self) -> Option<Assign> {
        let bytes = &self.src.as_bytes()[self.at..self.end];
        let length = name_length(bytes);
        if length == 0 {
            return None;
        }
        let mut at = length;
        let mut index = None;
        if bytes.get(at) == Some(&b'[') {
            let close = bytes.iter().take(at + 256).skip(at).position(|&b| b == b']')?;
            index = Some((self.at + at + 1, self.at + at + close));
            at += close + 1;
        }
        let append = bytes.get(at) == Some(&b'+');
        at += usize::from(append);
        if bytes.get(at) != Some(&b'=') {
            return None;
        }
        let name = self.src[self.at..self.at + length].to_owned();
        let index = index.map(|(from, to)| {
            self.at = from;
            let parts = self.region(to).into();
            Word { parts, span: (from, to) }
        });
        self.at = (self.src.len()).min(self.at_after(index.is_some(), at));
        Some(Assign { name, index, append, value: self.assigned() })
    }

    /// Where the value starts: `region` has moved the cursor to the index's end.
    const fn at_after(&self, indexed: bool, at: usize) -> usize {
        if indexed {
            let plus = (self.src.as_bytes()[self.at + 1] == b'+') as usize;
            self.at + 2 + plus
        } else {
            self.at + at + 1
        }
    }

    fn assigned(&mut self) -> Value {
        if self.peek() != b'(' {
            return Value::Scalar(self.word());
        }
        self.at += 1;
        let mut words = Vec::new();
        loop {
            self.newlines();
            if self.eat(")") {
                break;
            }
            let before = self.at;
            if !self.done() {
                words.push(self.word());
            }
            if self.failed() || self.at == before {
                self.fail("an array is never closed");
                break;
            }
        }
        Value::Array(words)
    }

    /// A redirection, if one stands here.
    pub(super) fn redirection(&mut self) -> Option<Redir> {
        let start = self.at;
        let fd = self.descriptor();
        let (op, width) = self.redirection_sign()?;
        if width == 0 {
            self.at = start;
            return None;
        }
        self.at += width;
        let here = op == RedirOp::Here;
        let strip_tabs = here && self.eat("-");
        self.blanks();
        let target = self.word();
        if target.parts.is_empty() {
            self.fail("a redirection leads nowhere");
        }
        let body = here.then(|| {
            let body = Rc::new(OnceCell::new());
            let (delimiter, quoted) = delimiter(&target);
            self.pending.push(Pending { delimiter, quoted, strip_tabs, body: Rc::clone(&body) });
            body
        });
        Some(Redir { fd, op, target, body })
    }

    fn descriptor(&mut self) -> Option<u32> {
        let rest = &self.src.as_bytes()[self.at..self.end];
        let digits = rest.iter().take(4).take_while(|b| b.is_ascii_digit()).count();
        if digits > 0 && matches!(rest.get(digits), Some(b'<' | b'>')) {
            let number = self.src[self.at..self.at + digits].parse().ok();
            self.at += digits;
            return number;
        }
        if rest.first() == Some(&b'{')
            && let name = name_length(&rest[1..])
            && name > 0
            && rest.get(name + 1) == Some(&b'}')
            && matches!(rest.get(name + 2), Some(b'<' | b'>'))
        {
            self.at += name + 2;
            return Some(9);
        }
        None
    }

    /// The operator here and its width; width 0 when it is a process substitution.
    fn redirection_sign(&self) -> Option<(RedirOp, usize)> {
        let found = match (self.peek(), self.peek_at(1), self.peek_at(2)) {
            (b'<', b'<', b'<') => (RedirOp::HereString, 3),
            (b'<', b'<', _) => (RedirOp::Here, 2),
            (b'<', b'>', _) => (RedirOp::InOut, 2),
            (b'<' | b'>', b'(', _) => (RedirOp::In, 0),
            (b'>', b'&', next) if !next.is_ascii_digit() && next != b'-' && next != b'$' => {
                (RedirOp::Both, 2)
            }
            (b'<' | b'>', b'&', _) => (RedirOp::Dup, 2),
            (b'&', b'>', b'>') => (RedirOp::BothAppend, 3),
            (b'&', b'>', _) => (RedirOp::Both, 2),
            (b'>', b'>', _) => (RedirOp::Append, 2),
            (b'>', b'|', _) => (RedirOp::Out, 2),
            (b'>', ..) => (RedirOp::Out, 1),
            (b'<', ..) => (RedirOp::In, 1),
            _ => return None,
        };
        Some(found)
    }
}

/// Length of the variable name at the start of `bytes`, 0 if there is none.
pub fn name_length(bytes: &[u8]) -> usize {
    match bytes.first() {
        Some(first) if first.is_ascii_alphabetic() || *first == b'_' => {
            bytes.iter().take_while(|b| b.is_ascii_alphanumeric() || **b == b'_').count()
        }
        _ => 0,
    }
}

fn declares_variables(word: &str) -> bool {
    matches!(word, "export" | "declare" | "local" | "readonly" | "typeset")
}

fn delimiter(word: &Word) -> (String, bool) {
    let mut text = String::new();
    let mut quoted = false;
    for part in &word.parts {
        match part {
            Part::Lit(literal) => text.push_str(literal),
            Part::Quoted(literal) => {
                quoted = true;
                text.push_str(literal);
            }
            Part::Double(inner) => {
                quoted = true;
                for part in inner {
                    if let Part::Lit(literal) | Part::Quoted(literal) = part {
                        text.push_str(literal);
                    }
                }
            }
            _ => {}
        }
    }
    (text, quoted)
}
