//! Bytes as letters, and back: for what people copy, and for what lies in columns of text.

/// For people: no letter looks like another.
pub const BASE32: &[u8] = b"abcdefghijklmnopqrstuvwxyz234567";
/// For machines (RFC 4648, "base64url"): no letter needs quoting anywhere.
pub const BASE64: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// Writes bytes with an alphabet of 32 or 64 letters, without padding.
#[must_use]
pub fn pack(bytes: &[u8], alphabet: &[u8]) -> String {
    let bits = alphabet.len().trailing_zeros();
    let mask = alphabet.len() - 1;
    let (mut text, mut held, mut count) = (String::new(), 0_usize, 0);
    for byte in bytes {
        held = (held << 8 | usize::from(*byte)) & 0xFFFF;
        count += 8;
        while count >= bits {
            count -= bits;
            text.push(char::from(alphabet[held >> count & mask]));
        }
    }
    if count > 0 {
        text.push(char::from(alphabet[held << (bits - count) & mask]));
    }
    text
}

/// The bytes again; `None` for what [`pack`] never writes.
#[must_use]
pub fn unpack(text: &str, alphabet: &[u8]) -> Option<Vec<u8>> {
    let bits = alphabet.len().trailing_zeros();
    let (mut bytes, mut held, mut count) = (Vec::with_capacity(text.len()), 0_usize, 0);
    for letter in text.bytes() {
        let digit = alphabet.iter().position(|known| *known == letter)?;
        held = (held << bits | digit) & 0xFFFF;
        count += bits;
        if count >= 8 {
            count -= 8;
            bytes.push((held >> count & 0xFF).to_le_bytes()[0]);
        }
    }
    // One text for the same bytes: what is left over is nothing.
    (count < bits && held & ((1 << count) - 1) == 0).then_some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn letters_are_those_of_the_standard() {
        for (plain, five, six) in [
            ("", "", ""),
            ("f", "my", "Zg"),
            ("fo", "mzxq", "Zm8"),
            ("foobar", "mzxw6ytboi", "Zm9vYmFy"),
        ] {
            assert_eq!(
                (pack(plain.as_bytes(), BASE32), pack(plain.as_bytes(), BASE64)),
                (five.into(), six.into())
            );
        }
        for not in ["A", "Zh", "Zg=", "Z g"] {
            assert_eq!(unpack(not, BASE64), None, "{not}");
        }
    }

    proptest! {
        #[test]
        fn bytes_come_back(bytes: Vec<u8>) {
            for alphabet in [BASE32, BASE64] {
                prop_assert_eq!(unpack(&pack(&bytes, alphabet), alphabet), Some(bytes.clone()));
            }
        }
    }
}
