//! Reads patterns of paths: `src/**/*.{rs,toml}`.
//!
//! - `*` and `?` stay within a name, `**` alone between slashes is any number
//!   of folders, none included; as part of a name it means both readings.
//! - `[ab]` also matches its own text: until it exists, `[id].tsx` may be the
//!   name of a file. `[*]` and the like (one special character) mean just that.
//! - Braces need a comma (`{{name}}` is a name); `{1..9}` is taken as `*`.
//! - Names that start with a dot are like others.
//!
//! Not here: what exists (`path`), deciding overlap (`overlap`).

use super::refusal::{ALTERNATIVES, Why};
use super::wild::{Set, Wild};

/// Characters that need `[ ]` around them to stand for themselves.
const SPECIAL: &str = "*?[]{},\\";
/// A class longer than a name can be is no class.
const CLASS_CHARS: usize = 255;

/// A piece of a pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Tok {
    Char(char),
    /// A special character made ordinary: `[*]`.
    Quoted(char),
    Any,
    Star,
    Deep,
    Class(Class),
    Slash,
    Open,
    Comma,
    Close,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Class {
    pub text: String,
    pub negated: bool,
    /// None for a class that is only roughly known, such as `[[:alpha:]]`.
    pub ranges: Option<Vec<(char, char)>>,
}

/// One name of a path pattern, or any number of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Seg {
    Lit(String),
    Wild(Wild),
    Deep,
}

/// A pattern made ready for comparing.
#[derive(Clone, Debug)]
pub(super) struct Glob {
    /// None if they are too many to compare.
    pub alternatives: Option<Vec<Vec<Seg>>>,
}

impl Glob {
    pub(super) fn new(text: &str) -> Self {
        Self { alternatives: alternatives(&tokens(text)).ok() }
    }

    /// The names with which all that it matches begins.
    pub(super) fn fixed(&self) -> Vec<String> {
        let mut all = self.alternatives.iter().flatten().map(|segs| leading(segs));
        let first = all.next().unwrap_or_default();
        all.fold(first, |mut common, other| {
            let same = common.iter().zip(&other).take_while(|(a, b)| a == b).count();
            common.truncate(same);
            common
        })
    }
}

/// The plain names at the start of a pattern.
pub(super) fn leading(segs: &[Seg]) -> Vec<String> {
    let names = segs.iter().map_while(|seg| match seg {
        Seg::Lit(name) => Some(name.clone()),
        Seg::Wild(_) | Seg::Deep => None,
    });
    names.collect()
}

/// Whether a text could be anything but a plain path.
pub(super) fn may_be_pattern(text: &str) -> bool {
    text.contains(['*', '?', '[', '{'])
}

pub(super) fn tokens(text: &str) -> Vec<Tok> {
    let chars: Vec<char> = text.chars().collect();
    let mut tokens = Vec::with_capacity(chars.len());
    let mut at = 0;
    while let Some(&c) = chars.get(at) {
        let (token, next) = match c {
            '*' => {
                let run = chars[at..].iter().take_while(|c| **c == '*').count();
                (if run > 1 { Tok::Deep } else { Tok::Star }, at + run)
            }
            '[' => class(&chars, at).unwrap_or((Tok::Char('['), at + 1)),
            '?' => (Tok::Any, at + 1),
            '/' => (Tok::Slash, at + 1),
            '{' => (Tok::Open, at + 1),
            ',' => (Tok::Comma, at + 1),
            '}' => (Tok::Close, at + 1),
            c => (Tok::Char(c), at + 1),
        };
        tokens.push(token);
        at = next;
    }
    tokens
}

/// The class that starts at the bracket `start`, and where it ends.
fn class(chars: &[char], start: usize) -> Option<(Tok, usize)> {
    let negated = matches!(chars.get(start + 1), Some('!' | '^'));
    let first = start + 1 + usize::from(negated);
    let (mut at, mut ranges, mut rough) = (first, Vec::new(), false);
    loop {
        let c = *chars.get(at).filter(|c| **c != '/' && at - start < CLASS_CHARS)?;
        if c == ']' && at > first {
            break;
        }
        if c == '[' && matches!(chars.get(at + 1), Some(':' | '.' | '=')) {
            rough = true;
        }
        let last = chars.get(at + 2).filter(|last| !matches!(**last, ']' | '/'));
        match last.filter(|_| chars.get(at + 1) == Some(&'-')) {
            Some(last) => {
                ranges.push((c, *last));
                at += 3;
            }
            None => {
                ranges.push((c, c));
                at += 1;
            }
        }
    }
    if let [(c, last)] = ranges[..]
        && !negated
        && c == last
        && SPECIAL.contains(c)
    {
        return Some((Tok::Quoted(c), at + 1));
    }
    // `[[:alpha:]]` ends at the second bracket.
    let end = if rough && chars.get(at + 1) == Some(&']') { at + 2 } else { at + 1 };
    let text = chars.get(start..end)?.iter().collect();
    let ranges = (!rough).then_some(ranges);
    Some((Tok::Class(Class { text, negated, ranges }), end))
}

/// The text that reads as these tokens.
pub(super) fn text(tokens: &[Tok]) -> String {
    let mut text = String::new();
    for token in tokens {
        match token {
            Tok::Char(c) => text.push(*c),
            Tok::Quoted(c) => text.extend(['[', *c, ']']),
            Tok::Any => text.push('?'),
            Tok::Star => text.push('*'),
            Tok::Deep => text.push_str("**"),
            Tok::Class(class) => text.push_str(&class.text),
            Tok::Slash => text.push('/'),
            Tok::Open => text.push('{'),
            Tok::Comma => text.push(','),
            Tok::Close => text.push('}'),
        }
    }
    text
}

/// A name written so that it reads as itself.
pub(super) fn quoted(name: &str) -> String {
    let quote = |c| match c {
        '*' | '?' | '[' | '{' | '\\' => Tok::Quoted(c),
        c => Tok::Char(c),
    };
    text(&name.chars().map(quote).collect::<Vec<_>>())
}

/// The name that a piece without a slash stands for, if it is only one.
pub(super) fn plain(piece: &[Tok]) -> Option<String> {
    if !groups(piece).is_empty() {
        return None;
    }
    let chars = piece.iter().map(|token| match token {
        Tok::Char(c) | Tok::Quoted(c) => Some(*c),
        Tok::Open => Some('{'),
        Tok::Comma => Some(','),
        Tok::Close => Some('}'),
        Tok::Any | Tok::Star | Tok::Deep | Tok::Class(_) | Tok::Slash => None,
    });
    chars.collect()
}

/// The pieces between the slashes that are outside of braces.
pub(super) fn pieces(tokens: &[Tok]) -> Vec<&[Tok]> {
    let groups = groups(tokens);
    let (mut pieces, mut start, mut inside) = (Vec::new(), 0, 0);
    let mut groups = groups.iter().peekable();
    for (at, token) in tokens.iter().enumerate() {
        while let Some(group) = groups.next_if(|group| group.open <= at) {
            inside = inside.max(group.close);
        }
        if *token == Tok::Slash && at >= inside {
            pieces.push(&tokens[start..at]);
            start = at + 1;
        }
    }
    pieces.push(&tokens[start..]);
    pieces
}

/// Braces that stand for several things.
struct Group {
    open: usize,
    close: usize,
    /// Where its own commas are; none in a `{1..9}`.
    commas: Vec<usize>,
}

/// All such braces, sorted by where they open.
fn groups(tokens: &[Tok]) -> Vec<Group> {
    let (mut open, mut found) = (Vec::<(usize, Vec<usize>)>::new(), Vec::new());
    for (at, token) in tokens.iter().enumerate() {
        match token {
            Tok::Open => open.push((at, Vec::new())),
            Tok::Comma => {
                if let Some((_, commas)) = open.last_mut() {
                    commas.push(at);
                }
            }
            Tok::Close => {
                let Some((start, commas)) = open.pop() else { continue };
                if !commas.is_empty() || is_sequence(&tokens[start + 1..at]) {
                    found.push(Group { open: start, close: at, commas });
                }
            }
            _ => {}
        }
    }
    found.sort_unstable_by_key(|group| group.open);
    found
}

/// `1..9`, `a..f`, `01..10..3`
fn is_sequence(inside: &[Tok]) -> bool {
    if inside.len() > 64 {
        return false;
    }
    let text = text(inside);
    let parts: Vec<&str> = text.split("..").collect();
    let word = |part: &&str| {
        let part = part.trim_start_matches('-');
        !part.is_empty() && part.chars().all(|c| c.is_ascii_alphanumeric())
    };
    matches!(parts.len(), 2 | 3) && parts.iter().all(word)
}

/// The patterns without braces that a pattern stands for.
pub(super) fn expand(tokens: &[Tok]) -> Result<Vec<Vec<Tok>>, Why> {
    let (mut open, mut done) = (vec![tokens.to_vec()], Vec::new());
    while let Some(tokens) = open.pop() {
        let Some((start, end, choices)) = choice(&tokens) else {
            if !done.contains(&tokens) {
                done.push(tokens);
            }
            continue;
        };
        if open.len() + done.len() + choices.len() > ALTERNATIVES {
            return Err(Why::TooManyAlternatives);
        }
        open.extend(
            choices.iter().map(|middle| [&tokens[..start], middle, &tokens[end..]].concat()),
        );
    }
    Ok(done)
}

/// A place where a pattern branches: from, to, and what may stand there.
fn choice(tokens: &[Tok]) -> Option<(usize, usize, Vec<Vec<Tok>>)> {
    if let Some(Group { open, close, commas }) = groups(tokens).into_iter().next() {
        if commas.is_empty() {
            return Some((open, close + 1, vec![vec![Tok::Star]]));
        }
        let starts = std::iter::once(open).chain(commas.iter().copied());
        let ends = commas.iter().copied().chain([close]);
        let choices = starts.zip(ends).map(|(start, end)| tokens[start + 1..end].to_vec());
        return Some((open, close + 1, choices.collect()));
    }
    let edge = |token: Option<&Tok>| matches!(token, None | Some(Tok::Slash));
    let within = |at: &usize| {
        let before = at.checked_sub(1).and_then(|before| tokens.get(before));
        tokens[*at] == Tok::Deep && !(edge(before) && edge(tokens.get(at + 1)))
    };
    let at = (0..tokens.len()).find(within)?;
    let deep = vec![Tok::Star, Tok::Slash, Tok::Deep, Tok::Slash, Tok::Star];
    Some((at, at + 1, vec![vec![Tok::Star], deep]))
}

pub(super) fn alternatives(tokens: &[Tok]) -> Result<Vec<Vec<Seg>>, Why> {
    Ok(expand(tokens)?.iter().map(|tokens| segs(tokens)).collect())
}

/// The names of a pattern without braces.
pub(super) fn segs(tokens: &[Tok]) -> Vec<Seg> {
    let names = tokens.split(|token| *token == Tok::Slash);
    let mut segs: Vec<Seg> =
        names.filter(|name| !matches!(name, [] | [Tok::Char('.')])).map(seg).collect();
    segs.dedup_by(|a, b| *a == Seg::Deep && *b == Seg::Deep);
    segs
}

fn seg(name: &[Tok]) -> Seg {
    if let Some(name) = plain(name) {
        return Seg::Lit(name);
    }
    if name == [Tok::Deep] {
        return Seg::Deep;
    }
    let mut wild = Wild::new();
    for token in name {
        match token {
            Tok::Char(c) | Tok::Quoted(c) => wild.step(Set::One(*c)),
            Tok::Any => wild.step(Set::Any),
            Tok::Star | Tok::Deep => wild.star(),
            Tok::Class(class) => wild.step_or_text(class.set(), &class.text),
            Tok::Open => wild.step(Set::One('{')),
            Tok::Comma => wild.step(Set::One(',')),
            Tok::Close => wild.step(Set::One('}')),
            Tok::Slash => {}
        }
    }
    Seg::Wild(wild)
}

impl Class {
    fn set(&self) -> Set {
        match &self.ranges {
            None => Set::Any,
            Some(ranges) if self.negated => Set::but(ranges),
            Some(ranges) => Set::of(ranges),
        }
    }
}
