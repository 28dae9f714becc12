//! The settings by their types, for those who use them.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::{Config, Value};

/// What an answer survives.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Durability {
    /// A power cut: every commit is flushed.
    #[default]
    Full,
    /// Any crash of a process; a power cut may take back the last moments.
    Fast,
}

/// What a lock held in one worktree means in another one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum WorktreeLocks {
    /// It is shown as intent.
    #[default]
    Warn,
    /// It blocks the edit there too.
    Block,
}

/// What becomes of an edit that no daemon can be asked about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum HookFailure {
    /// It passes, and the miss is noted.
    #[default]
    Open,
    /// It is denied.
    Closed,
}

/// What decides who may do what.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PolicyEngine {
    /// Profiles and their trust.
    #[default]
    Native,
    /// Cedar policies.
    Cedar,
}

/// What happens to a domain that no list names.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum NetworkPolicy {
    /// It is not reached.
    #[default]
    Deny,
    /// It is reached.
    Allow,
}

/// A getter for each setting that has a default, so that there is always a value.
impl Config {
    /// What an answer survives.
    #[must_use]
    pub fn durability(&self) -> Durability {
        if self.is("durability", "fast") { Durability::Fast } else { Durability::Full }
    }

    /// What the daemon logs.
    #[must_use]
    pub fn log(&self) -> &str {
        self.text("log").unwrap_or("info")
    }

    /// Idle minutes after which the daemon stops; `None`: it stays.
    #[must_use]
    pub fn idle_stop_minutes(&self) -> Option<u32> {
        Some(self.whole("idle_stop_minutes")).filter(|minutes| *minutes > 0)
    }

    /// Default time of a lock, in minutes (1–480).
    #[must_use]
    pub fn lock_ttl_minutes(&self) -> u32 {
        self.whole("lock_ttl_minutes")
    }

    /// What a lock held in one worktree means in another one.
    #[must_use]
    pub fn worktree_locks(&self) -> WorktreeLocks {
        if self.is("worktree_locks", "block") { WorktreeLocks::Block } else { WorktreeLocks::Warn }
    }

    /// Whether locks and work of the repository are shared between machines.
    #[must_use]
    pub fn is_arbitrated(&self) -> bool {
        self.is("mode", "arbiter")
    }

    /// Whether the cloud is told nothing of this repository.
    #[must_use]
    pub fn is_local(&self) -> bool {
        self.is("mode", "local")
    }

    /// Whether this machine grants shared locks while it has no network.
    #[must_use]
    pub fn decides_offline(&self) -> bool {
        self.is("offline_policy", "local")
    }

    /// What becomes of an edit that no daemon can be asked about.
    #[must_use]
    pub fn hook_failure(&self) -> HookFailure {
        if self.is("hook_failure", "closed") { HookFailure::Closed } else { HookFailure::Open }
    }

    /// Whether a person's commit of a file that an agent holds is refused.
    #[must_use]
    pub fn person_commits_block(&self) -> bool {
        self.is("person_commits", "block")
    }

    /// Minutes of silence after which an agent without a connection counts as dead.
    #[must_use]
    pub fn stale_agent_minutes(&self) -> u32 {
        self.whole("stale_agent_minutes")
    }

    /// Days that audit rows stay in the live file.
    #[must_use]
    pub fn audit_retention_days(&self) -> u32 {
        self.whole("audit_retention_days")
    }

    /// What decides who may do what.
    #[must_use]
    pub fn policy_engine(&self) -> PolicyEngine {
        if self.is("policy_engine", "cedar") { PolicyEngine::Cedar } else { PolicyEngine::Native }
    }

    /// Whether the built-in policies stand in when no others can be read.
    #[must_use]
    pub fn policy_code_fallback(&self) -> bool {
        self.switch("policy_code_fallback")
    }

    /// Trust (0–4) of an agent without a profile of its own.
    #[must_use]
    pub fn profiles_default_trust(&self) -> u32 {
        self.whole("profiles_default_trust")
    }

    /// Whether agents are held to the limits of their profiles.
    #[must_use]
    pub fn profiles_enforce_limits(&self) -> bool {
        self.switch("profiles_enforce_limits")
    }

    /// Whether the built-in patterns stand in when the store cannot be read.
    #[must_use]
    pub fn guardrails_code_fallback(&self) -> bool {
        self.switch("guardrails_code_fallback")
    }

    /// What happens to a domain that no list names.
    #[must_use]
    pub fn network_default_policy(&self) -> NetworkPolicy {
        if self.is("network_default_policy", "allow") {
            NetworkPolicy::Allow
        } else {
            NetworkPolicy::Deny
        }
    }
}

/// A getter for each setting that may be unset.
impl Config {
    /// Name of the agent.
    #[must_use]
    pub fn agent_id(&self) -> Option<&str> {
        self.text("agent_id")
    }

    /// Kind of the agent's client.
    #[must_use]
    pub fn agent_type(&self) -> Option<&str> {
        self.text("agent_type")
    }

    /// The agent's session.
    #[must_use]
    pub fn session_id(&self) -> Option<&str> {
        self.text("session_id")
    }

    /// An own Cedar schema.
    #[must_use]
    pub fn cedar_schema_path(&self) -> Option<PathBuf> {
        self.text("cedar_schema_path").map(PathBuf::from)
    }

    /// The Supabase project; none means no cloud.
    #[must_use]
    pub fn supabase_url(&self) -> Option<&str> {
        self.text("supabase_url")
    }

    /// Its service key.
    #[must_use]
    pub fn supabase_service_key(&self) -> Option<&str> {
        self.text("supabase_service_key")
    }

    /// Its publishable key.
    #[must_use]
    pub fn supabase_publishable_key(&self) -> Option<&str> {
        self.text("supabase_key")
    }

    /// Path of its REST interface.
    #[must_use]
    pub fn supabase_rest_prefix(&self) -> Option<&str> {
        self.text("supabase_rest_prefix")
    }

    /// Tables that are not mirrored.
    #[must_use]
    pub fn sync_leave_out(&self) -> Vec<String> {
        let names = self.text("sync_leave_out").unwrap_or_default().split(',');
        names.map(|name| name.trim().to_owned()).filter(|name| !name.is_empty()).collect()
    }

    /// Its database.
    #[must_use]
    pub fn supabase_db_url(&self) -> Option<&str> {
        self.text("supabase_db_url")
    }
}

impl Config {
    fn text(&self, key: &str) -> Option<&str> {
        match self.get(key) {
            Some(Value::Text(text)) => Some(text),
            _ => None,
        }
    }

    fn is(&self, key: &str, text: &str) -> bool {
        self.text(key) == Some(text)
    }

    /// A test reads every default, so nothing falls through to 0.
    fn whole(&self, key: &str) -> u32 {
        match self.get(key) {
            Some(Value::Whole(number)) => *number,
            _ => 0,
        }
    }

    /// As [`Config::whole`]: a switch without a value would be on, the safe side.
    fn switch(&self, key: &str) -> bool {
        !matches!(self.get(key), Some(Value::Switch(false)))
    }
}
