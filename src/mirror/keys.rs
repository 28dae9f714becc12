//! The keys of a project: one that everybody may know, and one that may do everything.
//!
//! What a key is, its shape says; the variable it came in says it where the shape does not.

use serde_json::Value;

use crate::config::Config;

/// The keys that were given.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Keys {
    /// It may do whatever is granted to the service; it is kept in no file of ours.
    pub service: Option<String>,
    /// Alone it may only ask to be let in.
    pub publishable: Option<String>,
}

impl Keys {
    /// Those in the settings.
    #[must_use]
    pub fn of(config: &Config) -> Self {
        let mut keys =
            Self { service: config.supabase_service_key().map(str::to_owned), publishable: None };
        if let Some(key) = config.supabase_publishable_key() {
            keys.add(key);
        }
        keys
    }

    /// One more, whose shape says what it is.
    pub fn add(&mut self, key: &str) {
        let place = if is_of_service(key) { &mut self.service } else { &mut self.publishable };
        place.get_or_insert_with(|| key.to_owned());
    }

    /// The one to work with: the lesser suffices.
    #[must_use]
    pub fn least(&self) -> Option<&str> {
        self.publishable.as_deref().or(self.service.as_deref())
    }
}

/// Whether a key is one that may do everything.
#[must_use]
pub fn is_of_service(key: &str) -> bool {
    let payload = key.split('.').nth(1).and_then(base64url);
    let claims: Option<Value> = payload.and_then(|bytes| serde_json::from_slice(&bytes).ok());
    key.starts_with("sb_secret_") || claims.is_some_and(|claims| claims["role"] == "service_role")
}

/// What unpadded base64url holds; `None` if it is not that.
fn base64url(text: &str) -> Option<Vec<u8>> {
    const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let (mut bytes, mut bits, mut held) = (Vec::new(), 0_u32, 0_u32);
    for letter in text.trim_end_matches('=').bytes() {
        let six = ALPHABET.iter().position(|known| *known == letter)?;
        bits = bits << 6 | u32::try_from(six).ok()?;
        held += 6;
        if held >= 8 {
            held -= 8;
            bytes.push(u8::try_from(bits >> held & 0xFF).ok()?);
            bits &= (1 << held) - 1;
        }
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shape_says_what_a_key_is() {
        // {"role":"service_role"} and {"role":"anon"}
        let service = "eyJhbGciOiJIUzI1NiJ9.eyJyb2xlIjoic2VydmljZV9yb2xlIn0.c2lnbmF0dXJl";
        let anon = "eyJhbGciOiJIUzI1NiJ9.eyJyb2xlIjoiYW5vbiJ9.c2lnbmF0dXJl";
        for key in [service, "sb_secret_x"] {
            assert!(is_of_service(key), "{key}");
        }
        for key in [anon, "sb_publishable_x", "plain", "a.b.c", "a.!.c", ""] {
            assert!(!is_of_service(key), "{key}");
        }
        let mut keys = Keys::default();
        [service, anon, "sb_secret_later"].iter().for_each(|key| keys.add(key));
        assert_eq!(keys.service.as_deref(), Some(service));
        assert_eq!(keys.least(), Some(anon));
    }
}
