//! Compound commands: groups, conditions, loops, functions.
//!
//! Not here: what stands inside them, which is again a list (`list`).

use std::rc::Rc;

use crate::guardrails::parse::cursor::Parser;
use crate::guardrails::parse::{Case, Dialect, For, Node, Word};

impl Parser<'_> {
    /// One command with its redirections.
    pub(super) fn command(&mut self) -> Node {
        if !self.enter() {
            return Node::Seq(Vec::new());
        }
        self.commands = self.commands.saturating_sub(1);
        if self.commands == 0 {
            self.fail("the text holds too many commands");
        }
        let node = self.bare_command();
        self.leave();
        node
    }

    fn bare_command(&mut self) -> Node {
        if self.dialect == Dialect::Fish {
            return self.fish_command();
        }
        let compound = match self.peek() {
            b'(' => Some(self.parenthesis()),
            b'{' | b'[' | b'i' | b'w' | b'u' | b'f' | b's' | b'c' => self.reserved(),
            _ => None,
        };
        match compound {
            Some(node @ Node::Func(..)) => node,
            Some(node) => self.with_redirections(node),
            None => self.simple(),
        }
    }

    fn reserved(&mut self) -> Option<Node> {
        let word = self.keyword();
        let read: fn(&mut Self) -> Node = match word {
            "{" => Self::group,
            "[[" => Self::test,
            "if" => Self::condition,
            "while" | "until" => Self::while_loop,
            "for" | "select" => Self::for_loop,
            "case" => Self::case,
            "function" => Self::function,
            "coproc" => Self::coproc,
            _ => return None,
        };
        self.at += word.len();
        Some(read(self))
    }

    pub(super) fn with_redirections(&mut self, node: Node) -> Node {
        let mut redirs = Vec::new();
        while !self.failed() {
            self.blanks();
            match self.redirection() {
                Some(redir) => redirs.push(redir),
                None => break,
            }
        }
        if redirs.is_empty() { node } else { Node::Redirected(Box::new(node), redirs) }
    }

    fn parenthesis(&mut self) -> Node {
        if self.peek_at(1) == b'('
            && let Some(close) = self.arithmetic_end(self.at + 2)
        {
            let start = self.at;
            self.at += 2;
            let parts = self.region(close);
            self.at = close + 2;
            return Node::Test(vec![Word { parts: parts.into(), span: self.span_from(start) }]);
        }
        self.at += 1;
        let body = self.list();
        self.expect(")", "a parenthesis is never closed");
        Node::Subshell(Box::new(Node::Seq(body)))
    }

    pub(super) fn expect(&mut self, what: &str, why: &'static str) {
        if !self.eat(what) {
            self.fail(why);
        }
    }

    fn expect_word(&mut self, what: &str, why: &'static str) {
        self.newlines();
        if !self.eat_keyword(what) {
            self.fail(why);
        }
    }

    fn group(&mut self) -> Node {
        let body = self.list();
        self.expect_word("}", "a brace is never closed");
        Node::Seq(body)
    }

    fn test(&mut self) -> Node {
        let mut words = Vec::new();
        loop {
            self.newlines();
            if self.done() || self.failed() {
                self.fail("a test is never closed");
                break;
            }
            if self.eat_keyword("]]") {
                break;
            }
            if matches!(self.peek(), b'<' | b'>' | b'(' | b')' | b'&' | b'|' | b';') {
                self.at += 1;
            } else {
                words.push(self.word());
            }
        }
        Node::Test(words)
    }

    fn condition(&mut self) -> Node {
        let mut parts = vec![Node::Seq(self.list())];
        self.expect_word("then", "an if has no then");
        loop {
            if self.failed() {
                break;
            }
            parts.push(Node::Seq(self.list()));
            if self.eat_keyword("elif") {
                parts.push(Node::Seq(self.list()));
                self.expect_word("then", "an elif has no then");
            } else if !self.eat_keyword("else") {
                self.expect_word("fi", "an if is never closed");
                break;
            }
        }
        Node::If(parts)
    }

    fn do_body(&mut self) -> Node {
        self.newlines();
        if self.eat_keyword("{") {
            return self.group();
        }
        self.expect_word("do", "a loop has no body");
        if self.failed() {
            return Node::Seq(Vec::new());
        }
        let body = self.list();
        self.expect_word("done", "a loop is never closed");
        Node::Seq(body)
    }

    fn while_loop(&mut self) -> Node {
        let mut nodes = self.list();
        nodes.push(self.do_body());
        Node::While(Box::new(Node::Seq(nodes)))
    }

    fn for_loop(&mut self) -> Node {
        self.blanks();
        if self.starts("((") {
            let head = self.parenthesis();
            self.blanks();
            self.eat(";");
            let body = self.do_body();
            return Node::While(Box::new(Node::Seq(vec![head, body])));
        }
        let name = self.name();
        self.newlines();
        let mut words = None;
        if self.dialect == Dialect::Zsh && self.eat("(") {
            words = Some(self.words_of_line());
            self.expect(")", "a list of words is never closed");
            return self.short_loop(name, words);
        }
        if self.eat_keyword("in") {
            words = Some(self.words_of_line());
        }
        self.blanks();
        self.eat(";");
        let body = self.do_body();
        Node::For(Box::new(For { name, words, body }))
    }

    /// `for x (a b) command`, as zsh has it.
    fn short_loop(&mut self, name: String, words: Option<Vec<Word>>) -> Node {
        self.blanks();
        self.eat(";");
        self.newlines();
        let long = matches!(self.keyword(), "do" | "{");
        let body = if long { self.do_body() } else { self.command() };
        Node::For(Box::new(For { name, words, body }))
    }

    pub(super) fn words_of_line(&mut self) -> Vec<Word> {
        let mut words = Vec::new();
        loop {
            self.blanks();
            if self.done() || self.failed() || matches!(self.peek(), b'\n' | b';' | b'&' | b')') {
                return words;
            }
            let before = self.at;
            words.push(self.word());
            if self.at == before {
                self.fail("a sign stands in a list of words");
            }
        }
    }

    fn case(&mut self) -> Node {
        self.blanks();
        let subject = self.word();
        self.expect_word("in", "a case has no in");
        let mut arms = Vec::new();
        loop {
            self.newlines();
            if self.failed() || self.eat_keyword("esac") {
                break;
            }
            if self.done() {
                self.fail("a case is never closed");
                break;
            }
            arms.push(self.case_arm());
        }
        Node::Case(Box::new(Case { subject, arms }))
    }

    fn case_arm(&mut self) -> (Vec<Word>, Node) {
        self.eat("(");
        let mut patterns = Vec::new();
        loop {
            self.blanks();
            let before = self.at;
            patterns.push(self.word());
            self.blanks();
            if self.eat("|") {
                continue;
            }
            if self.at == before {
                self.fail("a case has no pattern");
            }
            break;
        }
        self.expect(")", "a pattern is never closed");
        let body = if self.failed() { Vec::new() } else { self.list() };
        if !(self.eat(";;&") || self.eat(";;") || self.eat(";&")) {
            self.newlines();
            if self.keyword() != "esac" {
                self.fail("a case arm is never closed");
            }
        }
        (patterns, Node::Seq(body))
    }

    fn function(&mut self) -> Node {
        self.blanks();
        let name = self.name();
        self.blanks();
        if self.eat("(") {
            self.blanks();
            self.expect(")", "a function's parentheses are never closed");
        }
        self.function_body(name)
    }

    /// The body after `name ()`.
    pub(super) fn function_body(&mut self, name: String) -> Node {
        self.newlines();
        if self.failed() || self.done() {
            self.fail("a function has no body");
            return Node::Seq(Vec::new());
        }
        let body = self.command();
        Node::Func(name, Rc::new(body))
    }

    fn coproc(&mut self) -> Node {
        self.blanks();
        let next = self.keyword().len();
        let after = self.src.get(self.at + next..self.end).unwrap_or("").trim_start();
        if next > 0 && (after.starts_with("{ ") || after.starts_with('(')) {
            self.at += next;
            self.blanks();
        }
        self.command()
    }
}
