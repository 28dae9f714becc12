//! The key that the mirror's bodies are encrypted with.
//!
//! - It is made here, from the system's randomness, and never sent anywhere: a person carries
//!   it from machine to machine.
//! - The file is for its owner only (0600) and is replaced in one step.
//! - Like the login it is never logged or put into an answer; `coord sync key show` alone
//!   prints it.
//!
//! Not here: what is encrypted with it (`cipher`).

use std::fs;

use anyhow::Context as _;
use chacha20poly1305::aead::{Aead as _, KeyInit as _, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use hmac::{Hmac, Mac as _};
use sha2::{Digest as _, Sha256};

use super::login;
use super::pack::{BASE32, BASE64, pack, unpack};
use crate::home::Home;

/// What a key begins with when a person sees it.
const SHOWN: &str = "coord-key-1-";
/// Bytes of the checksum behind it.
const CHECK: usize = 4;
/// Bytes of a nonce.
const NONCE: usize = 24;

/// 32 bytes that no one else has, and what is derived from them.
pub struct Key {
    bytes: [u8; 32],
    cipher: XChaCha20Poly1305,
    nonces: [u8; 32],
    digests: [u8; 32],
    /// Tells it from other keys, and nothing about it.
    pub name: String,
}

/// Why a text is no key.
#[derive(Debug, thiserror::Error)]
pub enum NoKey {
    /// It is something else.
    #[error("this is no key: one begins with {SHOWN} and has 58 letters and digits behind it")]
    Shape,
    /// A letter is wrong somewhere.
    #[error("the key is mistyped: its checksum does not fit")]
    Checksum,
}

impl Key {
    /// A new one.
    ///
    /// # Errors
    /// When the system gives no randomness.
    pub fn random() -> anyhow::Result<Self> {
        let mut bytes = [0; 32];
        getrandom::fill(&mut bytes).map_err(|error| anyhow::anyhow!("no randomness: {error}"))?;
        Ok(Self::of(bytes))
    }

    fn of(bytes: [u8; 32]) -> Self {
        let derived = |purpose: &str| mac(&bytes, &[b"coord 1", purpose.as_bytes()]);
        let name = derived("name")[..4].iter().map(|byte| format!("{byte:02x}")).collect();
        Self {
            bytes,
            cipher: XChaCha20Poly1305::new(&derived("bodies").into()),
            nonces: derived("nonces"),
            digests: derived("digests"),
            name,
        }
    }

    /// The key as a person sees it, on one line.
    #[must_use]
    pub fn shown(&self) -> String {
        let whole = [&self.bytes[..], &checksum(&self.bytes)].concat();
        let letters = pack(&whole, BASE32);
        let groups: Vec<_> = letters.as_bytes().chunks(6).map(String::from_utf8_lossy).collect();
        format!("{SHOWN}{}", groups.join("-"))
    }

    /// The key that a person typed, however it is spaced.
    ///
    /// # Errors
    /// [`NoKey`]; it does not repeat what was typed.
    pub fn read(typed: &str) -> Result<Self, NoKey> {
        let plain = |text: &str| -> String {
            let kept = text.chars().filter(|letter| !letter.is_whitespace() && *letter != '-');
            kept.collect::<String>().to_ascii_lowercase()
        };
        let (typed, begin) = (plain(typed), plain(SHOWN));
        let letters = typed.strip_prefix(&begin).ok_or(NoKey::Shape)?;
        let whole = unpack(letters, BASE32).ok_or(NoKey::Shape)?;
        let (bytes, check) = whole.split_at_checked(32).ok_or(NoKey::Shape)?;
        let bytes: [u8; 32] = bytes.try_into().map_err(|_short| NoKey::Shape)?;
        if check.len() != CHECK {
            return Err(NoKey::Shape);
        }
        if check == checksum(&bytes) { Ok(Self::of(bytes)) } else { Err(NoKey::Checksum) }
    }

    /// What is in the file; `None` if there is none.
    ///
    /// # Errors
    /// When it cannot be read or is not such a file.
    pub fn load(home: &Home) -> anyhow::Result<Option<Self>> {
        match fs::read_to_string(home.sync_key()) {
            Ok(text) => Ok(Some(Self::read(&text)?)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error).context("it cannot be read"),
        }
    }

    /// Writes the file.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn save(&self, home: &Home) -> anyhow::Result<()> {
        login::replace(&home.sync_key(), &format!("{}\n", self.shown()))
    }

    /// Removes the file.
    ///
    /// # Errors
    /// When it is there and stays.
    pub fn forget(home: &Home) -> anyhow::Result<()> {
        match fs::remove_file(home.sync_key()) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error.into()),
            _ => Ok(()),
        }
    }

    /// A text that only this key opens, and only in its place. The same text in the same place
    /// gives the same again, so that what is sent twice is the same twice.
    ///
    /// # Errors
    /// Faults only.
    pub fn encrypt(&self, place: &str, text: &str) -> anyhow::Result<String> {
        let nonce = &mac(&self.nonces, &[place.as_bytes(), text.as_bytes()])[..NONCE];
        let nonce = XNonce::try_from(nonce)?;
        let payload = Payload { msg: text.as_bytes(), aad: place.as_bytes() };
        let hidden = self.cipher.encrypt(&nonce, payload);
        let hidden = hidden.map_err(|_opaque| anyhow::anyhow!("a body is too long to encrypt"))?;
        Ok(pack(&[&nonce[..], &hidden].concat(), BASE64))
    }

    /// The text again; `None` if it was altered, moved, or is another key's.
    #[must_use]
    pub fn decrypt(&self, place: &str, hidden: &str) -> Option<String> {
        let whole = unpack(hidden, BASE64)?;
        let (nonce, hidden) = whole.split_at_checked(NONCE)?;
        let payload = Payload { msg: hidden, aad: place.as_bytes() };
        let text = self.cipher.decrypt(&XNonce::try_from(nonce).ok()?, payload).ok()?;
        String::from_utf8(text).ok()
    }

    /// A digest that says nothing to whoever lacks the key, in hex.
    #[must_use]
    pub fn digest(&self, parts: &[&str]) -> String {
        let parts: Vec<&[u8]> = parts.iter().map(|part| part.as_bytes()).collect();
        mac(&self.digests, &parts).iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

fn checksum(bytes: &[u8; 32]) -> [u8; CHECK] {
    let digest = Sha256::new().chain_update(SHOWN).chain_update(bytes).finalize();
    [digest[0], digest[1], digest[2], digest[3]]
}

/// HMAC-SHA-256 of parts that cannot run into each other.
fn mac(key: &[u8; 32], parts: &[&[u8]]) -> [u8; 32] {
    // A shorter key is filled up with zeros, says the definition.
    let mut block = [0; 64];
    block[..32].copy_from_slice(key);
    let mut mac = Hmac::<Sha256>::new(&block.into());
    for part in parts {
        mac.update(&part.len().to_be_bytes());
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_key_survives_being_written_down_and_a_wrong_letter_does_not() {
        let key = Key::of([7; 32]);
        let shown = key.shown();
        assert_eq!(
            shown,
            "coord-key-1-a4dqob-yha4dq-obyha4-dqobyh-a4dqob-yha4dq-obyha4-dqobyh-a4dz5m-bxcm"
        );
        let spaced = shown.to_uppercase().replace('-', " - ");
        assert_eq!(Key::read(&spaced).map(|key| key.bytes).ok(), Some([7; 32]));
        let letters: Vec<char> = shown.chars().collect();
        for at in SHOWN.len()..letters.len() {
            let mut wrong = letters.clone();
            wrong[at] = if wrong[at] == 'q' { 'r' } else { 'q' };
            let wrong: String = wrong.iter().collect();
            assert!(Key::read(&wrong).is_err(), "{wrong}");
        }
        for not in ["", "coord-key-1-", "coord-key-2-aaaa", &shown[..40], &format!("{shown}a")] {
            assert!(matches!(Key::read(not), Err(NoKey::Shape)), "{not}");
        }
    }

    #[test]
    fn what_is_derived_stays_the_same_for_ever() {
        let key = Key::of([7; 32]);
        let hidden = key.encrypt("table key", "text").unwrap();
        let whole = format!("{} {hidden} {}", key.name, key.digest(&["a", "b"]));
        assert_eq!(
            whole,
            "e354dc60 abM2xrEtBW2ESu1DNNxndEHAoNzfYeuj7JWHpXk3NJCT2iu8dqKCHJ9k7KU \
             2e4b50b334092e6dc6fb2fe71f36b3be74688b401e617f2441c4c65b0e4e243e"
        );
        assert_ne!(key.digest(&["a", "b"]), key.digest(&["ab", ""]));
    }

    proptest! {
        #[test]
        fn only_the_key_in_its_place_opens_a_text(text in "\\PC*", place in "\\PC{0,9}", at: prop::sample::Index, flip in 1_u8..64) {
            let (key, other) = (Key::of([1; 32]), Key::of([2; 32]));
            let hidden = key.encrypt(&place, &text).unwrap();
            prop_assert_eq!(&key.encrypt(&place, &text).unwrap(), &hidden);
            prop_assert_eq!(key.decrypt(&place, &hidden), Some(text));
            prop_assert_eq!(other.decrypt(&place, &hidden), None);
            prop_assert_eq!(key.decrypt(&format!("{place}x"), &hidden), None);
            let mut altered = hidden.into_bytes();
            let at = at.index(altered.len());
            let digit = BASE64.iter().position(|digit| *digit == altered[at]).unwrap();
            altered[at] = BASE64[digit ^ usize::from(flip)];
            let altered = String::from_utf8(altered).unwrap();
            prop_assert_eq!(key.decrypt(&place, &altered), None);
            prop_assert_eq!(key.decrypt(&place, &altered[..at]), None);
        }
    }
}
