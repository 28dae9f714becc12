//! English words to their stems, by Porter's algorithm as the full-text index applies it.
//!
//! - Equal to the index's own stemmer, so that a word weighs here what it finds there.
//!
//! Not here: what a word is (`words`).

/// The index leaves longer words alone, and those of one or two bytes.
const LONGEST: usize = 64;

/// The stem of a lower-case word.
#[must_use]
pub fn stem(word: &str) -> String {
    if !(3..=LONGEST).contains(&word.len()) {
        return word.to_owned();
    }
    let mut w = word.as_bytes().to_vec();
    plural(&mut w);
    past(&mut w);
    if w.ends_with(b"y") && has_vowel(&w[..w.len() - 1]) {
        replace(&mut w, 1, b"i");
    }
    swap(&mut w, SECOND, |stem| measure(stem) > 0);
    swap(&mut w, THIRD, |stem| measure(stem) > 0);
    swap(&mut w, FOURTH, |stem| measure(stem) > 1);
    last_e(&mut w);
    if w.ends_with(b"ll") && measure(&w[..w.len() - 1]) > 1 {
        w.pop();
    }
    // Only whole ASCII letters were taken off, so what is left is text.
    String::from_utf8_lossy(&w).into_owned()
}

const SECOND: &[(&str, &str)] = &[
    ("ational", "ate"),
    ("tional", "tion"),
    ("enci", "ence"),
    ("anci", "ance"),
    ("izer", "ize"),
    ("logi", "log"),
    ("bli", "ble"),
    ("alli", "al"),
    ("entli", "ent"),
    ("eli", "e"),
    ("ousli", "ous"),
    ("ization", "ize"),
    ("ation", "ate"),
    ("ator", "ate"),
    ("alism", "al"),
    ("iveness", "ive"),
    ("fulness", "ful"),
    ("ousness", "ous"),
    ("aliti", "al"),
    ("iviti", "ive"),
    ("biliti", "ble"),
];

const THIRD: &[(&str, &str)] = &[
    ("ical", "ic"),
    ("ness", ""),
    ("icate", "ic"),
    ("iciti", "ic"),
    ("ful", ""),
    ("ative", ""),
    ("alize", "al"),
];

const FOURTH: &[(&str, &str)] = &[
    ("al", ""),
    ("ance", ""),
    ("ence", ""),
    ("er", ""),
    ("ic", ""),
    ("able", ""),
    ("ible", ""),
    ("ant", ""),
    ("ement", ""),
    ("ment", ""),
    ("ent", ""),
    ("sion", "s"),
    ("tion", "t"),
    ("ou", ""),
    ("ism", ""),
    ("ate", ""),
    ("iti", ""),
    ("ous", ""),
    ("ive", ""),
    ("ize", ""),
];

fn plural(w: &mut Vec<u8>) {
    let keep = if w.ends_with(b"sses") && w.len() > 4 || w.ends_with(b"ies") && w.len() > 3 {
        w.len() - 2
    } else if w.ends_with(b"s") && !w.ends_with(b"ss") {
        w.len() - 1
    } else {
        w.len()
    };
    w.truncate(keep);
}

fn past(w: &mut Vec<u8>) {
    if w.len() > 3 && w.ends_with(b"eed") {
        if measure(&w[..w.len() - 3]) > 0 {
            w.pop();
        }
        return;
    }
    let Some(cut) = [b"ed".as_slice(), b"ing"].iter().find_map(|end| w.strip_suffix(*end)) else {
        return;
    };
    if cut.is_empty() || !has_vowel(cut) {
        return;
    }
    let kept = cut.len();
    w.truncate(kept);
    if [b"at", b"bl", b"iz"].iter().any(|end| w.ends_with(*end) && w.len() > 2) {
        w.push(b'e');
    } else if is_doubled(w) {
        w.pop();
    } else if measure(w) == 1 && ends_short(w) {
        w.push(b'e');
    }
}

fn is_doubled(w: &[u8]) -> bool {
    let [.., before, last] = w else { return false };
    before == last && !matches!(last, b'a' | b'e' | b'i' | b'o' | b'u' | b'l' | b's' | b'z')
}

fn last_e(w: &mut Vec<u8>) {
    let Some(rest) = w.strip_suffix(b"e") else { return };
    let m = measure(rest);
    if m > 1 || m == 1 && !ends_short(rest) {
        w.pop();
    }
}

/// Replaces the first ending that fits, if the rest before it is long enough.
fn swap(w: &mut Vec<u8>, endings: &[(&str, &str)], enough: impl Fn(&[u8]) -> bool) {
    let fits = |end: &str| w.len() > end.len() && w.ends_with(end.as_bytes());
    let Some((end, new)) = endings.iter().find(|(end, _)| fits(end)) else { return };
    // What is kept of the ending belongs to the rest that is measured (`sion`, `tion`).
    let kept = if end.ends_with("ion") && new.len() == 1 { 1 } else { 0 };
    if enough(&w[..w.len() - end.len() + kept]) {
        replace(w, end.len(), new.as_bytes());
    }
}

fn replace(w: &mut Vec<u8>, last: usize, new: &[u8]) {
    w.truncate(w.len() - last);
    w.extend_from_slice(new);
}

const fn is_vowel(c: u8, y_too: bool) -> bool {
    matches!(c, b'a' | b'e' | b'i' | b'o' | b'u') || (y_too && c == b'y')
}

fn has_vowel(stem: &[u8]) -> bool {
    stem.iter().enumerate().any(|(at, c)| is_vowel(*c, at > 0))
}

/// How often a vowel is followed by a consonant; y is a vowel after a consonant.
fn measure(stem: &[u8]) -> usize {
    let (mut consonant, mut after_vowel, mut m) = (false, false, 0);
    for c in stem {
        consonant = !is_vowel(*c, consonant);
        if consonant && after_vowel {
            m += 1;
        }
        after_vowel = !consonant;
    }
    m
}

/// Ends in consonant, vowel, consonant, the last of them not w, x or y.
fn ends_short(stem: &[u8]) -> bool {
    if matches!(stem.last(), Some(b'w' | b'x' | b'y')) {
        return false;
    }
    let (mut consonant, mut pattern) = (false, 0_u8);
    for c in stem {
        consonant = !is_vowel(*c, consonant);
        pattern = (pattern << 1) | u8::from(consonant);
    }
    stem.len() > 2 && pattern & 0b111 == 0b101
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_one_family_have_one_stem() {
        for family in [
            ["connect", "connected", "connection", "connections"],
            ["cache", "caches", "caching", "cached"],
            ["retry", "retries", "retrying", "retried"],
            ["migrate", "migrated", "migration", "migrations"],
        ] {
            let stems: Vec<_> = family.iter().map(|word| stem(word)).collect();
            assert!(stems.iter().all(|one| *one == stems[0]), "{family:?}: {stems:?}");
        }
    }

    #[test]
    fn what_is_no_word_is_left_alone() {
        for word in ["", "s", "is", "e0502", "日本語", &"ing".repeat(30)] {
            assert_eq!(stem(word), word);
        }
    }
}
