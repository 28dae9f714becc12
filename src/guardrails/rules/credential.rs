//! Rules about keys, tokens and accounts.

use crate::guardrails::rules::Category::Credential;
use crate::guardrails::rules::Rule;
use crate::guardrails::rules::Severity::{Block, Log, Warn};

pub const RULES: &[Rule] = &[
    Rule::new(
        "ssh_key_modify",
        Credential,
        (Block, 4),
        "changes or deletes a private key, or who may log in",
    )
    .yes(&[
        "rm ~/.ssh/id_rsa",
        "echo k >> ~/.ssh/authorized_keys",
        "ssh-keygen -t ed25519 -f ~/.ssh/id_ed25519",
    ])
    .no(&["ls ~/.ssh", "ssh-keygen -lf a.pub", "chmod 600 ~/.ssh/id_rsa"]),
    Rule::new("ssh_key_read", Credential, (Block, 4), "shows or copies a private key")
        .safer("cat ~/.ssh/id_rsa.pub")
        .yes(&["cat ~/.ssh/id_rsa", "cp ~/.ssh/id_ed25519 .", "tar czf k.tgz ~/.ssh"])
        .no(&["cat ~/.ssh/id_rsa.pub", "ssh -i ~/.ssh/id_rsa host"]),
    Rule::new("ssh_config_modify", Credential, (Warn, 3), "changes how ssh connects")
        .yes(&["echo x >> ~/.ssh/config"])
        .no(&["cat ~/.ssh/config"]),
    Rule::new("ssh_access", Credential, (Log, 3), "lets a key in on another machine")
        .yes(&["ssh-copy-id host"])
        .no(&["ssh host"]),
    Rule::new("env_file_modify", Credential, (Warn, 3), "changes a file of environment variables")
        .yes(&["echo A=1 >> .env", "sed -i s/a/b/ .env.production", "rm .env"])
        .no(&["cp x .env.example", "source .env", "docker run --env-file .env x"]),
    Rule::new("credentials_file", Credential, (Warn, 3), "changes a file of secrets")
        .yes(&["echo x > credentials.json", "sed -i s/a/b/ config/secrets.yml"])
        .no(&["echo x > src/credentials.rs"]),
    Rule::new("secret_file_read", Credential, (Log, 2), "reads a file of secrets")
        .yes(&["cat .env"])
        .no(&["cat .env.example"]),
    Rule::new("secret_staged", Credential, (Warn, 3), "puts secrets into the repository")
        .yes(&["git add .env", "git add -f config/secrets.yml"])
        .no(&["git add .env.example", "git add src"]),
    Rule::new(
        "cloud_credentials_read",
        Credential,
        (Warn, 3),
        "shows a cloud's credentials or a stored secret",
    )
    .yes(&["cat ~/.aws/credentials", "aws configure export-credentials"])
    .no(&["ls ~/.aws", "aws sts get-caller-identity"]),
    Rule::new("cloud_credentials_delete", Credential, (Block, 4), "destroys a cloud's credentials")
        .yes(&["> ~/.aws/credentials", "rm ~/.kube/config"])
        .no(&["ls ~/.kube"]),
    Rule::new(
        "registry_token",
        Credential,
        (Warn, 3),
        "shows or changes a token of a registry or host",
    )
    .yes(&["cat ~/.npmrc", "npm token create", "gh auth token"])
    .no(&["npm whoami", "gh auth status"]),
    Rule::new("ci_secret", Credential, (Warn, 3), "changes a secret that builds or services use")
        .yes(&["gh secret set A -b x", "heroku config:set A=1"])
        .no(&["gh secret list"]),
    Rule::new(
        "cluster_secret_read",
        Credential,
        (Warn, 3),
        "shows the content of a cluster's secret",
    )
    .yes(&["kubectl get secret db -o yaml"])
    .no(&["kubectl get secrets"]),
    Rule::new("secret_store_delete", Credential, (Block, 4), "deletes stored secrets")
        .yes(&[
            "vault kv delete secret/a",
            "pass rm a",
            "aws secretsmanager delete-secret --secret-id a",
        ])
        .no(&["vault status", "pass ls"]),
    Rule::new("gpg_secret_key", Credential, (Block, 4), "exports or deletes a secret key")
        .yes(&["gpg --export-secret-keys a", "gpg --delete-secret-keys a"])
        .no(&["gpg --list-keys", "gpg --export a"]),
    Rule::new("gpg_public_key", Credential, (Warn, 2), "deletes a public key")
        .yes(&["gpg --delete-keys a"])
        .no(&["gpg --list-keys"]),
    Rule::new(
        "account_files",
        Credential,
        (Block, 4),
        "changes accounts, their passwords or what they may do",
    )
    .yes(&["echo x >> /etc/sudoers", "cat /etc/shadow", "sudo passwd root", "visudo"])
    .no(&["cat /etc/passwd", "passwd -S"]),
    Rule::new("account_delete", Credential, (Block, 4), "deletes an account with its home")
        .yes(&["userdel -r ann"])
        .no(&["id ann"]),
    Rule::new("account_change", Credential, (Warn, 3), "adds an account")
        .yes(&["useradd ann"])
        .no(&["id ann"]),
];
