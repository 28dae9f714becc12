//! Redirections: what a command reads and where its output goes.
//!
//! - A written file is remembered, so that running it later is seen.
//!
//! Not here: which files must not be written (`programs::file`).

use crate::guardrails::effect::Verb;
use crate::guardrails::machine::{Arg, Data, Env, Machine};
use crate::guardrails::parse::{Redir, RedirOp};
use crate::guardrails::programs;

/// A command's input and the files its output goes to.
pub struct Io {
    /// What it reads.
    pub stdin: Data,
    /// Where its standard output goes, and whether it is appended.
    pub stdout: Option<(String, bool)>,
}

impl Machine<'_> {
    /// Opens the redirections.
    pub fn redirections(&mut self, redirs: &[Redir], env: &mut Env, stdin: &Data) -> Io {
        let mut io = Io { stdin: stdin.clone(), stdout: None };
        for redir in redirs {
            match redir.op {
                RedirOp::Here => {
                    let text = match redir.body.as_ref().and_then(|body| body.get()) {
                        Some(body) => self.expand_text(body, env),
                        None => String::new(),
                    };
                    io.stdin = Data::text(text);
                }
                RedirOp::HereString => {
                    let text = self.expand_text(&redir.target, env);
                    let data = Data::text(text + "\n");
                    match redir.fd {
                        Some(fd) if fd > 2 => env.write(&format!("/dev/fd/{fd}"), data, false),
                        _ => io.stdin = data,
                    }
                }
                RedirOp::Dup => {
                    self.expand_text(&redir.target, env);
                }
                _ => self.open(redir, env, &mut io),
            }
        }
        io
    }

    fn open(&mut self, redir: &Redir, env: &mut Env, io: &mut Io) {
        self.spend(3);
        let mut targets = Vec::with_capacity(1);
        self.expand(&redir.target, env, &mut targets);
        let target = targets.pop().unwrap_or_else(Arg::unknown);
        if redir.op == RedirOp::In {
            io.stdin = env.read(&target.text).cloned().unwrap_or_default();
            programs::file::reads(self, &target, env);
            return;
        }
        let append = matches!(redir.op, RedirOp::Append | RedirOp::BothAppend);
        let keeps = append || redir.op == RedirOp::InOut;
        let verb = if keeps { Verb::Write } else { Verb::Truncate };
        programs::file::writes(self, &target, verb, env);
        if redir.fd.unwrap_or(1) == 1 {
            io.stdout = Some((target.text, append));
        }
    }

    /// Sends the output where the redirections say.
    pub fn finish(&mut self, io: Io, data: Data, env: &mut Env) -> Data {
        match io.stdout {
            None => data,
            Some((path, append)) => {
                if !append && programs::file::is_blank(&data) {
                    programs::file::empties(self, &path, env);
                }
                env.write(&path, data, append);
                Data::nothing()
            }
        }
    }
}
