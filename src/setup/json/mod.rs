//! Changes to a JSON text that leave every other byte of it alone.
//!
//! - Comments and trailing commas are allowed; order, indentation, line ends and unknown keys stay.
//! - What [`set`] and [`push`] insert, [`remove`] and [`remove_element`] take out again to the byte,
//!   unless a container was empty before.
//! - A text that is no JSON is a [`Problem`] that says where.
//!
//! Not here: which entries are wanted (`clients`), which are ours (`entry`).

mod layout;
mod splice;

use jsonc_parser::ast;
use jsonc_parser::common::Ranged;
use jsonc_parser::{CollectOptions, ParseOptions, parse_to_ast};
use serde_json::{Map, Value};

use super::problem::Problem;
use layout::Layout;
use splice::Container;

/// What clients read: JSON with comments and trailing commas, no further liberties.
const DIALECT: ParseOptions = ParseOptions {
    allow_comments: true,
    allow_trailing_commas: true,
    allow_loose_object_property_names: false,
    allow_missing_commas: false,
    allow_single_quoted_strings: false,
    allow_hexadecimal_numbers: false,
    allow_unary_plus_numbers: false,
    allow_bare_decimal_point_numbers: false,
    allow_non_finite_numbers: false,
    allow_extended_string_escapes: false,
};

/// The whole text as a value; an empty one is an empty object.
///
/// # Errors
/// When it is no JSON.
pub fn read(text: &str) -> Result<Value, Problem> {
    Ok(parse(text)?.map_or_else(|| Map::new().into(), Into::into))
}

/// The value at `path`, if there is one.
///
/// # Errors
/// When the text is no JSON.
pub fn get(text: &str, path: &[&str]) -> Result<Option<Value>, Problem> {
    let root = parse(text)?;
    Ok(root.as_ref().and_then(|root| find(root, path)).cloned().map(Into::into))
}

/// Whether there is a container at `path` with nothing in it, not even a comment.
///
/// # Errors
/// When the text is no JSON.
pub fn is_bare(text: &str, path: &[&str]) -> Result<bool, Problem> {
    let root = parse(text)?;
    let found = root.as_ref().and_then(|root| find(root, path)).map(Ranged::range);
    let whole = found.and_then(|range| text.get(range.start..range.end)).unwrap_or_default();
    let inside = whole.strip_prefix(['{', '[']).and_then(|text| text.strip_suffix(['}', ']']));
    Ok(inside.is_some_and(|inside| inside.trim().is_empty()))
}

/// Puts `value` at `path`, making the objects above it that are missing.
///
/// # Errors
/// When the text is no JSON, or something above is no object.
pub fn set(text: &str, path: &[&str], value: &Value) -> Result<String, Problem> {
    let base = begun(text);
    let root = whole(&base)?;
    let layout = Layout::of(&base, &root);
    if let Some(old) = find(&root, path) {
        return Ok(splice::replace(&base, old.range(), &layout, value));
    }
    let (above, below) = reach(&base, &root, path)?;
    let object = above.as_object().ok_or_else(|| not_a(&base, above, path, "an object"))?;
    let Some((name, rest)) = below.split_first() else { return Ok(base) };
    let nested = rest
        .iter()
        .rev()
        .fold(value.clone(), |inner, name| Map::from_iter([((*name).to_owned(), inner)]).into());
    Ok(splice::insert(&base, &Container::of_object(object), &layout, Some(name), &nested))
}

/// Appends `value` to the list at `path`, which is made if it is missing.
///
/// # Errors
/// When the text is no JSON, or what is there is no list.
pub fn push(text: &str, path: &[&str], value: &Value) -> Result<String, Problem> {
    let base = begun(text);
    let root = whole(&base)?;
    let Some(list) = find(&root, path) else {
        return set(&base, path, &Value::Array(vec![value.clone()]));
    };
    let list = list.as_array().ok_or_else(|| not_a(&base, list, path, "a list"))?;
    let layout = Layout::of(&base, &root);
    Ok(splice::insert(&base, &Container::of_array(list), &layout, None, value))
}

/// Puts `value` in the place of one element of the list at `path`.
///
/// # Errors
/// When the text is no JSON.
pub fn replace_element(
    text: &str,
    path: &[&str],
    index: usize,
    value: &Value,
) -> Result<String, Problem> {
    let root = whole(text)?;
    let layout = Layout::of(text, &root);
    let element = find(&root, path).and_then(ast::Value::as_array);
    let element = element.and_then(|list| list.elements.get(index));
    Ok(element.map_or_else(
        || text.to_owned(),
        |element| splice::replace(text, element.range(), &layout, value),
    ))
}

/// Takes the member at `path` out of its object.
///
/// # Errors
/// When the text is no JSON.
pub fn remove(text: &str, path: &[&str]) -> Result<String, Problem> {
    let root = whole(text)?;
    let Some((name, above)) = path.split_last() else { return Ok(text.to_owned()) };
    let object = find(&root, above).and_then(ast::Value::as_object);
    let place = object.and_then(|object| {
        object.properties.iter().rposition(|member| member.name.as_str() == *name)
    });
    Ok(match (object, place) {
        (Some(object), Some(index)) => splice::remove(text, &Container::of_object(object), index),
        _ => text.to_owned(),
    })
}

/// Takes one element out of the list at `path`.
///
/// # Errors
/// When the text is no JSON.
pub fn remove_element(text: &str, path: &[&str], index: usize) -> Result<String, Problem> {
    let root = whole(text)?;
    let list = find(&root, path).and_then(ast::Value::as_array);
    Ok(match list {
        Some(list) if index < list.elements.len() => {
            splice::remove(text, &Container::of_array(list), index)
        }
        _ => text.to_owned(),
    })
}

fn parse(text: &str) -> Result<Option<ast::Value<'_>>, Problem> {
    let parsed = parse_to_ast(text, &CollectOptions::default(), &DIALECT);
    parsed.map(|parsed| parsed.value).map_err(|error| Problem::Unreadable {
        line: error.line_display(),
        column: error.column_display(),
        why: error.kind().to_string().to_lowercase(),
    })
}

fn whole(text: &str) -> Result<ast::Value<'_>, Problem> {
    parse(text)?.ok_or_else(|| Problem::Unreadable {
        line: 1,
        column: 1,
        why: "there is nothing in it".to_owned(),
    })
}

/// The text, or an empty object if it holds no value yet.
fn begun(text: &str) -> String {
    match parse(text) {
        Ok(None) if text.trim().is_empty() => "{}\n".to_owned(),
        Ok(None) => format!("{}\n{{}}\n", text.trim_end()),
        _ => text.to_owned(),
    }
}

/// Of members that share a name the last one counts, as it does for clients.
fn member<'v, 't>(value: &'v ast::Value<'t>, name: &str) -> Option<&'v ast::Value<'t>> {
    let members = &value.as_object()?.properties;
    members.iter().rev().find(|member| member.name.as_str() == name).map(|member| &member.value)
}

fn find<'v, 't>(root: &'v ast::Value<'t>, path: &[&str]) -> Option<&'v ast::Value<'t>> {
    path.iter().try_fold(root, |value, name| member(value, name))
}

/// The deepest value on the way to `path`, and the names that are missing below it.
fn reach<'v, 't, 'p>(
    text: &str,
    root: &'v ast::Value<'t>,
    path: &'p [&'p str],
) -> Result<(&'v ast::Value<'t>, &'p [&'p str]), Problem> {
    let mut value = root;
    for (depth, name) in path.iter().enumerate() {
        if value.as_object().is_none() {
            return Err(not_a(text, value, path.get(..depth).unwrap_or_default(), "an object"));
        }
        let Some(below) = member(value, name) else {
            return Ok((value, path.get(depth..).unwrap_or_default()));
        };
        value = below;
    }
    Ok((value, &[]))
}

fn not_a(text: &str, value: &ast::Value<'_>, path: &[&str], kind: &'static str) -> Problem {
    let before = text.get(..value.range().start).unwrap_or_default();
    let line_start = before.rfind('\n').map_or(0, |at| at + 1);
    Problem::Unreadable {
        line: before.matches('\n').count() + 1,
        column: before.get(line_start..).unwrap_or_default().chars().count() + 1,
        why: match path {
            [] => format!("the whole of it is not {kind}"),
            path => format!("`{}` is not {kind}", path.join(".")),
        },
    }
}
