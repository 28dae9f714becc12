//! `coord config`: every setting and where it came from.

use serde_json::{Value as Json, json};

use super::Trouble;
use super::desk::Desk;
use super::render::style::{DIM, PLAIN};
use super::render::table::{Cell, Fit, Table};
use crate::config::settings::nearest;
use crate::config::{self, Chosen, Origin, Setting};

/// What stands where a secret would.
const MASK: &str = "********";

/// Show each setting, its value and where that came from; secrets are masked.
///
/// A flag (`--set`) wins over the environment, that over the project's
/// .coordinator.toml, that over config.toml in the state directory, that over
/// the default.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  coord config                        every setting
  coord config lock_ttl_minutes       one of them
  coord --set durability=fast config  what a flag would change")]
pub struct Config {
    /// Only this setting
    key: Option<String>,
}

impl Config {
    /// Does what the arguments say.
    ///
    /// # Errors
    /// When the settings are wrong, or there is no such one.
    pub fn run(self, desk: &Desk) -> Result<(), Trouble> {
        let config = desk.config()?;
        let Some(key) = self.key else {
            return desk.show(&all(&config), || show(&config));
        };
        match config.all().find(|(setting, _)| setting.key == key) {
            Some((setting, chosen)) => desk.show(&one(setting, chosen), || {
                format!("{}\n", chosen_text(setting, chosen).unwrap_or_default())
            }),
            None => Err(Trouble::Usage {
                message: format!("there is no setting {key:?}"),
                hint: nearest(&key).map_or_else(
                    || "`coord config` lists every setting".into(),
                    |known| format!("did you mean {known}?"),
                ),
            }),
        }
    }
}

/// Every setting as fields.
#[must_use]
pub fn all(config: &config::Config) -> Json {
    json!({ "settings": config.all().map(|(setting, chosen)| one(setting, chosen)).collect::<Vec<_>>() })
}

fn one(setting: &Setting, chosen: &Chosen) -> Json {
    let value = match &chosen.value {
        Some(_) if setting.secret => json!(MASK),
        value => json!(value),
    };
    json!({
        "key": setting.key,
        "variable": setting.variable,
        "value": value,
        "from": chosen.origin,
        "secret": setting.secret,
        "meaning": setting.meaning,
    })
}

/// Every setting as a table.
#[must_use]
pub fn show(config: &config::Config) -> String {
    let mut table =
        Table::new(&[("setting", Fit::Whole), ("value", Fit::Middle), ("from", Fit::Middle)]);
    for (setting, chosen) in config.all() {
        let style = if chosen.origin == Origin::Default { DIM } else { PLAIN };
        let value = chosen_text(setting, chosen);
        table.row([
            setting.key.into(),
            Cell::styled(value.as_deref().unwrap_or("unset"), style),
            Cell::styled(&origin(&chosen.origin), style),
        ]);
    }
    table.render()
}

fn origin(origin: &Origin) -> String {
    match origin {
        Origin::Default => "default".into(),
        Origin::Flag => "--set".into(),
        Origin::Environment { variable } => (*variable).into(),
        file => file.to_string(),
    }
}

fn chosen_text(setting: &Setting, chosen: &Chosen) -> Option<String> {
    let value = chosen.value.as_ref()?;
    Some(if setting.secret { MASK.into() } else { value.to_string() })
}
