//! Gives every path that an agent may write down its one name.
//!
//! - Whatever the spelling, equal files get equal keys; asking for what was
//!   shown gives the same target again.
//! - Links are followed, up to the deepest folder that exists.
//! - A text with special characters is a pattern only if no file has that
//!   name. Patterns match real paths: `*` does not go through links.
//! - `\` separates, unless a name with it exists. `..` behind a link is refused
//!   if reading the text alone would give another file.
//! - Nothing is started, nothing is written.
//!
//! Not here: comparing targets (`overlap`), reading patterns (`glob`).

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use super::glob::{self, Seg, Tok};
use super::refusal::{NAME_BYTES, PATH_BYTES, PathRefusal, Why};
use super::target::{Kind, ROOT, Target, join};
use super::walk::{Found, Walk, walk};
use super::{Repo, names};

/// Names below the root, and what is there.
struct Settled {
    names: Vec<String>,
    found: Found,
}

impl Repo {
    /// The target behind a path, pattern or resource as an agent writes it.
    ///
    /// Relative paths start at the root. Costs one `lstat` for each name.
    pub fn resolve(&self, asked: &str) -> Result<Target, PathRefusal> {
        self.target(asked).map_err(|why| PathRefusal::new(asked, why))
    }

    /// The target behind the path of a real file or folder: nothing in it is a
    /// pattern or a resource. For edits, whose path is never one.
    pub fn resolve_file(&self, asked: &str) -> Result<Target, PathRefusal> {
        let target = || {
            check_text(asked)?;
            self.check_roots(asked)?;
            let settled = self.settle(asked)?;
            Ok(self.literal(&settled, asked, false))
        };
        target().map_err(|why| PathRefusal::new(asked, why))
    }

    fn target(&self, asked: &str) -> Result<Target, Why> {
        check_text(asked)?;
        if let Some(key) = resource(asked.trim())? {
            return Ok(Target::new(Kind::Resource, key.clone(), key));
        }
        self.check_roots(asked)?;
        if !glob::may_be_pattern(asked) {
            let settled = self.settle(asked)?;
            return Ok(self.literal(&settled, asked, false));
        }
        match self.settle(asked) {
            Ok(settled) if settled.found != Found::Missing => {
                Ok(self.literal(&settled, asked, false))
            }
            // Braces make a text longer than the names it stands for.
            Ok(_) | Err(Why::NameTooLong) => self.pattern(asked),
            Err(why) => Err(why),
        }
    }

    /// Refuses roots of other systems, and `~`.
    fn check_roots(&self, asked: &str) -> Result<(), Why> {
        let bytes = asked.as_bytes();
        let drive = matches!(bytes, [letter, b':', ..] if letter.is_ascii_alphabetic());
        let exists = || self.root.join(asked).symlink_metadata().is_ok();
        if drive || (asked.starts_with('\\') && !exists()) {
            return Err(Why::Outside);
        }
        if asked.split(['/', '\\']).next() == Some("~") && !self.root.join("~").exists() {
            return Err(Why::Home);
        }
        Ok(())
    }

    fn literal(&self, settled: &Settled, asked: &str, quote: bool) -> Target {
        let slash = asked.ends_with(['/', '\\']) || asked.ends_with("/.");
        let folder = match settled.found {
            Found::Folder => true,
            Found::Missing => slash,
            Found::Other => false,
        };
        let kind = if folder { Kind::Folder } else { Kind::File };
        let slashed = |text: String| match (folder, text.is_empty()) {
            (true, true) => ROOT.to_owned(),
            (true, false) => text + "/",
            (false, _) => text,
        };
        let plain = slashed(join(&settled.names));
        let key = if self.case_insensitive { names::fold(&plain) } else { plain.clone() };
        let shown = if quote {
            let quoted = settled.names.iter().map(|name| glob::quoted(name));
            slashed(join(&quoted.collect::<Vec<_>>()))
        } else {
            plain
        };
        Target::new(kind, shown, key)
    }

    /// Follows a path that is no pattern to its real name.
    fn settle(&self, asked: &str) -> Result<Settled, Why> {
        if asked.len() > NAME_BYTES && asked.split('/').any(|name| name.len() > NAME_BYTES) {
            return Err(Why::NameTooLong);
        }
        let end = self.walk(asked)?;
        if end.up_after_link && self.walk(&collapsed(asked))?.path != end.path {
            return Err(Why::Ambiguous);
        }
        let below = self.below_root(&end.path).ok_or(Why::Outside)?;
        if self.is_git_data(&end.path) {
            return Err(Why::InsideGit);
        }
        let names = below.iter().map(name).collect::<Result<Vec<_>, Why>>()?;
        Ok(Settled { names, found: end.found })
    }

    fn walk(&self, asked: &str) -> Result<Walk, Why> {
        if !asked.starts_with('/') {
            return walk(&self.root, asked);
        }
        // Most absolute paths are below the root, which has no links in it.
        let root = self.root.as_os_str().as_bytes();
        let below = asked.as_bytes().strip_prefix(root).filter(|rest| rest.starts_with(b"/"));
        match below.and_then(|rest| asked.get(asked.len() - rest.len()..)) {
            Some(rest) => walk(&self.root, rest),
            None => walk(Path::new("/"), asked),
        }
    }

    fn below_root<'a>(&self, path: &'a Path) -> Option<&'a Path> {
        if let Ok(below) = path.strip_prefix(&self.root) {
            return Some(below);
        }
        // The root may have other names: another case, a mount elsewhere.
        let id = |path: &Path| path.metadata().map(|meta| (meta.dev(), meta.ino())).ok();
        let root = id(&self.root)?;
        let same = path.ancestors().find(|folder| id(folder) == Some(root))?;
        path.strip_prefix(same).ok()
    }

    /// Whether a path lies in a git directory that is not called `.git`.
    fn is_git_data(&self, path: &Path) -> bool {
        let fold = |path: &Path| PathBuf::from(names::fold(&path.to_string_lossy()));
        let dirs = [&self.git_dir, &self.common_dir].into_iter().flatten();
        dirs.filter(|dir| !self.root.starts_with(dir)).any(|dir| {
            path.starts_with(dir) || (self.case_insensitive && fold(path).starts_with(fold(dir)))
        })
    }

    fn pattern(&self, asked: &str) -> Result<Target, Why> {
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

fn check_text(asked: &str) -> Result<(), Why> {
    if asked.len() > PATH_BYTES {
        return Err(Why::TooLong);
    }
    if asked.trim().is_empty() {
        return Err(Why::Empty);
    }
    if asked.chars().any(char::is_control) {
        return Err(Why::ControlCharacter);
    }
    // What a client makes of bytes that are no text.
    if asked.contains(char::REPLACEMENT_CHARACTER) {
        return Err(Why::NotUtf8);
    }
    Ok(())
}

/// The key of a resource, if `asked` has the form of one.
fn resource(asked: &str) -> Result<Option<String>, Why> {
    let Some((scheme, name)) = asked.split_once(':') else { return Ok(None) };
    let word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '-');
    let starts = scheme.starts_with(|c: char| c.is_ascii_alphabetic());
    if !starts || !(2..=32).contains(&scheme.len()) || !scheme.chars().all(word) {
        return Ok(None);
    }
    let (scheme, name) = (scheme.to_ascii_lowercase(), name.trim());
    if name.starts_with(['/', '\\']) {
        return Err(Why::Url);
    }
    if name.is_empty() {
        return Err(Why::ResourceWithoutName);
    }
    if scheme != "port" {
        return Ok(Some(format!("{scheme}:{}", names::nfc(name))));
    }
    let digits = name.bytes().all(|b| b.is_ascii_digit());
    let port = name.parse::<u16>().ok().filter(|port| digits && *port > 0).ok_or(Why::NoPort)?;
    Ok(Some(format!("port:{port}")))
}

/// One name of a path that was followed to its end, in its normal form.
fn name(raw: &OsStr) -> Result<String, Why> {
    let name = names::nfc(raw.to_str().ok_or(Why::NotUtf8)?);
    check_name(&name)?;
    Ok(name.into_owned())
}

fn check_name(name: &str) -> Result<(), Why> {
    if names::is_git_dir(name) {
        return Err(Why::InsideGit);
    }
    if names::is_disguised_dot(name) || name.chars().any(char::is_control) {
        return Err(Why::ControlCharacter);
    }
    if name.len() > NAME_BYTES { Err(Why::NameTooLong) } else { Ok(()) }
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

/// The path with every `..` taken back by its text alone.
fn collapsed(asked: &str) -> String {
    let mut kept: Vec<&str> = Vec::new();
    for name in asked.split('/') {
        match name {
            ".." if kept.last().is_some_and(|last| !matches!(*last, "" | "..")) => {
                kept.pop();
            }
            "" if !kept.is_empty() => {}
            "." => {}
            name => kept.push(name),
        }
    }
    kept.join("/")
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
