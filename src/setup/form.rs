//! What an entry looks like in its file: put in, recognised, taken out.
//!
//! - [`merge`] changes nothing where the entry is already as wanted.
//! - [`remove`] takes out what was written and nothing that somebody changed meanwhile, unless it is
//!   forced to.
//!
//! Not here: files and their bytes (`plan`, `disk`).

pub use super::parts::Part;
use super::parts::Taking;
use super::passage::{self, Passage};
use super::problem::Problem;
use super::{json, parts, toml};

/// The entry of one file.
#[derive(Clone, Debug)]
pub enum Form {
    /// Parts of a JSON document.
    Json(Vec<Part>),
    /// A table of a TOML document.
    Toml(toml::Wanted),
    /// A passage between marks.
    Passage(Passage),
    /// The whole file is ours.
    Own(String),
    /// A script that git runs: the passage in it, or a script of ours beside it.
    Hook(Passage),
}

/// What is known of a file from the time it was set up.
#[derive(Clone, Copy, Debug, Default)]
pub struct Known<'k> {
    /// The text before; `None` where that is not known.
    pub before: Option<&'k str>,
    /// The text that was written.
    pub written: Option<&'k str>,
}

/// A text after the entry was taken out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Removed {
    /// The rest.
    pub text: String,
    /// What was left there because somebody has changed it.
    pub kept: Vec<String>,
}

/// The text with the entry in it.
///
/// # Errors
/// When the text is not in its format.
pub fn merge(text: &str, form: &Form) -> Result<String, Problem> {
    match form {
        Form::Json(all) => {
            let (mark, text) = mark(text);
            Ok(format!("{mark}{}", parts::merge(text, all)?))
        }
        Form::Toml(wanted) => {
            let (mark, text) = mark(text);
            Ok(format!("{mark}{}", toml::merge(text, wanted)?))
        }
        Form::Passage(one) | Form::Hook(one) => Ok(passage::merge(text, one)),
        Form::Own(whole) => Ok(whole.clone()),
    }
}

/// Whether anything of the entry is in the text.
///
/// # Errors
/// When the text is not in its format.
pub fn is_in(text: &str, form: &Form) -> Result<bool, Problem> {
    let (_, plain) = mark(text);
    Ok(match form {
        Form::Json(all) => parts::are_in(plain, all)?,
        Form::Toml(wanted) => toml::has(plain, wanted)?,
        Form::Passage(one) | Form::Hook(one) => passage::find(text, one).is_some(),
        Form::Own(_) => true,
    })
}

/// The text without the entry.
///
/// # Errors
/// When the text is not in its format.
pub fn remove(text: &str, form: &Form, known: Known<'_>, force: bool) -> Result<Removed, Problem> {
    let mut kept = Vec::new();
    let text = match form {
        Form::Json(all) => {
            let (mark, plain) = mark(text);
            let known = Known {
                before: known.before.map(|text| self::mark(text).1),
                written: known.written.map(|text| self::mark(text).1),
            };
            let mut taking = Taking { known, force, kept: Vec::new() };
            let rest = taking.remove(plain, all)?;
            kept = taking.kept;
            format!("{mark}{rest}")
        }
        Form::Toml(wanted) => {
            let (mark, plain) = mark(text);
            let edited = toml::has(plain, wanted)?
                && (!toml::differing(plain, wanted)?.is_empty() || toml::has_more(plain, wanted)?);
            if edited && !force {
                kept.push(format!("[{}] was changed", wanted.path.join(".")));
                text.to_owned()
            } else {
                format!("{mark}{}", toml::remove(plain, wanted)?)
            }
        }
        Form::Passage(one) | Form::Hook(one) => {
            let written = known.written.and_then(|text| passage::find(text, one));
            let expected = written.unwrap_or_else(|| one.body.clone());
            if passage::find(text, one).is_some_and(|found| found != expected) && !force {
                kept.push("the marked passage was changed".into());
                text.to_owned()
            } else {
                passage::remove(text, one)
            }
        }
        Form::Own(whole) => {
            if text != known.written.unwrap_or(whole) && !force {
                kept.push("the file was changed".into());
                text.to_owned()
            } else {
                String::new()
            }
        }
    };
    Ok(Removed { text, kept })
}

/// Whether two texts say the same besides the entry; only of JSON is it not plain by construction.
#[must_use]
pub fn same_besides(one: &str, other: &str, form: &Form) -> bool {
    let Form::Json(all) = form else { return true };
    let rest = |text: &str| json::read(mark(text).1).ok().map(|value| parts::without(value, all));
    rest(one).is_some_and(|one| Some(one) == rest(other))
}

/// The byte order mark, if there is one, and the rest.
fn mark(text: &str) -> (&str, &str) {
    let length = if text.starts_with('\u{feff}') { 3 } else { 0 };
    text.split_at(length)
}
