//! Text hidden in an encoding: escapes, base64, hex, rotation.
//!
//! - What cannot be decoded is `None`, never a guess.
//!
//! Not here: which program decodes what (`machine::output`).

/// Decodes the inside of `$'…'`.
#[must_use]
pub fn ansi_c(text: &str) -> String {
    unescaped(text, false)
}

/// The text that `echo -e` and `%b` of `printf` make: after `\0` three octal digits count.
#[must_use]
pub fn echo(text: &str) -> String {
    unescaped(text, true)
}

fn unescaped(text: &str, echo: bool) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, tail)) = rest.split_first() {
        rest = tail;
        if byte != b'\\' {
            bytes.push(byte);
            continue;
        }
        let Some((&kind, tail)) = rest.split_first() else {
            bytes.push(b'\\');
            break;
        };
        // The zero only announces the digits.
        let announced = echo && kind == b'0';
        rest = match tail.split_first() {
            Some((&digit @ b'0'..=b'7', tail)) if announced => escape(digit, tail, &mut bytes),
            _ => escape(kind, tail, &mut bytes),
        };
    }
    text_of(bytes)
}

/// Appends the escape `kind` and returns what is left.
fn escape<'t>(kind: u8, tail: &'t [u8], out: &mut Vec<u8>) -> &'t [u8] {
    let simple = match kind {
        b'n' => b'\n',
        b't' => b'\t',
        b'r' => b'\r',
        b'a' => 7,
        b'b' => 8,
        b'e' | b'E' => 27,
        b'f' => 12,
        b'v' => 11,
        b'x' => return number(tail, 16, 2, out),
        b'u' => return unicode(tail, 4, out),
        b'U' => return unicode(tail, 8, out),
        b'0'..=b'7' => {
            let mut digits = vec![kind];
            digits.extend(tail.iter().take(2).take_while(|b| (b'0'..=b'7').contains(b)));
            out.push(value(&digits, 8).to_le_bytes()[0]);
            return &tail[digits.len() - 1..];
        }
        b'c' => return tail.get(1..).unwrap_or_default(),
        b'\\' | b'\'' | b'"' | b'?' => kind,
        other => {
            out.push(b'\\');
            other
        }
    };
    out.push(simple);
    tail
}

fn number<'t>(tail: &'t [u8], radix: u32, most: usize, out: &mut Vec<u8>) -> &'t [u8] {
    let digits = tail.iter().take(most).take_while(|b| char::from(**b).is_digit(radix)).count();
    if digits == 0 {
        out.extend(b"\\x");
    } else {
        out.push(value(&tail[..digits], radix).to_le_bytes()[0]);
    }
    &tail[digits..]
}

fn unicode<'t>(tail: &'t [u8], most: usize, out: &mut Vec<u8>) -> &'t [u8] {
    let digits = tail.iter().take(most).take_while(|b| b.is_ascii_hexdigit()).count();
    let c = char::from_u32(value(&tail[..digits], 16)).unwrap_or('\u{fffd}');
    out.extend(c.to_string().as_bytes());
    &tail[digits..]
}

fn value(digits: &[u8], radix: u32) -> u32 {
    digits.iter().fold(0_u32, |sum, &d| {
        sum.wrapping_mul(radix).wrapping_add(char::from(d).to_digit(radix).unwrap_or(0))
    })
}

fn text_of(bytes: Vec<u8>) -> String {
    let text = String::from_utf8(bytes)
        .unwrap_or_else(|broken| String::from_utf8_lossy(broken.as_bytes()).into_owned());
    // The sign for unknown text must not be smuggled in, nor end a word early.
    text.replace('\0', "")
}

/// Decodes base64, standard or URL-safe, blanks ignored.
#[must_use]
pub fn base64(text: &str) -> Option<String> {
    let mut out = Vec::with_capacity(text.len());
    let (mut bits, mut held) = (0_u32, 0_u32);
    for byte in text.bytes() {
        let six = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' | b'-' => 62,
            b'/' | b'_' => 63,
            b'=' => continue,
            b if b.is_ascii_whitespace() => continue,
            _ => return None,
        };
        held = held << 6 | u32::from(six);
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            out.push((held >> bits).to_le_bytes()[0]);
        }
    }
    Some(text_of(out))
}

/// Decodes base32.
#[must_use]
pub fn base32(text: &str) -> Option<String> {
    let mut out = Vec::with_capacity(text.len());
    let (mut bits, mut held) = (0_u32, 0_u32);
    for byte in text.bytes() {
        let five = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'2'..=b'7' => byte - b'2' + 26,
            b'=' => continue,
            b if b.is_ascii_whitespace() => continue,
            _ => return None,
        };
        held = held << 5 | u32::from(five);
        bits += 5;
        if bits >= 8 {
            bits -= 8;
            out.push((held >> bits).to_le_bytes()[0]);
        }
    }
    Some(text_of(out))
}

/// Decodes pairs of hex digits; everything between them is ignored.
#[must_use]
pub fn hex(text: &str) -> Option<String> {
    let digits: Vec<u8> =
        text.replace("\\x", "").replace("0x", "").bytes().filter(u8::is_ascii_hexdigit).collect();
    if digits.is_empty() || !digits.len().is_multiple_of(2) {
        return None;
    }
    Some(text_of(digits.chunks(2).map(|pair| value(pair, 16).to_le_bytes()[0]).collect()))
}

/// Translates as `tr SET1 SET2` would; `None` for sets it does not know.
#[must_use]
pub fn translate(text: &str, from: &str, to: &str) -> Option<String> {
    let (from, to) = (tr_set(from)?, tr_set(to)?);
    let last = *to.last()?;
    Some(
        text.chars()
            .map(|c| match from.iter().rposition(|f| *f == c) {
                Some(at) => to.get(at).copied().unwrap_or(last),
                None => c,
            })
            .collect(),
    )
}

/// Deletes as `tr -d SET` would.
#[must_use]
pub fn without(text: &str, set: &str) -> Option<String> {
    let set = tr_set(set)?;
    Some(text.chars().filter(|c| !set.contains(c)).collect())
}

fn tr_set(spec: &str) -> Option<Vec<char>> {
    let spec = spec
        .replace("[:upper:]", "A-Z")
        .replace("[:lower:]", "a-z")
        .replace("[:digit:]", "0-9")
        .replace("[:space:]", " \\n\\t\\r");
    if spec.contains("[:") {
        return None;
    }
    let chars: Vec<char> = ansi_c(&spec).chars().collect();
    let mut out = Vec::new();
    let mut at = 0;
    while at < chars.len() {
        if at + 2 < chars.len() && chars[at + 1] == '-' && chars[at] <= chars[at + 2] {
            out.extend(chars[at]..=chars[at + 2]);
            at += 3;
        } else {
            out.push(chars[at]);
            at += 1;
        }
        if out.len() > 4096 {
            return None;
        }
    }
    Some(out)
}

/// What `printf FORMAT ARGS` writes.
#[must_use]
pub fn printf(format: &str, args: &[&str]) -> String {
    let mut out = String::new();
    let mut next = args.iter();
    for _ in 0..=args.len().min(64) {
        let before = next.len();
        printf_once(format, &mut next, &mut out);
        if next.len() == 0 || next.len() == before {
            break;
        }
    }
    out
}

fn printf_once(format: &str, args: &mut std::slice::Iter<'_, &str>, out: &mut String) {
    let mut plain = String::new();
    let mut chars = format.chars().peekable();
    while let Some(c) = chars.next() {
        if c != '%' {
            plain.push(c);
            if c == '\\'
                && let Some(escaped) = chars.next()
            {
                plain.push(escaped);
            }
            continue;
        }
        out.push_str(&ansi_c(&std::mem::take(&mut plain)));
        while chars.peek().is_some_and(|c| c.is_ascii_digit() || "-+ #.".contains(*c)) {
            chars.next();
        }
        match chars.next() {
            Some('%') => out.push('%'),
            Some('b') => out.push_str(&echo(args.next().unwrap_or(&""))),
            Some('c') => out.extend(args.next().unwrap_or(&"").chars().take(1)),
            Some(_) => out.push_str(args.next().unwrap_or(&"")),
            None => {}
        }
    }
    out.push_str(&ansi_c(&plain));
}

#[cfg(test)]
mod tests {
    use super::{ansi_c, base64, hex, printf, translate};

    #[test]
    fn what_was_encoded_comes_back() {
        assert_eq!(base64("cm0gLXJmIHNyYw==").as_deref(), Some("rm -rf src"));
        assert_eq!(hex("72 6d 20").as_deref(), Some("rm "));
        assert_eq!(ansi_c("\\x72\\155 \\u002d"), "rm -");
        assert_eq!(translate("ez -es fep", "a-z", "n-za-m").as_deref(), Some("rm -rf src"));
        assert_eq!(printf("%s-%s\\n", &["a", "b", "c"]), "a-b\nc-\n");
    }
}
