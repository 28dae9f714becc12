//! A host as one can compare it, read from whatever people and agents write: a name, a
//! URL, an address in any notation.
//!
//! - What two programs could understand differently (a backslash, two `@`, a
//!   percent sign) is refused, not repaired.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use idna::AsciiDenyList;
use idna::uts46::{DnsLength, Hyphens, Uts46};

use super::refusal::NetworkRefusal;

/// Bytes of a host or URL, at most.
pub const HOST_MAX: usize = 2_048;
/// Characters of a text that an answer repeats.
pub const SHOWN_MAX: usize = 100;

/// A host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Host {
    /// In lower case and Punycode, without a final dot; an address in its usual form.
    pub name: String,
    /// The address, if it is one.
    pub address: Option<IpAddr>,
}

impl Host {
    /// Reads a host or a URL.
    ///
    /// # Errors
    /// [`NetworkRefusal::NotAHost`], which says what is wrong.
    pub fn read(text: &str) -> Result<Self, NetworkRefusal> {
        let not = |why: &'static str| NetworkRefusal::NotAHost {
            text: text.chars().take(SHOWN_MAX).collect(),
            why,
        };
        if text.len() > HOST_MAX {
            return Err(not("it is longer than 2048 bytes"));
        }
        let trimmed = text.trim_matches(' ');
        if trimmed.chars().any(|c| c.is_control() || c.is_whitespace()) {
            return Err(not("it contains blanks or control characters"));
        }
        if trimmed.contains('\\') {
            return Err(not("it contains a backslash, which programs read differently"));
        }
        Self::of_name(host_part(trimmed).map_err(not)?).map_err(not)
    }

    /// Reads a bare host, without a port or anything else around it.
    pub fn of_name(name: &str) -> Result<Self, &'static str> {
        if let Some(inner) = name.strip_prefix('[') {
            let inner = inner.strip_suffix(']').ok_or("its bracket is not closed")?;
            let address: Ipv6Addr =
                inner.parse().map_err(|_not_one| "what its brackets hold is no IPv6 address")?;
            return Ok(Self::address(address.to_canonical()));
        }
        let ascii = Uts46::new()
            .to_ascii(
                name.as_bytes(),
                AsciiDenyList::STD3,
                Hyphens::Allow,
                DnsLength::VerifyAllowRootDot,
            )
            .map_err(|_not_a_name| "it is no valid name of a host")?;
        let ascii = ascii.strip_suffix('.').unwrap_or(&ascii);
        let last = ascii.rsplit('.').next().unwrap_or_default();
        if is_figure(last) {
            let address = in_figures(ascii).ok_or("it ends in a number and is no IPv4 address")?;
            return Ok(Self::address(IpAddr::V4(address)));
        }
        if ascii.is_empty() {
            return Err("it names no host");
        }
        Ok(Self { name: ascii.to_ascii_lowercase(), address: None })
    }

    fn address(address: IpAddr) -> Self {
        Self { name: address.to_string(), address: Some(address) }
    }

    /// The name without 0, 1, 2, … of its first labels, the shortest being the last label.
    pub fn suffixes(&self) -> impl Iterator<Item = &str> {
        let dots = self.name.match_indices('.').map(|(at, _)| at + 1);
        std::iter::once(0).chain(dots).filter_map(|from| self.name.get(from..))
    }
}

/// The host within `scheme://user@host:port/path`, `host:port` or `user@host:path`.
fn host_part(text: &str) -> Result<&str, &'static str> {
    let (rest, scheme) = match text.split_once("://") {
        Some((scheme, rest)) if is_scheme(scheme) => (rest, true),
        Some(_) => return Err("what stands before :// is no scheme"),
        None => (text.strip_prefix("//").unwrap_or(text), false),
    };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    if authority.contains('%') {
        return Err("it contains a percent sign, which programs read differently");
    }
    let mut parts = authority.split('@');
    let (first, second, third) = (parts.next().unwrap_or_default(), parts.next(), parts.next());
    if third.is_some() {
        return Err("it contains more than one @, which programs read differently");
    }
    let place = second.unwrap_or(first);
    if place.starts_with('[') {
        let end = place.find(']').ok_or("its bracket is not closed")?;
        let (host, port) = place.split_at(end + 1);
        return if port.is_empty() || is_port(port) {
            Ok(host)
        } else {
            Err("its port is no port")
        };
    }
    match place.split_once(':') {
        None => Ok(place),
        Some((host, _)) if is_port(place.get(host.len()..).unwrap_or_default()) => Ok(host),
        // As git and scp write it: user@host:path.
        Some((host, _)) if second.is_some() && !scheme => Ok(host),
        Some(_) => Err("its port is no port"),
    }
}

fn is_scheme(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c))
}

/// `:443`, or a colon alone.
fn is_port(text: &str) -> bool {
    let Some(digits) = text.strip_prefix(':') else { return false };
    digits.is_empty() || digits.bytes().all(|b| b.is_ascii_digit()) && digits.parse::<u16>().is_ok()
}

/// Whether programs take a last label for part of an address.
fn is_figure(label: &str) -> bool {
    let hex = label.strip_prefix("0x").or_else(|| label.strip_prefix("0X"));
    !label.is_empty()
        && (label.bytes().all(|b| b.is_ascii_digit())
            || hex.is_some_and(|digits| digits.bytes().all(|b| b.is_ascii_hexdigit())))
}

/// An IPv4 address of one to four parts, each decimal, octal (`0…`) or hexadecimal (`0x…`).
fn in_figures(text: &str) -> Option<Ipv4Addr> {
    let parts: Vec<u64> = text.split('.').map(figure).collect::<Option<_>>()?;
    let (last, before) = parts.split_last()?;
    if before.len() > 3 || before.iter().any(|part| *part > 255) {
        return None;
    }
    let room = 4 - u32::try_from(before.len()).ok()?;
    if *last >= 256_u64.pow(room) {
        return None;
    }
    let mut bits = 0_u64;
    for part in before {
        bits = bits << 8 | part;
    }
    u32::try_from(bits << (8 * room) | last).ok().map(Ipv4Addr::from)
}

fn figure(part: &str) -> Option<u64> {
    let lower = part.to_ascii_lowercase();
    let (digits, radix) = match (lower.strip_prefix("0x"), lower.strip_prefix('0')) {
        (Some(""), _) | (_, Some("")) => ("0", 10),
        (Some(hex), _) => (hex, 16),
        (None, Some(octal)) => (octal, 8),
        (None, None) => (lower.as_str(), 10),
    };
    // `from_str_radix` takes a sign.
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
        return None;
    }
    u64::from_str_radix(digits, radix).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> Option<String> {
        Host::read(text).ok().map(|host| host.name)
    }

    #[test]
    fn a_host_is_found_in_whatever_stands_around_it() {
        let cases = [
            ("GitHub.com", "github.com"),
            ("github.com.", "github.com"),
            ("https://github.com/a/b?c#d", "github.com"),
            ("https://user:pw@github.com:443/x", "github.com"),
            ("https://github.com@evil.example/", "evil.example"),
            ("https://evil.example/github.com", "evil.example"),
            ("https://evil.example#@github.com", "evil.example"),
            ("https://evil.example?@github.com", "evil.example"),
            ("git@github.com:owner/repository.git", "github.com"),
            ("ssh://git@ssh.github.com:443/x", "ssh.github.com"),
            ("//github.com/x", "github.com"),
            ("github.com:8080", "github.com"),
            ("github.com:", "github.com"),
            ("github\u{3002}com", "github.com"),
            ("ｇｉｔｈｕｂ.com", "github.com"),
            ("bücher.example", "xn--bcher-kva.example"),
            ("XN--BCHER-KVA.example", "xn--bcher-kva.example"),
            ("localhost", "localhost"),
        ];
        for (text, host) in cases {
            assert_eq!(name(text).as_deref(), Some(host), "{text}");
        }
    }

    #[test]
    fn an_address_has_one_form_however_it_is_written() {
        let loopback = [
            "127.0.0.1",
            "127.1",
            "2130706433",
            "0x7f000001",
            "0x7F.1",
            "0177.0.0.1",
            "0177.0.0.01",
            "127.0.0.1.",
            "127.0.0x.1",
            "http://0x7f.0.0.1:80/",
            "http://user@2130706433/",
            "[::ffff:127.0.0.1]",
            "[::ffff:7f00:1]",
            "http://[0:0:0:0:0:ffff:7f00:1]:80",
            "１２７.0.0.1",
        ];
        for text in loopback {
            let host = Host::read(text).expect(text);
            assert_eq!(host.name, "127.0.0.1", "{text}");
            assert!(host.address.is_some(), "{text}");
        }
        assert_eq!(name("http://[2001:DB8::1]/").as_deref(), Some("2001:db8::1"));
    }

    #[test]
    fn what_programs_read_differently_is_no_host() {
        let cases = [
            "",
            ".",
            "..",
            "a..b",
            ".github.com",
            "https://",
            "https:///path",
            "https://a@b@github.com",
            "https://github.com\\@evil.example",
            "https://github.com%2eevil.example",
            "https://github.com%00.evil.example",
            "github.com\n.evil.example",
            "git hub.com",
            "https://github.com:99999",
            "https://github.com:+80",
            "https://github.com:8o",
            "github.com:x",
            "[::1",
            "[::1]x",
            "[::1%25eth0]",
            "[fe80::1%eth0]",
            "1.2.3.4.5",
            "256.1.1.1",
            "08.1.1.1",
            "0x1ffffffff",
            "4294967296",
            "1.2.3.+4",
            "foo.0x4",
            "foo.1",
            "*.github.com",
            "a_b.example",
            "xn--a",
            "xn--zzzzzz99999.example",
            "ht!tp://github.com",
            "\u{202e}moc.buhtig",
        ];
        for text in cases {
            if let Ok(host) = Host::read(text) {
                panic!("{text:?} was read as {host:?}");
            }
        }
        assert!(Host::read(&"a".repeat(HOST_MAX + 1)).is_err());
        assert!(Host::read(&format!("{}.example", "a".repeat(64))).is_err());
    }

    #[test]
    fn letters_that_look_alike_are_other_letters() {
        let cyrillic = name("g\u{456}thub.com").expect("it is a name");
        assert!(cyrillic.starts_with("xn--"), "{cyrillic}");
        assert_ne!(cyrillic, "github.com");
    }
}
