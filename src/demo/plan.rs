//! The work of the demonstration: what is to be done, in which files, and after what.
//!
//! Fixed, so that the output can be compared from run to run; who does what is
//! left to the agents.

/// A task of the demonstration.
pub struct Step {
    /// Short name; also the mark that the task leaves in each file it edits.
    pub name: &'static str,
    /// For people.
    pub description: &'static str,
    /// The files it edits, all held at once.
    pub files: &'static [&'static str],
    /// Names of the tasks that must be completed before.
    pub after: &'static [&'static str],
    /// 1 is done first.
    pub priority: u8,
}

/// Where the first edits of the scratch repository are made.
pub const FILES: [&str; 5] =
    ["src/api.rs", "src/parser.rs", "src/store.rs", "docs/guide.md", "CHANGELOG.md"];

/// The task whose first worker is killed in the middle of it.
pub const FATAL: &str = "parser-errors";

/// Every task, in order of submission.
pub const STEPS: &[Step] = &[
    Step {
        name: "api-types",
        description: "Give every answer of the API a type",
        files: &["src/api.rs"],
        after: &[],
        priority: 2,
    },
    Step {
        name: FATAL,
        description: "Name the line and column in the parser's errors",
        files: &["src/parser.rs", "CHANGELOG.md"],
        after: &[],
        priority: 1,
    },
    Step {
        name: "store-retry",
        description: "Try a busy store again",
        files: &["src/store.rs", "CHANGELOG.md"],
        after: &[],
        priority: 2,
    },
    Step {
        name: "api-errors",
        description: "Let the API pass the parser's errors on",
        files: &["src/api.rs", "src/parser.rs"],
        after: &["api-types", FATAL],
        priority: 3,
    },
    Step {
        name: "guide-errors",
        description: "Explain the errors in the guide",
        files: &["docs/guide.md"],
        after: &["api-errors"],
        priority: 4,
    },
    Step {
        name: "guide-store",
        description: "Explain the retries in the guide",
        files: &["docs/guide.md", "CHANGELOG.md"],
        after: &["store-retry"],
        priority: 4,
    },
    Step {
        name: "api-cache",
        description: "Keep the API's last answers",
        files: &["src/api.rs", "src/store.rs"],
        after: &["api-types", "store-retry"],
        priority: 4,
    },
    Step {
        name: "release-notes",
        description: "Put the changes in order for a release",
        files: &["CHANGELOG.md"],
        after: &["guide-errors", "guide-store", "api-cache"],
        priority: 5,
    },
];
