//! Functions that only compute: decoders, and what makes a text of other texts.
//!
//! Not here: methods of known values (`scripting::eval`), the codes themselves (`encode`).

use crate::guardrails::encode;
use crate::guardrails::scripting::eval::Val;

/// What a function that only computes returns.
pub fn computed(name: &str, args: &[Val]) -> Val {
    let Some(first) = args.first() else { return Val::Unknown };
    let text = first.text();
    let second = args.get(1).map(Val::text).unwrap_or_default();
    let known = |value: Option<String>| value.map_or(Val::Unknown, Val::Text);
    match name {
        "b64decode" | "standard_b64decode" | "decode64" | "strict_decode64" | "atob"
        | "decode_base64" | "base64_decode" | "urlsafe_b64decode" => known(encode::base64(&text)),
        "fromhex" | "unhexlify" | "hex2bin" => known(encode::hex(&text)),
        "pack" if text.starts_with(['H', 'h']) => known(encode::hex(&second)),
        "unpack" if text.starts_with(['u', 'm']) => known(encode::base64(&second)),
        "from" | "decode" if second.starts_with("base64") => known(encode::base64(&text)),
        "from" | "decode" if second.starts_with("hex") => known(encode::hex(&text)),
        "decode" if second.starts_with("rot") => {
            known(encode::translate(&text, "a-zA-Z", "n-za-mN-ZA-M"))
        }
        "map" if matches!(args, [_, Val::List(_), ..]) => codes(&args[1]),
        "from" if codes(first) != Val::Unknown => joined(codes(first)),
        "fromCharCode" | "chr" | "bytes" | "bytearray" => {
            let list = match first {
                Val::List(list) => list.clone(),
                _ => args.iter().map(Val::text).collect(),
            };
            joined(codes(&Val::List(list)))
        }
        "split" => Val::List(text.split_whitespace().map(str::to_owned).collect()),
        "join" => Val::Text(args.iter().map(Val::text).collect::<Vec<_>>().join("/")),
        "Path" | "PurePath" | "resolve" | "abspath" | "str" | "String" | "quote" | "from"
        | "list" | "tuple" | "encode" | "decode" | "text" | "Pathname" | "realpath" => {
            first.clone()
        }
        _ => Val::Unknown,
    }
}

/// Numbers as the characters they stand for.
#[must_use]
pub fn codes(value: &Val) -> Val {
    let Val::List(list) = value else { return Val::Unknown };
    let chars = list.iter().map(|code| {
        let code = match code.strip_prefix("0x") {
            Some(hex) => u32::from_str_radix(hex, 16).ok(),
            None => code.parse().ok(),
        };
        code.and_then(char::from_u32).map(String::from)
    });
    chars.collect::<Option<Vec<String>>>().map_or(Val::Unknown, Val::List)
}

/// A list of pieces as one text.
pub fn joined(value: Val) -> Val {
    match value {
        Val::List(list) => Val::Text(list.concat()),
        other => other,
    }
}
