//! The parts of a JSON document that are ours: put in, recognised, taken out.
//!
//! Not here: the other forms of an entry (`form`), places in the text (`json`).

use serde_json::{Map, Value};

use super::entry::{is_all_ours, is_ours, merged};
use super::form::Known;
use super::json;
use super::problem::Problem;

/// One part of a JSON document.
#[derive(Clone, Debug)]
pub enum Part {
    /// A member of an object; what else it has stays.
    Member(Vec<&'static str>, Value),
    /// Elements of a list in which ours are known by the program they run.
    Elements(Vec<&'static str>, Vec<Value>),
    /// A member that the format asks for; left as it is where there is one.
    Needed(Vec<&'static str>, Value),
}

/// The text with all parts in it.
///
/// # Errors
/// When it is no JSON, even if there is nothing to put in.
pub fn merge(text: &str, parts: &[Part]) -> Result<String, Problem> {
    json::read(text)?;
    parts.iter().try_fold(text.to_owned(), |text, part| put(&text, part))
}

/// Whether anything of the parts is in the text.
///
/// # Errors
/// When it is no JSON.
pub fn are_in(text: &str, parts: &[Part]) -> Result<bool, Problem> {
    for part in parts {
        let there = match part {
            Part::Member(path, _) => json::get(text, path)?.is_some(),
            Part::Elements(path, _) => !ours_in(text, path)?.is_empty(),
            Part::Needed(..) => false,
        };
        if there {
            return Ok(true);
        }
    }
    Ok(false)
}

fn put(text: &str, part: &Part) -> Result<String, Problem> {
    match part {
        Part::Member(path, value) => {
            let old = json::get(text, path)?;
            let new = old.as_ref().map_or_else(|| value.clone(), |old| merged(old, value));
            if old.as_ref() == Some(&new) { Ok(text.into()) } else { json::set(text, path, &new) }
        }
        Part::Needed(path, value) => match json::get(text, path)? {
            Some(_) => Ok(text.into()),
            None => json::set(text, path, value),
        },
        Part::Elements(path, values) => put_elements(text, path, values),
    }
}

/// Ours are replaced where they stand, superfluous ones go, missing ones are appended.
fn put_elements(text: &str, path: &[&str], values: &[Value]) -> Result<String, Problem> {
    let ours = ours_in(text, path)?;
    if ours.iter().map(|(_, value)| value).eq(values) {
        return Ok(text.into());
    }
    let mut text = text.to_owned();
    for ((index, old), value) in ours.iter().zip(values) {
        if old != value {
            text = json::replace_element(&text, path, *index, value)?;
        }
    }
    for (index, _) in ours.iter().skip(values.len()).rev() {
        text = json::remove_element(&text, path, *index)?;
    }
    values.iter().skip(ours.len()).try_fold(text, |text, value| json::push(&text, path, value))
}

fn ours_in(text: &str, path: &[&str]) -> Result<Vec<(usize, Value)>, Problem> {
    let list = json::get(text, path)?;
    let list = list.as_ref().and_then(Value::as_array).into_iter().flatten().cloned();
    Ok(list.enumerate().filter(|(_, element)| is_ours(element)).collect())
}

/// The taking out of parts.
pub struct Taking<'k> {
    /// What is known from the time they were put in.
    pub known: Known<'k>,
    /// Whether to take out what somebody has changed as well.
    pub force: bool,
    /// What was left because somebody has changed it.
    pub kept: Vec<String>,
}

impl Taking<'_> {
    /// The text without the parts.
    ///
    /// # Errors
    /// When it is no JSON.
    pub fn remove(&mut self, text: &str, parts: &[Part]) -> Result<String, Problem> {
        let mut text = text.to_owned();
        for part in parts {
            text = match part {
                Part::Member(path, value) => {
                    prune(self.member(&text, path, value)?, path, self.known)?
                }
                Part::Elements(path, values) => {
                    prune(self.elements(&text, path, values)?, path, self.known)?
                }
                Part::Needed(..) => text,
            };
        }
        // What the format asks for goes with the last that needed it.
        for part in parts {
            if let Part::Needed(path, value) = part {
                let alone = json::read(&text)?.as_object().is_some_and(|root| root.len() == 1);
                let same = json::get(&text, path)?.as_ref() == Some(value);
                if alone && same && !was_there(self.known, path) {
                    text = json::remove(&text, path)?;
                }
            }
        }
        Ok(text)
    }

    fn member(&mut self, text: &str, path: &[&str], value: &Value) -> Result<String, Problem> {
        let Some(now) = json::get(text, path)? else { return Ok(text.into()) };
        let written = self.known.written.and_then(|text| json::get(text, path).ok().flatten());
        if now != written.unwrap_or_else(|| value.clone()) && !self.force {
            self.kept.push(format!("`{}` was changed", path.join(".")));
            return Ok(text.into());
        }
        match self.known.before.and_then(|text| json::get(text, path).ok().flatten()) {
            Some(before) => json::set(text, path, &before),
            None => json::remove(text, path),
        }
    }

    fn elements(&mut self, text: &str, path: &[&str], values: &[Value]) -> Result<String, Problem> {
        let written = self.known.written.and_then(|text| ours_in(text, path).ok());
        let expected: Vec<Value> = written.map_or_else(
            || values.to_vec(),
            |ours| ours.into_iter().map(|(_, value)| value).collect(),
        );
        let mut text = text.to_owned();
        for (index, now) in ours_in(&text, path)?.iter().rev() {
            if expected.contains(now) || (self.force && is_all_ours(now)) {
                text = json::remove_element(&text, path, *index)?;
            } else {
                self.kept.push(format!("an entry of `{}` was changed", path.join(".")));
            }
        }
        let before =
            self.known.before.and_then(|text| ours_in(text, path).ok()).unwrap_or_default();
        before.iter().try_fold(text, |text, (_, value)| json::push(&text, path, value))
    }
}

/// Takes out the containers that have become empty, unless they were there before.
fn prune(mut text: String, path: &[&str], known: Known<'_>) -> Result<String, Problem> {
    for depth in (1..=path.len()).rev() {
        let above = path.get(..depth).unwrap_or_default();
        if json::is_bare(&text, above)? && !was_there(known, above) {
            text = json::remove(&text, above)?;
        }
    }
    Ok(text)
}

fn was_there(known: Known<'_>, path: &[&str]) -> bool {
    known.before.is_some_and(|text| json::get(text, path).is_ok_and(|found| found.is_some()))
}

/// `value` without everything that is ours, and without the containers that are empty then.
pub fn without(mut value: Value, parts: &[Part]) -> Value {
    for part in parts {
        let (Part::Member(path, _) | Part::Elements(path, _) | Part::Needed(path, _)) = part;
        strip(&mut value, path);
    }
    value
}

/// Takes what is ours at `path` out, and the containers that are empty then.
fn strip(value: &mut Value, path: &[&str]) {
    let Some((name, rest)) = path.split_first() else {
        if let Value::Array(elements) = value {
            elements.retain(|element| !is_ours(element));
        }
        return;
    };
    let Some(members) = value.as_object_mut() else { return };
    let gone = members.get_mut(*name).is_some_and(|below| {
        let leaf = rest.is_empty() && !below.is_array();
        strip(below, rest);
        leaf || is_empty(below)
    });
    if gone {
        let others = std::mem::take(members).into_iter().filter(|(key, _)| key != name);
        *members = others.collect::<Map<String, Value>>();
    }
}

fn is_empty(value: &Value) -> bool {
    value.as_object().is_some_and(Map::is_empty) || value.as_array().is_some_and(Vec::is_empty)
}
