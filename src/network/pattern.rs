//! What a rule speaks of: one host, or everything below one.

use super::host::Host;
use super::refusal::NetworkRefusal;

/// A host, or `*.` and a host: everything below it, but not the host itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern {
    /// As rows have it.
    pub text: String,
}

impl Pattern {
    /// Reads a pattern; it is a bare host, since ports and paths are not compared.
    ///
    /// # Errors
    /// [`NetworkRefusal::NotAPattern`], which says what is wrong.
    pub fn read(text: &str) -> Result<Self, NetworkRefusal> {
        let not = |why: &'static str| NetworkRefusal::NotAPattern {
            text: text.chars().take(super::host::SHOWN_MAX).collect(),
            why,
        };
        let plain = text.trim();
        if plain.len() > super::HOST_MAX {
            return Err(not("it is longer than 2048 bytes"));
        }
        let (star, name) = plain.strip_prefix("*.").map_or(("", plain), |rest| ("*.", rest));
        if name.contains('*') {
            return Err(not("a * stands only for everything below a host, as in *.example"));
        }
        // An address may be written without the brackets that a URL needs.
        let bare = name.parse::<std::net::Ipv6Addr>().map(|address| format!("[{address}]"));
        let host = Host::of_name(bare.as_deref().unwrap_or(name)).map_err(not)?;
        if !star.is_empty() && host.address.is_some() {
            return Err(not("there is nothing below an address"));
        }
        Ok(Self { text: format!("{star}{}", host.name) })
    }
}

/// Whether a pattern as rows have it names this host, both after IDNA: label by label.
#[must_use]
pub fn matches(pattern: &str, host: &str) -> bool {
    match pattern.strip_prefix("*.") {
        None => pattern == host,
        Some(above) => {
            let below = host.strip_suffix(above).and_then(|rest| rest.strip_suffix('.'));
            below.is_some_and(|rest| !rest.is_empty())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_names_whole_labels() {
        for (pattern, host, named) in [
            ("a.example", "a.example", true),
            ("a.example", "b.a.example", false),
            ("*.a.example", "b.a.example", true),
            ("*.a.example", "c.b.a.example", true),
            ("*.a.example", "a.example", false),
            ("*.a.example", "ba.example", false),
            ("*.a.example", ".a.example", false),
        ] {
            assert_eq!(matches(pattern, host), named, "{pattern} {host}");
        }
    }

    #[test]
    fn a_pattern_has_one_spelling() {
        let cases = [
            ("GitHub.com.", "github.com"),
            ("*.Supabase.CO", "*.supabase.co"),
            ("bücher.example", "xn--bcher-kva.example"),
            ("0x7f.1", "127.0.0.1"),
            ("::1", "::1"),
            ("[::1]", "::1"),
        ];
        for (text, spelt) in cases {
            assert_eq!(Pattern::read(text).expect(text).text, spelt);
        }
    }

    #[test]
    fn what_would_match_more_than_it_says_is_no_pattern() {
        let wrong = [
            "",
            "*",
            "*.",
            "**.a.example",
            "a.*.example",
            "*a.example",
            "*.1.2.3.4",
            "a.example/x",
            "a.example:80",
            "https://a.example",
            "u@a.example",
        ];
        for text in wrong {
            assert!(Pattern::read(text).is_err(), "{text:?}");
        }
    }
}
