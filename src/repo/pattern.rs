//! Gives a pattern that an agent writes down its one name.
//!
//! - What comes before the first special character is followed like any path.
//! - Patterns match real paths: `*` does not go through links, and braces over
//!   a link are refused.
//! - On a case-insensitive file system a pattern never gets narrower.
//!
//! Not here: reading patterns (`glob`), comparing them (`overlap`).

use super::glob::{self, Seg, Tok};
use super::path::check_name;
use super::refusal::{PATH_BYTES, Why};
use super::target::{Kind, Target, join};
use super::walk::Found;
use super::{Repo, names};

impl Repo {
    pub(super) fn pattern(&self, asked: &str) -> Result<Target, Why> {
        check_dialect(asked)?;
        let text = names::nfc(&with_slashes(asked)).into_owned();
        let tokens = glob::tokens(&text);
        let pieces = glob::pieces(&tokens);
        let (fixed, rest) = self.fixed_part(&tokens, &pieces)?;
        let settled = self.settle(&fixed)?;
        if rest.is_empty() {
            let quoted = tokens.iter().any(|token| matches!(token, Tok::Quoted(_)));
            return Ok(self.literal(&settled, &text, quoted));
        }
        let mut parts: Vec<String> = settled.names.iter().map(|name| glob::quoted(name)).collect();
        parts.extend(rest.iter().map(|piece| glob::text(piece)));
        if text.ends_with('/') || self.check_alternatives(&parts)? {
            parts.push("**".into());
        }
        self.check_alternatives(&parts)?;
        let shown = join(&parts);
        if shown.len() > PATH_BYTES {
            return Err(Why::TooLong);
        }
        let key = if self.case_insensitive { folded(&shown) } else { shown.clone() };
        Ok(Target::new(Kind::Glob, shown, key))
    }

    /// Splits a pattern after the last of its first names that are plain, or
    /// that exist as they are written.
    fn fixed_part<'a>(
        &self,
        tokens: &[Tok],
        pieces: &[&'a [Tok]],
    ) -> Result<(String, Vec<&'a [Tok]>), Why> {
        let mut fixed = String::from(if tokens.first() == Some(&Tok::Slash) { "/" } else { "" });
        let mut rest = pieces.iter().copied().filter(|piece| !is_nothing(piece)).peekable();
        while let Some(piece) = rest.peek() {
            let name = match glob::plain(piece) {
                Some(name) => name,
                None => {
                    let name = glob::text(piece);
                    let there = !name.contains('/') && self.exists(&format!("{fixed}{name}"))?;
                    if !there {
                        break;
                    }
                    name
                }
            };
            fixed.push_str(&name);
            fixed.push('/');
            rest.next();
        }
        Ok((fixed, rest.collect()))
    }

    fn exists(&self, path: &str) -> Result<bool, Why> {
        match self.walk(path) {
            Ok(end) => Ok(end.found != Found::Missing),
            Err(Why::NameTooLong) => Ok(false),
            Err(why) => Err(why),
        }
    }

    /// Checks every pattern behind the braces; true if one is a whole folder.
    fn check_alternatives(&self, parts: &[String]) -> Result<bool, Why> {
        let all = glob::expand(&glob::tokens(&parts.join("/")))?;
        let mut folder = false;
        for tokens in &all {
            if tokens.first() == Some(&Tok::Slash) {
                return Err(Why::UnknownPattern);
            }
            let segs = glob::segs(tokens);
            for seg in &segs {
                check_seg(seg)?;
            }
            if all.len() > 1 {
                folder |= self.check_links(&segs)?;
            }
        }
        Ok(folder)
    }

    /// Refuses a pattern that starts with a link, which braces can hide; true
    /// if the pattern is no more than the name of a folder.
    fn check_links(&self, segs: &[Seg]) -> Result<bool, Why> {
        let start = glob::leading(segs);
        let settled = self.settle(&start.join("/"))?;
        if settled.names != start {
            return Err(Why::Ambiguous);
        }
        Ok(start.len() == segs.len() && settled.found == Found::Folder)
    }
}

fn check_seg(seg: &Seg) -> Result<(), Why> {
    match seg {
        Seg::Lit(name) if name == ".." => Err(Why::UnknownPattern),
        Seg::Lit(name) => check_name(name),
        Seg::Wild(_) | Seg::Deep => Ok(()),
    }
}

/// Refuses what other dialects would read as something else entirely.
fn check_dialect(asked: &str) -> Result<(), Why> {
    let extended = ["!(", "@(", "+(", "*(", "?("].iter().any(|start| {
        let inside = asked.split_once(start).and_then(|(_, rest)| rest.split_once(')'));
        inside.is_some_and(|(inside, _)| inside.contains('|'))
    });
    if asked.starts_with('!') || extended { Err(Why::UnknownPattern) } else { Ok(()) }
}

/// `\` as `/`, except where it is quoted: `[\]`.
fn with_slashes(asked: &str) -> String {
    let parts: Vec<String> = asked.split("[\\]").map(|part| part.replace('\\', "/")).collect();
    parts.join("[\\]")
}

fn is_nothing(piece: &[Tok]) -> bool {
    matches!(piece, [] | [Tok::Char('.')])
}

/// A pattern for a case-insensitive file system, never narrower than asked.
///
/// Folding can change the number of characters, so `?` and all but the plainest
/// classes become `*`.
fn folded(pattern: &str) -> String {
    let mut text = String::with_capacity(pattern.len());
    for token in glob::tokens(&names::nfd(pattern)) {
        match token {
            Tok::Char(c) => text.push_str(&names::fold(c.encode_utf8(&mut [0; 4]))),
            Tok::Class(class) if is_plain_class(&class) => {
                text.push_str(&class.text.to_ascii_lowercase());
            }
            // One star, since two would go beyond the name.
            Tok::Any | Tok::Star | Tok::Class(_) if text.ends_with('*') => {}
            Tok::Any | Tok::Star | Tok::Class(_) => text.push('*'),
            token => text.push_str(&glob::text(&[token])),
        }
    }
    names::nfc(&text).into_owned()
}

/// A few ASCII characters, each range within one case.
fn is_plain_class(class: &glob::Class) -> bool {
    let alike = |(low, high): &(char, char)| {
        let same = |test: fn(&char) -> bool| test(low) && test(high);
        (low == high && low.is_ascii())
            || same(char::is_ascii_lowercase)
            || same(char::is_ascii_uppercase)
            || same(char::is_ascii_digit)
    };
    let ranges = class.ranges.as_ref().filter(|_| !class.negated && class.text.is_ascii());
    ranges.is_some_and(|ranges| ranges.iter().all(alike))
}
