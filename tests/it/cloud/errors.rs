//! Which status an SQLSTATE becomes.
//!
//! After the table in `PostgREST`'s documentation, "Errors: HTTP Status Codes".

/// The status of an error with this SQLSTATE for a caller of this role.
pub fn status(code: &str, role: &str) -> u16 {
    if let Some(own) = code.strip_prefix("PT").and_then(|status| status.parse().ok()) {
        return own;
    }
    match code {
        "23503" | "23505" => 409,
        "25006" => 405,
        "42501" if role == "anon" => 401,
        "42501" => 403,
        "42883" | "42P01" => 404,
        "42P17" | "53400" => 500,
        "57P01" => 503,
        "P0001" => 400,
        _ => by_class(&code[..2]),
    }
}

fn by_class(class: &str) -> u16 {
    match class {
        "08" | "53" => 503,
        "0L" | "0P" | "28" => 403,
        "54" => 413,
        "09" | "25" | "2D" | "38" | "39" | "3B" | "40" | "55" | "57" | "58" | "F0" | "HV"
        | "P0" | "XX" => 500,
        _ => 400,
    }
}
