//! Where what is set here, what the daemon was started with and the login do not agree.

use serde_json::Value;

use crate::config::Config;
use crate::mirror::keys::Keys;

/// What somebody should know who looks at `status` with these settings.
#[must_use]
pub fn notes(config: &Config, status: &Value) -> Vec<String> {
    let (mirror, told) = (status["url"].as_str(), status["set_url"].as_str());
    let keys = Keys::of(config);
    let lacks_key = keys.service.is_some() && status["has_service_key"] == false;
    let named = config.supabase_url().filter(|_| keys.least().is_some());
    let mut notes = Vec::new();
    if named.is_some()
        && mirror.is_none()
        && status["state"] == "off"
        && (told.is_none() || lacks_key)
    {
        notes.push(
            "SUPABASE_URL and a key are set here, but the daemon was started without them: \
             `coord daemon stop`, and the next call starts it with them; or put them into config.toml"
                .to_owned(),
        );
    }
    let bare = |url: &str| url.trim_end_matches('/').to_owned();
    let other = |mirror: &str| {
        let set = config.supabase_url().into_iter().chain(told);
        set.map(bare).find(|url| *url != bare(mirror))
    };
    if let Some((mirror, url)) = mirror.and_then(|mirror| Some((mirror, other(mirror)?))) {
        notes.push(format!(
            "this machine is mirrored to {mirror}, not to {url}, which the settings name: \
             `coord sync logout`, then `coord sync login`, changes that"
        ));
    }
    notes
}
