//! The grammar of fish, as far as it differs: blocks that end with `end`, `(…)` for what
//! a command prints, variables that are set by a command.
//!
//! - Read only where bash's grammar fails, or where a text is given to fish itself.
//!
//! Not here: words and quotes, which are near enough the same (`word`).

use std::rc::Rc;

use crate::guardrails::parse::cursor::Parser;
use crate::guardrails::parse::{Assign, Case, For, Node, Part, Script, Value, Word};

impl Parser<'_> {
    /// One command of fish, simple or compound.
    pub(super) fn fish_command(&mut self) -> Node {
        loop {
            let word = self.keyword();
            if !matches!(word, "and" | "or" | "not" | "command" | "builtin") {
                break;
            }
            self.at += word.len();
            self.blanks();
        }
        let word = self.keyword();
        let read: fn(&mut Self) -> Node = match word {
            "begin" => Self::fish_block,
            "if" => Self::fish_if,
            "while" => Self::fish_while,
            "for" => Self::fish_for,
            "switch" => Self::fish_switch,
            "function" => Self::fish_function,
            _ => return self.fish_simple(),
        };
        self.at += word.len();
        let node = read(self);
        if matches!(node, Node::Func(..)) { node } else { self.with_redirections(node) }
    }

    /// `(…)`: what a command prints.
    pub(super) fn fish_substitution(&mut self) -> Part {
        self.at += 1;
        let nodes = self.list();
        self.expect(")", "a substitution is never closed");
        Part::Command(Rc::new(Script { nodes, fault: None }))
    }

    fn fish_end(&mut self) {
        self.newlines();
        if !self.eat_keyword("end") {
            self.fail("a block is never closed");
        }
    }

    fn fish_block(&mut self) -> Node {
        self.blanks();
        self.eat(";");
        let body = Node::Seq(self.list());
        self.fish_end();
        body
    }

    fn fish_if(&mut self) -> Node {
        let mut parts = vec![self.fish_head()];
        parts.push(Node::Seq(self.list()));
        while !self.failed() && self.eat_keyword("else") {
            self.blanks();
            if self.eat_keyword("if") {
                parts.push(self.fish_head());
            } else {
                self.eat(";");
            }
            parts.push(Node::Seq(self.list()));
        }
        self.fish_end();
        Node::If(parts)
    }

    /// A condition up to the end of its line.
    fn fish_head(&mut self) -> Node {
        self.blanks();
        let node = self.command();
        self.blanks();
        self.eat(";");
        node
    }

    fn fish_while(&mut self) -> Node {
        let head = self.fish_head();
        let body = Node::Seq(self.list());
        self.fish_end();
        Node::While(Box::new(Node::Seq(vec![head, body])))
    }

    fn fish_for(&mut self) -> Node {
        self.blanks();
        let name = self.name();
        self.blanks();
        if !self.eat_keyword("in") {
            self.fail("a loop has no in");
        }
        let words = Some(self.words_of_line());
        self.eat(";");
        let body = Node::Seq(self.list());
        self.fish_end();
        Node::For(Box::new(For { name, words, body }))
    }

    fn fish_switch(&mut self) -> Node {
        self.blanks();
        let subject = self.word();
        self.blanks();
        self.eat(";");
        let mut arms = Vec::new();
        self.newlines();
        while !self.failed() && self.eat_keyword("case") {
            let patterns = self.words_of_line();
            self.eat(";");
            arms.push((patterns, Node::Seq(self.list())));
            self.newlines();
        }
        self.fish_end();
        Node::Case(Box::new(Case { subject, arms }))
    }

    fn fish_function(&mut self) -> Node {
        self.blanks();
        let name = self.name();
        self.words_of_line();
        self.eat(";");
        let body = Node::Seq(self.list());
        self.fish_end();
        Node::Func(name, Rc::new(body))
    }

    /// A simple command; `set` assigns.
    fn fish_simple(&mut self) -> Node {
        let mut node = self.simple();
        if let Node::Simple(simple) = &mut node
            && simple.words.first().and_then(Word::bare) == Some("set")
        {
            let flag = |word: &Word| word.bare().is_some_and(|text| text.starts_with('-'));
            let flags = simple.words.iter().skip(1).take_while(|word| flag(word)).count();
            let mut rest = simple.words.split_off((flags + 1).min(simple.words.len()));
            if rest.len() > 1
                && let Some(name) = rest[0].bare().map(str::to_owned)
            {
                let value = Value::Array(rest.split_off(1));
                simple.words.clear();
                simple.assigns.push(Assign { name, index: None, append: false, value });
            }
        }
        node
    }
}
