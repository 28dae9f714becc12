//! Options and operands, the way programs read them.
//!
//! - Clusters (`-rf`), `--long=value`, `--` and options after operands are understood.
//! - A long option matches its unambiguous-looking abbreviations of four letters or more.
//!
//! Not here: what an option means (`programs`).

use smallvec::SmallVec;

use crate::guardrails::machine::Arg;

/// One option as given.
#[derive(Clone, Debug)]
struct Flag<'a> {
    short: Option<char>,
    long: &'a str,
    value: Option<&'a str>,
}

/// A command's options and operands.
#[derive(Clone, Debug, Default)]
pub struct Opts<'a> {
    flags: SmallVec<[Flag<'a>; 4]>,
    /// What is no option, in order.
    pub operands: SmallVec<[&'a Arg; 8]>,
    /// Where in `operands` the first word after `--` stands.
    pub after_dashes: Option<usize>,
    single: bool,
}

impl<'a> Opts<'a> {
    /// Reads `args`; `valued` names the options that take the next word.
    #[must_use]
    pub fn parse(args: &'a [Arg], valued: &str) -> Self {
        Self::read(args, valued, false)
    }

    /// Like [`Opts::parse`], for programs whose long options have one dash.
    #[must_use]
    pub fn single_dash(args: &'a [Arg], valued: &str) -> Self {
        Self::read(args, valued, true)
    }

    fn read(args: &'a [Arg], valued: &str, single: bool) -> Self {
        let mut opts = Self { single, ..Self::default() };
        let mut at = 0;
        while let Some(arg) = args.get(at) {
            at += 1;
            let text = arg.known();
            if opts.after_dashes.is_some() || !text.starts_with('-') || text == "-" {
                opts.operands.push(arg);
            } else if text == "--" {
                opts.after_dashes = Some(opts.operands.len());
            } else if text.starts_with("--") || single {
                at += opts.long(text, args.get(at), valued);
            } else {
                at += opts.cluster(text, args.get(at), valued);
            }
        }
        opts
    }

    fn long(&mut self, text: &'a str, next: Option<&'a Arg>, valued: &str) -> usize {
        let (name, value) = match text.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (text, None),
        };
        let takes = value.is_none() && takes_value(valued, name);
        let value = if takes { next.map(|arg| arg.text.as_str()) } else { value };
        self.flags.push(Flag { short: None, long: name, value });
        usize::from(takes)
    }

    fn cluster(&mut self, text: &'a str, next: Option<&'a Arg>, valued: &str) -> usize {
        for (at, c) in text.char_indices().skip(1) {
            let rest = &text[at + c.len_utf8()..];
            if takes_short(valued, c) {
                let (value, used) = if rest.is_empty() {
                    (next.map(|arg| arg.text.as_str()), 1)
                } else {
                    (Some(rest.strip_prefix('=').unwrap_or(rest)), 0)
                };
                self.flags.push(Flag { short: Some(c), long: "", value });
                return used;
            }
            if c == '=' {
                if let Some(flag) = self.flags.last_mut() {
                    flag.value = Some(rest);
                }
                return 0;
            }
            self.flags.push(Flag { short: Some(c), long: text, value: None });
        }
        0
    }

    /// Whether any of the options named in `names` (`-f --force`) was given; a name
    /// may ask for a value (`--replicas=0`).
    #[must_use]
    pub fn has(&self, names: &str) -> bool {
        !self.flags.is_empty()
            && names.split_ascii_whitespace().any(|name| self.find(name).is_some())
    }

    /// The value of the last of the named options.
    #[must_use]
    pub fn value(&self, names: &str) -> Option<&'a str> {
        if self.flags.is_empty() {
            return None;
        }
        let mut found = names.split_ascii_whitespace().filter_map(|name| self.find(name));
        found.find_map(|flag| flag.value)
    }

    /// All values of the named options.
    #[must_use]
    pub fn values(&self, names: &str) -> Vec<&'a str> {
        let named =
            |flag: &&Flag<'a>| names.split_ascii_whitespace().any(|name| self.matches(flag, name));
        self.flags.iter().filter(named).filter_map(|flag| flag.value).collect()
    }

    fn find(&self, name: &str) -> Option<&Flag<'a>> {
        match name.split_once('=') {
            Some((name, wanted)) => self
                .flags
                .iter()
                .rev()
                .find(|flag| self.matches(flag, name) && flag.value == Some(wanted)),
            None => self.flags.iter().rev().find(|flag| self.matches(flag, name)),
        }
    }

    fn matches(&self, flag: &Flag<'_>, name: &str) -> bool {
        if self.single {
            return flag.long.trim_start_matches('-') == name.trim_start_matches('-');
        }
        if name.starts_with("--") {
            return flag.short.is_none()
                && (flag.long == name || (flag.long.len() >= 5 && name.starts_with(flag.long)));
        }
        let short = name.strip_prefix('-').unwrap_or(name);
        let mut chars = short.chars();
        match (chars.next(), chars.next()) {
            (Some(c), None) => flag.short == Some(c),
            // `-XDELETE`, `-auto`: a word with one dash, looked for as it stands.
            _ => flag.long == name && flag.short.is_some(),
        }
    }

    /// Whether the long option was given in full.
    #[must_use]
    pub fn is_exact(&self, name: &str) -> bool {
        self.flags.iter().any(|flag| flag.long == name)
    }

    /// The operand at `at` as text, or nothing.
    #[must_use]
    pub fn operand(&self, at: usize) -> &'a str {
        self.operands.get(at).map_or("", |arg| arg.known())
    }
}

fn takes_value(valued: &str, name: &str) -> bool {
    valued.split_ascii_whitespace().any(|known| known == name)
}

fn takes_short(valued: &str, c: char) -> bool {
    valued.split_ascii_whitespace().any(|known| {
        let mut chars = known.chars();
        chars.next() == Some('-') && chars.next() == Some(c) && chars.next().is_none()
    })
}

#[cfg(test)]
mod tests {
    use super::Opts;
    use crate::guardrails::machine::Arg;

    fn args(line: &str) -> Vec<Arg> {
        line.split(' ').map(Arg::from).collect()
    }

    #[test]
    fn options_are_found_however_they_are_spelt() {
        for line in ["-rf x", "-f -r x", "x --recursive --force", "--recurs x --forc -v"] {
            let args = args(line);
            let opts = Opts::parse(&args, "");
            assert!(opts.has("-r --recursive") && opts.has("-f --force"), "{line}");
            assert_eq!(opts.operand(0), "x", "{line}");
        }
    }

    #[test]
    fn values_are_no_operands() {
        let args = args("-C dir -n=x --name y --z=w op -- -f");
        let opts = Opts::parse(&args, "-C -n --name");
        assert_eq!(opts.value("-C"), Some("dir"));
        assert_eq!(opts.value("--name"), Some("y"));
        assert_eq!(opts.value("--z"), Some("w"));
        assert!(!opts.has("-f"));
        assert_eq!(opts.operand(0), "op");
        assert_eq!(opts.operand(1), "-f");
        assert_eq!(opts.after_dashes, Some(1));
    }
}
