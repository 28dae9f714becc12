//! Shell patterns against names.
//!
//! - `*` also crosses slashes; patterns and names are read up to a length.
//!
//! Not here: which files a pattern would find.

/// Longest pattern and name that are compared, in characters.
const PATTERN: usize = 256;
const NAME: usize = 4096;

/// Matches a shell pattern against a name.
#[must_use]
pub fn glob_matches(pattern: &str, text: &str) -> bool {
    if pattern.is_ascii() && text.is_ascii() {
        let (pattern, text) = (pattern.as_bytes(), text.as_bytes());
        return walk(&pattern[..pattern.len().min(PATTERN)], &text[..text.len().min(NAME)]);
    }
    let pattern: Vec<char> = pattern.chars().take(PATTERN).collect();
    let text: Vec<char> = text.chars().take(NAME).collect();
    walk(&pattern, &text)
}

/// Bytes or characters alike.
trait Sign: Copy + PartialOrd + From<u8> {}
impl Sign for u8 {}
impl Sign for char {}

/// Steps through both; goes back to the last star only, so the cost is their product.
fn walk<C: Sign>(pattern: &[C], text: &[C]) -> bool {
    let any = C::from(b'*');
    let (mut p, mut t) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while t < text.len() {
        if pattern.get(p) == Some(&any) {
            star = Some((p, t));
            p += 1;
            continue;
        }
        match (one_matches(&pattern[p.min(pattern.len())..], text[t]), star) {
            (Some(width), _) => {
                p += width;
                t += 1;
            }
            (None, Some((star_p, star_t))) => {
                p = star_p + 1;
                t = star_t + 1;
                star = Some((star_p, t));
            }
            (None, None) => return false,
        }
    }
    pattern[p..].iter().all(|c| *c == any)
}

/// How many signs of the pattern match `c` at its start.
fn one_matches<C: Sign>(pattern: &[C], c: C) -> Option<usize> {
    let first = *pattern.first()?;
    if first == C::from(b'?') {
        Some(1)
    } else if first == C::from(b'[') {
        class_matches(pattern, c)
    } else if first == C::from(b'\\') && pattern.len() > 1 {
        (pattern[1] == c).then_some(2)
    } else {
        (first == c).then_some(1)
    }
}

fn class_matches<C: Sign>(pattern: &[C], c: C) -> Option<usize> {
    let close = pattern.iter().skip(2).position(|p| *p == C::from(b']'))? + 2;
    let inside = &pattern[1..close];
    let negated = inside[0] == C::from(b'!') || inside[0] == C::from(b'^');
    let inside = if negated { &inside[1..] } else { inside };
    let mut found = false;
    let mut at = 0;
    while at < inside.len() {
        if at + 2 < inside.len() && inside[at + 1] == C::from(b'-') {
            found |= inside[at] <= c && c <= inside[at + 2];
            at += 3;
        } else {
            found |= inside[at] == c;
            at += 1;
        }
    }
    (found != negated).then_some(close + 1)
}

#[cfg(test)]
mod tests {
    use super::glob_matches;

    #[test]
    fn patterns_match_as_in_a_shell() {
        for (pattern, text) in [
            ("*.rs", "a.rs"),
            ("a?c", "abc"),
            ("[a-c]x", "bx"),
            ("[!a]", "b"),
            ("é*", "été"),
            ("\\*", "*"),
        ] {
            assert!(glob_matches(pattern, text), "{pattern} {text}");
        }
        for (pattern, text) in
            [("*.rs", "a.rb"), ("a?c", "ac"), ("[^a]", "a"), ("", "x"), ("[", "x")]
        {
            assert!(!glob_matches(pattern, text), "{pattern} {text}");
        }
    }
}
