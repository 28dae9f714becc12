//! What a path stands for, judged by its name alone.
//!
//! - Resolution is lexical: no file system is asked.
//! - A path with an unknown piece is never an artefact and never temporary.
//!
//! Not here: what is done to the path (`programs`).

use crate::guardrails::machine::HOLE;
use crate::guardrails::words::Words;

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

static ARTIFACTS: Words<512> = Words::new(
    " node_modules dist build target out .next .nuxt .output .svelte-kit .turbo \
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
 .contentlayer .vinxi .solid .cargo-target .import-cache .phpunit.cache .phpunit.result.cache ",
);

static SYSTEM: Words<64> = Words::new(
    " etc usr bin sbin lib lib32 lib64 boot var opt sys proc run srv root dev mnt \
 media home snap Applications System Library Users Volumes lost+found nix ",
);

/// The absolute, normal form of a path: no `.`, `..`, doubled or trailing slash.
#[must_use]
pub fn resolve(path: &str, cwd: &str, home: &str) -> String {
    let below_home = path.strip_prefix("~/").or_else(|| (path == "~").then_some(""));
    let (base, rest) = match below_home {
        Some(rest) => (home, rest),
        None if path.starts_with('/') => ("", path),
        None => (cwd, path),
    };
    let mut abs = String::with_capacity(base.len() + rest.len() + 2);
    for part in base.split('/').chain(rest.split('/')) {
        match part {
            "" | "." => {}
            ".." => abs.truncate(abs.rfind('/').unwrap_or(0)),
            part => {
                abs.push('/');
                abs.push_str(part);
            }
        }
    }
    if abs.is_empty() {
        abs.push('/');
    }
    // Where nobody knows the folder, the path has no beginning.
    if base.starts_with(HOLE) && !path.starts_with(HOLE) {
        abs.remove(0);
    }
    abs
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
    SYSTEM.contains(first)
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
    static SINKS: Words<32> =
        Words::new(" null zero full random urandom tty stdin stdout stderr console ptmx ");
    if SINKS.contains(device) || device.starts_with("fd/") || device.starts_with("pts/") {
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
    ARTIFACTS.contains(name)
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
    static FILES: Words<128> = Words::new(
        "Makefile Dockerfile Containerfile Vagrantfile Jenkinsfile Procfile Gemfile \
                         Rakefile Brewfile Justfile justfile makefile GNUmakefile Caddyfile Tiltfile \
                         LICENSE LICENCE COPYING NOTICE AUTHORS README CHANGELOG CODEOWNERS VERSION \
                         TODO MANIFEST WORKSPACE BUILD Pipfile Podfile Fastfile",
    );
    let name = path.rsplit('/').next().unwrap_or(path);
    !name.contains('.') && !FILES.contains(name)
}

/// Whether ` word ` is one of the words of a table written with blanks.
#[must_use]
pub fn contains_word(table: &str, word: &str) -> bool {
    !word.is_empty()
        && table.split_ascii_whitespace().any(|known| known.len() == word.len() && known == word)
}

#[cfg(test)]
mod tests {
    use super::{HOME, Place, REPO, classify, resolve};

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
}
