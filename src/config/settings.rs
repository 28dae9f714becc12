//! The table of settings: one row for each, and how its text is read.

use super::value::{Accepts, Value};

/// Where a setting may stand, besides the default.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// Everywhere.
    Anywhere,
    /// Everywhere, but a project's file may only make it stricter: whoever can
    /// edit a file of the repository must not thereby gain trust.
    ProjectTightens,
    /// Not in a project's file: whoever shares the repository must neither read
    /// it nor send it elsewhere.
    Private,
    /// Only on the command line or in the environment: it belongs to one process,
    /// or decides where the files are.
    Process,
}

/// One setting.
#[derive(Debug)]
pub struct Setting {
    /// Its name in files and with `--set`.
    pub key: &'static str,
    /// Its environment variable.
    pub variable: &'static str,
    /// What it may be.
    pub accepts: Accepts,
    /// What it is if nothing is said; `None` is "unset".
    pub default: Option<&'static str>,
    /// It is never shown.
    pub secret: bool,
    /// Where it may stand.
    pub place: Place,
    /// One line for people.
    pub meaning: &'static str,
}

const BASE: Setting = Setting {
    key: "",
    variable: "",
    accepts: Accepts::Text,
    default: None,
    secret: false,
    place: Place::Anywhere,
    meaning: "",
};

/// Every setting, in the order in which `coord config` prints them.
pub static SETTINGS: &[Setting] = &[
    Setting {
        key: "home",
        variable: "COORD_HOME",
        accepts: Accepts::AbsolutePath,
        place: Place::Process,
        meaning: "state directory: database, socket, lock file, backups, logs",
        ..BASE
    },
    Setting {
        key: "durability",
        variable: "COORD_DURABILITY",
        accepts: Accepts::Choice(&["full", "fast"]),
        default: Some("full"),
        place: Place::Private,
        meaning: "full: an answer survives a power cut; fast: any crash of a process",
        ..BASE
    },
    Setting {
        key: "log",
        variable: "COORD_LOG",
        default: Some("info"),
        meaning: "what the daemon logs: error, warn, info, debug, trace, or by module",
        ..BASE
    },
    Setting {
        key: "idle_stop_minutes",
        variable: "COORD_IDLE_STOP_MINUTES",
        accepts: Accepts::Whole { min: 0, max: 10_080 },
        default: Some("0"),
        meaning: "idle time after which the daemon stops; 0: it stays",
        ..BASE
    },
    Setting {
        key: "agent_id",
        variable: "AGENT_ID",
        place: Place::Process,
        meaning: "name of the agent; derived from the client if unset",
        ..BASE
    },
    Setting {
        key: "agent_type",
        variable: "AGENT_TYPE",
        place: Place::Process,
        meaning: "kind of client; derived from the client if unset",
        ..BASE
    },
    Setting {
        key: "session_id",
        variable: "SESSION_ID",
        place: Place::Process,
        meaning: "the agent's session; derived from the client if unset",
        ..BASE
    },
    Setting {
        key: "lock_ttl_minutes",
        variable: "LOCK_TTL_MINUTES",
        accepts: Accepts::Whole { min: 1, max: 480 },
        default: Some("120"),
        meaning: "how long a lock lasts unless its taker says otherwise",
        ..BASE
    },
    Setting {
        key: "worktree_locks",
        variable: "COORD_WORKTREE_LOCKS",
        accepts: Accepts::Choice(&["block", "warn"]),
        default: Some("warn"),
        place: Place::ProjectTightens,
        meaning: "a lock held in another worktree: warn shows it, block refuses the edit",
        ..BASE
    },
    Setting {
        key: "mode",
        variable: "COORD_MODE",
        accepts: Accepts::Choice(&["local", "mirror", "arbiter"]),
        default: Some("mirror"),
        meaning: "once enrolled: local keeps a project's rows here, mirror copies, arbiter shares locks and work",
        ..BASE
    },
    Setting {
        key: "offline_policy",
        variable: "COORD_OFFLINE_POLICY",
        accepts: Accepts::Choice(&["deny", "local"]),
        default: Some("deny"),
        place: Place::ProjectTightens,
        meaning: "in mode arbiter without a network: deny new locks, or local: grant them for now",
        ..BASE
    },
    Setting {
        key: "hook_failure",
        variable: "COORD_HOOK_FAILURE",
        accepts: Accepts::Choice(&["closed", "open"]),
        default: Some("open"),
        place: Place::ProjectTightens,
        meaning: "an edit that cannot be checked, as no daemon answers: open lets it pass, closed does not",
        ..BASE
    },
    Setting {
        key: "person_commits",
        variable: "COORD_PERSON_COMMITS",
        accepts: Accepts::Choice(&["block", "warn"]),
        default: Some("warn"),
        place: Place::ProjectTightens,
        meaning: "a person commits a file that an agent holds: warn tells of it, block refuses",
        ..BASE
    },
    Setting {
        key: "stale_agent_minutes",
        variable: "STALE_AGENT_MINUTES",
        accepts: Accepts::Whole { min: 1, max: 1_440 },
        default: Some("15"),
        meaning: "silence after which an agent without a live connection counts as dead",
        ..BASE
    },
    Setting {
        key: "audit_retention_days",
        variable: "AUDIT_RETENTION_DAYS",
        accepts: Accepts::Whole { min: 1, max: 36_500 },
        default: Some("90"),
        meaning: "how long audit rows stay in the live file before they are sealed",
        ..BASE
    },
    Setting {
        key: "policy_engine",
        variable: "POLICY_ENGINE",
        accepts: Accepts::Choice(&["native", "cedar"]),
        default: Some("native"),
        place: Place::Private,
        meaning: "what decides who may do what",
        ..BASE
    },
    Setting {
        key: "cedar_schema_path",
        variable: "CEDAR_SCHEMA_PATH",
        accepts: Accepts::Path,
        place: Place::Private,
        meaning: "an own Cedar schema; the built-in one if unset",
        ..BASE
    },
    Setting {
        key: "policy_code_fallback",
        variable: "POLICY_CODE_FALLBACK",
        accepts: Accepts::Switch,
        default: Some("true"),
        meaning: "fall back on the built-in policies when no others can be read",
        place: Place::ProjectTightens,
        ..BASE
    },
    Setting {
        key: "profiles_default_trust",
        variable: "PROFILES_DEFAULT_TRUST",
        accepts: Accepts::Whole { min: 0, max: 4 },
        default: Some("2"),
        place: Place::ProjectTightens,
        meaning: "trust of an agent without a profile of its own",
        ..BASE
    },
    Setting {
        key: "profiles_enforce_limits",
        variable: "PROFILES_ENFORCE_LIMITS",
        accepts: Accepts::Switch,
        default: Some("true"),
        place: Place::ProjectTightens,
        meaning: "hold agents to the limits of their profiles",
        ..BASE
    },
    Setting {
        key: "guardrails_code_fallback",
        variable: "GUARDRAILS_CODE_FALLBACK",
        accepts: Accepts::Switch,
        default: Some("true"),
        place: Place::ProjectTightens,
        meaning: "use the built-in patterns when the store cannot be read",
        ..BASE
    },
    Setting {
        key: "network_default_policy",
        variable: "NETWORK_DEFAULT_POLICY",
        accepts: Accepts::Choice(&["deny", "allow"]),
        default: Some("deny"),
        place: Place::ProjectTightens,
        meaning: "what happens to a domain that no list names",
        ..BASE
    },
    Setting {
        key: "supabase_url",
        variable: "SUPABASE_URL",
        accepts: Accepts::Url(&["https", "http"]),
        place: Place::Private,
        meaning: "the Supabase project to mirror to, once there is a key; no cloud if unset",
        ..BASE
    },
    Setting {
        key: "supabase_service_key",
        variable: "SUPABASE_SERVICE_KEY",
        secret: true,
        place: Place::Private,
        meaning: "its service key, with which this machine enrols itself; it is kept in no file",
        ..BASE
    },
    Setting {
        key: "supabase_key",
        variable: "SUPABASE_KEY",
        secret: true,
        place: Place::Private,
        meaning: "its publishable key, which is kept once the machine is enrolled",
        ..BASE
    },
    Setting {
        key: "supabase_rest_prefix",
        variable: "SUPABASE_REST_PREFIX",
        meaning: "path of its REST interface, where it is not the usual one",
        ..BASE
    },
    Setting {
        key: "sync_leave_out",
        variable: "COORD_SYNC_LEAVE_OUT",
        place: Place::Private,
        meaning: "tables that are not mirrored, with commas between them",
        ..BASE
    },
    Setting {
        key: "supabase_db_url",
        variable: "SUPABASE_DB_URL",
        accepts: Accepts::Url(&["postgresql", "postgres"]),
        secret: true,
        place: Place::Private,
        meaning: "its database, for setting it up",
        ..BASE
    },
];

/// Place of the setting in [`SETTINGS`].
#[must_use]
pub fn index_of(key: &str) -> Option<usize> {
    SETTINGS.iter().position(|setting| setting.key == key)
}

/// The known key that is most like `wrong`, if one is like it at all. The name
/// of an environment variable counts as like its key.
#[must_use]
pub fn nearest(wrong: &str) -> Option<&'static str> {
    let wrong = wrong.to_lowercase().replace(['-', ' ', '.'], "_");
    let likeness = |setting: &Setting| {
        strsim::jaro_winkler(&wrong, setting.key)
            .max(strsim::jaro_winkler(&wrong, &setting.variable.to_lowercase()))
    };
    SETTINGS
        .iter()
        .map(|setting| (likeness(setting), setting.key))
        .filter(|(likeness, _)| *likeness > 0.8)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, key)| key)
}

impl Setting {
    /// Whether `new` gives nobody more than `old` does.
    pub(super) fn is_no_looser(&self, new: &Value, old: &Value) -> bool {
        match (new, old) {
            (Value::Whole(new), Value::Whole(old)) => new <= old,
            (Value::Switch(new), Value::Switch(old)) => *new || !*old,
            // The choices are listed strictest first.
            (Value::Text(new), Value::Text(old)) => match self.accepts {
                Accepts::Choice(names) => {
                    let rank = |text: &str| names.iter().position(|name| *name == text);
                    rank(new) <= rank(old)
                }
                _ => true,
            },
            _ => true,
        }
    }
}
