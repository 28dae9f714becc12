//! What is asked, and about which setting.
//!
//! - Prose is preferred unless the text begins like a command or a statement.
//!
//! Not here: the answer (`check`, `verdict`).

use crate::guardrails::ruleset::RuleSet;
use crate::guardrails::words::Words;
use crate::guardrails::{paths, programs, sql};

/// What an agent wants to do.
#[derive(Clone, Copy, Debug)]
pub enum Input<'a> {
    /// A text for a shell.
    Shell(&'a str),
    /// A command with its arguments, which no shell reads.
    Argv(&'a [String]),
    /// SQL statements.
    Sql(&'a str),
    /// A change of a file by a tool; `op` is `write`, `edit`, `delete`, `move` or `read`.
    FileEdit {
        /// The file.
        path: &'a str,
        /// What is done to it.
        op: &'a str,
    },
    /// Text of an unknown kind: shell, SQL, or prose.
    Text(&'a str),
}

/// Where and for whom a question is asked.
#[derive(Clone, Copy, Debug)]
pub struct Setting<'a> {
    /// The repository's root; absolute. Commands start here unless `start` says otherwise.
    pub cwd: Option<&'a str>,
    /// The folder in which commands start; absolute, or relative to the root.
    pub start: Option<&'a str>,
    /// The branch checked out.
    pub branch: Option<&'a str>,
    /// The agent's trust, 0 to 4.
    pub trust: u8,
    /// The rules that hold.
    pub rules: &'a RuleSet,
    /// The person's home directory; absolute.
    pub home: Option<&'a str>,
    /// What is known of the world.
    pub state: State<'a>,
}

impl Default for Setting<'_> {
    fn default() -> Self {
        Self {
            cwd: None,
            start: None,
            branch: None,
            trust: 1,
            rules: RuleSet::builtin(),
            home: None,
            state: State::default(),
        }
    }
}

/// What is known of the world beside the text.
#[derive(Clone, Copy, Debug, Default)]
pub struct State<'a> {
    /// Whether git says that nothing is uncommitted; `None` if nobody asked.
    pub tree_is_clean: Option<bool>,
    /// Paths that other agents hold, by locks or worktrees.
    pub foreign: &'a [ForeignHold<'a>],
    /// Which paths are folders; without it, their names must tell.
    pub folders: Folders<'a>,
}

/// Tells whether an absolute path is a folder, so that `mv a b` is known to be `mv a b/a`.
#[derive(Clone, Copy, Default)]
pub struct Folders<'a>(Option<&'a dyn Fn(&str) -> bool>);

impl<'a> Folders<'a> {
    /// Asks `is_folder`, which gets absolute paths.
    #[must_use]
    pub const fn asking(is_folder: &'a dyn Fn(&str) -> bool) -> Self {
        Self(Some(is_folder))
    }

    /// Whether there is anybody to ask.
    #[must_use]
    pub const fn are_known(self) -> bool {
        self.0.is_some()
    }

    /// Whether the path is known to be a folder.
    #[must_use]
    pub fn holds(self, path: &str) -> bool {
        self.0.is_some_and(|is_folder| is_folder(path))
    }
}

impl std::fmt::Debug for Folders<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Folders").field(&self.0.is_some()).finish()
    }
}

/// A path that another agent holds.
#[derive(Clone, Copy, Debug)]
pub struct ForeignHold<'a> {
    /// The path, relative to the setting's directory or absolute.
    pub path: &'a str,
    /// Who holds it.
    pub agent: &'a str,
}

/// What kind of text a text is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// For a shell.
    Shell,
    /// SQL.
    Sql,
    /// For people.
    Prose,
}

static COMMON: Words<512> = Words::new(
    "ls cd cat echo printf grep sed awk mkdir cp mv touch chmod chown sudo env export \
    tar curl wget ssh scp source bash sh zsh node npm npx yarn pnpm python pip cargo rustc go make cmake \
    docker git gh kubectl for while if until case eval exec xargs tee truncate dd ln diff rsync ps kill \
    jq yq pytest jest vitest tsc java mvn gradle ruby rails bundle perl php composer crontab systemctl \
    psql mysql sqlite3 redis-cli mongosh set test time timeout nohup nice trap alias cd pushd rmdir unlink \
    shred wc sort uniq head tail find fd rg rm su apt apt-get brew dpkg journalctl date sleep true false read \
    terraform helm aws gcloud az mktemp openssl base64 gpg vim nano less file stat du df rake uv poetry [ { (",
);

/// Words that prose is made of and commands are not.
static STOP: Words<256> = Words::new(
    "the a an to and of in for with that this when why is are should from our on it be was \
    not all but so if how we you they must can will would into than then before after without because \
    where which who their its these those has have had also please by at as old new",
);

/// Tells prose from commands and SQL.
#[must_use]
pub fn classify(text: &str) -> Kind {
    let text = text.trim();
    let first = text.split_whitespace().next().unwrap_or("");
    let spoken = !text.contains([';', '=', '*', '(', '\'']) && speaks(text);
    if sql::looks_like_sql(text) && !spoken && !reads_like_prose(text, 4) {
        return Kind::Sql;
    }
    let bare = first.rsplit('/').next().unwrap_or(first);
    let known = COMMON.contains(bare) || programs::is_known(bare);
    let assigns = first.split_once('=').is_some_and(|(name, _)| {
        !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
    });
    let path = first.starts_with("./")
        || first.starts_with("~/")
        || first.starts_with('/') && first.len() > 1;
    let begins = known
        || assigns
        || path
        || first.starts_with(['$', '(', '{', '\\', '"', '\'', ':']) && !text.contains(". ");
    if begins {
        return if reads_like_prose(text, 3) && !has_operators(text) {
            Kind::Prose
        } else {
            Kind::Shell
        };
    }
    let lines = text.lines().any(|line| {
        let word = line.split_whitespace().next().unwrap_or("");
        text.contains('\n') && COMMON.contains(word) && !reads_like_prose(line, 2)
    });
    if lines || (has_operators(text) && !reads_like_prose(text, 1)) {
        Kind::Shell
    } else {
        Kind::Prose
    }
}

/// Whether words stand in the text that no statement holds.
fn speaks(text: &str) -> bool {
    const SPOKEN: &str = "the a an this that our your we please should it its they must";
    text.split_whitespace().any(|word| paths::contains_word(SPOKEN, &word.to_lowercase()))
}

fn has_operators(text: &str) -> bool {
    ["&&", "||", " | ", "; ", "$(", " > ", " >> ", "<<", "2>&1"]
        .iter()
        .any(|sign| text.contains(sign))
}

fn reads_like_prose(text: &str, least: usize) -> bool {
    let words = text.split_whitespace().take(400);
    let stops = words.filter(|word| {
        let word = word.trim_matches([',', '.', ';', ':', '!', '?', '(', ')']);
        STOP.contains(&word.to_lowercase())
    });
    stops.count() >= least && !text.contains(['\'', '"'])
        || text.ends_with('.')
            && text.split_whitespace().count() > 5
            && text.starts_with(char::is_uppercase)
}
