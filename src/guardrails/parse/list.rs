//! Lists and pipelines: what joins commands.
//!
//! - All of a list's commands are kept in order; `&&` and `||` are not weighed.
//!
//! Not here: compound commands (`compound`), simple ones (`simple`).

use crate::guardrails::parse::cursor::Parser;
use crate::guardrails::parse::{Dialect, Node};

impl Parser<'_> {
    /// Commands up to the end of the region or a closing sign.
    pub(super) fn list(&mut self) -> Vec<Node> {
        let mut nodes = Vec::new();
        if !self.enter() {
            return nodes;
        }
        loop {
            self.newlines();
            if self.done() || self.failed() || self.at_list_end() {
                break;
            }
            let before = self.at;
            let node = self.and_or();
            self.blanks();
            let node = self.terminated(node);
            nodes.push(node);
            if self.at == before {
                self.fail("a command was expected");
            }
        }
        self.leave();
        nodes
    }

    fn terminated(&mut self, node: Node) -> Node {
        match self.peek() {
            b'&' if self.peek_at(1) != b'&' => {
                self.at += 1;
                Node::Background(Box::new(node))
            }
            b';' if !matches!(self.peek_at(1), b';' | b'&') => {
                self.at += 1;
                node
            }
            _ => {
                if !self.done() && self.peek() != b'\n' && !self.at_list_end() {
                    self.fail("a sign stands where no sign can");
                }
                node
            }
        }
    }

    fn at_list_end(&self) -> bool {
        if self.dialect == Dialect::Fish {
            return self.peek() == b')' || matches!(self.keyword(), "end" | "else" | "case");
        }
        match self.peek() {
            b')' => true,
            b';' => matches!(self.peek_at(1), b';' | b'&'),
            b'}' | b't' | b'd' | b'f' | b'e' => matches!(
                self.keyword(),
                "}" | "then" | "do" | "done" | "fi" | "else" | "elif" | "esac"
            ),
            _ => false,
        }
    }

    fn and_or(&mut self) -> Node {
        let first = self.pipeline();
        let mut more = Vec::new();
        while !self.failed() {
            self.blanks();
            if !self.eat("&&") && !self.eat("||") {
                break;
            }
            self.newlines();
            if self.done() {
                self.fail("the text ends after && or ||");
                break;
            }
            more.push(self.pipeline());
        }
        one_or(first, more, Node::Seq)
    }

    fn pipeline(&mut self) -> Node {
        self.blanks();
        loop {
            if self.eat_keyword("!") {
                self.blanks();
            } else if self.keyword() == "time" {
                self.at += 4;
                self.blanks();
                if self.eat_keyword("-p") {
                    self.blanks();
                }
            } else {
                break;
            }
        }
        let first = self.command();
        let mut more = Vec::new();
        while !self.failed() {
            self.blanks();
            if self.peek() != b'|' || self.peek_at(1) == b'|' {
                break;
            }
            self.at += 1;
            if self.peek() == b'&' {
                self.at += 1;
            }
            self.newlines();
            if self.done() {
                self.fail("the text ends after a pipe");
                break;
            }
            more.push(self.command());
        }
        one_or(first, more, Node::Pipe)
    }
}

fn one_or(first: Node, mut more: Vec<Node>, many: fn(Vec<Node>) -> Node) -> Node {
    if more.is_empty() {
        return first;
    }
    more.insert(0, first);
    many(more)
}
