//! What one call does: spawn, delete, move, write, query.
//!
//! Not here: finding calls (`scripting::sinks`), values (`scripting::eval`).

use crate::guardrails::effect::Verb;
use crate::guardrails::machine::{Arg, Data, Env, HOLE, Machine};
use crate::guardrails::programs;
use crate::guardrails::scripting::eval::{Reader, Val};
use crate::guardrails::scripting::lex::Token;
use crate::guardrails::scripting::{Language, play};
use crate::guardrails::words::Words;

/// Calls that run a command line, a query, or more of the same language.
static RUNNERS: Words<256> = Words::new(
    "system popen getoutput getstatusoutput shell_exec passthru execSync exec run call \
    check_call check_output Popen spawn spawnSync execFile execFileSync execvp execv execve \
    execlp execl spawnvp spawnlp proc_open execute capture2 capture3 capture2e sh popen2 \
    popen3 execa execaSync execaCommand execaCommandSync create_subprocess_shell \
    create_subprocess_exec shell pcntl_exec command query raw executescript executemany \
    queryRawUnsafe executeRawUnsafe queryRaw executeRaw select_all do text sql prepare \
    exec_query unsafe cursor_execute eval Function instance_eval statement shell-command \
    script shell-command-to-string quiet",
);

/// Calls that delete a directory with all below it.
static TREE_REMOVERS: Words<64> = Words::new(
    "rmtree rm_rf delete-directory rm_r remove_tree removeSync rimraf rimrafSync emptyDirSync \
    emptyDir rmtree_f deleteDirectory remove_entry_secure remove_dir removedirs remove_entry moveToTrash",
);

/// A call with its arguments.
pub struct Sink<'c> {
    /// The language it is written in.
    pub language: Language,
    /// The function's name.
    pub name: &'c str,
    /// Its arguments.
    pub args: &'c [Val],
    /// The tokens between its parentheses.
    pub span: (usize, usize),
    /// Where its name stands.
    pub at: usize,
}

impl Sink<'_> {
    /// The first tokens between the call's parentheses; more tell nothing more.
    fn inside<'r>(&self, reader: &'r Reader<'_>) -> &'r [Token] {
        let end = self.span.1.min(self.span.0 + 64);
        reader.tokens.get(self.span.0..end).unwrap_or(&[])
    }

    /// Does what the call does.
    pub fn act(
        &self,
        machine: &mut Machine<'_>,
        reader: &Reader<'_>,
        env: &mut Env,
        out: &mut Data,
    ) {
        let first = self.args.first().map(Val::text).unwrap_or_default();
        match self.name {
            "print" | "puts" | "say" | "log" | "write" | "echo" if !self.args.is_empty() => {
                let data = std::mem::take(out);
                *out = data.then(Data::text(first.clone() + "\n"));
                let file = matches!(&*receiver(reader, self.at), "File" | "IO" | "Bun" | "Deno");
                if self.name == "write" && file && self.args.len() > 1 {
                    programs::file::writes(machine, &Arg::new(first), Verb::Truncate, env);
                }
            }
            name if RUNNERS.contains(name) => {
                self.runs(machine, reader, &first, env);
            }
            _ => self.deletes_or_writes(machine, reader, &first, env),
        }
    }

    /// A command line, a query, or a script of the same language.
    fn runs(&self, machine: &mut Machine<'_>, reader: &Reader<'_>, first: &str, env: &mut Env) {
        let same = match self.language {
            Language::Python => matches!(self.name, "exec" | "eval"),
            _ => matches!(self.name, "eval" | "Function" | "instance_eval"),
        };
        let first = &if self.args.is_empty() && self.name == "execute" {
            receiver_value(reader, self.at)
        } else {
            first.to_owned()
        };
        if same {
            if !first.contains(HOLE) {
                play(machine, self.language, first, env);
            }
            return;
        }
        if let Some(argv) = self.argv() {
            machine.run(&argv, env, &Data::Unknown);
            return;
        }
        if crate::guardrails::sql::looks_like_sql(first) {
            programs::database::sql(machine, first);
        } else if !first.is_empty() && !first.starts_with(HOLE) {
            machine.text(first, env, &Data::Unknown);
        }
    }

    fn argv(&self) -> Option<Vec<Arg>> {
        let list = self.args.iter().find_map(|arg| match arg {
            Val::List(list) if !list.is_empty() => Some(list),
            _ => None,
        });
        let words = |list: &[String]| list.iter().map(|text| Arg::new(text.as_str())).collect();
        if let Some(list) = list {
            let node = matches!(
                self.name,
                "spawn"
                    | "spawnSync"
                    | "execFile"
                    | "execFileSync"
                    | "execa"
                    | "execaSync"
                    | "pcntl_exec"
            );
            return match self.args.first() {
                Some(Val::Text(program)) if node => {
                    let mut argv = vec![Arg::new(program.as_str())];
                    argv.extend(list.iter().map(|text| Arg::new(text.as_str())));
                    Some(argv)
                }
                _ => Some(words(list)),
            };
        }
        let texts: Vec<String> = self
            .args
            .iter()
            .map_while(|arg| match arg {
                Val::Text(text) => Some(text.clone()),
                _ => None,
            })
            .collect();
        let skip = usize::from(matches!(self.name, "execlp" | "execl" | "spawnlp"));
        let several = matches!(self.language, Language::Perl | Language::Ruby)
            || matches!(
                self.name,
                "create_subprocess_exec" | "execlp" | "execl" | "spawnlp" | "command"
            );
        let command = !matches!(self.name, "execute" | "query" | "raw" | "prepare" | "do");
        (several && command && texts.len() > 1 + skip).then(|| words(&texts[skip..]))
    }

    fn deletes_or_writes(
        &self,
        machine: &mut Machine<'_>,
        reader: &Reader<'_>,
        first: &str,
        env: &mut Env,
    ) {
        let run = |machine: &mut Machine<'_>, env: &mut Env, words: &[&str]| {
            let argv: Vec<Arg> = words.iter().map(|word| Arg::from(*word)).collect();
            machine.run(&argv, env, &Data::Unknown);
        };
        let inside = self.inside(reader);
        let globs = inside.iter().any(|token| matches!(token, Token::Name(name) if name == "glob"));
        if globs && matches!(self.name, "unlink" | "rm" | "rm_f" | "remove" | "delete" | "map") {
            machine.report.hit("delete_glob", self.name, machine.span());
        }
        let targets: Vec<String> = match self.args.first() {
            Some(Val::List(list)) => list.clone(),
            Some(value) => vec![value.text()],
            None => Vec::new(),
        };
        match self.name {
            name if TREE_REMOVERS.contains(name) => {
                for target in &targets {
                    run(machine, env, &["rm", "-rf", target]);
                }
                if targets.is_empty() && reader.sign(self.at.wrapping_sub(1), '.') {
                    let path = receiver(reader, self.at);
                    run(machine, env, &["rm", "-rf", &path]);
                }
            }
            "rm" | "rmSync" | "rmdirSync" | "rmdir" | "unlink" | "unlinkSync" | "remove"
            | "delete" | "sync" | "rm_f" | "unlinkFile" => {
                let inside = self.inside(reader);
                let recursive = inside.iter().any(
                    |token| matches!(token, Token::Name(n) if n == "recursive" || n == "TRUE"),
                ) || (self.name == "sync" && receiver(reader, self.at) == "rimraf");
                let flag = if recursive { "-rf" } else { "-f" };
                for target in targets.iter().filter(|_| self.name != "sync" || recursive) {
                    run(machine, env, &["rm", flag, target]);
                }
                programs::database::method(machine, &reader_call(reader, self));
            }
            "replace" if receiver_name(reader, self.at) != Some("os") => {}
            "move" | "rename" | "renameSync" | "replace" | "copy" | "copyfile" | "copy2"
            | "copyFileSync" | "cp" | "mv" => {
                if let [Val::Text(from), Val::Text(to), ..] = self.args {
                    let copies = self.name.starts_with("co") || self.name == "cp";
                    run(machine, env, &[if copies { "cp" } else { "mv" }, from, to]);
                }
            }
            "makedirs" | "mkdir" | "mkdirSync" | "mkdir_p" | "makedir" if !first.is_empty() => {
                run(machine, env, &["mkdir", first]);
            }
            "chdir" => env.cwd = env.resolve(first).into(),
            "chmod" | "truncate" if self.args.len() > 1 => {}
            _ => self.files(machine, reader, first, env),
        }
    }

    fn files(&self, machine: &mut Machine<'_>, reader: &Reader<'_>, first: &str, env: &mut Env) {
        let path = Arg::new(first);
        match self.name {
            "open" | "fopen" => {
                let piped = self
                    .args
                    .iter()
                    .map(Val::text)
                    .find(|text| text.trim().ends_with('|') || text.trim().starts_with('|'));
                if let Some(line) = piped.filter(|line| line.trim().len() > 1) {
                    machine.text(line.trim().trim_matches('|'), env, &Data::Unknown);
                    return;
                }
                let mode = self.mode(reader);
                let (mode, path) = match (self.language, self.args) {
                    (Language::Perl, [_, _, file, ..]) => (mode, Arg::new(file.text())),
                    (Language::Perl, [_, _]) => {
                        let file = mode.trim_start_matches(['>', '<', '+', ' ']);
                        let file = Arg::new(file);
                        (mode, file)
                    }
                    _ => (mode, path),
                };
                if mode.starts_with(['w', 'a', 'x', '>', '+']) || mode.contains('+') {
                    let appends = mode.starts_with('a') || mode.starts_with(">>");
                    let verb =
                        if appends || mode.contains('+') { Verb::Write } else { Verb::Truncate };
                    programs::file::writes(machine, &path, verb, env);
                } else if !first.is_empty() {
                    programs::file::reads(machine, &path, env);
                }
            }
            "writeFileSync" | "writeFile" | "file_put_contents" | "outputFileSync"
            | "createWriteStream" | "truncateSync" => {
                programs::file::writes(machine, &path, Verb::Truncate, env);
            }
            "appendFileSync" | "appendFile" => {
                programs::file::writes(machine, &path, Verb::Write, env);
            }
            "read" if reader.sign(self.at.wrapping_sub(1), '.') && !first.is_empty() => {
                programs::file::reads(machine, &path, env);
            }
            "readFileSync" | "readFile" | "file_get_contents" | "readlines" | "slurp" => {
                programs::file::reads(machine, &path, env);
            }
            "write_text" | "write_bytes" => self.writes_to_path(machine, reader, env),
            "read_text" | "read_bytes" => {
                let path = Arg::new(receiver_value(reader, self.at));
                programs::file::reads(machine, &path, env);
            }
            _ => programs::database::method(machine, &reader_call(reader, self)),
        }
    }

    /// The mode of an `open`, by place or by name.
    fn mode(&self, reader: &Reader<'_>) -> String {
        let named = self.inside(reader).windows(3).find_map(|three| match three {
            [Token::Name(name), Token::Sign('='), Token::Text(mode)] if name == "mode" => {
                Some(mode.clone())
            }
            _ => None,
        });
        named.or_else(|| self.args.get(1).map(Val::text)).unwrap_or_default()
    }

    fn writes_to_path(&self, machine: &mut Machine<'_>, reader: &Reader<'_>, env: &Env) {
        let path = receiver_value(reader, self.at);
        let path = if path.is_empty() { Arg::unknown() } else { Arg::new(path) };
        programs::file::writes(machine, &path, Verb::Truncate, env);
    }
}

/// The bare name before the dot before `at`.
fn receiver_name<'r>(reader: &'r Reader<'_>, at: usize) -> Option<&'r str> {
    reader.name(at.checked_sub(2)?).filter(|_| reader.sign(at - 1, '.'))
}

/// What stands before the dot before `at`: a variable's value, or a name.
fn receiver(reader: &Reader<'_>, at: usize) -> String {
    match (at.checked_sub(1), at.checked_sub(2)) {
        (Some(dot), Some(name)) if reader.sign(dot, '.') => reader.name(name).map_or_else(
            || receiver_value(reader, at),
            |name| reader.vars.get(name).map_or_else(|| name.to_owned(), Val::text),
        ),
        _ => String::new(),
    }
}

/// The literal in `Path('literal')` or `open('literal')` before the dot before `at`.
fn receiver_value(reader: &Reader<'_>, at: usize) -> String {
    let before = &reader.tokens[at.saturating_sub(8)..at];
    let text = before.iter().rev().find_map(|token| match token {
        Token::Text(text) => Some(text.clone()),
        Token::Name(name) => reader.vars.get(name).map(Val::text),
        _ => None,
    });
    text.unwrap_or_default()
}

/// The call as a method: what it is called on, its name, and its first argument's tokens.
fn reader_call<'r>(reader: &'r Reader<'_>, sink: &Sink<'r>) -> programs::database::Method<'r> {
    let from = sink.at.saturating_sub(8);
    let before = reader.tokens[from..sink.at].iter().filter_map(|token| match token {
        Token::Name(name) => Some(name.as_str()),
        _ => None,
    });
    let inside = sink.inside(reader);
    let inside = inside.strip_suffix(&[Token::Sign(')')]).unwrap_or(inside);
    let signs: String = inside
        .iter()
        .map(|token| match token {
            Token::Sign(c) => *c,
            Token::Name(_) => 'n',
            _ => 't',
        })
        .filter(|c| *c != '\n')
        .collect();
    programs::database::Method { before: before.collect(), name: sink.name, inside: signs }
}
