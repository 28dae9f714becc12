//! Plays one node of the tree.
//!
//! - All branches are played unless the text itself decides between them.
//! - A loop over known words is played once per word, up to [`ROUNDS`].
//!
//! Not here: what a command does (`machine::run`).

use crate::guardrails::glob::glob_matches;
use crate::guardrails::machine::{Arg, Data, Env, HOLE, Machine, Var};
use crate::guardrails::parse::{Assign, Case, For, Node, Part, Simple, Value, Word};

/// Most rounds of one loop that are played.
const ROUNDS: usize = 48;

impl Machine<'_> {
    /// Plays a node and returns what it writes.
    pub fn node(&mut self, node: &Node, env: &mut Env, stdin: &Data) -> Data {
        self.spend(1);
        if !self.enter() {
            return Data::Unknown;
        }
        let before = self.consumers.len();
        let data = self.entered(node, env, stdin);
        while self.consumers.len() > before {
            self.consume(env);
        }
        self.depth -= 1;
        data
    }

    /// Plays what stands in a `>( … )` with what was written to it.
    fn consume(&mut self, env: &Env) {
        if let Some((path, script)) = self.consumers.pop() {
            let stdin = env.read(&path).cloned().unwrap_or_default();
            let mut shell = env.clone();
            for node in &script.nodes {
                self.node(node, &mut shell, &stdin);
            }
        }
    }

    fn entered(&mut self, node: &Node, env: &mut Env, stdin: &Data) -> Data {
        match node {
            Node::Simple(simple) => self.simple(simple, env, stdin),
            Node::Pipe(nodes) => self.pipe(nodes, env, stdin),
            Node::If(parts) => self.condition(parts, env, stdin),
            Node::Seq(nodes) => {
                let mut data = Data::nothing();
                for node in nodes {
                    data = data.then(self.node(node, env, stdin));
                }
                data
            }
            Node::Background(inner) => {
                let outer = std::mem::replace(&mut self.detached, true);
                let data = self.node(inner, env, stdin);
                self.detached = outer;
                data
            }
            Node::Subshell(inner) => self.in_subshell(inner, &mut env.clone(), stdin),
            Node::While(inner) => {
                self.node(inner, env, stdin);
                Data::Unknown
            }
            Node::For(inner) => self.for_loop(inner, env, stdin),
            Node::Case(inner) => self.case(inner, env, stdin),
            Node::Func(name, body) => {
                env.define(name, std::rc::Rc::clone(body));
                Data::nothing()
            }
            Node::Test(words) => {
                self.expand_all(words, env);
                Data::nothing()
            }
            Node::Redirected(inner, redirs) => {
                let io = self.redirections(redirs, env, stdin);
                let data = self.node(inner, env, &io.stdin);
                self.finish(io, data, env)
            }
        }
    }

    /// Conditions run in order; of the bodies, one runs, or none.
    fn condition(&mut self, parts: &[Node], env: &mut Env, stdin: &Data) -> Data {
        let mut data = Data::nothing();
        let mut ways: Vec<Env> = Vec::new();
        let mut pairs = parts.chunks_exact(2);
        for pair in pairs.by_ref() {
            data = data.then(self.node(&pair[0], env, stdin));
            let mut way = env.clone();
            data = data.then(self.node(&pair[1], &mut way, stdin));
            ways.push(way);
        }
        if let [last] = pairs.remainder() {
            let mut way = env.clone();
            data = data.then(self.node(last, &mut way, stdin));
            ways.push(way);
            // One of the bodies runs for sure: what all agree on holds.
            if let Some(first) = ways.first() {
                *env = first.clone();
            }
        }
        self.spend(ways.len());
        env.join(&ways);
        data
    }

    /// Plays a node in a shell of its own, with what it traps.
    fn in_subshell(&mut self, node: &Node, shell: &mut Env, stdin: &Data) -> Data {
        let traps = std::mem::take(&mut shell.traps);
        let data = self.node(node, shell, stdin);
        for trap in std::mem::replace(&mut shell.traps, traps).iter() {
            self.text(trap, shell, &Data::Unknown);
        }
        data
    }

    fn pipe(&mut self, nodes: &[Node], env: &mut Env, stdin: &Data) -> Data {
        let outer = std::mem::replace(&mut self.detached, true);
        let mut data = stdin.clone();
        for node in nodes {
            let mut shell = env.clone();
            data = self.in_subshell(node, &mut shell, &data);
            // `lastpipe` aside, only files outlive a stage of a pipe.
            env.keep_files(&shell);
        }
        self.detached = outer;
        data
    }

    fn for_loop(&mut self, node: &For, env: &mut Env, stdin: &Data) -> Data {
        let items: Vec<String> = match &node.words {
            Some(words) => self.expand_all(words, env).into_iter().map(loop_item).collect(),
            None => env.positional(),
        };
        let items = if items.is_empty() { vec![HOLE.to_string()] } else { items };
        let all = items.len();
        let mut data = Data::nothing();
        for item in items.into_iter().take(ROUNDS) {
            if self.spent() {
                return Data::Unknown;
            }
            env.set_text(&node.name, item);
            data = data.then(self.node(&node.body, env, stdin));
        }
        if all > ROUNDS {
            env.set_text(&node.name, HOLE);
            data = data.then(self.node(&node.body, env, stdin));
        }
        data
    }

    fn case(&mut self, node: &Case, env: &mut Env, stdin: &Data) -> Data {
        let subject = self.expand_text(&node.subject, env);
        let known = !subject.contains(HOLE);
        let mut data = Data::nothing();
        for (patterns, body) in &node.arms {
            let patterns: Vec<String> =
                patterns.iter().map(|word| self.expand_text(word, env)).collect();
            let matches = patterns
                .iter()
                .any(|pattern| pattern.contains(HOLE) || glob_matches(pattern, &subject));
            if known && !matches {
                continue;
            }
            data = data.then(self.node(body, env, stdin));
            if known && !patterns.iter().any(|pattern| pattern.contains(HOLE)) {
                break;
            }
        }
        data
    }

    fn simple(&mut self, simple: &Simple, env: &mut Env, stdin: &Data) -> Data {
        self.at(simple.span);
        let mut argv = self.expand_all(&simple.words, env);
        if argv.is_empty() && !simple.words.is_empty() && has_substitution(&simple.words) {
            argv.push(Arg::unknown());
        }
        if argv.is_empty() || declares(&argv) {
            let refers = argv
                .iter()
                .skip(1)
                .any(|arg| arg.text.strip_prefix('-').is_some_and(|flags| flags.contains('n')));
            for assign in &simple.assigns {
                self.assign(assign, env);
                if refers {
                    env.refer(&assign.name);
                }
            }
            let io = self.redirections(&simple.redirs, env, stdin);
            let data = if argv.is_empty() { Data::nothing() } else { self.run(&argv, env, stdin) };
            return self.finish(io, data, env);
        }
        if simple.assigns.is_empty() {
            let io = self.redirections(&simple.redirs, env, stdin);
            let data = self.run(&argv, env, &io.stdin);
            return self.finish(io, data, env);
        }
        let mut shell = env.clone();
        for assign in &simple.assigns {
            self.assign(assign, &mut shell);
        }
        let io = self.redirections(&simple.redirs, &mut shell, stdin);
        let data = self.run(&argv, &mut shell, &io.stdin);
        let data = self.finish(io, data, &mut shell);
        env.keep_files(&shell);
        data
    }

    fn assign(&mut self, assign: &Assign, env: &mut Env) {
        match &assign.value {
            Value::Scalar(word) => {
                let text = self.expand_text(word, env);
                self.assign_text(assign, text, env);
            }
            Value::Array(words) => {
                let items = self.expand_all(words, env).into_iter().map(|arg| {
                    match arg.text.strip_prefix('[').and_then(|text| text.split_once("]=")) {
                        Some((key, value)) => format!("{key}\u{2}{value}"),
                        None => arg.text,
                    }
                });
                let items: Vec<String> = items.collect();
                let list = match (assign.append, env.var(&assign.name)) {
                    (true, Some(Var::List(old))) => old.iter().cloned().chain(items).collect(),
                    (true, Some(Var::Scalar(old))) => {
                        std::iter::once(old.clone()).chain(items).collect()
                    }
                    _ => items,
                };
                self.spend(list.len() / 16);
                env.set(&assign.name, Var::List(list));
            }
        }
    }

    fn assign_text(&mut self, assign: &Assign, text: String, env: &mut Env) {
        let Some(index) = &assign.index else {
            let text = if assign.append {
                env.get(&assign.name).unwrap_or_default() + &text
            } else {
                text
            };
            self.spend(text.len() / 128);
            env.set_text(&assign.name, text);
            return;
        };
        let index = self.expand_text(index, env);
        let mut list = match env.var(&assign.name) {
            Some(Var::List(list)) => list.clone(),
            _ => Vec::new(),
        };
        self.spend(1 + list.len() / 16);
        match index.parse::<usize>() {
            Ok(at) if at < 64 => {
                if list.len() <= at {
                    list.resize(at + 1, String::new());
                }
                list[at] = text;
            }
            _ => list.push(format!("{index}\u{2}{text}")),
        }
        env.set(&assign.name, Var::List(list));
    }
}

fn loop_item(arg: Arg) -> String {
    // A pattern that stays a pattern: what it matches is not known.
    if arg.glob && arg.text.trim_matches(['*', '?', '/', '.']).is_empty() {
        return HOLE.into();
    }
    arg.text
}

fn declares(argv: &[Arg]) -> bool {
    argv.first().is_some_and(|first| {
        matches!(first.text.as_str(), "export" | "declare" | "local" | "readonly" | "typeset")
    })
}

fn has_substitution(words: &[Word]) -> bool {
    let mut parts = words.iter().flat_map(|word| &word.parts);
    parts.any(|part| matches!(part, Part::Command(_)))
}
