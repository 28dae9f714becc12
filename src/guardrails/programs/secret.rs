//! Which paths keep secrets: private keys, cloud credentials, environment files, accounts.
//!
//! - Judged by the path alone.
//! - Templates, public keys and source code about secrets are none.
//!
//! Not here: what is done to them (`programs::credential`).

use crate::guardrails::glob::glob_matches;
use crate::guardrails::paths::contains_word;
use crate::guardrails::words::Words;

/// What a path keeps secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Secret {
    /// A private key or the directory of keys.
    Key,
    /// Who may log in.
    Authorized,
    /// The ssh configuration.
    SshConfig,
    /// A cloud's credentials.
    Cloud,
    /// A token of a registry or a host.
    Token,
    /// Variables of an environment.
    EnvFile,
    /// A file of secrets.
    File,
    /// Accounts and what they may do.
    Accounts,
    /// Accounts' hashes.
    Shadow,
}

/// What an absolute path keeps secret, if anything.
#[must_use]
pub fn secret(abs: &str) -> Option<Secret> {
    if !hints_at_secrets(abs) {
        return None;
    }
    let name = abs.rsplit('/').next().unwrap_or("");
    if let Some(kind) = system(abs) {
        return Some(kind);
    }
    if name.ends_with(".pub") {
        return None;
    }
    let ssh = abs.contains("/.ssh/") || abs.ends_with("/.ssh");
    if ssh {
        return match name {
            "authorized_keys" | "authorized_keys2" => Some(Secret::Authorized),
            "config" => Some(Secret::SshConfig),
            "known_hosts" | "known_hosts.old" | "environment" | "rc" => None,
            _ => Some(Secret::Key),
        };
    }
    if private_key_name(name) || abs.contains("/.gnupg") {
        return Some(Secret::Key);
    }
    if let Some(kind) = tool(abs, name) {
        return Some(kind);
    }
    named(abs, name)
}

/// Whether a path has a piece that any secret's path has: most have none.
fn hints_at_secrets(abs: &str) -> bool {
    let bytes = abs.as_bytes();
    bytes.iter().enumerate().any(|(at, byte)| {
        let rest = &bytes[at + 1..];
        match byte {
            b'/' => rest.starts_with(b".") || rest.starts_with(b"_") || rest.starts_with(b"etc/"),
            b'.' => rest.starts_with(b"env") || rest.starts_with(b"key"),
            b'i' => rest.starts_with(b"d_"),
            b's' => rest.starts_with(b"ecret") || rest.starts_with(b"ervice"),
            b'c' => rest.starts_with(b"redential"),
            b'k' => rest.starts_with(b"ubeconfig"),
            _ => false,
        }
    })
}

fn system(abs: &str) -> Option<Secret> {
    if abs == "/etc/shadow" || abs == "/etc/gshadow" || abs == "/etc/shadow-" {
        return Some(Secret::Shadow);
    }
    if abs.starts_with("/etc/ssh/ssh_host_") && !abs.ends_with(".pub") {
        return Some(Secret::Key);
    }
    let accounts =
        matches!(abs, "/etc/passwd" | "/etc/group" | "/etc/sudoers" | "/etc/ssh/sshd_config")
            || abs.starts_with("/etc/sudoers.d")
            || abs.starts_with("/etc/pam.d");
    accounts.then_some(Secret::Accounts)
}

fn private_key_name(name: &str) -> bool {
    const KINDS: [&str; 4] = ["id_rsa", "id_ed25519", "id_ecdsa", "id_dsa"];
    let plain = name
        .rsplit_once('.')
        .is_none_or(|(_, end)| contains_word("pem key bak old orig backup ppk enc", end));
    plain
        && KINDS.iter().any(|kind| {
            name.strip_prefix(kind)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with(['_', '.', '-']))
        })
        || matches!(name, "id_*" | "id_?sa" | "id_r*" | "id_e*")
}

fn tool(abs: &str, name: &str) -> Option<Secret> {
    const CLOUD: [&str; 12] = [
        "/.aws/credentials",
        "/.aws/config",
        "/.azure",
        "/.kube/config",
        "/.config/gcloud",
        "/.config/doctl",
        "/.terraform.d/credentials.tfrc.json",
        "/.oci/config",
        "/.vault-token",
        "/.fly/config.yml",
        "/.config/hcloud",
        "/.s3cfg",
    ];
    const TOKENS: [&str; 16] = [
        "/.npmrc",
        "/.pypirc",
        "/.netrc",
        "/_netrc",
        "/.git-credentials",
        "/.docker/config.json",
        "/.cargo/credentials",
        "/.cargo/credentials.toml",
        "/.gem/credentials",
        "/.m2/settings.xml",
        "/.nuget/NuGet.Config",
        "/.pgpass",
        "/.my.cnf",
        "/.config/gh/hosts.yml",
        "/.gradle/gradle.properties",
        "/.yarnrc.yml-home",
    ];
    let hidden = abs.contains("/.") || name.starts_with('_');
    let within = |known: &str| {
        abs.find(known).is_some_and(|at| {
            let rest = &abs[at + known.len()..];
            rest.is_empty() || rest.starts_with('/')
        })
    };
    let cloud = hidden && (CLOUD.iter().any(|known| within(known)) || abs.ends_with("/.aws"))
        || name == "application_default_credentials.json"
        || name == "kubeconfig";
    if cloud {
        return Some(Secret::Cloud);
    }
    (hidden && TOKENS.iter().any(|known| abs.ends_with(known))).then_some(Secret::Token)
}

fn named(abs: &str, name: &str) -> Option<Secret> {
    static TEMPLATES: Words<32> =
        Words::new("example sample template dist defaults default tpl tmpl schema d");
    static DATA: Words<64> = Words::new(
        "json yml yaml toml ini env txt xml properties enc cfg conf plist tfvars \
                        gpg age csv db kdbx sops",
    );
    let mut pieces = name.split('.').filter(|piece| !piece.is_empty());
    if pieces.clone().any(|piece| TEMPLATES.contains(piece) || piece.starts_with("example")) {
        return None;
    }
    if name == ".env"
        || name == ".envrc"
        || name.starts_with(".env.")
        || name.starts_with(".env*")
        || name == ".env-"
        || name == ".env?"
    {
        return Some(Secret::EnvFile);
    }
    let code = name.rsplit_once('.').is_some_and(|(_, ending)| !DATA.contains(ending));
    if name.ends_with(".env") && name.len() > 4 {
        return Some(Secret::EnvFile);
    }
    if name == "master.key" || abs.contains("/config/credentials/") {
        return Some(Secret::File);
    }
    if code
        || abs.contains("/docs/")
        || abs.contains("/test/")
        || abs.contains("/tests/")
        || abs.contains("/fixtures/")
    {
        return None;
    }
    let stem = pieces.next().unwrap_or("");
    let dotted = name.contains('.');
    let secret = matches!(stem, "secrets" | "secret" | "credentials" | "credential")
        || glob_matches("service-account*", stem)
        || glob_matches("service_account*", stem)
        || glob_matches("*-credentials", stem)
        || glob_matches("*_credentials", stem)
        || glob_matches("*-secrets", stem);
    (secret && dotted).then_some(Secret::File)
}
