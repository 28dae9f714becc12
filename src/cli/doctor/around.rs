//! The program itself and the environment it was started in.

use super::Check;
use crate::client;
use crate::config::settings::nearest;
use crate::config::{Environment, SETTINGS, TELLING};
use crate::{daemon, store};

pub fn program() -> Check {
    Check::ok(
        "program",
        format!(
            "coord {}, schema {}, SQLite {}",
            env!("CARGO_PKG_VERSION"),
            store::migrate::version(),
            rusqlite::version()
        ),
    )
}

/// Variables that look like ours and are not: misspelt, most likely.
pub fn strangers() -> Vec<Check> {
    let environment = Environment::of_process();
    let known = |name: &str| {
        SETTINGS.iter().any(|setting| setting.variable == name)
            || TELLING.contains(&name)
            || [daemon::SUCCEEDS, client::HOME_IS_THERE].contains(&name)
    };
    environment
        .starting("COORD_")
        .filter(|name| !known(name))
        .map(|name| {
            let meant = SETTINGS.iter().find(|setting| nearest(name) == Some(setting.key));
            let advice = meant.map_or_else(
                || "`coord help settings` lists every variable".into(),
                |setting| format!("did you mean {}?", setting.variable),
            );
            Check::warn("environment", format!("{name} means nothing to coord"), advice)
        })
        .collect()
}
