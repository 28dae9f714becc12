//! From words to arguments: every expansion the shell makes.
//!
//! - The order is bash's: braces, tilde, parameters and substitutions, splitting.
//! - What cannot be known leaves a hole; what would grow too large becomes one.
//!
//! Not here: parameter operators (`machine::param`), brace lists (`machine::brace`).

use std::rc::Rc;

use crate::guardrails::machine::value::{Arg, Data, HOLE, LONGEST_VALUE, OPAQUE};
use crate::guardrails::machine::{Env, Machine, brace, param};
use crate::guardrails::parse::{Param, Part, Script, Word};

/// Where a character of a word comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum From {
    /// Unquoted source text: braces, tilde and patterns apply.
    Source,
    /// Quoted: nothing applies.
    Quoted,
    /// An unquoted expansion: splitting and patterns apply.
    Expansion,
    /// Not a character: one argument of `"$@"` ends here.
    Break,
}

/// A word under way.
#[derive(Debug, Default)]
pub struct Buffer {
    /// The characters and where they come from.
    pub chars: Vec<(char, From)>,
    /// Whether any quotes stood in the word.
    pub quoted: bool,
}

impl Buffer {
    fn push(&mut self, text: &str, from: From) {
        if self.chars.len() + text.len() > LONGEST_VALUE {
            self.chars.push((HOLE, from));
            return;
        }
        self.chars.extend(text.chars().map(|c| (c, from)));
    }

    fn text(&self) -> String {
        let kept = self.chars.iter().map(|(c, from)| match from {
            From::Break => ' ',
            _ => *c,
        });
        kept.collect()
    }
}

impl Machine<'_> {
    /// The arguments that one word becomes.
    pub fn expand(&mut self, word: &Word, env: &mut Env, out: &mut Vec<Arg>) {
        if let Some(arg) = plain(word) {
            out.push(arg);
            return;
        }
        if self.spent() {
            out.push(Arg::unknown());
            return;
        }
        let mut buffer = Buffer::default();
        self.parts(&word.parts, env, false, &mut buffer);
        let blanks = env.get("IFS").unwrap_or_default();
        let (pieces, work) = brace::expand(&buffer.chars);
        self.spend(work / 256);
        for piece in pieces {
            split(&tilde(piece, env), &blanks, buffer.quoted, out);
        }
        self.spend(1 + out.len() / 8);
    }

    /// The words as arguments.
    pub fn expand_all(&mut self, words: &[Word], env: &mut Env) -> Vec<Arg> {
        let mut out = Vec::with_capacity(words.len());
        for word in words {
            self.expand(word, env, &mut out);
        }
        out
    }

    /// The word as one text, as in an assignment or a redirection.
    pub fn expand_text(&mut self, word: &Word, env: &mut Env) -> String {
        match word.parts.as_slice() {
            [] => return String::new(),
            [Part::Quoted(text)] => return text.clone(),
            [Part::Lit(text)] if !text.starts_with('~') => return text.clone(),
            _ => {}
        }
        let mut buffer = Buffer::default();
        self.parts(&word.parts, env, false, &mut buffer);
        self.spend(1 + buffer.chars.len() / 256);
        tilde(buffer.chars, env)
            .iter()
            .map(|(c, from)| if *from == From::Break { ' ' } else { *c })
            .collect()
    }

    /// The text of parts inside an expansion.
    pub fn parts_text(&mut self, parts: &[Part], env: &mut Env) -> String {
        let mut buffer = Buffer::default();
        self.parts(parts, env, true, &mut buffer);
        buffer.text()
    }

    fn parts(&mut self, parts: &[Part], env: &mut Env, soft: bool, out: &mut Buffer) {
        let from = if soft { From::Quoted } else { From::Expansion };
        for part in parts {
            match part {
                Part::Lit(text) => out.push(text, if soft { From::Quoted } else { From::Source }),
                Part::Quoted(text) => {
                    out.quoted = true;
                    out.push(text, From::Quoted);
                }
                Part::Double(inner) => {
                    out.quoted |= !is_bare_list(inner);
                    self.parts(inner, env, true, out);
                }
                Part::Param(param) => self.param(param, env, soft, out),
                Part::Command(script) => {
                    let text = self.substitute(script, env);
                    out.push(&text, from);
                }
                Part::Process(script, reads) => {
                    let path = self.process(script, *reads, env);
                    out.push(&path, From::Quoted);
                }
                Part::Arith(inner) => {
                    let text = self.parts_text(inner, env);
                    out.push(&arithmetic(&text), From::Quoted);
                }
            }
        }
    }

    fn param(&mut self, param: &Param, env: &mut Env, soft: bool, out: &mut Buffer) {
        let from = if soft { From::Quoted } else { From::Expansion };
        match param::list(self, param, env) {
            Some(list) => {
                let joined = param.name == "*" && soft;
                for (at, item) in list.iter().enumerate() {
                    if at > 0 {
                        out.chars.push((' ', if joined { From::Quoted } else { From::Break }));
                    }
                    out.push(item, from);
                }
                out.quoted |= soft && !list.is_empty();
            }
            None => {
                let text = param::value(self, param, env);
                out.push(&text, from);
            }
        }
    }

    /// What `$(…)` yields; its commands are judged as they run.
    fn substitute(&mut self, script: &Script, env: &Env) -> String {
        let mut inner = env.clone();
        let data = self.script(script, &mut inner, &Data::Unknown);
        if matches!(data, Data::Opaque) {
            return format!("{HOLE}{OPAQUE}{HOLE}");
        }
        data.as_text().trim_end_matches('\n').to_owned()
    }

    fn process(&mut self, script: &Rc<Script>, reads: bool, env: &mut Env) -> String {
        if reads {
            let data = self.script(script, &mut env.clone(), &Data::Unknown);
            self.spend(env.open_files());
            return env.pipe(data);
        }
        let path = env.pipe(Data::Unknown);
        self.spend(env.open_files());
        self.consumers.push((path.clone(), Rc::clone(script)));
        path
    }
}

/// The argument of a word without anything to expand.
fn plain(word: &Word) -> Option<Arg> {
    match word.parts.as_slice() {
        [Part::Quoted(text)] => Some(Arg::new(text.as_str())),
        [Part::Lit(text)] if !text.bytes().any(|b| b"~{*?[\x01".contains(&b)) => {
            Some(Arg::new(text.as_str()))
        }
        _ => None,
    }
}

/// `"$@"` alone: with no parameters it is no argument at all.
fn is_bare_list(parts: &[Part]) -> bool {
    matches!(parts, [Part::Param(p)] if p.name == "@" && p.op.is_empty())
}

fn arithmetic(text: &str) -> String {
    let text = text.trim();
    if text.bytes().all(|b| b.is_ascii_digit()) && !text.is_empty() {
        return text.to_owned();
    }
    // A number whatever it is; no path and no flag is made of one.
    "7".to_owned()
}

fn tilde(mut chars: Vec<(char, From)>, env: &Env) -> Vec<(char, From)> {
    if chars.first() != Some(&('~', From::Source)) {
        return chars;
    }
    let end = chars.iter().position(|(c, _)| *c == '/').unwrap_or(chars.len());
    let name: String = chars[1..end].iter().map(|(c, _)| *c).collect();
    let home = match name.as_str() {
        "" => env.home().to_owned(),
        "+" => env.cwd.to_string(),
        "root" => "/root".to_owned(),
        other => format!("/home/{other}"),
    };
    let rest = chars.split_off(end);
    home.chars().map(|c| (c, From::Quoted)).chain(rest).collect()
}

fn split(chars: &[(char, From)], blanks: &str, quoted: bool, out: &mut Vec<Arg>) {
    let before = out.len();
    let mut current = Arg::default();
    let mut begun = false;
    for &(c, from) in chars {
        let ends = from == From::Break || (from == From::Expansion && blanks.contains(c));
        if ends {
            if begun || from == From::Break && quoted {
                out.push(std::mem::take(&mut current));
            }
            begun = false;
            continue;
        }
        begun = true;
        current.glob |= from != From::Quoted && matches!(c, '*' | '?' | '[');
        current.text.push(c);
    }
    if begun || (quoted && out.len() == before) {
        out.push(current);
    }
}
