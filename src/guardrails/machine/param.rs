//! Parameters: `$x`, `${x:-…}`, `${x//a/b}`, arrays.
//!
//! - An unknown value with a default is a hole followed by the default.
//!
//! Not here: splitting of the result (`machine::expand`).

use crate::guardrails::glob::glob_matches;
use crate::guardrails::machine::env::Var;
use crate::guardrails::machine::value::HOLE;
use crate::guardrails::machine::{Env, Machine};
use crate::guardrails::parse::Param;

/// The values when the parameter is a list: `$@`, `${a[@]}`.
pub fn list(machine: &mut Machine<'_>, param: &Param, env: &mut Env) -> Option<Vec<String>> {
    if param.length || param.indirect {
        return None;
    }
    let whole = |list: Vec<String>, machine: &mut Machine<'_>, env: &mut Env| {
        Some(match param.op.as_str() {
            ":" => slice_list(&list, &machine.parts_text(&param.arg, env)),
            "" => list,
            _ => list.into_iter().map(|item| operate(machine, param, env, Some(item))).collect(),
        })
    };
    if param.name == "@" || param.name == "*" {
        let mut values = match &env.args {
            Some(args) => args.to_vec(),
            None => vec![HOLE.to_string()],
        };
        if param.op == ":" && machine.parts_text(&param.arg, env).starts_with('0') {
            values.insert(0, env.zero.to_string());
        }
        return whole(values, machine, env);
    }
    let index = machine.parts_text(param.index.as_deref()?, env);
    if index != "@" && index != "*" {
        return None;
    }
    let values = match env.var(&param.name) {
        Some(Var::List(values)) => values.clone(),
        Some(Var::Scalar(text)) => vec![text.clone()],
        Some(Var::Ref(_)) | None => vec![HOLE.to_string()],
    };
    whole(values, machine, env)
}

fn slice_list(list: &[String], spec: &str) -> Vec<String> {
    let (start, count) = bounds(spec, list.len() + 1);
    // `${@:1}` counts from one, arrays from zero; the first is what scripts write.
    let start = start.saturating_sub(1);
    list.iter().skip(start).take(count).cloned().collect()
}

/// The value when the parameter is one text.
pub fn value(machine: &mut Machine<'_>, param: &Param, env: &mut Env) -> String {
    let mut found = plain_value(machine, param, env);
    if param.indirect {
        found = found.and_then(|name| env.get(&name));
    }
    if param.length {
        return found.map_or_else(|| "7".into(), |text| text.chars().count().to_string());
    }
    if found.is_none() && param.name == "TMPDIR" && matches!(param.op.as_str(), ":-" | "-") {
        return machine.parts_text(&param.arg, env);
    }
    operate(machine, param, env, found)
}

fn plain_value(machine: &mut Machine<'_>, param: &Param, env: &mut Env) -> Option<String> {
    let Some(index) = &param.index else { return env.get(&param.name) };
    let index = machine.parts_text(index, env);
    match env.var(&param.name) {
        Some(Var::List(list)) => {
            let at: usize = index.parse().ok().or_else(|| {
                // Keys of an associative array were kept as `key=value`.
                list.iter().position(|item| item.starts_with(&format!("{index}\u{2}")))
            })?;
            let item = list.get(at).cloned().unwrap_or_default();
            Some(item.split_once('\u{2}').map_or(item.clone(), |(_, value)| value.to_owned()))
        }
        Some(Var::Scalar(text)) if index == "0" => Some(text.clone()),
        _ => None,
    }
}

/// Applies the operator to a value.
fn operate(
    machine: &mut Machine<'_>,
    param: &Param,
    env: &mut Env,
    found: Option<String>,
) -> String {
    let arg =
        if param.arg.is_empty() { String::new() } else { machine.parts_text(&param.arg, env) };
    let Some(text) = found else {
        return match param.op.as_str() {
            ":-" | "-" | ":=" | "=" | ":+" | "+" => format!("{HOLE}{arg}"),
            _ => HOLE.into(),
        };
    };
    if !arg.is_empty() {
        // Patterns cost the product of both lengths.
        machine.spend(text.len().min(MOST_CUTS * 8) * arg.len().min(256) / 1024);
    }
    match param.op.as_str() {
        ":-" | ":=" if text.is_empty() => {
            if param.op == ":=" {
                env.set_text(&param.name, arg.clone());
            }
            arg
        }
        ":+" | "+" => {
            if text.is_empty() {
                text
            } else {
                arg
            }
        }
        _ if text.contains(HOLE) && !matches!(param.op.as_str(), "" | ":-" | "-" | ":?" | "?") => {
            HOLE.into()
        }
        ":" => {
            let (start, count) = bounds(&arg, text.chars().count());
            text.chars().skip(start).take(count).collect()
        }
        "#" | "##" => trim_start(&text, &arg, param.op == "##"),
        "%" | "%%" => trim_end(&text, &arg, param.op == "%%"),
        "/" | "//" => replace(&text, &arg, param.op == "//"),
        "^^" => text.to_uppercase(),
        ",," => text.to_lowercase(),
        "^" | "," => first_case(&text, param.op == "^"),
        "@" if arg == "U" => text.to_uppercase(),
        "@" if arg == "L" => text.to_lowercase(),
        "@" if arg == "E" => crate::guardrails::encode::ansi_c(&text),
        _ => text,
    }
}

fn first_case(text: &str, upper: bool) -> String {
    let mut chars = text.chars();
    let Some(first) = chars.next() else { return String::new() };
    let first =
        if upper { first.to_uppercase().to_string() } else { first.to_lowercase().to_string() };
    first + chars.as_str()
}

/// Start and count of `start[:count]` over `length` items.
fn bounds(spec: &str, length: usize) -> (usize, usize) {
    let (start, count) = spec.split_once(':').unwrap_or((spec, ""));
    let position = |text: &str| {
        let number: i64 = text.trim().parse().unwrap_or(0);
        let length = i64::try_from(length).unwrap_or(i64::MAX);
        let at = if number < 0 { length + number } else { number };
        usize::try_from(at).unwrap_or(0)
    };
    let from = position(start);
    let count = match count.trim() {
        "" => length,
        text if text.starts_with('-') => position(text).saturating_sub(from),
        text => position(text),
    };
    (from, count)
}

/// Longest texts whose every cut is tried against a pattern.
const MOST_CUTS: usize = 128;

fn cuts(text: &str) -> Vec<usize> {
    text.char_indices().map(|(at, _)| at).chain([text.len()]).take(MOST_CUTS).collect()
}

fn trim_start(text: &str, pattern: &str, longest: bool) -> String {
    let mut cuts = cuts(text);
    if longest {
        cuts.reverse();
    }
    cuts.into_iter()
        .find(|&at| glob_matches(pattern, &text[..at]))
        .map_or(text, |at| &text[at..])
        .to_owned()
}

fn trim_end(text: &str, pattern: &str, longest: bool) -> String {
    let mut cuts = cuts(text);
    if !longest {
        cuts.reverse();
    }
    cuts.into_iter()
        .find(|&at| glob_matches(pattern, &text[at..]))
        .map_or(text, |at| &text[..at])
        .to_owned()
}

fn replace(text: &str, spec: &str, all: bool) -> String {
    let (from, to) = spec.split_once('/').unwrap_or((spec, ""));
    if from.is_empty() {
        return text.to_owned();
    }
    if from.contains(['*', '?', '[']) {
        if from.starts_with('[') && all {
            return text
                .chars()
                .map(|c| if glob_matches(from, &c.to_string()) { to.to_owned() } else { c.into() })
                .collect();
        }
        return HOLE.into();
    }
    let count = if all { usize::MAX } else { 1 };
    text.replacen(from, to, count)
}
