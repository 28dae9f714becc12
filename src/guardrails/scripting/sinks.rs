//! Walks over a script and finds the calls that act.
//!
//! Not here: values (`scripting::eval`), what a call does (`scripting::calls`).

use std::cell::Cell;
use std::collections::BTreeMap;

use crate::guardrails::machine::{Data, Env, Machine};
use crate::guardrails::scripting::Language;
use crate::guardrails::scripting::calls::Sink;
use crate::guardrails::scripting::eval::{Reader, Val};
use crate::guardrails::scripting::lex::Token;

/// How many tokens may be looked at, each time they are.
const FUEL: usize = 60_000;

/// Plays all acting calls of `tokens`.
pub fn walk(
    machine: &mut Machine<'_>,
    language: Language,
    tokens: &[Token],
    env: &mut Env,
) -> Data {
    let vars = BTreeMap::new();
    let mut reader = Reader { tokens, vars, home: env.home().to_owned(), fuel: Cell::new(FUEL) };
    let mut printed = Data::nothing();
    let mut at = 0;
    let mut alias: BTreeMap<String, String> = BTreeMap::new();
    while at < tokens.len() {
        machine.spend(usize::from(at % 16 == 0));
        if reader.fuel.get() == 0 {
            machine.report.unknown("the script nests too often", machine.span());
        }
        if machine.spent() || reader.fuel.get() == 0 {
            break;
        }
        match &tokens[at] {
            Token::Command(text) => {
                let text = reader.filled(text);
                machine.text(&text, env, &Data::Unknown);
            }
            Token::Name(name) => {
                if let (Some("as"), Some(other)) = (reader.name(at + 1), reader.name(at + 2)) {
                    alias.insert(other.to_owned(), name.clone());
                }
                assign(&mut reader, at);
                let name = alias.get(name).map_or(name.as_str(), String::as_str).to_owned();
                let (name, at) = looked_up(&reader, at).unwrap_or((name, at));
                if let Some((args, span)) = call_at(&reader, language, &name, at) {
                    let call = Sink { language, name: &name, args: &args, span, at };
                    call.act(machine, &reader, env, &mut printed);
                }
            }
            _ => {}
        }
        at += 1;
    }
    machine.spend((FUEL - reader.fuel.get()) / 32);
    printed
}

/// `getattr(x, 'name')(…)` and `x['name'](…)` are calls of `name`: its own name, and
/// where the parenthesis of its arguments stands less one.
fn looked_up(reader: &Reader<'_>, at: usize) -> Option<(String, usize)> {
    let by_call = matches!(reader.name(at)?, "getattr" | "__getattribute__");
    let open = if by_call { '(' } else { '[' };
    if !reader.sign(at + 1, open) {
        return None;
    }
    let (args, end) = reader.arguments(at + 1, 0);
    match (by_call, args.as_slice(), reader.sign(end, '(')) {
        (true, [_, Val::Text(name)], true) | (false, [Val::Text(name)], true) => {
            Some((name.clone(), end - 1))
        }
        _ => None,
    }
}

fn assign(reader: &mut Reader<'_>, at: usize) {
    let plain = reader.sign(at + 1, '=') && !reader.sign(at + 2, '=') && !reader.sign(at + 2, '>');
    if plain && let Some(name) = reader.name(at).map(str::to_owned) {
        let (value, _) = reader.expression(at + 2, 0);
        reader.vars.insert(name, value);
    }
}

/// The arguments of the call at `at`, if it is one, and the tokens they span.
fn call_at(
    reader: &Reader<'_>,
    language: Language,
    name: &str,
    at: usize,
) -> Option<(Vec<Val>, (usize, usize))> {
    if reader.sign(at + 1, '!') && reader.sign(at + 2, '(') {
        let (args, end) = reader.arguments(at + 2, 0);
        return Some((args, (at + 3, end)));
    }
    if reader.sign(at + 1, '(') {
        let (args, end) = reader.arguments(at + 1, 0);
        return Some((args, (at + 2, end)));
    }
    let method = at.checked_sub(1).is_some_and(|dot| reader.sign(dot, '.'));
    if language == Language::Ruby
        && method
        && matches!(name, "delete_all" | "destroy_all" | "flushall" | "flushdb")
    {
        return Some((Vec::new(), (at + 1, at + 1)));
    }
    let bare =
        matches!(language, Language::Perl | Language::Ruby | Language::Php | Language::Plain);
    let begins = matches!(
        reader.tokens.get(at + 1),
        Some(Token::Text(_) | Token::Words(_) | Token::Sign('[') | Token::Name(_))
    );
    if !bare || !begins {
        return None;
    }
    let mut args = Vec::new();
    let mut next = at + 1;
    loop {
        let (value, end) = reader.expression(next, 0);
        args.push(value);
        if end <= next || !reader.sign(end, ',') || args.len() > 32 {
            return Some((args, (at + 1, end)));
        }
        next = end + 1;
    }
}
