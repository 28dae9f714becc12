//! The rules: what each means, how grave it is, who may pass, and examples.
//!
//! - Every rule fires on its own positive examples and on none of its negative ones.
//! - A safer way that a rule offers is itself allowed.
//!
//! Not here: how a command is matched (`programs`), a person's own rules (`ruleset`).

mod credential;
mod database;
mod deployment;
mod file;
mod git;

use serde::Serialize;

/// What a rule protects.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Category {
    /// Repositories, their work and history.
    Git,
    /// Files, disks and the machine.
    File,
    /// Data in databases.
    Database,
    /// Keys, tokens, accounts.
    Credential,
    /// What runs or is published elsewhere.
    Deployment,
}

impl Category {
    /// The name as stored.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Git => "git",
            Self::File => "file",
            Self::Database => "database",
            Self::Credential => "credential",
            Self::Deployment => "deployment",
        }
    }
}

/// How grave a broken rule is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Only noted.
    Log,
    /// Let through, with a warning.
    Warn,
    /// Stopped.
    Block,
}

impl Severity {
    /// The name as stored.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Log => "log",
            Self::Warn => "warn",
            Self::Block => "block",
        }
    }
}

/// A trust that nobody has: the rule is bypassed by nobody.
pub const NOBODY: u8 = 5;

/// One rule.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Rule {
    /// Its name, stable.
    pub id: &'static str,
    /// What it protects.
    pub category: Category,
    /// How grave it is.
    pub severity: Severity,
    /// The trust from which it no longer stops anybody, 0 to [`NOBODY`].
    pub min_trust: u8,
    /// Why it exists, as one clause.
    pub explanation: &'static str,
    /// What to do instead.
    pub safer: Option<&'static str>,
    /// Commands that break it.
    pub positive: &'static [&'static str],
    /// Commands that look alike and do not.
    pub negative: &'static [&'static str],
}

impl Rule {
    const fn new(
        id: &'static str,
        category: Category,
        grave: (Severity, u8),
        explanation: &'static str,
    ) -> Self {
        Self {
            id,
            category,
            severity: grave.0,
            min_trust: grave.1,
            explanation,
            safer: None,
            positive: &[],
            negative: &[],
        }
    }

    const fn safer(mut self, safer: &'static str) -> Self {
        self.safer = Some(safer);
        self
    }

    const fn yes(mut self, positive: &'static [&'static str]) -> Self {
        self.positive = positive;
        self
    }

    const fn no(mut self, negative: &'static [&'static str]) -> Self {
        self.negative = negative;
        self
    }
}

const AREAS: [&[Rule]; 5] =
    [git::RULES, file::RULES, database::RULES, credential::RULES, deployment::RULES];

const COUNT: usize =
    AREAS[0].len() + AREAS[1].len() + AREAS[2].len() + AREAS[3].len() + AREAS[4].len();

static ALL: [Rule; COUNT] = collected();

const fn collected() -> [Rule; COUNT] {
    let mut all = [AREAS[0][0]; COUNT];
    let (mut area, mut at) = (0, 0);
    while area < AREAS.len() {
        let mut within = 0;
        while within < AREAS[area].len() {
            all[at] = AREAS[area][within];
            at += 1;
            within += 1;
        }
        area += 1;
    }
    all
}

/// All built-in rules, by area.
#[must_use]
pub fn rules() -> &'static [Rule] {
    &ALL
}

/// The built-in rule of that name.
#[must_use]
pub fn find(id: &str) -> Option<&'static Rule> {
    ALL.iter().find(|rule| rule.id == id)
}
