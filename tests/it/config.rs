//! Settings: which layer wins, and how each mistake is told.

use std::path::Path;

use coord::config::{
    self, Accepts, Config, ConfigRefusal, Durability, Environment, Flag, NetworkPolicy, Origin,
    PROJECT_FILE, PolicyEngine, SETTINGS, Value, WorktreeLocks,
};
use coord::failure::Refusal as _;
use coord::home::Home;

/// A home and a project with settings files, and an environment.
struct Layers {
    folder: tempfile::TempDir,
    environment: Environment,
    flags: Vec<Flag>,
}

impl Layers {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        for name in ["home", "project"] {
            std::fs::create_dir(folder.path().join(name)).expect("the folder is empty");
        }
        Self { folder, environment: Environment::default(), flags: Vec::new() }
    }

    fn user(self, text: &str) -> Self {
        self.write(&Path::new("home").join("config.toml"), text)
    }

    fn project(self, text: &str) -> Self {
        self.write(&Path::new("project").join(PROJECT_FILE), text)
    }

    fn write(self, name: &Path, text: &str) -> Self {
        std::fs::write(self.folder.path().join(name), text).expect("the folder is writable");
        self
    }

    fn env(mut self, name: &str, value: &str) -> Self {
        self.environment = Environment::of([(name, value)]);
        self
    }

    fn flag(mut self, key: &str, text: &str) -> Self {
        self.flags.push(Flag { key: key.into(), text: text.into() });
        self
    }

    fn load(&self) -> Result<Config, ConfigRefusal> {
        let home = Home::locate(Some(self.folder.path().join("home")), None).expect("absolute");
        let project = self.folder.path().join("project");
        Config::read(&self.environment, &home, Some(&project), &self.flags)
    }

    /// The refusal as a person reads it, without the folder's random name.
    fn refusal(&self) -> String {
        let refusal = self.load().expect_err("the settings are wrong");
        let folder = self.folder.path().display().to_string();
        let text = format!("{refusal} | {}", refusal.hint().expect("there is a way out"));
        text.replace(&format!("{folder}/"), "")
    }
}

fn ttl(layers: &Layers) -> u32 {
    layers.load().expect("the settings are right").lock_ttl_minutes()
}

#[test]
fn each_layer_wins_over_the_ones_below_it() {
    let layers = Layers::new();
    assert_eq!(ttl(&layers), 120, "the default");
    let layers = layers.user("lock_ttl_minutes = 10");
    assert_eq!(ttl(&layers), 10, "the user's file");
    let layers = layers.project("lock_ttl_minutes = 20");
    assert_eq!(ttl(&layers), 20, "the project's file");
    let layers = layers.env("LOCK_TTL_MINUTES", "30");
    assert_eq!(ttl(&layers), 30, "the environment");
    let layers = layers.flag("lock_ttl_minutes", "40");
    assert_eq!(ttl(&layers), 40, "the command line");
}

#[test]
fn a_setting_knows_the_line_it_came_from() {
    let layers = Layers::new().project("# ours\n\nworktree_locks = \"block\"\n");
    let config = layers.load().expect("the settings are right");
    let (_, chosen) =
        config.all().find(|(setting, _)| setting.key == "worktree_locks").expect("it is listed");
    let file = layers.folder.path().join("project").join(PROJECT_FILE);
    assert_eq!(chosen.origin, Origin::Project { file, line: 3 });
    assert_eq!(config.worktree_locks(), WorktreeLocks::Block);
}

#[test]
fn every_default_is_what_the_contract_says() {
    let config = Config::defaults();
    assert_eq!(config.durability(), Durability::Full);
    assert_eq!(config.lock_ttl_minutes(), 120);
    assert_eq!(config.stale_agent_minutes(), 15);
    assert_eq!(config.audit_retention_days(), 90);
    assert_eq!(config.policy_engine(), PolicyEngine::Native);
    assert_eq!(config.network_default_policy(), NetworkPolicy::Deny);
    assert_eq!(config.profiles_default_trust(), 2);
    assert!(config.profiles_enforce_limits());
    assert!(config.policy_code_fallback());
    assert!(config.guardrails_code_fallback());
    assert_eq!(config.idle_stop_minutes(), None);
    assert_eq!(config.supabase_url(), None);
    assert_eq!(config.supabase_publishable_key(), None);
}

#[test]
fn every_default_in_the_table_is_a_value_that_its_setting_accepts() {
    for setting in SETTINGS {
        let Some(text) = setting.default else { continue };
        assert!(setting.accepts.read(text).is_some(), "{}: {text}", setting.key);
    }
}

#[test]
fn the_table_has_no_key_and_no_variable_twice() {
    for (at, one) in SETTINGS.iter().enumerate() {
        for other in &SETTINGS[..at] {
            assert_ne!(one.key, other.key);
            assert_ne!(one.variable, other.variable);
        }
    }
}

#[test]
fn an_unknown_key_is_refused_with_its_line_and_the_nearest_known_one() {
    let cases = [
        (
            "lock_ttl_minuts = 5",
            "project/.coordinator.toml:1: there is no setting \"lock_ttl_minuts\" | did you mean lock_ttl_minutes?",
        ),
        (
            "\nLOCK_TTL_MINUTES = 5",
            "project/.coordinator.toml:2: there is no setting \"LOCK_TTL_MINUTES\" | did you mean lock_ttl_minutes?",
        ),
        (
            "coord_durability = \"fast\"",
            "project/.coordinator.toml:1: there is no setting \"coord_durability\" | did you mean durability?",
        ),
        (
            "zzz = 1",
            "project/.coordinator.toml:1: there is no setting \"zzz\" | `coord config` lists every setting",
        ),
    ];
    for (text, told) in cases {
        assert_eq!(Layers::new().project(text).refusal(), told);
    }
}

/// A text that the setting does not accept, if there is one that a variable can hold.
fn wrong(accepts: Accepts) -> String {
    match accepts {
        Accepts::Choice(_) | Accepts::Switch => "perhaps".into(),
        Accepts::Whole { max, .. } => (u64::from(max) + 1).to_string(),
        Accepts::AbsolutePath => "here".into(),
        Accepts::Url(_) => "ftp://example.org".into(),
        Accepts::Text | Accepts::Path => "two\nlines".into(),
    }
}

#[test]
fn a_bad_value_of_every_setting_is_refused_with_the_field_and_the_way_out() {
    for setting in SETTINGS {
        let sent = wrong(setting.accepts);
        let refusal =
            Layers::new().env(setting.variable, &sent).load().expect_err("the value is wrong");
        assert_eq!(refusal.code(), "invalid_setting");
        assert_eq!(refusal.facts().get("setting"), Some(&setting.key.into()));
        let told = refusal.to_string();
        assert!(told.contains(setting.variable) && told.contains(setting.key), "{told}");
        let hint = refusal.hint().expect("there is a way out");
        assert_eq!(hint, format!("it must be {}", setting.accepts));
        assert_eq!(told.contains(&format!("{sent:?}")), !setting.secret, "{told}");
    }
}

#[test]
fn numbers_are_taken_at_their_bounds_and_refused_beyond() {
    let cases = [("0", false), ("1", true), ("480", true), ("481", false), ("-1", false)];
    for (text, right) in cases {
        let layers = Layers::new().user(&format!("lock_ttl_minutes = {text}"));
        assert_eq!(layers.load().is_ok(), right, "{text}");
    }
    let text = Layers::new().user("lock_ttl_minutes = [5]").refusal();
    assert_eq!(
        text,
        "home/config.toml:1: lock_ttl_minutes is no plain value | it must be a whole number from 1 to 480"
    );
}

#[test]
fn a_bad_value_is_refused_even_where_a_better_layer_wins() {
    let text =
        Layers::new().user("durability = \"maybe\"").env("COORD_DURABILITY", "full").refusal();
    assert_eq!(text, "home/config.toml:1: durability is \"maybe\" | it must be full or fast");
}

#[test]
fn a_project_can_hold_no_secret_and_move_no_home() {
    let cases = [
        "supabase_service_key = \"k\"",
        "supabase_url = \"https://x.example\"",
        "home = \"/h\"",
        "agent_id = \"a\"",
    ];
    for text in cases {
        let refusal = Layers::new().project(text).load().expect_err("it cannot stand there");
        assert_eq!(refusal.code(), "setting_not_allowed_here", "{text}");
        assert!(refusal.hint().is_some_and(|hint| hint.contains("environment")), "{text}");
    }
    let own = Layers::new().user("supabase_service_key = \"k\"").load().expect("it is the user's");
    assert_eq!(own.supabase_service_key(), Some("k"));
}

#[test]
fn a_project_tightens_what_guards_the_user_and_never_loosens_it() {
    let cases = [
        ("profiles_default_trust = 1", true),
        ("profiles_default_trust = 3", false),
        ("profiles_enforce_limits = false", false),
        ("network_default_policy = \"allow\"", false),
        ("network_default_policy = \"deny\"", true),
        ("guardrails_code_fallback = false", false),
    ];
    for (text, right) in cases {
        let loaded = Layers::new().project(text).load();
        assert_eq!(loaded.is_ok(), right, "{text}");
    }
    let layers =
        Layers::new().user("profiles_default_trust = 3").project("profiles_default_trust = 3");
    assert_eq!(layers.load().expect("the user allows it").profiles_default_trust(), 3);
}

#[test]
fn text_that_is_no_toml_is_refused_with_its_line() {
    let text = Layers::new().user("durability = \"full\"\nlog =\n").refusal();
    assert!(text.starts_with("home/config.toml:2: "), "{text}");
}

#[test]
fn an_empty_variable_counts_as_not_set() {
    assert_eq!(ttl(&Layers::new().env("LOCK_TTL_MINUTES", "")), 120);
}

#[test]
fn a_flag_is_checked_before_anything_is_loaded() {
    let flag = config::parse_flag("lock_ttl_minutes=5").expect("it is right");
    assert_eq!(flag, Flag { key: "lock_ttl_minutes".into(), text: "5".into() });
    for wrong in ["lock_ttl_minutes=0", "lock_ttl_minutes", "nothing=1", "=1"] {
        config::parse_flag(wrong).expect_err("it is wrong");
    }
}

#[test]
fn each_key_has_its_own_place_and_values_have_types() {
    let layers = Layers::new().user(
        "supabase_key = \"anon\"\nsupabase_service_key = \"service\"\nidle_stop_minutes = 30",
    );
    let config = layers.load().expect("the settings are right");
    assert_eq!(config.supabase_service_key(), Some("service"));
    assert_eq!(config.supabase_publishable_key(), Some("anon"));
    assert_eq!(config.idle_stop_minutes(), Some(30));
    assert_eq!(config.get("idle_stop_minutes"), Some(&Value::Whole(30)));
}
