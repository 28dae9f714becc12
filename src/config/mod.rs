//! The settings: the only reader of the environment, the settings files and the
//! defaults.
//!
//! - Command line, environment, the project's `.coordinator.toml`, the user's
//!   `config.toml`, default: the first that says something wins.
//! - Every layer is checked, also where another one wins over it.
//! - A project's file can neither hold secrets nor loosen what guards the user.
//!
//! Not here: what the settings do (whoever asks for them).

pub mod env;
mod file;
mod getters;
mod refusal;
pub mod settings;
mod value;

use std::path::Path;

pub use env::{Environment, TELLING, is_terminal, is_watched, telling_env};
pub use getters::{Durability, HookFailure, NetworkPolicy, PolicyEngine, WorktreeLocks};
pub use refusal::{ConfigRefusal, Origin};
pub use settings::{SETTINGS, Setting};
pub use value::{Accepts, Value};

use crate::home::Home;
use settings::Place;

/// Name of a project's settings file, in the root of the worktree.
pub const PROJECT_FILE: &str = ".coordinator.toml";

/// A setting given on the command line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flag {
    /// Its key.
    pub key: String,
    /// Its value as text.
    pub text: String,
}

/// The settings as they are.
#[derive(Clone, Debug)]
pub struct Config {
    /// One for each row of [`SETTINGS`].
    values: Vec<Chosen>,
}

/// A setting's value and where it came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chosen {
    /// `None`: unset.
    pub value: Option<Value>,
    /// Where it came from.
    pub origin: Origin,
}

impl Config {
    /// The settings of this process.
    ///
    /// # Errors
    /// The first thing that is wrong, with the place where it stands.
    pub fn load(
        home: &Home,
        project_root: Option<&Path>,
        flags: &[Flag],
    ) -> Result<Self, ConfigRefusal> {
        Self::read(&Environment::of_process(), home, project_root, flags)
    }

    /// The settings, with the environment given.
    ///
    /// # Errors
    /// As [`Config::load`].
    pub fn read(
        environment: &Environment,
        home: &Home,
        project_root: Option<&Path>,
        flags: &[Flag],
    ) -> Result<Self, ConfigRefusal> {
        let mut config = Self::defaults();
        // From the bottom up: what is set later wins.
        let user = home.config();
        for entry in file::read(&user)? {
            let origin = Origin::User { file: user.clone(), line: entry.line };
            config.set(&entry.key, entry.text.as_deref(), origin)?;
        }
        if let Some(project) = project_root.map(|root| root.join(PROJECT_FILE)) {
            for entry in file::read(&project)? {
                let origin = Origin::Project { file: project.clone(), line: entry.line };
                config.set(&entry.key, entry.text.as_deref(), origin)?;
            }
        }
        for setting in SETTINGS {
            if let Some(text) = environment.get(setting.variable) {
                let origin = Origin::Environment { variable: setting.variable };
                config.set(setting.key, Some(text), origin)?;
            }
        }
        for flag in flags {
            config.set(&flag.key, Some(&flag.text), Origin::Flag)?;
        }
        config.settle_home(home);
        Ok(config)
    }

    /// The settings when nobody says anything.
    #[must_use]
    pub fn defaults() -> Self {
        let chosen = |setting: &Setting| Chosen {
            value: setting.default.and_then(|text| setting.accepts.read(text)),
            origin: Origin::Default,
        };
        Self { values: SETTINGS.iter().map(chosen).collect() }
    }

    /// Every setting with its value, in the order of [`SETTINGS`].
    pub fn all(&self) -> impl Iterator<Item = (&'static Setting, &Chosen)> {
        SETTINGS.iter().zip(&self.values)
    }

    /// The value of one setting; `None` if it is unset or there is no such key.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.values.get(settings::index_of(key)?)?.value.as_ref()
    }

    /// Whether the project's own file decides this setting.
    #[must_use]
    pub fn is_of_project(&self, key: &str) -> bool {
        let chosen = settings::index_of(key).and_then(|at| self.values.get(at));
        chosen.is_some_and(|chosen| matches!(chosen.origin, Origin::Project { .. }))
    }

    /// Whether the user's own file decides this setting.
    #[must_use]
    pub fn is_of_user(&self, key: &str) -> bool {
        let chosen = settings::index_of(key).and_then(|at| self.values.get(at));
        chosen.is_some_and(|chosen| matches!(chosen.origin, Origin::User { .. }))
    }

    fn set(&mut self, key: &str, text: Option<&str>, origin: Origin) -> Result<(), ConfigRefusal> {
        let found = settings::index_of(key);
        let Some((setting, chosen)) =
            found.and_then(|at| Some((SETTINGS.get(at)?, self.values.get_mut(at)?)))
        else {
            let nearest = settings::nearest(key);
            return Err(ConfigRefusal::Unknown { key: shortened(key), origin, nearest });
        };
        let value = checked(setting, text, &origin)?;
        if key == "mode" && matches!(origin, Origin::Project { .. }) && is_local(chosen) {
            // Whoever keeps everything here is not overruled by a file that others share.
            return Ok(());
        }
        may_stand(setting, &value, chosen.value.as_ref(), &origin)?;
        *chosen = Chosen { value: Some(value), origin };
        Ok(())
    }

    /// Home was found before there was a configuration; show what was found.
    fn settle_home(&mut self, home: &Home) {
        let found = settings::index_of("home").and_then(|at| self.values.get_mut(at));
        if let Some(Chosen { value: value @ None, .. }) = found {
            *value = Some(Value::Text(home.dir().display().to_string()));
        }
    }
}

fn is_local(mode: &Chosen) -> bool {
    matches!(&mode.value, Some(Value::Text(text)) if text == "local")
}

/// Reads the text of one setting.
///
/// # Errors
/// [`ConfigRefusal::Bad`], which does not repeat a secret.
fn checked(setting: &Setting, text: Option<&str>, origin: &Origin) -> Result<Value, ConfigRefusal> {
    text.and_then(|text| setting.accepts.read(text)).ok_or_else(|| ConfigRefusal::Bad {
        key: setting.key,
        origin: origin.clone(),
        sent: match text {
            Some(_) if setting.secret => "not usable".into(),
            Some(text) => format!("{:?}", shortened(text)),
            None => "no plain value".into(),
        },
        accepts: setting.accepts,
    })
}

/// Whether the setting may have this value in this layer.
fn may_stand(
    setting: &Setting,
    value: &Value,
    below: Option<&Value>,
    origin: &Origin,
) -> Result<(), ConfigRefusal> {
    let project = matches!(origin, Origin::Project { .. });
    let in_file = project || matches!(origin, Origin::User { .. });
    let (key, variable) = (setting.key, setting.variable);
    match (setting.place, below) {
        (Place::Process, _) if in_file => {
            Err(ConfigRefusal::Misplaced { key, variable, origin: origin.clone(), private: false })
        }
        (Place::Private, _) if project => {
            Err(ConfigRefusal::Misplaced { key, variable, origin: origin.clone(), private: true })
        }
        (Place::ProjectTightens, Some(own)) if project && !setting.is_no_looser(value, own) => {
            Err(ConfigRefusal::Looser {
                key,
                origin: origin.clone(),
                sent: value.to_string(),
                own: own.to_string(),
            })
        }
        _ => Ok(()),
    }
}

/// A setting from the command line, as `KEY=VALUE`.
///
/// # Errors
/// As a setting in a file.
pub fn parse_flag(text: &str) -> Result<Flag, ConfigRefusal> {
    let (key, value) = text.split_once('=').map_or((text, None), |(key, value)| (key, Some(value)));
    let key = key.trim();
    let setting = SETTINGS.iter().find(|setting| setting.key == key).ok_or_else(|| {
        ConfigRefusal::Unknown {
            key: shortened(key),
            origin: Origin::Flag,
            nearest: settings::nearest(key),
        }
    })?;
    checked(setting, value, &Origin::Flag)?;
    Ok(Flag { key: key.to_owned(), text: value.unwrap_or_default().to_owned() })
}

fn shortened(text: &str) -> String {
    const SHOWN_MAX: usize = 60;
    if text.chars().count() <= SHOWN_MAX {
        return text.to_owned();
    }
    text.chars().take(SHOWN_MAX).chain("…".chars()).collect()
}
