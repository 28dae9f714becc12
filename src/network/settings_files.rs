//! Where package managers keep what their user told them, and the hosts named there.
//!
//! - Only URLs are read, whatever the format around them; comments are skipped.
//! - Nothing of a URL but its host is kept: user, password and path stay in the file.

use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use regex::Regex;

use super::host::Host;

/// Bytes of a settings file, at most; a longer one is none.
const FILE_MAX: u64 = 1 << 20;

/// Under the user's home.
const FILES: [&str; 18] = [
    ".cargo/config.toml",
    ".cargo/config",
    ".npmrc",
    ".yarnrc",
    ".yarnrc.yml",
    ".bunfig.toml",
    ".config/pnpm/rc",
    ".pip/pip.conf",
    ".config/pip/pip.conf",
    ".pypirc",
    ".config/uv/uv.toml",
    ".config/pypoetry/config.toml",
    ".gemrc",
    ".bundle/config",
    ".m2/settings.xml",
    ".gradle/gradle.properties",
    ".config/go/env",
    ".config/composer/config.json",
];

#[expect(clippy::expect_used, reason = "the pattern is a constant that a test compiles")]
static URL: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r#"(?i)\b(?:https?|sparse\+https?|git\+https?)://[^\s"'<>,;|\]\)]+"#)
        .expect("it is a valid pattern")
});

/// A host and the file that names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    pub host: String,
    pub file: PathBuf,
}

/// Every host that the settings under `home` name, each once.
pub fn hosts(home: &Path) -> (Vec<Named>, Vec<PathBuf>) {
    let (mut named, mut read): (Vec<Named>, Vec<PathBuf>) = (Vec::new(), Vec::new());
    for file in FILES.iter().map(|file| home.join(file)) {
        let small =
            std::fs::metadata(&file).is_ok_and(|data| data.is_file() && data.len() <= FILE_MAX);
        let Some(text) = small.then(|| std::fs::read_to_string(&file).ok()).flatten() else {
            continue;
        };
        for host in within(&text) {
            if !named.iter().any(|known| known.host == host) {
                named.push(Named { host, file: file.clone() });
            }
        }
        read.push(file);
    }
    (named, read)
}

fn within(text: &str) -> Vec<String> {
    let lines = text.lines().filter(|line| !line.trim_start().starts_with(['#', ';']));
    let urls = lines.flat_map(|line| URL.find_iter(line));
    urls.filter_map(|url| Host::read(url.as_str()).ok()).map(|host| host.name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_found_in_every_format_and_nothing_else_of_the_url() {
        let cases = [
            (
                "[registries.ours]\nindex = \"sparse+https://crates.ours.example/index/\"",
                "crates.ours.example",
            ),
            ("@ours:registry=https://npm.ours.example/\n", "npm.ours.example"),
            ("[global]\nindex-url = https://me:secret@py.ours.example/simple", "py.ours.example"),
            ("GOPROXY=https://go.ours.example,direct", "go.ours.example"),
            ("<url>https://mvn.ours.example/x</url>", "mvn.ours.example"),
            ("npmRegistryServer: \"https://yarn.ours.example\"", "yarn.ours.example"),
        ];
        for (text, host) in cases {
            assert_eq!(within(text), [host], "{text}");
        }
        assert!(within("# registry=https://old.example/\n; x=https://old.example/").is_empty());
    }
}
