//! What a path stands for, judged by its name alone.
//!
//! - Resolution is lexical: no file system is asked.
//! - A path with an unknown piece is never an artefact and never temporary.
//!
//! Not here: what is done to the path (`programs`).

use crate::guardrails::machine::HOLE;

/// The repository's root when nobody names it.
pub const REPO: &str = "/\u{2}/repo";

/// The person's home when nobody names it.
pub const HOME: &str = "/home/\u{2}";

/// A text as people read it: the stand-ins for a root and a home that nobody named
/// become what they stand for.
#[must_use]
pub fn shown(text: String) -> String {
    if text.contains('\u{2}') {
        return text.replace(HOME, "~").replace(&format!("{REPO}/"), "").replace(REPO, ".");
    }
    text
}

/// What a path stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// `/`, or everything in it.
    Root,
    /// A directory of the system.
    System,
    /// A disk or another device that holds data.
    Device,
    /// `/dev/null`, a terminal and the like.
    Sink,
    /// A home directory, or everything in it.
    Home,
    /// Something below a home.
    BelowHome,
    /// The repository's root, or everything in it.
    RepoRoot,
    /// `.git` or something in it.
    Git,
    /// A known product of a build.
    Artifact,
    /// Something else in the repository.
    Repo,
    /// A strict sub-path of a place for temporary files.
    Temp,
    /// A place for temporary files itself, or everything in it.
    TempRoot,
    /// Somewhere else, such as a parent of the repository.
    Elsewhere,
    /// Not known before it runs.
    Unknown,
}

const ARTIFACTS: &str = " node_modules dist build target out .next .nuxt .output .svelte-kit .turbo \
 .parcel-cache .cache coverage .nyc_output htmlcov __pycache__ .pytest_cache .mypy_cache \
 .ruff_cache .tox .nox .venv venv .eggs .gradle .terraform obj Debug Release CMakeFiles Pods \
 DerivedData .dart_tool _build elm-stuff bower_components storybook-static .docusaurus _site \
 .jekyll-cache .sass-cache .vite .angular tmp temp .tmp test-results playwright-report blob-report \
 .serverless .aws-sam cdk.out .webpack .rollup.cache .eslintcache .stylelintcache lib-cov \
 .hypothesis .ipynb_checkpoints wheelhouse pip-wheel-metadata .stack-work dist-newstyle zig-cache \
 .zig-cache zig-out .pnpm-store .expo .metro .astro .coverage .fastembed_cache .build .swiftpm \
 .vercel .netlify .wrangler .yarn-cache .npm .nx .rpt2_cache .scannerwork .pytype .pyre \
 cmake-build-debug cmake-build-release reports jest-cache .jest-cache tsconfig.tsbuildinfo \
 .tsbuildinfo .bloop .metals .ccache .bsp cypress/videos cypress/screenshots __snapshots_tmp__ \
 .contentlayer .vinxi .solid .cargo-target .import-cache .phpunit.cache .phpunit.result.cache ";

const SYSTEM: &str = " etc usr bin sbin lib lib32 lib64 boot var opt sys proc run srv root dev mnt \
 media home snap Applications System Library Users Volumes lost+found nix ";

/// The absolute, normal form of a path: no `.`, `..`, doubled or trailing slash.
#[must_use]
pub fn resolve(path: &str, cwd: &str, home: &str) -> String {
    let joined = if path == "~" {
        home.to_owned()
    } else if let Some(rest) = path.strip_prefix("~/") {
        format!("{home}/{rest}")
    } else if path.starts_with('/') {
        path.to_owned()
    } else {
        format!("{cwd}/{path}")
    };
    let mut parts: Vec<&str> = Vec::with_capacity(8);
    for part in joined.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    if !path.starts_with(HOLE) && joined.starts_with(HOLE) {
        return parts.join("/");
    }
    format!("/{}", parts.join("/"))
}

/// What `abs`, as [`resolve`] made it, stands for in a repository at `repo`.
#[must_use]
pub fn classify(abs: &str, repo: &str, home: &str) -> Place {
    let abs = abs.strip_suffix("/*").map_or(abs, |dir| if dir.is_empty() { "/" } else { dir });
    if abs == "/" {
        return Place::Root;
    }
    if let Some(below) = below(abs, repo) {
        return in_repo(below);
    }
    if abs.contains(HOLE) {
        return if abs.starts_with(HOLE) || !is_system(abs) {
            Place::Unknown
        } else {
            outside(abs, home)
        };
    }
    outside(abs, home)
}

fn outside(abs: &str, home: &str) -> Place {
    if let Some(place) = temporary(abs) {
        return place;
    }
    if let Some(device) = abs.strip_prefix("/dev/") {
        return device_class(device);
    }
    if abs == home || abs == "/root" || abs == "/home" || abs == "/Users" {
        return Place::Home;
    }
    if below(abs, home).is_some() || abs.starts_with("/root/") {
        return Place::BelowHome;
    }
    for homes in ["/home/", "/Users/"] {
        if let Some(rest) = abs.strip_prefix(homes) {
            return if rest.contains('/') { Place::BelowHome } else { Place::Home };
        }
    }
    if is_system(abs) { Place::System } else { Place::Elsewhere }
}

fn is_system(abs: &str) -> bool {
    let first = abs.trim_start_matches('/').split('/').next().unwrap_or("");
    contains_word(SYSTEM, first)
}

/// What follows `root/` in `abs`; empty for `root` itself.
#[must_use]
pub fn below<'a>(abs: &'a str, root: &str) -> Option<&'a str> {
    let rest = abs.strip_prefix(root)?;
    if rest.is_empty() { Some("") } else { rest.strip_prefix('/') }
}

fn temporary(abs: &str) -> Option<Place> {
    for root in ["/tmp", "/var/tmp", "/dev/shm", "/private/tmp", "/private/var/tmp"] {
        if let Some(rest) = below(abs, root) {
            if abs.contains(HOLE) {
                return Some(Place::Unknown);
            }
            let first = rest.split('/').next().unwrap_or("");
            let whole = first.is_empty() || first.chars().all(|c| "*?.[]!^".contains(c));
            return Some(if whole { Place::TempRoot } else { Place::Temp });
        }
    }
    abs.starts_with("/var/folders/").then_some(Place::Temp)
}

fn device_class(device: &str) -> Place {
    const SINKS: &str = " null zero full random urandom tty stdin stdout stderr console ptmx ";
    if contains_word(SINKS, device) || device.starts_with("fd/") || device.starts_with("pts/") {
        return Place::Sink;
    }
    if device.starts_with("tcp/") || device.starts_with("udp/") {
        Place::Sink
    } else {
        Place::Device
    }
}

fn in_repo(rest: &str) -> Place {
    if rest.is_empty() || rest == "*" || rest == "**" || rest == "." {
        return Place::RepoRoot;
    }
    if rest.split('/').any(|part| part == ".git") {
        return Place::Git;
    }
    if rest.contains(HOLE) {
        return Place::Unknown;
    }
    if rest.split('/').any(is_artifact) {
        return Place::Artifact;
    }
    if rest.chars().all(|c| "*?.[]!^/{}".contains(c)) { Place::RepoRoot } else { Place::Repo }
}

/// Whether a name is that of a build's product.
#[must_use]
pub fn is_artifact(name: &str) -> bool {
    contains_word(ARTIFACTS, name)
        || name.ends_with(".egg-info")
        || name.ends_with(".pyc")
        || name.ends_with(".tsbuildinfo")
        || name.starts_with("cmake-build-")
        || name.starts_with("bazel-")
        || name.ends_with(".dSYM")
}

/// Whether a name without an ending is more likely a folder's than a file's.
#[must_use]
pub fn looks_like_folder(path: &str) -> bool {
    const FILES: &str = "Makefile Dockerfile Containerfile Vagrantfile Jenkinsfile Procfile Gemfile \
                         Rakefile Brewfile Justfile justfile makefile GNUmakefile Caddyfile Tiltfile \
                         LICENSE LICENCE COPYING NOTICE AUTHORS README CHANGELOG CODEOWNERS VERSION \
                         TODO MANIFEST WORKSPACE BUILD Pipfile Podfile Fastfile";
    let name = path.rsplit('/').next().unwrap_or(path);
    !name.contains('.') && !contains_word(FILES, name)
}

/// Whether ` word ` is one of the words of a table written with blanks.
#[must_use]
pub fn contains_word(table: &str, word: &str) -> bool {
    !word.is_empty()
        && table.split_ascii_whitespace().any(|known| known.len() == word.len() && known == word)
}

/// Matches a shell pattern against a name; `*` also crosses slashes.
#[must_use]
pub fn glob_matches(pattern: &str, text: &str) -> bool {
    let (pattern, text): (Vec<char>, Vec<char>) =
        (pattern.chars().take(256).collect(), text.chars().take(4096).collect());
    let (mut p, mut t) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while t < text.len() {
        let step = if p < pattern.len() && pattern[p] == '*' {
            star = Some((p, t));
            p += 1;
            continue;
        } else {
            one_matches(&pattern[p.min(pattern.len())..], text[t])
        };
        match (step, star) {
            (Some(width), _) => {
                p += width;
                t += 1;
            }
            (None, Some((star_p, star_t))) => {
                p = star_p + 1;
                t = star_t + 1;
                star = Some((star_p, t));
            }
            (None, None) => return false,
        }
    }
    pattern[p..].iter().all(|c| *c == '*')
}

/// How many pattern characters match `c` at the pattern's start.
fn one_matches(pattern: &[char], c: char) -> Option<usize> {
    match pattern.first()? {
        '?' => Some(1),
        '[' => class_matches(pattern, c),
        '\\' if pattern.len() > 1 => (pattern[1] == c).then_some(2),
        literal => (*literal == c).then_some(1),
    }
}

fn class_matches(pattern: &[char], c: char) -> Option<usize> {
    let close = pattern.iter().skip(2).position(|p| *p == ']')? + 2;
    let inside = &pattern[1..close];
    let negated = matches!(inside[0], '!' | '^');
    let inside = if negated { &inside[1..] } else { inside };
    let mut found = false;
    let mut at = 0;
    while at < inside.len() {
        if at + 2 < inside.len() && inside[at + 1] == '-' {
            found |= (inside[at]..=inside[at + 2]).contains(&c);
            at += 3;
        } else {
            found |= inside[at] == c;
            at += 1;
        }
    }
    (found != negated).then_some(close + 1)
}

#[cfg(test)]
mod tests {
    use super::{HOME, Place, REPO, classify, glob_matches, resolve};

    fn place(path: &str) -> Place {
        classify(&resolve(path, REPO, HOME), REPO, HOME)
    }

    #[test]
    fn every_path_has_its_place() {
        for (path, wanted) in [
            ("/", Place::Root),
            ("//", Place::Root),
            ("/*", Place::Root),
            ("..", Place::Elsewhere),
            (".", Place::RepoRoot),
            ("./", Place::RepoRoot),
            ("*", Place::RepoRoot),
            ("src", Place::Repo),
            ("dist", Place::Artifact),
            ("./packages/a/node_modules/", Place::Artifact),
            ("node_modules/../src", Place::Repo),
            ("node_modules/../..", Place::Elsewhere),
            (".git/refs", Place::Git),
            ("~", Place::Home),
            ("~/x", Place::BelowHome),
            ("/home/ann", Place::Home),
            ("/tmp/x", Place::Temp),
            ("/tmp/../etc", Place::System),
            ("/tmp", Place::TempRoot),
            ("/tmp/*", Place::TempRoot),
            ("/dev/sda", Place::Device),
            ("/dev/null", Place::Sink),
            ("/etc/passwd", Place::System),
            ("\u{1}/x", Place::Unknown),
            ("src/\u{1}", Place::Unknown),
        ] {
            assert_eq!(place(path), wanted, "{path}");
        }
    }

    #[test]
    fn patterns_match_as_in_the_shell() {
        assert!(glob_matches("r?", "rm"));
        assert!(glob_matches("*.[ch]", "a.c"));
        assert!(glob_matches("[!a]*m", "rm"));
        assert!(!glob_matches("r", "rm"));
    }
}
