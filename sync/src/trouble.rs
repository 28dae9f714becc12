//! What an answer means that is not what was asked for.
//!
//! - The `code` of the JSON decides, not the HTTP status: PostgREST gives 500 for a
//!   deadlock and for a broken function alike (its documentation, "Errors").
//! - A body that is not JSON comes from somebody else: a paused project's page, a
//!   captive portal, a proxy. It means offline.

use std::time::Duration;

use serde_json::Value;

use crate::remote::Reply;

/// Why a request had no effect, or none that is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// Nobody answered, or somebody else did.
    Offline {
        /// What was seen.
        what: String,
        /// It was a page for people rather than nothing.
        page: bool,
    },
    /// The project is there and sleeps until its owner wakes it.
    Paused {
        /// What it said.
        what: String,
    },
    /// The mirror could not do it now.
    Busy {
        /// What it said.
        what: String,
        /// How long it wants to be left alone.
        after: Option<Duration>,
    },
    /// It was too much at once.
    TooMuch {
        /// What it said.
        what: String,
    },
    /// Something in it can never be taken; which, is not said.
    Poison {
        /// What it said.
        what: String,
    },
    /// The key or the token is not accepted.
    Denied {
        /// What it said.
        what: String,
        /// Which of the two.
        whom: Whom,
    },
    /// The mirror's functions or tables are not those of this program.
    Schema {
        /// What it said.
        what: String,
    },
    /// The request makes no sense to the mirror, or its answer none to us.
    Nonsense {
        /// What was said.
        what: String,
    },
}

/// What is not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whom {
    /// The project's key.
    Key,
    /// A device that the mirror does not know.
    Stranger,
    /// A device that it knows, and that may not do this.
    ShutOut,
}

/// What the hosts of Supabase answer for a paused project.
const PAUSED: u16 = 540;

/// Characters of a foreign text that are repeated.
const QUOTED: usize = 200;

/// What an answer holds.
///
/// # Errors
/// What it means otherwise.
pub fn read(reply: &Reply) -> Result<Value, Trouble> {
    let parsed: Result<Value, _> = serde_json::from_str(&reply.body);
    let answer = match parsed {
        Ok(Value::Object(fields)) => Value::Object(fields),
        // Before PostgREST: a gateway's own limits.
        _ if reply.status == 413 => return Err(Trouble::TooMuch { what: said(reply, None) }),
        _ if reply.status == 429 => {
            return Err(Trouble::Busy { what: said(reply, None), after: reply.retry_after });
        }
        _ if reply.status == PAUSED => {
            return Err(Trouble::Paused { what: said(reply, None) });
        }
        _ => {
            // Nothing of Supabase sends elsewhere; networks that want a login do.
            let elsewhere = (300..400).contains(&reply.status);
            let page = elsewhere || reply.body.trim_start().starts_with('<');
            return Err(Trouble::Offline { what: said(reply, None), page });
        }
    };
    if reply.status == 200 {
        return Ok(answer);
    }
    let code = answer.get("code").and_then(Value::as_str).unwrap_or_default();
    Err(classify(reply, code, said(reply, Some(&answer))))
}

fn classify(reply: &Reply, code: &str, what: String) -> Trouble {
    let starts = |heads: &[&str]| heads.iter().any(|head| code.starts_with(head));
    match reply.status {
        _ if code == "PT429" || reply.status == 429 => {
            Trouble::Busy { what, after: reply.retry_after }
        }
        _ if code == "57014" || code == "PT413" || reply.status == 413 => Trouble::TooMuch { what },
        _ if matches!(code, "22P05" | "22P02" | "22021") => Trouble::Poison { what },
        _ if code == "PGRST202" || starts(&["42", "PGRST1", "PGRST2"]) && reply.status != 401 => {
            Trouble::Schema { what }
        }
        _ if reply.status == PAUSED => Trouble::Paused { what },
        401 | 403 => Trouble::Denied { what, whom: whom(code) },
        _ if starts(&["40", "53", "55", "57", "58", "08", "XX"]) => {
            Trouble::Busy { what, after: None }
        }
        500..=599 => Trouble::Busy { what, after: reply.retry_after },
        _ => Trouble::Nonsense { what },
    }
}

fn whom(code: &str) -> Whom {
    match code {
        "PT401" => Whom::Stranger,
        code if code.starts_with("PT4") => Whom::ShutOut,
        _ => Whom::Key,
    }
}

/// The answer in words.
fn said(reply: &Reply, answer: Option<&Value>) -> String {
    let field = |name| answer.and_then(|answer| answer.get(name)).and_then(Value::as_str);
    let text = match (field("code"), field("message")) {
        (Some(code), Some(message)) => format!("{code}: {message}"),
        (None, Some(message)) => message.to_owned(),
        _ => reply.body.trim().to_owned(),
    };
    let short: String = text.chars().take(QUOTED).collect();
    let short = short.replace(['\n', '\r'], " ");
    if short.is_empty() {
        return format!("HTTP {}", reply.status);
    }
    format!("HTTP {}, {short}", reply.status)
}

impl Trouble {
    /// A short name of what is wrong, for programs.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Offline { page: true, .. } => "not_supabase",
            Self::Offline { .. } => "offline",
            Self::Paused { .. } => "paused",
            Self::Busy { .. } => "busy",
            Self::TooMuch { .. } => "too_much",
            Self::Poison { .. } => "poison",
            Self::Denied { whom: Whom::Key, .. } => "wrong_key",
            Self::Denied { whom: Whom::Stranger, .. } => "not_enrolled",
            Self::Denied { whom: Whom::ShutOut, .. } => "shut_out",
            Self::Schema { .. } => "missing_migration",
            Self::Nonsense { .. } => "nonsense",
        }
    }

    /// What was seen.
    #[must_use]
    pub fn what(&self) -> &str {
        match self {
            Self::Offline { what, .. }
            | Self::Paused { what }
            | Self::Busy { what, .. }
            | Self::TooMuch { what }
            | Self::Poison { what }
            | Self::Denied { what, .. }
            | Self::Schema { what }
            | Self::Nonsense { what } => what,
        }
    }

    /// Whether only a person can help; it is tried again rarely.
    #[must_use]
    pub const fn needs_a_person(&self) -> bool {
        matches!(
            self,
            Self::Paused { .. } | Self::Denied { .. } | Self::Schema { .. } | Self::Nonsense { .. }
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reply(status: u16, body: &str) -> Reply {
        Reply { status, retry_after: Some(Duration::from_secs(7)), body: body.into() }
    }

    #[test]
    fn an_answer_is_known_by_its_code_not_its_status() {
        let cases = [
            (500, r#"{"code":"40P01","message":"deadlock"}"#, "busy"),
            (500, r#"{"code":"57014","message":"statement timeout"}"#, "too_much"),
            (500, r#"{"code":"XX000","message":"internal"}"#, "busy"),
            (503, r#"{"code":"53300","message":"too many connections"}"#, "busy"),
            (504, r#"{"code":"PGRST003","message":"pool"}"#, "busy"),
            (404, r#"{"code":"PGRST202","message":"no function"}"#, "missing_migration"),
            (404, r#"{"code":"42P01","message":"no table"}"#, "missing_migration"),
            (401, r#"{"code":"PT401","message":"unknown token"}"#, "not_enrolled"),
            (403, r#"{"code":"PT403","message":"revoked"}"#, "shut_out"),
            (401, r#"{"message":"Invalid API key"}"#, "wrong_key"),
            (401, r#"{"code":"PGRST301","message":"JWT expired"}"#, "wrong_key"),
            (401, r#"{"code":"42501","message":"permission denied"}"#, "wrong_key"),
            (413, "Request Entity Too Large", "too_much"),
            (413, r#"{"code":"PT413","message":"above 8 MB"}"#, "too_much"),
            (429, r#"{"code":"PT429","message":"slow down"}"#, "busy"),
            (429, "slow down", "busy"),
            (400, r#"{"code":"22P05","message":"unsupported Unicode escape"}"#, "poison"),
            (400, r#"{"code":"PT400","message":"first is missing"}"#, "nonsense"),
            (200, "<!DOCTYPE html><title>Log in</title>", "not_supabase"),
            (540, "<html>paused</html>", "paused"),
            (540, r#"{"message":"project paused"}"#, "paused"),
            (302, "", "not_supabase"),
            (200, "", "offline"),
            (200, "[]", "offline"),
            (200, r#"{"status":"o"#, "offline"),
            (502, "bad gateway", "offline"),
        ];
        for (status, body, wanted) in cases {
            let trouble = read(&reply(status, body)).unwrap_err();
            assert_eq!(trouble.code(), wanted, "{status} {body}");
        }
        let busy = read(&reply(429, "{}")).unwrap_err();
        assert!(matches!(busy, Trouble::Busy { after: Some(after), .. } if after.as_secs() == 7));
        assert_eq!(read(&reply(200, r#"{"status":"ok"}"#)).unwrap()["status"], "ok");
    }
}
