//! Secret stores, keys and accounts.

use crate::guardrails::programs::table::{Program, fine, row};
use crate::guardrails::programs::tables::{program, single};

pub static PROGRAMS: &[Program] = &[
    single(
        "vault bao",
        "-address -namespace -mount -format -field",
        &[
            row("kv delete|destroy", "secret_store_delete"),
            row("kv metadata delete", "secret_store_delete"),
            row("delete", "secret_store_delete"),
            row("secrets|auth|audit disable|move", "secret_store_delete"),
            row("policy|namespace delete", "secret_store_delete"),
            row("operator seal|rekey|step-down|rotate", "secret_store_delete"),
            row("lease revoke", "secret_store_delete").with("-prefix -force"),
            row("token|lease revoke", "registry_token"),
            row("kv put|patch|undelete", "ci_secret"),
            row("write", "ci_secret"),
            row("token create", "registry_token"),
        ],
    ),
    program(
        "pass gopass",
        "",
        &[
            row("rm|remove|delete", "secret_store_delete"),
            row("generate|insert|edit", "ci_secret").with("-f --force"),
        ],
    ),
    program(
        "security",
        "",
        &[
            row(
                "delete-generic-password|delete-internet-password|delete-keychain|delete-identity|delete-certificate",
                "secret_store_delete",
            ),
            row("find-generic-password|find-internet-password", "cloud_credentials_read")
                .with("-w -g"),
            row("dump-keychain", "cloud_credentials_read"),
        ],
    ),
    program(
        "secret-tool",
        "",
        &[row("clear", "secret_store_delete"), row("lookup", "cloud_credentials_read")],
    ),
    program(
        "op",
        "--vault --account --format",
        &[
            row("item|vault|document|user|group delete|rm", "secret_store_delete"),
            row("item|document edit", "ci_secret"),
            row("read", "cloud_credentials_read"),
        ],
    ),
    program(
        "bw rbw lpass keepassxc-cli",
        "--session",
        &[
            row("delete|rm|remove|purge|rmdir", "secret_store_delete"),
            row("… rm", "secret_store_delete"),
        ],
    ),
    program(
        "doppler infisical chamber",
        "-p --project -c --config -e --env",
        &[
            row("secrets delete|unset", "secret_store_delete"),
            row("delete", "secret_store_delete"),
            row("secrets set|upload", "ci_secret"),
            row("write", "ci_secret"),
            row("projects|environments|configs delete", "secret_store_delete"),
        ],
    ),
    program(
        "sops",
        "-d --input-type --output-type --age --kms",
        &[
            row("", "secret_file_read").with("-d --decrypt"),
            row("decrypt", "secret_file_read"),
            row("", "credentials_file").with("--set -i --in-place"),
            row("edit", "credentials_file"),
        ],
    ),
    program("dotenv dotenvx", "-f -e", &[row("set|unset|encrypt", "env_file_modify")]),
    program(
        "keytool",
        "-keystore -alias -storepass",
        &[row("", "secret_store_delete").with("-delete")],
    ),
    program(
        "certbot acme.sh step",
        "",
        &[
            row("delete|revoke", "secret_store_delete"),
            row("", "secret_store_delete").with("--revoke --remove"),
        ],
    ),
    program("ssh-copy-id", "-i -p -o", &[row("*", "ssh_access")]),
    program("ssh-add", "-t ", &[fine("")]),
    program("useradd adduser", "-G -g -u -s -d -c ", &[row("*", "account_change")]),
    program(
        "userdel deluser",
        "",
        &[
            row("*", "account_delete").with("-r --remove --remove-home --remove-all-files"),
            row("*", "account_files"),
        ],
    ),
    program(
        "usermod groupmod gpasswd chsh chage groupdel delgroup",
        "-G -g  -s -d ",
        &[row("*", "account_files").without("-l")],
    ),
    program("passwd", "", &[row("", "").with("-S --status"), row("", "account_files")]),
    program("chpasswd newusers", "", &[row("", "account_files")]),
    program("visudo vipw vigr", "-f", &[row("", "").with("-c --check"), row("", "account_files")]),
    program("unshadow john hashcat", "", &[fine("")]),
    program("kwallet-query pass-import", "", &[fine("")]),
];
