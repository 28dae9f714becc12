//! Things other than files that can be claimed: `port:8080`, `db:test`.
//!
//! Not here: files whose name has a colon, which are asked for with `./`.

use super::names;
use super::refusal::Why;

/// The key of a resource, if `asked` has the form of one.
pub(super) fn key(asked: &str) -> Result<Option<String>, Why> {
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
