//! The mirror over HTTP: the only place that opens a connection.
//!
//! - A new key (`sb_…`) is no JWT and goes in `apikey` alone; a JWT goes in both headers.
//! - The device's token goes in a header of its own, so that it stands in no body and no log.
//! - A plain `User-Agent`: secret keys are refused to what looks like a browser.
//!
//! Not here: what an answer means (`trouble`).

use std::time::Duration;

use anyhow::{Context as _, ensure};
use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue, RETRY_AFTER};
use serde_json::Value;

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long a connection may take to stand.
const CONNECT: Duration = Duration::from_secs(10);
/// The most of an answer that is read.
const BYTES: usize = 32 << 20;

/// What came back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// The HTTP status.
    pub status: u16,
    /// What `Retry-After` says.
    pub retry_after: Option<Duration>,
    /// The body.
    pub body: String,
}

/// Carries a request to the mirror.
pub trait Transport {
    /// Calls a function.
    ///
    /// # Errors
    /// What kept an answer from coming; whether the request was carried out is not known then.
    fn call(
        &mut self,
        function: &'static str,
        request: &Value,
    ) -> impl Future<Output = Result<Reply, String>>;

    /// Presents this token from now on.
    fn identify(&mut self, token: &str);
}

/// Where the mirror is and how it is opened.
#[derive(Clone)]
pub struct Address {
    /// The project's URL.
    pub url: String,
    /// Path of its REST interface.
    pub rest_prefix: String,
    /// The project's key.
    pub key: String,
}

/// The path of the REST interface of a hosted project.
pub const REST_PREFIX: &str = "/rest/v1";

/// A connection to a mirror.
#[derive(Clone)]
pub struct Remote {
    client: reqwest::Client,
    base: String,
    headers: HeaderMap,
}

impl Remote {
    /// A mirror at `address`; `version` is this program's.
    ///
    /// # Errors
    /// When the address or the key cannot be one.
    pub fn new(address: &Address, version: &str) -> anyhow::Result<Self> {
        Self::with_patience(address, version, PATIENCE)
    }

    /// The same, for whoever waits this long for an answer.
    ///
    /// # Errors
    /// As [`Remote::new`].
    pub fn with_patience(
        address: &Address,
        version: &str,
        patience: Duration,
    ) -> anyhow::Result<Self> {
        let url = address.url.trim_end_matches('/');
        ensure!(
            url.starts_with("https://") || url.starts_with("http://"),
            "the URL must begin with https://"
        );
        let prefix = address.rest_prefix.trim_matches('/');
        let slash = if prefix.is_empty() { "" } else { "/" };
        // A process has one provider of cryptography; whoever comes second finds it there.
        drop(rustls::crypto::ring::default_provider().install_default());
        let client = reqwest::Client::builder()
            .user_agent(format!("coord/{version}"))
            .timeout(patience)
            .connect_timeout(CONNECT)
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .context("failed to prepare connections")?;
        Ok(Self {
            client,
            base: format!("{url}{slash}{prefix}/rpc/"),
            headers: headers(&address.key)?,
        })
    }
}

/// The headers that a key is presented in.
fn headers(key: &str) -> anyhow::Result<HeaderMap> {
    let mut headers = HeaderMap::new();
    let secret = |text: &str| -> anyhow::Result<HeaderValue> {
        // The text is not repeated in the error: it is a secret.
        let mut value = HeaderValue::from_str(text)
            .map_err(|_unfit| anyhow::anyhow!("the key has characters that no key has"))?;
        value.set_sensitive(true);
        Ok(value)
    };
    headers.insert(HeaderName::from_static("apikey"), secret(key)?);
    if !key.starts_with("sb_") && key.split('.').count() == 3 {
        headers.insert(AUTHORIZATION, secret(&format!("Bearer {key}"))?);
    }
    Ok(headers)
}

impl Transport for Remote {
    async fn call(&mut self, function: &'static str, request: &Value) -> Result<Reply, String> {
        let body = format!("{{\"p\":{request}}}");
        let sent = self
            .client
            .post(format!("{}{function}", self.base))
            .headers(self.headers.clone())
            .header(reqwest::header::CONTENT_TYPE, "application/json")
            .body(body)
            .send()
            .await;
        let mut response = sent.map_err(|error| chain(&error.without_url()))?;
        let status = response.status().as_u16();
        let retry_after = response
            .headers()
            .get(RETRY_AFTER)
            .and_then(|value| value.to_str().ok()?.trim().parse().ok())
            .map(Duration::from_secs);
        let mut bytes = Vec::new();
        while let Some(more) =
            response.chunk().await.map_err(|error| chain(&error.without_url()))?
        {
            if bytes.len() + more.len() > BYTES {
                return Err(format!("the answer has more than {} MiB", BYTES >> 20));
            }
            bytes.extend_from_slice(&more);
        }
        Ok(Reply { status, retry_after, body: String::from_utf8_lossy(&bytes).into_owned() })
    }

    fn identify(&mut self, token: &str) {
        let name = HeaderName::from_static("x-coord-token");
        match HeaderValue::from_str(token) {
            Ok(mut value) if !token.is_empty() => {
                value.set_sensitive(true);
                self.headers.insert(name, value);
            }
            _ => drop(self.headers.remove(name)),
        }
    }
}

/// An error and what it comes from.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        text = format!("{text}: {inner}");
        cause = inner.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_key_goes_alone_and_a_jwt_goes_twice() {
        for (key, both) in [
            ("sb_publishable_a.b.c", false),
            ("sb_secret_x", false),
            ("a.b.c", true),
            ("plain", false),
        ] {
            let headers = headers(key).unwrap();
            assert_eq!(headers["apikey"], key);
            assert_eq!(headers.contains_key(AUTHORIZATION), both, "{key}");
            assert!(headers.values().all(HeaderValue::is_sensitive));
        }
        let error = headers("line\nbreak").unwrap_err().to_string();
        assert!(!error.contains("break"), "{error}");
    }
}
