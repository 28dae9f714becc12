//! Runs one command: finds out what its name means and who judges it.
//!
//! - Functions, builtins, carriers and programs are asked in that order, as bash does.
//! - A command whose name is unknown is judged by its arguments.
//!
//! Not here: the builtins (`machine::builtin`), the carriers (`carry`), the programs
//! (`programs`).

use std::borrow::Cow;
use std::rc::Rc;

use crate::guardrails::glob::glob_matches;
use crate::guardrails::machine::{Arg, Data, Env, Machine, output};
use crate::guardrails::parse::Node;
use crate::guardrails::programs::index::{Known, known};
use crate::guardrails::{carry, programs};

/// A program with its arguments, ready to be judged.
#[derive(Clone, Copy, Debug)]
pub struct Call<'a> {
    /// The program's canonical name.
    pub name: &'a str,
    /// Its arguments.
    pub args: &'a [Arg],
    /// What it reads.
    pub stdin: &'a Data,
    /// What the tables know of it.
    pub known: Known,
}

impl<'a> Call<'a> {
    /// A call of the program `name`.
    #[must_use]
    pub fn new(name: &'a str, args: &'a [Arg], stdin: &'a Data) -> Self {
        Self { name, args, stdin, known: known(name) }
    }
}

/// Programs that a pattern in command position may stand for.
const GUESSED: [&str; 14] = [
    "rm",
    "git",
    "dd",
    "shred",
    "unlink",
    "find",
    "bash",
    "sh",
    "truncate",
    "chmod",
    "psql",
    "docker",
    "kubectl",
    "terraform",
];

impl Machine<'_> {
    /// Runs a command in `env` and returns what it writes.
    pub fn run(&mut self, argv: &[Arg], env: &mut Env, stdin: &Data) -> Data {
        self.spend(1 + argv.len() / 8);
        if !self.enter() {
            return Data::Unknown;
        }
        let data = self.command(argv, env, stdin);
        self.depth -= 1;
        data
    }

    fn command(&mut self, argv: &[Arg], env: &mut Env, stdin: &Data) -> Data {
        let Some((first, args)) = argv.split_first() else { return Data::nothing() };
        let name = program_name(first);
        if name.is_empty() {
            programs::unknown_command(self, args, env, stdin);
            return Data::Unknown;
        }
        if let Some(text) = env.aliased(&first.text) {
            let text = format!("{text}{}", carry::quoted(args));
            return self.text(&text, &mut env.clone(), stdin);
        }
        let functions = !std::mem::take(&mut self.no_functions);
        if let Some(body) = env.function(&first.text).filter(|_| functions) {
            return self.call((&first.text, &body), args, env, stdin);
        }
        let call = Call::new(&name, args, stdin);
        self.report.trace(first, args);
        if let Some(data) = self.builtin(&call, env) {
            return data;
        }
        if let Some(data) = carry::carry(self, &call, env) {
            return data;
        }
        programs::judge(self, &call, env);
        if first.text.contains('/')
            && let Some(script) = env.read(&first.text).cloned()
        {
            return carry::shell::feed(self, &script, args, env);
        }
        output::of(self, &call, env)
    }

    fn call(
        &mut self,
        (name, body): (&str, &Rc<Node>),
        args: &[Arg],
        env: &mut Env,
        stdin: &Data,
    ) -> Data {
        if env.calls.iter().any(|on_stack| Rc::ptr_eq(on_stack, body)) {
            if self.detached {
                self.report.hit("fork_bomb", name, self.span);
            }
            return Data::Unknown;
        }
        let args: Vec<String> = args.iter().map(|arg| arg.text.clone()).collect();
        let outer = env.args.replace(Rc::new(args));
        Rc::make_mut(&mut env.calls).push(Rc::clone(body));
        let data = self.node(body, env, stdin);
        Rc::make_mut(&mut env.calls).pop();
        env.args = outer;
        data
    }
}

/// The canonical name of a command: no directory, no version, no holes.
#[must_use]
pub fn program_name(first: &Arg) -> Cow<'_, str> {
    let base = first.text.rsplit('/').next().unwrap_or("");
    let base = base.strip_suffix(".exe").unwrap_or(base);
    if first.glob {
        let guess = GUESSED.iter().find(|name| glob_matches(base, name));
        return Cow::Borrowed(guess.copied().unwrap_or(base));
    }
    if first.dynamic() {
        let known: String = base.chars().filter(|c| *c != super::HOLE).collect();
        return Cow::Owned(versionless(&known).to_owned());
    }
    Cow::Borrowed(versionless(base))
}

fn versionless(name: &str) -> &str {
    const VERSIONED: [&str; 14] = [
        "python", "pip", "perl", "ruby", "php", "node", "lua", "pypy", "bash", "gcc", "mkfs.",
        "psql", "tclsh", "nodejs",
    ];
    if !name.ends_with(|c: char| c.is_ascii_digit()) {
        return name;
    }
    let short = name.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.');
    let short = short.strip_suffix('-').unwrap_or(short);
    if VERSIONED.contains(&short) { short } else { name }
}
